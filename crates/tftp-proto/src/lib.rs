//! TFTP as pure machines (RFC 1350, 2347, 2348, 2349, 7440).
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
