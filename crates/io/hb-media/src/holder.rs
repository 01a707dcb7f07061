//! Who holds a UDP port: so that "address in use" names the culprit.

use core::fmt;
use std::fs;

/// A process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The inodes of the UDP sockets with this local port, from the kernel's socket table.
fn inodes(table: &str, port: u16) -> Vec<&str> {
    let inode = |line: &'_ str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (_, local) = words.get(1)?.rsplit_once(':')?;
        (u16::from_str_radix(local, 16) == Ok(port)).then_some(9)
    };
    let lines = table.lines().skip(1);
    lines.filter_map(|line| inode(line).and_then(|at| line.split_ascii_whitespace().nth(at))).collect()
}

/// A process that holds this UDP port in our network namespace; `None` when there is none or we may not look.
pub(crate) fn udp_holder(port: u16) -> Option<Holder> {
    let tables = ["/proc/self/net/udp", "/proc/self/net/udp6"].map(fs::read_to_string);
    let links: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| inodes(table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if links.is_empty() {
        return None;
    }
    let holds = |pid: u32| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
        let mut targets = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        targets.any(|target| links.iter().any(|link| target.as_os_str() == link.as_str())).then_some(pid)
    };
    let pids = fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let pid = pids.filter_map(holds).find(|pid| *pid != std::process::id())?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(Holder { pid, name: name.trim_end().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_by_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            77: 00000000:02B6 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 x 0\n\
            78: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 x 0\n";
        assert_eq!(inodes(table, 694), ["4711"]);
        assert_eq!(inodes(table, 53), ["4712"]);
        assert!(inodes(table, 1).is_empty());
    }
}
