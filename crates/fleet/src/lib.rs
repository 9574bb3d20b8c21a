//! Real devices: what is typed at them, what they say, what is known of them then.
//!
//! What this crate does *not* do: it decides nothing about upgrades (`upgrade` does, over facts), serves no file, and answers no
//! question of a device that no table knows: it stops there and says what stood on the line.
//!
//! | module | its one idea |
//! |---|---|
//! | [`ios`] | devices with IOS and IOS-XE |
#![deny(unsafe_code)]

pub mod ios;
