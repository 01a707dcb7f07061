//! Takeover by haresources: the release-1 resource manager.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
