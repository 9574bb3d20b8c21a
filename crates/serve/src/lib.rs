//! Listeners and one driver for each protocol.
