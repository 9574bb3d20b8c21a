//! The subcommands, one file each: its arguments, its help and what it does.

pub mod access;
mod at_devices;
pub mod backup;
pub mod ban;
pub mod completions;
pub mod config;
pub mod copy;
pub mod device;
pub mod doctor;
pub mod facts;
pub mod grant;
pub mod image;
pub mod inventory;
pub mod kick;
pub mod lab;
pub mod log;
pub mod man;
mod over_proxy;
mod over_ssh;
mod over_tls;
pub mod recipe;
pub mod relay;
pub mod reload;
pub mod remote;
pub mod restore;
pub mod serve;
pub mod tftp;
pub mod upgrade;
pub mod user;
pub mod versions;
pub mod who;

use crate::events::{Event, Events};
use crate::exit::{Exit, Failure};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::process::ExitCode;
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  towline serve images                       serve a directory over TFTP and FTP
  towline copy tftp://10.0.0.1/a.bin .       fetch a file
  towline copy a.bin ftp://10.0.0.1/up/      store a file
  towline ls sftp://bob@10.0.0.1/~/          what is there, over SSH
  towline mirror sftp://bob@10.0.0.1/~/cfg/ cfg/   a whole tree, what has changed of it
  towline doctor tftp://10.0.0.1/a.bin       why does it not work?
  towline relay --to 10.0.0.1 --loss 1%      a bad line between a device and a server
  towline facts admin@10.0.0.2               what runs on a real device, and what its next start would do
  towline backup r1 --to configurations      its configuration, and what changed in it
  towline facts -i lab.toml --limit core     of many devices that a file lists
  towline upgrade plan r1 --image new.bin    what an upgrade would do, and what stands in the way
  towline device                             sit at a router's console
  towline config init towline.toml           a configuration for a service, with every setting
  towline image show a.bin                   what an image says of itself
  towline user add bob                       a user of the service
  towline versions --dir images a.cfg        what was written over and is kept
  towline who                                who is on the running service
  towline log --since 2h                     what happened there
";

