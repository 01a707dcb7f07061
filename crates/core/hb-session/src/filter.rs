//! Which messages a client wants: treatment bits (spec: ipc 3.6).

/// Why a message is shown to clients, and which of them have asked for such.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Treatment {
    /// A message for clients, or a status that changed something.
    Keep,
    /// A status that changed nothing.
    Unchanged,
    /// A request of some client.
    ApiCall,
}

impl Treatment {
    pub(crate) const fn bit(self) -> u8 {
        match self {
            Treatment::Keep => 0x01,
            Treatment::Unchanged => 0x02,
            Treatment::ApiCall => 0x10,
        }
    }
}

/// A client's filter. Bits 0x04 (dropped), 0x08 (duplicate) and 0x20 (protocol) are accepted, and nothing is shown for
/// them: such messages never leave the messaging layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Filter(u8);

const ALL: u64 = 0x3f;

impl Filter {
    pub(crate) const DEFAULT: Filter = Filter(0x01);

    /// The filter of a request; `None` when it has no bit that means something.
    pub(crate) fn parse(mask: Option<u64>) -> Option<Filter> {
        let known = mask? & ALL;
        u8::try_from(known).ok().filter(|bits| *bits != 0).map(Filter)
    }

    pub(crate) const fn wants(self, treatment: Treatment) -> bool {
        self.0 & treatment.bit() != 0
    }

    /// Whether it shows more than what is meant for clients.
    pub(crate) const fn debugs(self) -> bool {
        self.0 & !Filter::DEFAULT.0 != 0
    }
}
