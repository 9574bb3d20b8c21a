//! FTP as pure machines (RFC 959, 2389, 2428, 3659).
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
