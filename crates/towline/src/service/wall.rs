//! What the server keeps when it gives up everything else: from the configuration to a [`Plan`].
//!
//! Entered before the first thread, and when everything is open that lies elsewhere: certificates, the files of
//! users, traces, the list of interfaces.

use crate::config::server::Sandbox;
use crate::config::{Config, Loaded, audit};
use crate::exit::{Exit, Failure};
use crate::sinks::To;
use sandbox::{Demand, Plan, Tcp};
use std::path::{Path, PathBuf};

/// Whether another process makes connections for this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Alone {
    /// None does: what the servers need of TCP stays.
    Yes,
    /// A monitor does.
    No,
}

/// The process after it has given up what it could.
pub(super) struct Behind {
    /// One line for people.
    pub(super) line: String,
    /// What the kernel lacks.
    pub(super) lacks: Option<String>,
}

/// Gives up what the configuration does not need.
pub(super) fn enter(loaded: &Loaded, alone: Alone) -> Result<Behind, Failure> {
    let plan = plan(&loaded.config, alone);
    let held = plan.enter().map_err(|e| {
        let way_out = "sandbox = \"auto\" goes on with what there is, \"off\" without";
        Failure::new(Exit::Local, "the sandbox", e, way_out)
    })?;
    Ok(Behind { line: held.line(&plan), lacks: held.lacks(&plan) })
}

fn plan(config: &Config, alone: Alone) -> Plan {
    let server = &config.server;
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    let served = server.inbox.as_ref().map(|dir| (dir, true));
    let served = served.or(server.root.as_ref().map(|root| (root, server.write)));
    let mounts = config.mount.iter().map(|mount| (&mount.dir, mount.write));
    for (path, write) in served.into_iter().chain(mounts) {
        if write { &mut writes } else { &mut reads }.push(directory(path));
    }
    writes.extend(server.state.clone());
    // SQLite has two files besides.
    if let Some(audit::History::File(path)) = &config.audit.history {
        writes.push(directory(path));
    }
    // Users are added, and their hashes renewed, while it runs.
    writes.extend(config.identity.users_dir.clone());
    Plan {
        demand: demand(config, alone),
        reads,
        writes,
        tcp: tcp(config, alone),
        local_sockets: matches!(syslog(config), Some(To::Unix(_))),
        neighbours: wants_neighbours(config),
        user: server.user.as_ref().map(|user| user.value.identity()),
    }
}

/// The directory itself, or the one that a file is in: it may be replaced, and a rule is for what is there now.
fn directory(path: &Path) -> PathBuf {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match real.parent() {
        Some(parent) if !real.is_dir() => parent.to_owned(),
        Some(_) | None => real,
    }
}

fn demand(config: &Config, alone: Alone) -> Demand {
    // Who starts programs itself cannot give up starting programs.
    let programs = !config.identity.command.is_empty() || config.hook.iter().any(|hook| !hook.run.is_empty());
    match config.server.sandbox {
        Sandbox::Off => Demand::Off,
        Sandbox::Auto if programs && alone == Alone::Yes => Demand::Off,
        Sandbox::Auto => Demand::Auto,
        Sandbox::Require => Demand::Require,
    }
}

fn tcp(config: &Config, alone: Alone) -> Tcp {
    if alone == Alone::No {
        return Tcp::Nothing;
    }
    let ftp = config.ftp.port != serve::listen::Want::Off;
    let passive = || config.ftp.passive_ports.clone().map_or_else(|| vec![0], Iterator::collect);
    // FTP's active mode goes to wherever the client says that it is.
    Tcp::Own { listen: if ftp { passive() } else { Vec::new() }, connect: ftp || reaches(config) }
}

fn syslog(config: &Config) -> Option<To> {
    config.audit.syslog.as_deref().and_then(To::parse)
}

/// Whether it connects to a place of the configuration, where no other process does.
fn reaches(config: &Config) -> bool {
    config.hook.iter().any(|hook| hook.url.is_some()) || matches!(syslog(config), Some(To::Tcp(_)))
}

/// Whether a hardware address may be asked for: in a template, in the name of a directory, in a rule.
fn wants_neighbours(config: &Config) -> bool {
    let tftp = &config.tftp;
    tftp.templates
        || tftp.remap.is_some()
        || tftp.client_dir.iter().chain(&tftp.map).any(|text| text.contains("mac"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Size, audit::Hook};

    fn config(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config::default();
        config.server.root = Some("/".into());
        change(&mut config);
        config
    }

    #[test]
    fn what_is_served_is_read_and_what_is_written_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        let read = plan(&config(|c| c.server.root = Some(real.clone())), Alone::Yes);
        assert_eq!((&read.reads[..], &read.writes[..]), (&[real.clone()][..], &[][..]));
        let write = plan(
            &config(|c| {
                c.server.root = Some(real.clone());
                c.server.write = true;
                c.server.quota = Some(Size(1));
                c.server.state = Some("/var/lib/towline".into());
            }),
            Alone::Yes,
        );
        assert_eq!(
            (&write.reads[..], &write.writes[..]),
            (&[][..], &[real.clone(), "/var/lib/towline".into()][..])
        );
        // Of one file its directory: it is replaced now and then.
        std::fs::write(real.join("a.bin"), "").unwrap();
        let one = plan(&config(|c| c.server.root = Some(real.join("a.bin"))), Alone::Yes);
        assert_eq!(one.reads, [real]);
    }

    #[test]
    fn tcp_is_what_ftp_needs_and_nothing_with_a_monitor() {
        let ftp = config(|c| c.ftp.passive_ports = Some(50_000..=50_001));
        assert_eq!(plan(&ftp, Alone::Yes).tcp, Tcp::Own { listen: vec![50_000, 50_001], connect: true });
        assert_eq!(plan(&ftp, Alone::No).tcp, Tcp::Nothing);
        let tftp = config(|c| c.ftp.port = serve::listen::Want::Off);
        assert_eq!(plan(&tftp, Alone::Yes).tcp, Tcp::Own { listen: vec![], connect: false });
    }

    #[test]
    fn who_runs_programs_itself_is_not_sandboxed() {
        let hooks = config(|c| c.hook = vec![Hook::on_ends(&["/bin/true"], None)]);
        assert_eq!(plan(&hooks, Alone::Yes).demand, Demand::Off);
        assert_eq!(plan(&hooks, Alone::No).demand, Demand::Auto);
    }
}
