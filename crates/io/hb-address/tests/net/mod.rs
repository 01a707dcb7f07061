//! Network namespaces for tests: hosts on a bridge, set up with iproute2.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::process::Command;
use std::time::{Duration, Instant as Wall};

use hb_address::{AddressAgent, Event};
use hb_base::{Instant, Notice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the tests of this file can run. Says why not, and fails unless `HB_ALLOW_MISSING` is 1.
pub(crate) fn possible() -> bool {
    let missing = if !rustix::process::geteuid().is_root() {
        "these tests make network namespaces and need root"
    } else if Command::new("ip").arg("-V").output().is_err() {
        "these tests need the program ip (package iproute2)"
    } else {
        return true;
    };
    assert!(
        std::env::var("HB_ALLOW_MISSING").as_deref() == Ok("1"),
        "{missing}; HB_ALLOW_MISSING=1 skips them"
    );
    eprintln!("skipped: {missing}");
    false
}

/// A machine: a network namespace.
pub(crate) struct Host {
    space: File,
}

impl Host {
    pub(crate) fn new() -> Host {
        let make = || {
            // SAFETY: the thread is new and ends here; nothing else of the process shares its namespaces.
            unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNET) }.unwrap();
            File::open("/proc/thread-self/ns/net").unwrap()
        };
        let host = Host { space: std::thread::spawn(make).join().unwrap() };
        host.ip("link set lo up");
        host
    }

    /// Runs something inside.
    pub(crate) fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                move_into_link_name_space(
                    std::os::fd::AsFd::as_fd(&self.space),
                    Some(LinkNameSpaceType::Network),
                )
                .unwrap();
                work()
            });
            thread.join().unwrap()
        })
    }

    /// Runs `ip` inside; fails the test when it fails.
    pub(crate) fn ip(&self, args: &str) -> String {
        let (ok, text) = self.try_ip(args);
        assert!(ok, "ip {args}: {text}");
        text
    }

    pub(crate) fn try_ip(&self, args: &str) -> (bool, String) {
        let output = self.inside(|| Command::new("ip").args(args.split_whitespace()).output().unwrap());
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    pub(crate) fn set(&self, key: &str, value: &str) {
        let path = format!("/proc/sys/net/{key}");
        self.inside(|| std::fs::write(&path, value).unwrap_or_else(|e| panic!("{path}: {e}")));
    }

    pub(crate) fn agent(&self) -> Driven {
        let agent = self.inside(|| AddressAgent::new().unwrap());
        Driven { agent, began: Wall::now(), notices: Vec::new(), events: Vec::new() }
    }

    pub(crate) fn mac(&self, nic: &str) -> String {
        let text = self.ip(&format!("-o link show {nic}"));
        let after = text.split("link/ether ").nth(1).unwrap_or_else(|| panic!("no mac: {text}"));
        after.split_whitespace().next().unwrap().to_owned()
    }

    /// Where this host believes `ip` to be.
    pub(crate) fn believes(&self, ip: &str) -> Option<String> {
        let text = self.ip(&format!("neigh show {ip}"));
        let after = text.split("lladdr ").nth(1)?;
        after.split_whitespace().next().map(str::to_owned)
    }
}

/// Hosts on one switch. Host number i has the addresses 10.66.0.i+1/24 and fd66::i+1/64 on `eth0`.
pub(crate) fn hosts<const N: usize>() -> (Host, [Host; N]) {
    let switch = Host::new();
    switch.ip("link add br0 type bridge forward_delay 0 mcast_snooping 0");
    switch.ip("link set br0 up");
    let hosts: [Host; N] = std::array::from_fn(|i| {
        let host = Host::new();
        let space = format!("/proc/{}/fd/{}", std::process::id(), host.space.as_raw_fd());
        switch.ip(&format!("link add p{i} type veth peer name eth0 netns {space}"));
        switch.ip(&format!("link set p{i} master br0 up"));
        host.set("ipv6/conf/eth0/accept_dad", "0");
        host.ip("link set eth0 up");
        host.ip(&format!("addr add 10.66.0.{}/24 dev eth0", i + 1));
        host.ip(&format!("addr add fd66::{}/64 dev eth0 nodad", i + 1));
        host
    });
    // A link that has just been switched on drops frames until the kernel has noticed its carrier.
    for host in &hosts {
        eventually("the link is up", || host.ip("-o link show eth0").contains("state UP"));
    }
    (switch, hosts)
}

/// An agent with a clock and a loop.
pub(crate) struct Driven {
    pub(crate) agent: AddressAgent,
    began: Wall,
    pub(crate) notices: Vec<Notice>,
    pub(crate) events: Vec<Event>,
}

impl Driven {
    pub(crate) fn now(&self) -> Instant {
        Instant::ZERO + self.began.elapsed()
    }

    /// Turns the loop until `done`, or fails.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&mut Driven) -> bool) {
        let end = Wall::now() + PATIENCE;
        loop {
            while let Some(event) = self.agent.poll() {
                match event {
                    Event::Notice(notice) => self.notices.push(notice),
                    other => self.events.push(other),
                }
            }
            if done(self) {
                return;
            }
            assert!(Wall::now() < end, "never: {what}; {:?} {:?}", self.notices, self.events);
            let fd = self.agent.fd();
            let left = self.agent.deadline().map_or(Duration::MAX, |at| at.since(self.now()));
            let left = left.min(Duration::from_millis(20));
            let limit = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).unwrap();
            let now = self.now();
            self.agent.on_readable(now);
            self.agent.on_timer(now);
        }
    }

    pub(crate) fn notice(&mut self, code: &str) -> Notice {
        let mut found = None;
        self.until(code, |driven| {
            found = driven.notices.iter().find(|notice| notice.code == code).cloned();
            found.is_some()
        });
        found.unwrap()
    }
}

pub(crate) fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let end = Wall::now() + PATIENCE;
    while !done() {
        assert!(Wall::now() < end, "never: {what}");
        std::thread::yield_now();
    }
}
