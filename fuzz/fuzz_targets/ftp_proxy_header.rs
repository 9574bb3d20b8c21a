#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| ftp_proto::fuzz::ftp_proxy_header(data));
