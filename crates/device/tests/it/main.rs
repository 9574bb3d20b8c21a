//! The device at its console, driven by a scripted terminal.

mod bench;
mod boot;
mod cli;
mod config;
mod files;
