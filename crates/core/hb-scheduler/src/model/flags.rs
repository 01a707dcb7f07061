//! What may be true of resources, actions and orders.

bitflags::bitflags! {
    /// What is true of a resource.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ResourceFlags: u32 {
        /// Found in the history only.
        const ORPHAN = 1;
        /// The cluster may start, stop and change it.
        const MANAGED = 1 << 1;
        /// Nothing may be done with it because of a failure.
        const BLOCKED = 1 << 2;
        /// An orphan whose history says that it was inside a container.
        const ORPHAN_FILLER = 1 << 3;
        /// Instances are told about each other's changes.
        const NOTIFY = 1 << 4;
        /// Its instances are different from each other; always set outside clones.
        const UNIQUE = 1 << 5;
        /// A fencing device.
        const FENCE_DEVICE = 1 << 6;
        /// A clone, or inside one, whose instances can be promoted.
        const PROMOTABLE = 1 << 7;
        /// Not assigned yet.
        const PROVISIONAL = 1 << 8;
        /// Being assigned.
        const ASSIGNING = 1 << 9;
        /// Its scores are being merged into another's.
        const MERGING = 1 << 10;
        /// Actions for a restart are being made.
        const RESTARTING = 1 << 11;
        /// Has to be stopped to recover.
        const STOP = 1 << 12;
        /// Is reloaded.
        const RELOAD = 1 << 13;
        /// A connection that may itself run behind a connection.
        const ALLOW_REMOTE_REMOTES = 1 << 14;
        /// Moves what it depends on.
        const CRITICAL = 1 << 15;
        /// An operation failed.
        const FAILED = 1 << 16;
        /// A start was under way, or its agent changed.
        const START_PENDING = 1 << 17;
        /// Active on too many nodes; only the unexpected ones are stopped.
        const STOP_UNEXPECTED = 1 << 18;
        /// May be migrated alive.
        const ALLOW_MIGRATE = 1 << 19;
        /// A failure was ignored.
        const FAILURE_IGNORED = 1 << 20;
        /// In maintenance: not even monitored.
        const MAINTENANCE = 1 << 21;
        /// Contains other resources.
        const IS_CONTAINER = 1 << 22;
        /// Starts only with quorum.
        const NEEDS_QUORUM = 1 << 23;
        /// Starts only when unclean nodes have been fenced.
        const NEEDS_FENCING = 1 << 24;
        /// Starts only on nodes that have been switched on by a device.
        const NEEDS_UNFENCING = 1 << 25;
        /// A connection to a remote or guest node.
        const IS_REMOTE = 1 << 26;
        /// Probed only where constraints say so.
        const EXCLUSIVE_DISCOVERY = 1 << 27;
        /// Optional orders before it restart it (an old attribute).
        const RESTART_TYPE = 1 << 28;
    }
}

bitflags::bitflags! {
    /// What is true of an action.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct ActionFlags: u32 {
        /// Done by nobody: a point in the order.
        const PSEUDO = 1;
        /// Can be done.
        const RUNNABLE = 1 << 1;
        /// Need not be done.
        const OPTIONAL = 1 << 2;
        /// Belongs to the graph although optional.
        const PRINT_ALWAYS = 1 << 3;
        /// Follows from fencing.
        const IMPLIED_BY_FENCING = 1 << 4;
        /// Part of a live migration.
        const MIGRATABLE = 1 << 5;
        /// Is in the graph.
        const DUMPED = 1 << 6;
        /// Stops what a finished migration left behind.
        const DANGLES = 1 << 7;
        /// Runnable when enough of those before it are.
        const REQUIRES_ANY = 1 << 8;
        /// A recurring operation to be scheduled anew.
        const RESCHEDULE = 1 << 9;
        /// Being looked at, in a search.
        const TRACKING = 1 << 10;
        /// Its inputs have been sorted and merged.
        const DEDUPLICATED = 1 << 11;
        /// May be done by the controller in place of its node.
        const BY_CONTROLLER = 1 << 12;
    }
}

bitflags::bitflags! {
    /// What an order between two actions means.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct OrderFlags: u32 {
        /// Only an order.
        const OPTIONAL = 1;
        /// Does not count when the first is migrated.
        const FIRST_NOT_MIGRATABLE = 1 << 1;
        /// When the second is required, so is the first.
        const IMPLIES_FIRST = 1 << 4;
        /// When the first is required, so is the second.
        const IMPLIES_THEN = 1 << 5;
        /// When the second is required and promoted, so is the first.
        const PROMOTED_IMPLIES_FIRST = 1 << 6;
        /// The first needs the second to be runnable and migratable.
        const IMPLIES_FIRST_MIGRATABLE = 1 << 7;
        /// The second needs the first to be runnable.
        const RUNNABLE_FIRST = 1 << 8;
        /// The second is pseudo only when the first is runnable.
        const PSEUDO_FIRST = 1 << 9;
        /// As [`Self::IMPLIES_THEN`], for instances on the first's node.
        const IMPLIES_THEN_ON_NODE = 1 << 10;
        /// As [`Self::RUNNABLE_FIRST`], unless the first is about to stop.
        const PROBE = 1 << 11;
        /// The second is runnable when the first is optional or runnable.
        const RESTART = 1 << 12;
        /// Not at the same time.
        const SERIALIZE = 1 << 14;
        /// Only on the same node.
        const SAME_NODE = 1 << 15;
        /// When the second is required, the first is shown.
        const IMPLIES_FIRST_PRINTED = 1 << 16;
        /// When the first is required, the second is shown.
        const IMPLIES_THEN_PRINTED = 1 << 17;
        /// Only in one direction.
        const ASYMMETRICAL = 1 << 20;
        /// Room has to be made first.
        const LOAD = 1 << 21;
        /// One of several that suffices.
        const ONE_OR_MORE = 1 << 22;
        /// Two that avoid each other change places.
        const ANTI_COLOCATION = 1 << 23;
        /// Holds for containers, too.
        const PRESERVE = 1 << 24;
        /// When the second is required, the first need not be done.
        const THEN_CANCELS_FIRST = 1 << 25;
    }
}
