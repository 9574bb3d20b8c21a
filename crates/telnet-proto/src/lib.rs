//! The Telnet stream as a pure machine (RFC 854, 855, 857, 858, 1091, 1073).
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
