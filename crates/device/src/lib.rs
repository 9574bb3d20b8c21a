//! The emulated IOS device.
