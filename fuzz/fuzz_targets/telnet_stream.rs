#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| telnet_proto::fuzz::telnet_stream(data));
