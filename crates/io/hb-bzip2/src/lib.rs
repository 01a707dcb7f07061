//! bzip2 for hb-wire: bytes in, bytes out, bounded.
