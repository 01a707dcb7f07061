//! Every directive of `ha.cf` as data. Tests, the list of what is not there yet and reload are made from it.

use super::parse::{Context, Words};
use super::{children, fencing, logging, media_lines, membership, process, timing};
use crate::lexer::Word;

/// How the words of a line are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Words are split at blanks and commas; each is a value by itself.
    OptionList,
    /// The words make up one value; commas are ordinary letters.
    WholeLine,
    /// Words are split at blanks and commas; each is a medium.
    MediaList,
}

/// What a second value of the directive means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// It replaces the first, with a warning.
    LastWins,
    /// It is an error.
    Refused,
    /// It is one more.
    Many,
}

/// What this version does with the directive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Support {
    /// What it says.
    Supported,
    /// Nothing: a warning names it at every start.
    NotYet,
    /// Nothing, and since it keeps data safe the node refuses to run.
    NotYetSafety,
}

/// Whether a running node can take a change; see [`crate::reload`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnReload {
    /// Yes.
    Live,
    /// No: only a restart does it.
    Restart,
    /// It has no effect in this version, so a change of it has none either.
    NoEffect,
}

/// What is in force when nobody writes the directive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DefaultValue {
    /// Nothing.
    Nothing,
    /// This text, as if it were in the file.
    Text(&'static str),
    /// Something that follows from other values; in words.
    Derived(&'static str),
}

impl DefaultValue {
    /// The text that stands for it in the file.
    pub const fn text(self) -> Option<&'static str> {
        match self {
            DefaultValue::Text(text) => Some(text),
            DefaultValue::Nothing | DefaultValue::Derived(_) => None,
        }
    }
}

/// The handler of a directive.
#[derive(Clone, Copy)]
pub(crate) enum Apply {
    Each(fn(&mut Context<'_>, Word<'_>)),
    Media(fn(&mut Context<'_>, Word<'_>)),
    Line(fn(&mut Context<'_>, &Words<'_>)),
}

/// A directive of `ha.cf`.
#[derive(Clone, Copy)]
pub struct Directive {
    /// Its name, the first word of the line.
    pub name: &'static str,
    /// What it takes, with units, in a few words.
    pub takes: &'static str,
    /// What is in force without it.
    pub default: DefaultValue,
    /// What a second value means.
    pub repeat: Repeat,
    /// What this version does with it.
    pub support: Support,
    /// Whether a running node can take a change.
    pub on_reload: OnReload,
    /// What it is for, in one line without a final stop.
    pub help: &'static str,
    pub(crate) apply: Apply,
    /// The handler itself warns that the directive is not there yet.
    pub(crate) tells_itself: bool,
    /// What to do instead, for one that is not there yet.
    pub(crate) without: Option<&'static str>,
}

impl core::fmt::Debug for Directive {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Directive")
            .field("name", &self.name)
            .field("support", &self.support)
            .finish_non_exhaustive()
    }
}

impl Directive {
    /// How the words of its line are taken.
    pub const fn style(&self) -> Style {
        match self.apply {
            Apply::Each(_) => Style::OptionList,
            Apply::Media(_) => Style::MediaList,
            Apply::Line(_) => Style::WholeLine,
        }
    }

    const fn live(self) -> Directive {
        Directive { on_reload: OnReload::Live, ..self }
    }
    const fn many(self) -> Directive {
        Directive { repeat: Repeat::Many, ..self }
    }
    const fn once(self) -> Directive {
        Directive { repeat: Repeat::Refused, ..self }
    }
    const fn not_yet(self, without: &'static str) -> Directive {
        let on_reload = match self.apply {
            // A change of the media is a change, whether or not they can be used.
            Apply::Media(_) => OnReload::Restart,
            _ => OnReload::NoEffect,
        };
        Directive { support: Support::NotYet, without: Some(without), on_reload, ..self }
    }
    const fn tells_itself(self) -> Directive {
        Directive { support: Support::NotYet, tells_itself: true, on_reload: OnReload::NoEffect, ..self }
    }
    const fn not_yet_safety(self) -> Directive {
        Directive { support: Support::NotYetSafety, tells_itself: true, ..self }
    }
}

