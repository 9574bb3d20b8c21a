//! The commands: their rows, and one file for each family.
//!
//! To add one: a row in `table`, an `Id`, an arm in `Exec::run` that calls the family's file.

mod archive;
mod authenticity;
mod config_table;
mod configure;
mod connect;
mod copy;
mod crash;
mod crypto_key;
mod debug;
mod exec;
mod files;
mod flash;
mod flash_table;
mod graph;
mod hardware;
mod install;
mod install_table;
mod more;
mod neighbors;
mod network;
mod operator;
mod overlay;
mod package;
#[cfg(test)]
mod permutations;
mod ping;
mod schedule;
mod show;
mod show_install;
mod show_ssh;
mod show_switch;
mod show_system;
mod switch_table;
mod system;
mod table;
mod tcl;
mod terminal;
mod trace;
mod verify;

pub(crate) use configure::{Merged, merge};
pub(crate) use copy::{fetch_at_boot, fetch_failure, fetch_quietly};
pub(crate) use exec::{run_command, run_session};
pub(crate) use files::reason_of;
pub(crate) use flash::sum;
pub(crate) use show::summary_of;
pub(crate) use show_switch::vlan_of;
