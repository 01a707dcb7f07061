//! What must not leave the machine: keys, and parameters that may be passwords.

const REMOVED: &str = "<removed>";
/// Shorter secrets are not looked for in other files: every word would be one. They stand nowhere but in authkeys.
const LOOKED_FOR_BYTES: usize = 4;

/// The keys of this node, to be found wherever they got to.
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Reads them from the text of authkeys, whether or not that is sound.
    pub(super) fn of(authkeys: &str) -> Secrets {
        let secret = |line: &str| {
            let mut words = line.trim_start().splitn(3, [' ', '\t']);
            let (number, _method) = (words.next()?, words.next()?);
            let secret = words.next()?.trim();
            (number != "auth" && secret.len() >= LOOKED_FOR_BYTES).then(|| secret.to_owned())
        };
        let mut secrets: Vec<String> = authkeys.lines().filter_map(secret).collect();
        // A key that contains another one goes first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Secrets(secrets)
    }

    /// The text without them.
    pub(super) fn remove(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret, REMOVED))
    }
}

/// `authkeys` with its structure: which key numbers with which method, and nothing else.
pub(super) fn authkeys(text: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => String::new(),
            ["auth", number, ..] if number.len() <= 2 => format!("auth {number}"),
            [number, "crc"] if number.len() <= 2 => format!("{number} crc"),
            [number, method @ ("crc" | "md5" | "sha1"), ..] if number.len() <= 2 => {
                format!("{number} {method} {REMOVED}")
            }
            // A comment may hold a former key.
            _ => REMOVED.to_owned(),
        }
    };
    text.lines().map(|one| line(one) + "\n").collect()
}

/// `ha.cf` or `haresources` without what may be a password: the parameters of fencing devices, and whatever is called one.
pub(super) fn configuration(text: &str) -> String {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["stonith_host", host, kind, _, ..] => format!("stonith_host {host} {kind} {REMOVED}"),
            _ if line.to_ascii_lowercase().contains("pass")
                || line.to_ascii_lowercase().contains("secret") =>
            {
                line.split_inclusive([' ', '\t', ':']).map(parameter).collect()
            }
            _ => line.to_owned(),
        }
    };
    text.lines().map(|one| line(one) + "\n").collect()
}

/// A word, without the value if its name says that it is secret.
fn parameter(word: &str) -> String {
    let Some((name, value)) = word.split_once('=') else { return word.to_owned() };
    let lower = name.to_ascii_lowercase();
    if !(lower.contains("pass") || lower.contains("secret")) {
        return word.to_owned();
    }
    let end = value.chars().last().filter(|last| [' ', '\t', ':'].contains(last));
    format!("{name}={REMOVED}{}", end.map_or(String::new(), String::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_survives_in_any_shape_of_the_file() {
        let text = "# old: 1 sha1 formerkey\nauth 1\n1 sha1 topsecretkey\n  2\tmd5   another key \n3 crc\nbroken topsecretkey\n";
        let clean = authkeys(text);
        assert_eq!(clean, "<removed>\nauth 1\n1 sha1 <removed>\n2 md5 <removed>\n3 crc\n<removed>\n");
        let secrets = Secrets::of(text);
        assert_eq!(secrets.remove("log: topsecretkey, another key."), "log: <removed>, <removed>.");
    }

    #[test]
    fn parameters_of_devices_and_passwords_go_and_the_rest_stays() {
        let text = "keepalive 1\nstonith_host * ipmilan n2 10.0.0.1 admin hunter2\nstonith baytech /etc/b\n";
        let clean = configuration(text);
        assert_eq!(clean, "keepalive 1\nstonith_host * ipmilan <removed>\nstonith baytech /etc/b\n");
        let text = "n1 ocf:heartbeat:mysql::test_passwd=hunter2::user=root\n";
        let clean = configuration(text);
        assert!(!clean.contains("hunter2") && clean.contains("user=root"), "{clean}");
    }
}