const fn directive(
    name: &'static str,
    takes: &'static str,
    default: DefaultValue,
    apply: Apply,
    help: &'static str,
) -> Directive {
    Directive {
        name,
        takes,
        default,
        repeat: Repeat::LastWins,
        support: Support::Supported,
        on_reload: OnReload::Restart,
        help,
        apply,
        tells_itself: false,
        without: None,
    }
}

const fn each(
    name: &'static str,
    takes: &'static str,
    default: DefaultValue,
    apply: fn(&mut Context<'_>, Word<'_>),
    help: &'static str,
) -> Directive {
    directive(name, takes, default, Apply::Each(apply), help)
}

const fn line(
    name: &'static str,
    takes: &'static str,
    apply: fn(&mut Context<'_>, &Words<'_>),
    help: &'static str,
) -> Directive {
    directive(name, takes, DefaultValue::Nothing, Apply::Line(apply), help).many()
}

const fn list(
    name: &'static str,
    takes: &'static str,
    apply: fn(&mut Context<'_>, Word<'_>),
    help: &'static str,
) -> Directive {
    directive(name, takes, DefaultValue::Nothing, Apply::Media(apply), help).many()
}

use DefaultValue::{Derived, Nothing, Text};

const TIME: &str = "a time: seconds, or milliseconds with `ms`";
const SWITCH: &str = "`on` or `off`";
const NO_CORE: &str = "The system's settings decide (`ulimit -c`, kernel.core_pattern); remove the line.";
const NO_CRM: &str = "It has a meaning with the cluster resource manager only; remove the line.";
const OTHER_MEDIUM: &str = "Use `bcast`, `mcast` or `ucast` beside it: packets do not travel over this one.";
const NO_PING: &str = "The node runs without it: nothing reacts to the host's silence.";

