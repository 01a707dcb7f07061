//! What can be run: resources, their classes, and operations on them (spec: agents, haresources 2).

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

/// How an agent is found, called and understood.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// A script of `/etc/ha.d/resource.d`, else of `/etc/init.d`, called `name arg… action`; its status is
    /// judged by what it prints. The script name `OCF` with the arguments `type instance` stands for an OCF
    /// agent whose parameters are in `/etc/ha.d/conf/OCF/<type>/<instance>`.
    Heartbeat,
    /// An Open Cluster Framework agent; parameters travel in the environment.
    Ocf {
        /// The directory below `resource.d`; empty means the first provider that has the agent.
        provider: String,
    },
    /// A script of `/etc/init.d`, called `name action`, judged by exit code.
    Lsb,
    /// An address that the executor itself adds, announces and removes.
    Address,
    /// A notification script of `/etc/ha.d/rc.d`: no argument, everything in the environment. Give all of
    /// them the same resource id, so that they run one after another.
    Rc,
    /// A fencing device, driven by the `stonith` program. It does not count against the limit of children.
    Stonith,
}

impl Class {
    /// The class in one word, as the field writes it.
    pub const fn word(&self) -> &'static str {
        match self {
            Class::Heartbeat => "heartbeat",
            Class::Ocf { .. } => "ocf",
            Class::Lsb => "lsb",
            Class::Address => "address",
            Class::Rc => "rc",
            Class::Stonith => "stonith",
        }
    }
}

/// Something an agent can start and stop.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Resource {
    /// Unique on this node; operations with equal ids never overlap.
    pub id: String,
    /// How to call the agent.
    pub class: Class,
    /// Script name, OCF type, or fencing device type. For [`Class::Address`] any of `IPaddr`, `IPaddr2`, `IPv6addr`.
    pub agent: String,
    /// Positional arguments, without the action.
    pub args: Vec<String>,
    /// Named parameters.
    pub params: Vec<(String, String)>,
}

impl Resource {
    /// The resource that a `haresources` token means: `script::arg…`, or an address in short form
    /// (spec: ha-cf 6). Its id is the token as written. Address scripts become [`Class::Address`].
    ///
    /// DEVIATION: IPv6 addresses are understood like IPv4 ones, bare and behind an address script.
    pub fn classic(token: &str) -> Resource {
        let (class, agent, args) = if is_address(token) {
            (Class::Address, "IPaddr", alloc::vec![token.to_string()])
        } else {
            let (agent, rest) =
                token.split_once("::").map_or((token, None), |(agent, rest)| (agent, Some(rest)));
            match agent {
                // Their one argument may be an IPv6 address, which has `::` inside.
                "IPaddr" | "IPaddr2" | "IPv6addr" => {
                    (Class::Address, agent, rest.into_iter().map(String::from).collect())
                }
                _ => {
                    let args = rest.into_iter().flat_map(|rest| rest.split("::")).map(String::from);
                    (Class::Heartbeat, agent, args.collect())
                }
            }
        };
        Resource { id: token.to_string(), class, agent: agent.to_string(), args, params: Vec::new() }
    }

    /// The value of the first parameter called `name`.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// Whether the token is an address in short form: four groups of digits with dots between, the last one
/// possibly continued, or an IPv6 address up to the first slash.
fn is_address(token: &str) -> bool {
    let six = token.split('/').next().unwrap_or_default().parse::<core::net::Ipv6Addr>();
    let mut groups = token.splitn(4, '.');
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    let four = (0..3).all(|_| groups.next().is_some_and(digits))
        && groups.next().is_some_and(|rest| rest.bytes().next().is_some_and(|b| b.is_ascii_digit()));
    four || six.is_ok()
}

/// What to do with a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// Make it run; done only when it is usable. For a fencing device: do what the arguments say.
    Start,
    /// Make it stop; done only when it is fully stopped, success when it was already.
    Stop,
    /// Find out whether it runs.
    Status,
}

impl Action {
    /// The action's word in messages and on the command line of classic scripts.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Start => "start",
            Action::Stop => "stop",
            Action::Status => "status",
        }
    }

    /// The reverse of [`Action::word`].
    pub fn from_word(word: &str) -> Option<Action> {
        [Action::Start, Action::Stop, Action::Status].into_iter().find(|action| action.word() == word)
    }
}

/// One request to an agent.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Operation {
    /// On what.
    pub resource: Resource,
    /// To do what.
    pub action: Action,
    /// How long the agent may take; `None` is for ever, as classic scripts have always had it.
    pub timeout: Option<Duration>,
    /// Variables for the agent's environment, over those of the executor itself.
    pub env: Vec<(String, String)>,
}

impl Operation {
    /// An operation without a limit and without variables of its own.
    pub fn new(resource: Resource, action: Action) -> Operation {
        Operation { resource, action, timeout: None, env: Vec::new() }
    }

    /// A notification script of `rc.d`. `env` carries the message (spec: ha-cf 5).
    pub fn rc(script: &str, env: Vec<(String, String)>) -> Operation {
        let resource = Resource {
            id: "rc.d".to_string(),
            class: Class::Rc,
            agent: script.to_string(),
            args: Vec::new(),
            params: Vec::new(),
        };
        Operation { resource, action: Action::Start, timeout: None, env }
    }

    /// Lets the fencing device `device` do `command` (`reset`, `off` or `on`) to `node` (spec: fencing 1).
    /// `device.params` are its configuration, in the device's order or not.
    pub fn fence(device: Resource, command: &str, node: &str, timeout: Duration) -> Operation {
        let args = alloc::vec![command.to_string(), node.to_string()];
        let resource = Resource { class: Class::Stonith, args, ..device };
        Operation { resource, action: Action::Start, timeout: Some(timeout), env: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haresources_tokens_name_their_agents() {
        let short = Resource::classic("10.0.0.5/24/eth0:0/10.0.0.255");
        assert_eq!((short.agent.as_str(), short.class), ("IPaddr", Class::Address));
        assert_eq!(short.args, ["10.0.0.5/24/eth0:0/10.0.0.255"]);
        let long = Resource::classic("IPaddr2::10.0.0.5/24/eth0");
        assert_eq!(
            (long.class, long.args.as_slice()),
            (Class::Address, &["10.0.0.5/24/eth0".to_string()][..])
        );
        for (six, agent) in [("fd00::5/64/eth0", "IPaddr"), ("IPv6addr::fd00::5/64/eth0", "IPv6addr")] {
            let six = Resource::classic(six);
            assert_eq!((six.class, six.agent.as_str()), (Class::Address, agent));
            assert_eq!(six.args, ["fd00::5/64/eth0"]);
        }
        let mount = Resource::classic("Filesystem::/dev/sdb1::/data::ext4");
        assert_eq!(mount.class, Class::Heartbeat);
        assert_eq!(mount.args, ["/dev/sdb1", "/data", "ext4"]);
        assert_eq!(mount.id, "Filesystem::/dev/sdb1::/data::ext4");
        let digits = Resource::classic("1.2.3");
        assert_eq!((digits.class, digits.agent.as_str()), (Class::Heartbeat, "1.2.3"));
    }

    #[test]
    fn action_words_survive_the_round_trip() {
        for action in [Action::Start, Action::Stop, Action::Status] {
            assert_eq!(Action::from_word(action.word()), Some(action));
        }
        assert_eq!(Action::from_word("promote"), None);
    }
}
