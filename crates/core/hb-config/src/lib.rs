//! ha.cf, authkeys and haresources: text in, typed configuration and diagnostics out.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
