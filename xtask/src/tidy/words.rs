//! The repository speaks only of itself: no paths of the machine it was written on.

use crate::tree::Source;

/// Found nowhere in the repository. Split, so that this list does not find itself.
const BANNED: &[(&str, &str)] = &[("/wo", "rk/"), ("/fa", "rm/"), (".lib", "rary/"), ("/root/.car", "go")];

/// Lines with a banned word.
pub(super) fn check(sources: &[Source]) -> Vec<String> {
    let mut complaints = Vec::new();
    for source in sources.iter().filter(|s| s.path != "Cargo.lock") {
        for (number, line) in source.text.lines().enumerate() {
            for word in BANNED.iter().map(|(a, b)| format!("{a}{b}")) {
                if line.contains(&word) {
                    complaints.push(format!("{}:{}: `{word}`", source.path, number + 1));
                }
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::planted;

    #[test]
    fn a_path_of_this_machine_is_found() {
        let text = format!("see {}{}main\n", "/wo", "rk/");
        assert_eq!(check(&planted("README.md", &text)).len(), 1);
    }
}
