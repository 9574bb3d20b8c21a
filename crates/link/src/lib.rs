//! Network links as values: loss, delay, duplication, reordering, rate.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
