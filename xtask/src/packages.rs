//! The Debian packages that tests use: real peers, agents, tools.

use std::process::Command;

/// (package, a file that shows that it is there, what cannot be tested without it).
const PACKAGES: &[(&str, &str, &str)] = &[
    ("heartbeat", "/usr/bin/cl_status", "interoperation with the original"),
    ("gcc", "/usr/bin/cc", "a C program on both client libraries"),
    ("cluster-glue", "/usr/sbin/stonith", "fencing through cluster-glue's plug-ins"),
    ("resource-agents", "/usr/lib/ocf/resource.d/heartbeat/Dummy", "the stock resource agents"),
    ("keepalived", "/usr/sbin/keepalived", "the benchmark beside keepalived"),
    ("nftables", "/usr/sbin/nft", "packet loss"),
    ("iproute2", "/sbin/ip", "scenarios with the original"),
    ("nginx-light", "/usr/sbin/nginx", "the nginx agent"),
    ("e2fsprogs", "/sbin/mke2fs", "the Filesystem agent"),
    ("kmod", "/sbin/modprobe", "the Filesystem agent"),
    ("util-linux", "/usr/bin/nsenter", "namespaces for the original"),
    ("procps", "/bin/ps", "process titles"),
];

/// Packages that are not installed, with what they are needed for.
pub(crate) fn missing() -> Vec<(&'static str, &'static str)> {
    let absent = |(_, file, _): &&(&str, &str, &str)| !std::path::Path::new(file).exists();
    PACKAGES.iter().filter(absent).map(|(package, _, need)| (*package, *need)).collect()
}

/// Installs what is missing, as root or through sudo. Returns what is missing still.
pub(crate) fn install() -> Result<Vec<(&'static str, &'static str)>, String> {
    let wanted = missing();
    if wanted.is_empty() {
        return Ok(wanted);
    }
    let names: Vec<&str> = wanted.iter().map(|(package, _)| *package).collect();
    println!("installing {}", names.join(" "));
    let Some(prefix) = privilege() else {
        println!("not root and no password-less sudo: nothing installed");
        return Ok(wanted);
    };
    // Services of freshly installed packages must not start on the host: they are run in namespaces only.
    let apt = |args: &[&str]| {
        let mut words = prefix.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "-qq"]);
        words.extend(args);
        let (program, rest) = words.split_first().ok_or("nothing to run")?;
        let status = Command::new(program).args(rest).stdout(std::process::Stdio::null()).status();
        status.map(|s| s.success()).map_err(|_| "cannot run apt-get")
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(&names);
    if !apt(&install).unwrap_or(false) {
        apt(&["update"])?;
        apt(&install)?;
    }
    Ok(missing())
}

fn privilege() -> Option<Vec<&'static str>> {
    let id = Command::new("id").arg("-u").output().ok()?;
    if id.stdout.trim_ascii() == b"0" {
        return Some(Vec::new());
    }
    let sudo = Command::new("sudo").args(["-n", "true"]).status().ok()?;
    sudo.success().then(|| vec!["sudo", "-n"])
}
