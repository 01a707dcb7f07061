//! The stable names of complaints.

use core::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What kind of complaint it is. The text form is what scripts match on; it never changes its meaning.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The stable text, in `snake_case`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $text,)*
                }
            }
        }
    };
}

codes! {
    /// A file that must be there is not.
    FileMissing = "file_missing",
    /// A file is larger than any configuration can be.
    FileTooLarge = "file_too_large",
    /// A word is not UTF-8 text.
    NotText = "not_text",
    /// More complaints than are kept.
    TooManyComplaints = "too_many_complaints",
    /// No such directive.
    UnknownDirective = "unknown_directive",
    /// An old spelling that still works.
    OldSpelling = "old_spelling",
    /// A directive that wants a value has none.
    ValueMissing = "value_missing",
    /// Words after the last one that means something.
    WordsIgnored = "words_ignored",
    /// A directive that counts once is there again; the last one wins.
    GivenTwice = "given_twice",
    /// A directive that may be there once only is there again.
    GivenTwiceRefused = "given_twice_refused",
    /// Not yes or no.
    BadBoolean = "bad_boolean",
    /// Not a time, or a unit that is not known.
    BadTime = "bad_time",
    /// Not a number, or a number outside its range.
    BadNumber = "bad_number",
    /// Not one of the words that the directive knows.
    BadWord = "bad_word",
    /// Not an absolute path.
    BadPath = "bad_path",
    /// A directive that this version knows but does not carry out.
    NotYet = "not_yet",
    /// As `not_yet`, for something that keeps data safe: the node must not run without it.
    NotYetSafety = "not_yet_safety",
    /// A node name that cannot be one.
    BadNodeName = "bad_node_name",
    /// A node is declared more than once.
    NodeTwice = "node_twice",
    /// More nodes than the wire carries.
    TooManyNodes = "too_many_nodes",
    /// No node is declared.
    NoNodes = "no_nodes",
    /// The host itself is not among the nodes.
    OwnNodeMissing = "own_node_missing",
    /// haresources takeover knows two nodes.
    MoreThanTwoNodes = "more_than_two_nodes",
    /// autojoin does not go with haresources.
    AutojoinClassic = "autojoin_classic",
    /// deadtime is not more than twice keepalive.
    DeadtimeTooSmall = "deadtime_too_small",
    /// deadping is not more than twice keepalive.
    DeadpingTooSmall = "deadping_too_small",
    /// initdead is smaller than deadtime.
    InitdeadTooSmall = "initdead_too_small",
    /// initdead is shorter than networks take to come up.
    InitdeadShort = "initdead_short",
    /// warntime warns never or always.
    WarntimeUseless = "warntime_useless",
    /// A short deadtime without realtime scheduling.
    DeadtimeNotRealtime = "deadtime_not_realtime",
    /// No medium, or none that this version can use.
    NoMedia = "no_media",
    /// More media than there may be.
    TooManyMedia = "too_many_media",
    /// A medium that is there already.
    MediumTwice = "medium_twice",
    /// The port or speed is set after a medium that should have used it.
    SetTooLate = "set_too_late",
    /// No such interface on this host.
    NoInterface = "no_interface",
    /// The interface is down.
    InterfaceDown = "interface_down",
    /// The interface has no IPv4 address.
    NoIpv4 = "no_ipv4",
    /// The interface has no broadcast address.
    NoBroadcast = "no_broadcast",
    /// Not an address of the wanted kind.
    BadAddress = "bad_address",
    /// A host name that resolves to nothing.
    UnknownHost = "unknown_host",
    /// A serial port that does not exist.
    NoDevice = "no_device",
    /// A multicast time to live that keeps packets at home.
    TtlZero = "ttl_zero",
    /// No auto_failback line: the old default is in force.
    FailbackDefault = "failback_default",
    /// An obsolete directive.
    Obsolete = "obsolete",
    /// A fencing device type that cannot be run here.
    UnknownStonithType = "unknown_stonith_type",
    /// A fencing device with the wrong number of parameters.
    BadStonithParameters = "bad_stonith_parameters",
    /// The file a directive names cannot be read.
    FileUnreadable = "file_unreadable",
    /// Several fencing lines apply to this node.
    StonithTwice = "stonith_twice",
    /// A fencing line for a node that is not in the cluster.
    StonithUnknownHost = "stonith_unknown_host",
    /// A user or group the system does not know.
    UnknownUser = "unknown_user",
    /// A command that is not a runnable program.
    NotExecutable = "not_executable",
    /// A second apiauth line for one client.
    ApiauthTwice = "apiauth_twice",
    /// An apiauth line that allows nobody.
    ApiauthEmpty = "apiauth_empty",
    /// An env word without `=`.
    EnvMalformed = "env_malformed",
    /// Nowhere to log to.
    NoLogTarget = "no_log_target",
    /// Log files beside use_logd.
    LogTargetRedundant = "log_target_redundant",
    /// Others can read the key file.
    KeysReadable = "keys_readable",
    /// Others can write the key file.
    KeysWritable = "keys_writable",
    /// A line of authkeys that is neither `auth N` nor `N METHOD SECRET`.
    BadKeyLine = "bad_key_line",
    /// A key number outside 0 to 15.
    BadKeyNumber = "bad_key_number",
    /// A signing method that does not exist.
    UnknownMethod = "unknown_method",
    /// A method that needs a secret has none.
    SecretMissing = "secret_missing",
    /// A method that takes no secret has one.
    SecretUnwanted = "secret_unwanted",
    /// No `auth` line.
    AuthMissing = "auth_missing",
    /// The key that `auth` names is not defined.
    AuthKeyMissing = "auth_key_missing",
    /// The key that `auth` names stands before the `auth` line.
    AuthTooLate = "auth_too_late",
    /// A key or the `auth` line is there twice.
    KeyTwice = "key_twice",
    /// The `crc` method keeps nobody out.
    CrcNoSecret = "crc_no_secret",
    /// A haresources line for a node that is not in ha.cf.
    UnknownNode = "unknown_node",
    /// A haresources line without a resource.
    GroupEmpty = "group_empty",
    /// Two groups with the same first resource.
    GroupTwice = "group_twice",
    /// A resource is there more than once.
    ResourceTwice = "resource_twice",
    /// A resource that cannot be run as it is written.
    BadResource = "bad_resource",
    /// A resource that looks as if something else was meant.
    OddResource = "odd_resource",
    /// No agent of that name is installed here.
    NoAgent = "no_agent",
    /// A backslash that does not continue the line.
    StrayBackslash = "stray_backslash",
    /// A change that the running node cannot take.
    NeedsRestart = "needs_restart",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