/// Moves files between people, servers and network devices.
#[derive(Debug, Parser)]
#[command(name = "towline", version, before_help = EXAMPLES, disable_help_subcommand = true)]
#[command(after_help = "Exit codes: docs/exit-codes.md. Colours: none with NO_COLOR or without a terminal.")]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(Box<serve::Serve>),
    Copy(copy::Copy),
    Ls(remote::ls::Ls),
    Cat(remote::cat::Cat),
    Rm(remote::rm::Rm),
    Mv(remote::mv::Mv),
    Mkdir(remote::mkdir::Mkdir),
    Rmdir(remote::rmdir::Rmdir),
    Stat(remote::stat::Stat),
    Hash(remote::hash::Hash),
    Mirror(Box<remote::mirror::Mirror>),
    Shell(Box<remote::shell::Shell>),
    Doctor(doctor::Doctor),
    Device(device::Device),
    Facts(facts::Facts),
    Backup(backup::Backup),
    Upgrade(upgrade::Upgrade),
    Inventory(inventory::Inventory),
    Image(image::Image),
    Lab(lab::Lab),
    Recipe(recipe::Recipe),
    Relay(relay::Relay),
    Reload(reload::Reload),
    Versions(versions::Versions),
    Restore(restore::Restore),
    Tftp(tftp::Tftp),
    Config(config::Config),
    User(user::User),
    Log(log::Log),
    Who(who::Who),
    Kick(kick::Kick),
    Ban(ban::Ban),
    Unban(ban::Unban),
    Bans(ban::Bans),
    Access(access::Access),
    Grant(grant::Grant),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Parses the command line, runs what it says, prints the one line of a failure.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse_from(crate::ladder::joined(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no faults; everything else is a wrong command line.
            if !error.use_stderr() {
                let _ = error.print();
                return Exit::Done.into();
            }
            // Nothing at all was asked for: the help is the answer.
            if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = error.print();
                return Exit::Usage.into();
            }
            eprintln!("towline: {}", one_line(&error.to_string()));
            return Exit::Usage.into();
        }
    };
    let events = Arc::new(Events::new(match &cli.command {
        Command::Serve(serve) => serve.json,
        Command::Copy(copy) => copy.json,
        Command::Ls(ls) => ls.json(),
        Command::Rm(rm) => rm.json(),
        Command::Mv(mv) => mv.json(),
        Command::Mkdir(mkdir) => mkdir.json(),
        Command::Rmdir(rmdir) => rmdir.json(),
        Command::Stat(stat) => stat.json(),
        Command::Hash(hash) => hash.json(),
        Command::Mirror(mirror) => mirror.json(),
        Command::Relay(relay) => relay.json,
        Command::Doctor(doctor) => doctor.json,
        Command::Facts(facts) => facts.json(),
        Command::Backup(backup) => backup.json(),
        Command::Upgrade(upgrade) => upgrade.json(),
        Command::Inventory(inventory) => inventory.json,
        Command::Recipe(recipe) => recipe.json(),
        Command::User(user) => user.json(),
        Command::Cat(_)
        | Command::Shell(_)
        | Command::Device(_)
        | Command::Image(_)
        | Command::Lab(_)
        | Command::Reload(_)
        | Command::Tftp(_)
        | Command::Config(_)
        | Command::Versions(_)
        | Command::Restore(_)
        | Command::Log(_)
        | Command::Who(_)
        | Command::Kick(_)
        | Command::Ban(_)
        | Command::Unban(_)
        | Command::Bans(_)
        | Command::Access(_)
        | Command::Grant(_)
        | Command::Completions(_)
        | Command::Man(_) => false,
    }));
    let result = match cli.command {
        Command::Serve(serve) => serve.run(&events),
        Command::Copy(copy) => copy.run(&events),
        Command::Ls(ls) => ls.run(&events),
        Command::Cat(cat) => cat.run(&events),
        Command::Rm(rm) => rm.run(&events),
        Command::Mv(mv) => mv.run(&events),
        Command::Mkdir(mkdir) => mkdir.run(&events),
        Command::Rmdir(rmdir) => rmdir.run(&events),
        Command::Stat(stat) => stat.run(&events),
        Command::Hash(hash) => hash.run(&events),
        Command::Mirror(mirror) => mirror.run(&events),
        Command::Shell(shell) => shell.run(&events),
        Command::Doctor(doctor) => doctor.run(&events),
        Command::Recipe(recipe) => recipe.run(&events),
        Command::Device(device) => device.run(),
        Command::Facts(facts) => facts.run(&events),
        Command::Backup(backup) => backup.run(&events),
        Command::Upgrade(upgrade) => upgrade.run(&events),
        Command::Inventory(inventory) => inventory.run(&events),
        Command::Image(image) => image.run(),
        Command::Lab(lab) => lab.run(),
        Command::Relay(relay) => relay.run(&events),
        Command::Reload(reload) => reload.run(),
        Command::Tftp(tftp) => tftp.run(),
        Command::Config(config) => config.run(),
        Command::User(user) => user.run(&events),
        Command::Versions(versions) => versions.run(),
        Command::Restore(restore) => restore.run(),
        Command::Log(log) => log.run(),
        Command::Who(who) => who.run(),
        Command::Kick(kick) => kick.run(),
        Command::Ban(ban) => ban.run(),
        Command::Unban(unban) => unban.run(),
        Command::Bans(bans) => bans.run(),
        Command::Access(access) => access.run(),
        Command::Grant(grant) => grant.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    };
    match result {
        Ok(()) => Exit::Done.into(),
        Err(failure) => {
            report(&failure, &events);
            failure.exit.into()
        }
    }
}

/// clap's several lines as one: what is wrong, its tip, and where the help is.
fn one_line(error: &str) -> String {
    let (what, usage) = error.split_once("\nUsage: ").unwrap_or((error, "towline"));
    let what = what.strip_prefix("error: ").unwrap_or(what);
    let what = what.split("\nFor more information").next().unwrap_or(what);
    let what = what.split_whitespace().collect::<Vec<_>>().join(" ").replace(" tip: ", "; ");
    let command: Vec<_> =
        usage.split_whitespace().take_while(|w| !w.starts_with(['[', '<', '-', '.'])).collect();
    format!("{what}; see {} --help", command.join(" "))
}

fn report(failure: &Failure, events: &Events) {
    events.tell(&Event::Failed {
        transfer: None,
        exit: failure.exit.code(),
        thing: failure.thing.clone(),
        what: failure.what.clone(),
        way_out: failure.way_out.clone(),
    });
    eprintln!("towline: {failure}");
}

/// The whole command line as clap knows it, for completions and man pages.
pub fn grammar() -> clap::Command {
    Cli::command()
}
