//! The device at its console, driven by a scripted terminal.

mod bench;
mod boot;
mod cli;
mod config;
mod copy;
mod copy_ftp;
mod files;
mod lab;
mod tftpdnld;
