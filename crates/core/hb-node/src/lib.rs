//! Pure composition: which machines make up each role, whose output is whose input.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
