//! Stands in for cluster-glue's `stonith` program where that is not installed, so that a
//! demonstration needs no package: it knows one device type, the laboratory's power switch.

use super::plug;
use std::process::ExitCode;

/// The device type of the switch.
pub(crate) const TYPE: &str = "external/lab-switch";
/// Exit codes of the original.
const BAD_CONFIGURATION: u8 = 1;
const RESET_FAILED: u8 = 5;
const OOPS: u8 = 8;

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Types,
    Names,
    Ask(&'static str),
    Act { action: String, node: String },
}

pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let Some((kind, parameters, wish)) = parse(arguments) else {
        eprintln!("stonith: -L | -t TYPE -n | -t TYPE name=value… -S | -l | -T reset|on|off NODE");
        return ExitCode::from(BAD_CONFIGURATION);
    };
    if wish == Wish::Types {
        println!("{TYPE}");
        return ExitCode::SUCCESS;
    }
    if kind != TYPE {
        eprintln!("stonith: {kind}: only {TYPE} is there; install cluster-glue for others");
        return ExitCode::from(OOPS);
    }
    let (action, node) = match wish {
        Wish::Types | Wish::Names => ("getconfignames".to_owned(), None),
        Wish::Ask(action) => (action.to_owned(), None),
        Wish::Act { action, node } => (action, Some(node)),
    };
    match plug::perform(&action, node, &|name| {
        parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("stonith: {kind}: {action}: {why}");
            ExitCode::from(RESET_FAILED)
        }
    }
}

type Parameters = Vec<(String, String)>;

fn parse(arguments: &[String]) -> Option<(String, Parameters, Wish)> {
    let (mut kind, mut parameters, mut wish) = (String::new(), Vec::new(), None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-t" => kind.clone_from(words.next()?),
            "-p" => {
                let values = words.next()?.split_whitespace().map(str::to_owned);
                let names = plug::NAMES.split_whitespace().map(str::to_owned);
                parameters = names.zip(values).collect();
            }
            "-L" => wish = Some(Wish::Types),
            "-n" => wish = Some(Wish::Names),
            "-S" => wish = Some(Wish::Ask("status")),
            "-l" => wish = Some(Wish::Ask("gethosts")),
            "-T" => {
                let action =
                    words.next().filter(|action| ["reset", "on", "off"].contains(&action.as_str()))?;
                wish = Some(Wish::Act { action: action.clone(), node: words.next()?.clone() });
            }
            "-s" | "-v" | "-d" => {}
            other => parameters.push(other.split_once('=').map(|(n, v)| (n.to_owned(), v.to_owned()))?),
        }
    }
    wish.map(|wish| (kind, parameters, wish))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<(String, Parameters, Wish)> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_reset_with_named_parameters() {
        let (kind, parameters, wish) =
            parsed("-t external/lab-switch hostlist=a,b switch=x:1 -T reset b").expect("a wish");
        assert_eq!(kind, TYPE);
        assert_eq!(parameters.len(), 2);
        assert_eq!(wish, Wish::Act { action: "reset".into(), node: "b".into() });
    }

    #[test]
    fn other_words_than_the_three_actions_are_refused() {
        assert_eq!(parsed("-t external/lab-switch -T explode b"), None);
        assert_eq!(parsed("-t external/lab-switch -T reset"), None);
    }
}