/// Every directive, in alphabetical order.
pub const DIRECTIVES: &[Directive] = &[
    line(
        "apiauth",
        "a client, `uid=` and `gid=` lists",
        children::apiauth,
        "who may sign on to the local API",
    )
    .live(),
    each(
        "auto_failback",
        "`on`, `off` or `legacy`",
        Text("legacy"),
        membership::auto_failback,
        "whether groups move back when their node returns",
    )
    .live(),
    each(
        "autojoin",
        "`none`, `other` or `any`",
        Text("none"),
        membership::autojoin,
        "who may join undeclared",
    ),
    each("baud", "a speed in bits a second", Text("19200"), process::baud, "the speed of serial lines")
        .once()
        .not_yet("It has a meaning with `serial` only; remove the line."),
    list("bcast", "interfaces", media_lines::bcast, "UDP broadcast"),
    each("cluster", "a name", Text("linux-ha"), membership::cluster, "the cluster's name"),
    each(
        "compression",
        "`zlib` or `bz2`",
        Text("zlib"),
        process::compression,
        "how large messages are compressed",
    ),
    each(
        "compression_threshold",
        "a size in kB",
        Text("2"),
        process::compression_threshold,
        "above which size messages are compressed",
    ),
    each(
        "conn_logd_time",
        TIME,
        Text("60"),
        logging::conn_logd_time,
        "the least time between two attempts to reach the logging daemon",
    )
    .live(),
    each("coredumps", SWITCH, Text("true"), process::coredumps, "whether a crash leaves a core dump")
        .not_yet(NO_CORE),
    each("coreroot", "a folder", Nothing, process::coreroot, "where core dumps go").not_yet(NO_CORE),
    each("crm", "`off`", Text("false"), membership::crm, "the cluster resource manager").not_yet_safety(),
    each(
        "crm_daemon_dir",
        "a folder",
        Nothing,
        membership::crm_daemon_dir,
        "where the cluster resource manager's programs are",
    )
    .not_yet(NO_CRM),
    each(
        "crmd_spawns_pengine",
        SWITCH,
        Nothing,
        membership::crmd_spawns_pengine,
        "who starts the policy engine",
    )
    .not_yet(NO_CRM),
    each(
        "deadping",
        TIME,
        Derived("deadtime"),
        timing::deadping,
        "the silence after which a ping node is dead",
    )
    .live(),
    each(
        "deadtime",
        TIME,
        Text("30000ms"),
        timing::deadtime,
        "the silence after which a node or link is dead",
    )
    .live(),
    each("debug", "a number from 0 to 255", Text("0"), logging::debug, "how much is logged for developers")
        .live(),
    each("debugfile", "a path", Nothing, logging::debugfile, "the log for developers").live(),
    each(
        "enable_config_writes",
        SWITCH,
        Text("on"),
        membership::enable_config_writes,
        "whether the cluster information base is kept on disk",
    )
    .not_yet(NO_CRM),
    each("env", "NAME=VALUE", Nothing, children::env, "a variable for scripts").many(),
    line("failfast", "a user and a program", children::failfast, "a program whose death reboots the node")
        .tells_itself(),
    line(
        "hbaping",
        "a fibre channel card",
        media_lines::hbaping,
        "a fibre channel device that is asked whether it is there",
    )
    .not_yet(NO_PING),
    each(
        "hbgenmethod",
        "`file` or `time`",
        Text("file"),
        membership::hbgenmethod,
        "where generation numbers come from",
    ),
    each(
        "history",
        "a number of messages",
        Text("500"),
        timing::history,
        "how many messages are kept for nodes that missed some",
    ),
    each(
        "hopfudge",
        "a number from 0 to 255",
        Text("1"),
        timing::hopfudge,
        "the time to live on serial rings, beyond the number of nodes",
    ),
    each(
        "initdead",
        TIME,
        Derived("deadtime if above 10 s; 12 s if deadtime is below 6 s; otherwise twice deadtime"),
        timing::initdead,
        "the deadtime until every node was heard once",
    )
    .live(),
    each("keepalive", TIME, Text("1000ms"), timing::keepalive, "the time between two heartbeats").live(),
    each("log_badpack", SWITCH, Text("true"), logging::log_badpack, "whether malformed packets are logged")
        .tells_itself(),
    each(
        "logfacility",
        "a syslog facility or `none`",
        Nothing,
        logging::logfacility,
        "where in the system log messages go",
    )
    .live(),
    each("logfile", "a path", Nothing, logging::logfile, "the log").live(),
    each(
        "logkeep",
        "a number from 0 to 255",
        Nothing,
        logging::logkeep,
        "how many rotated log files are kept",
    )
    .live(),
    each(
        "logsize",
        "a size in kB",
        Nothing,
        logging::logsize,
        "above which size a log file is rotated; 0: never",
    )
    .live(),
    each(
        "max_rexmit_delay",
        "a number of milliseconds",
        Text("250"),
        timing::max_rexmit_delay,
        "the longest random delay before a lost message is asked for",
    )
    .live(),
    line(
        "mcast",
        "an interface, a group, a port, a time to live, a loop flag",
        media_lines::mcast,
        "UDP multicast",
    ),
    line(
        "mcast6",
        "an interface, a group, a port, a hop limit, a loop flag",
        media_lines::mcast6,
        "UDP multicast over IPv6",
    )
    .not_yet(OTHER_MEDIUM),
    each("memreserve", "a size in kB", Text("6500"), process::memreserve, "how much memory is set aside"),
    each(
        "msgfmt",
        "`classic` or `netstring`",
        Text("classic"),
        process::msgfmt,
        "how messages look on the wire",
    ),
    each("nice_failback", SWITCH, Nothing, membership::nice_failback, "an old form of `auto_failback`")
        .live(),
    each("node", "names", Nothing, membership::node, "the members of the cluster").many(),
    each("normalpoll", SWITCH, Nothing, process::normalpoll, "which form of polling the main loop uses")
        .not_yet("It has no meaning here; remove the line."),
    line("openais", "an interface", media_lines::openais, "a medium on top of openais").not_yet(OTHER_MEDIUM),
    each("pacemaker", "`off`", Nothing, membership::crm, "the cluster resource manager").not_yet_safety(),
    list("ping", "hosts", media_lines::ping, "hosts that are pinged to judge the own connection")
        .not_yet(NO_PING),
    list("ping6", "hosts", media_lines::ping6, "as `ping`, over IPv6").not_yet(NO_PING),
    line("ping_group", "a name and hosts", media_lines::ping_group, "hosts of which one must answer a ping")
        .not_yet(NO_PING),
    each("quorum_server", "a host", Nothing, membership::quorum_server, "the host that breaks ties")
        .not_yet("The node runs without it: two halves of a cluster are not told apart by it."),
    line("rds", "an interface and a peer", media_lines::rds, "a medium on top of reliable datagram sockets")
        .not_yet(OTHER_MEDIUM),
    each("realtime", SWITCH, Text("true"), process::realtime, "realtime scheduling and locked memory"),
    each(
        "record_config_changes",
        SWITCH,
        Text("on"),
        membership::record_config_changes,
        "whether changes of the configuration are kept",
    )
    .not_yet(NO_CRM),
    each(
        "record_pengine_inputs",
        SWITCH,
        Text("on"),
        membership::record_pengine_inputs,
        "whether inputs of the policy engine are kept",
    )
    .not_yet(NO_CRM),
    line("respawn", "a user and a program", children::respawn, "a program that runs beside the daemon")
        .tells_itself(),
    each("rtprio", "a realtime priority", Nothing, process::rtprio, "the realtime priority"),
    list("serial", "devices", media_lines::serial, "serial lines").not_yet(OTHER_MEDIUM),
    line("stonith", "a device type and a file", fencing::stonith, "the fencing device, configured in a file")
        .live(),
    line(
        "stonith_host",
        "a host or `*`, a device type, parameters",
        fencing::stonith_host,
        "a fencing device and the host that reaches it",
    )
    .live(),
    each(
        "syslogmsgfmt",
        SWITCH,
        Text("true"),
        logging::syslogmsgfmt,
        "whether lines in log files look like syslog's",
    )
    .live(),
    line("tipc", "a tipc name", media_lines::tipc, "a medium on top of TIPC").not_yet(OTHER_MEDIUM),
    each(
        "traditional_compression",
        SWITCH,
        Text("no"),
        process::traditional_compression,
        "whether whole messages are compressed",
    ),
    line("ucast", "an interface and a peer", media_lines::ucast, "UDP to one peer"),
    line("ucast6", "an interface and a peer", media_lines::ucast6, "UDP over IPv6 to one peer")
        .not_yet(OTHER_MEDIUM),
    each(
        "udpport",
        "a port",
        Derived("the service ha-cluster/udp, or 694"),
        process::udpport,
        "the UDP port of the media that follow",
    ),
    each(
        "use_apphbd",
        SWITCH,
        Nothing,
        process::use_apphbd,
        "whether the application heartbeat daemon watches the master process",
    )
    .tells_itself(),
    each("use_logd", SWITCH, Nothing, logging::use_logd, "whether the logging daemon writes the logs").live(),
    each(
        "uuidfrom",
        "`file` or `nodename`",
        Text("file"),
        membership::uuidfrom,
        "where the node's uuid comes from",
    ),
    each(
        "warntime",
        TIME,
        Derived("half of deadtime"),
        timing::warntime,
        "the silence after which a heartbeat is late",
    )
    .live(),
    each("watchdog", "a device", Nothing, process::watchdog, "the watchdog that resets a hanging machine")
        .once()
        .not_yet_safety(),
];

/// The directive of that name.
pub fn find(name: &str) -> Option<&'static Directive> {
    DIRECTIVES.binary_search_by(|directive| directive.name.cmp(name)).ok().and_then(|i| DIRECTIVES.get(i))
}

/// The directives that this version does not carry out.
pub fn not_yet() -> impl Iterator<Item = &'static Directive> {
    DIRECTIVES.iter().filter(|directive| directive.support != Support::Supported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_entry_says_what_it_is() {
        for pair in DIRECTIVES.windows(2) {
            assert!(pair[0].name < pair[1].name, "{} before {}", pair[0].name, pair[1].name);
        }
        for directive in DIRECTIVES {
            assert_eq!(find(directive.name).map(|d| d.name), Some(directive.name));
            assert!(!directive.help.is_empty() && !directive.help.ends_with('.'), "{}", directive.name);
            assert!(!directive.takes.is_empty(), "{}", directive.name);
        }
        assert!(find("nosuch").is_none());
    }

    #[test]
    fn what_keeps_data_safe_is_refused_not_ignored() {
        for name in ["watchdog", "crm", "pacemaker"] {
            assert_eq!(find(name).map(|d| d.support), Some(Support::NotYetSafety), "{name}");
        }
    }
}
