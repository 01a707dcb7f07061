//! The original's messages: fields, text and netstring encodings, signatures, compression.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
