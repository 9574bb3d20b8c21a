//! The device at its console, driven by a scripted terminal.

mod archive;
mod bench;
mod boot;
mod catalyst;
mod cli;
mod clients;
mod config;
mod copy;
mod copy_ftp;
mod copy_http;
mod copy_scp;
mod faults;
mod files;
mod habits;
mod lab;
mod models;
mod profiles;
mod recipe;
mod scp_server;
mod seat;
mod ssh;
mod tcl;
mod tftp_server;
mod tftpdnld;
mod tools;
mod xe;
