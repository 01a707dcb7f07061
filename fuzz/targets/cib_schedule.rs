#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hb_fuzz::cib::schedule(bytes));
