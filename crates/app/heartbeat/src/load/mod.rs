//! From the configuration folder to options of machines: reading, looking up, checking, translating.

mod facts;
mod material;
mod session;
mod translate;

pub(crate) use material::{Material, arguments, places};
pub(crate) use session::{group_id, session_options};
pub(crate) use translate::{media_words, sinks};

use crate::cli::Places;
use hb_config::{Config, Diagnostic, Files, MAX_FILE_BYTES};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The three files as they are now.
#[derive(Default)]
struct Texts {
    ha_cf: Option<Vec<u8>>,
    authkeys: Option<Vec<u8>>,
    authkeys_mode: Option<u32>,
    haresources: Option<Vec<u8>>,
}

impl Texts {
    fn read(dir: &Path) -> Texts {
        let (authkeys, authkeys_mode) =
            read(&dir.join("authkeys")).map_or((None, None), |(b, m)| (Some(b), Some(m)));
        Texts {
            ha_cf: read(&dir.join("ha.cf")).map(|(bytes, _)| bytes).ok(),
            authkeys,
            authkeys_mode,
            haresources: read(&dir.join("haresources")).map(|(bytes, _)| bytes).ok(),
        }
    }

    fn files(&self) -> Files<'_> {
        Files {
            ha_cf: self.ha_cf.as_deref(),
            authkeys: self.authkeys.as_deref(),
            authkeys_mode: self.authkeys_mode,
            haresources: self.haresources.as_deref(),
        }
    }
}

/// Content and permission bits. One byte more than a configuration may have is read, so that the check sees it.
fn read(path: &Path) -> io::Result<(Vec<u8>, u32)> {
    let file = File::open(path)?;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes, mode))
}

/// Reads and checks the configuration as node `--node`, or as this host.
pub(crate) fn check(places: &Places) -> (Option<Config>, Vec<Diagnostic>) {
    Material::gather(places).check()
}

/// This node's name: as given, or the host's.
pub(crate) fn node_name(places: &Places) -> String {
    let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
    places.node.clone().unwrap_or_else(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use hb_config::{DIRECTIVES, OnReload, Support, not_yet};

    /// What stands in back-quotes between two markers of a document.
    fn listed<'a>(document: &'a str, marker: &str) -> Vec<&'a str> {
        let (_, rest) = document.split_once(&format!("<!-- {marker} -->")).expect("the list begins");
        let (list, _) = rest.split_once(&format!("<!-- /{marker} -->")).expect("the list ends");
        list.split('`').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_command_lines_page_lists_every_directive_that_a_reload_changes() {
        let live = DIRECTIVES.iter().filter(|directive| directive.on_reload == OnReload::Live);
        let mut names: Vec<&str> = live.map(|directive| directive.name).collect();
        names.sort_unstable();
        // Words that are values stand in back-quotes as well.
        let page = include_str!("../../../../../docs/CLI.md");
        let mut told: Vec<&str> =
            listed(page, "live").into_iter().filter(|w| !matches!(*w, "on" | "off")).collect();
        told.sort_unstable();
        assert_eq!(told, names);
    }

    #[test]
    fn the_readme_lists_every_directive_that_has_no_effect_yet() {
        let harmless = not_yet().filter(|directive| directive.support == Support::NotYet);
        let names: Vec<&str> = harmless.map(|directive| directive.name).collect();
        assert_eq!(listed(include_str!("../../../../../README.md"), "not-yet"), names);
    }
}
