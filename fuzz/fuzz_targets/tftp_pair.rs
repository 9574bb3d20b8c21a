#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| tftp_proto::fuzz::tftp_pair(data));
