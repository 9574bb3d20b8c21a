//! The IOS command line: grammar, line editor, pager, dialogs, texts.
#![no_std]
#![forbid(unsafe_code)]
extern crate alloc;
