//! Media: one file a medium; sockets, reader and writer children.
