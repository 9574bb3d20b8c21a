//! From a topology to what listens.

use super::file;
use super::furnish;
use super::links;
use crate::config;
use crate::control::{self, Control};
use crate::exit::{Exit, Failure};
use crate::lab::desk::{Desk, Known};
use crate::lab::servers::{Ports, Servers};
use device::wire::{Others, Table};
use device::{Attendant, Device, HostKeys, Rack, SshLines, TelnetLines, Through};
use serve::listen::Want;
use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::local::{Local, LocalOptions};
use store::memory::Shelf;
use transport::ssh::PrivateKey;

/// A device of a lab.
pub struct Placed {
    /// Its name in the file; its host name can be changed.
    pub name: String,
    /// Where it is.
    pub address: Ipv4Addr,
    /// The device.
    pub device: Arc<Device>,
}

/// A lab that runs, until it is dropped.
pub struct Running {
    /// In the order of the file.
    pub devices: Vec<Placed>,
    /// The port of Telnet.
    pub telnet: Option<u16>,
    /// The port of SSH.
    pub ssh: Option<u16>,
    /// The port of the consoles.
    pub console: Option<u16>,
    /// The servers.
    pub servers: Option<Servers>,
    /// The control socket.
    pub control: Option<PathBuf>,
    _control: Option<Control>,
    _attendant: Attendant,
    _lines: (Vec<TelnetLines>, Option<SshLines>),
}

/// Reads the topology at `path` and starts what it says. Its control socket is `control` where it names none.
///
/// # Errors
/// What is wrong with the file, or why something cannot listen.
pub fn start(path: &Path, control: Option<&Path>) -> Result<Running, Failure> {
    let text = config::Loaded::text(path)?;
    let read = file::parse(path, text).map_err(|faults| config::failure(&faults))?;
    let topology = &read.topology;
    let servers = topology.servers.as_ref().map(servers).transpose()?;
    let table = match (&topology.servers, &servers) {
        (Some(wanted), Some(servers)) => table(wanted, servers),
        _ => Table::default(),
    };
    let listeners = [(topology.telnet, "telnet"), (topology.ssh, "ssh"), (topology.console, "console")];
    let [vty, ssh, console] = listeners.map(|(want, key)| listen(want, key));
    let (vty, ssh, console) = (vty?, ssh?, console?);
    let table = Table { others: Some(Arc::new(others(topology, vty.as_ref(), ssh.as_ref()))), ..table };
    let shelf = Shelf::new(&std::env::temp_dir());
    let wanted = furnish::devices(&read, &shelf, &table).map_err(|faults| config::failure(&faults))?;
    let links = links::links(&read, &wanted).map_err(|faults| config::failure(&faults))?;
    let mut devices = Vec::with_capacity(wanted.len());
    let mut places = Vec::with_capacity(wanted.len());
    for furnish::Wanted { name, address, ios, config, stock, faults } in wanted {
        let device = Device::in_memory(config, &shelf, stock);
        faults.into_iter().for_each(|fault| device.set_fault(fault));
        places.push((address.into(), device.clone(), ios));
        devices.push(Placed { name, address, device });
    }
    let all: Vec<Arc<Device>> = devices.iter().map(|placed| placed.device.clone()).collect();
    let threads = |e: io::Error| Failure::new(Exit::Local, "threads", e, "");
    let attendant = Attendant::start(&all).map_err(threads)?;
    for device in &all {
        device.power_on();
    }
    // Behind that, so that no log begins with the others coming up.
    for [(this, here), (other, there)] in &links {
        device::connect((&all[*this], here), (&all[*other], there));
    }
    drop(links);
    let rack = Rack::by_address(places);
    let mut lines = Vec::new();
    let mut telnet = |listener, through| -> Result<Option<u16>, Failure> {
        let Some(listener) = listener else { return Ok(None) };
        let line = TelnetLines::start(rack.clone(), listener, through).map_err(threads)?;
        let port = line.address().port();
        lines.push(line);
        Ok(Some(port))
    };
    let (vty, console) = (telnet(vty, Through::Vty)?, telnet(console, Through::Console)?);
    let (mut ssh_port, mut ssh_lines) = (None, None);
    if let Some(listener) = ssh {
        // Whoever has the one or the other has all keys: they are a lab's.
        let drawn_from = match &topology.host_key {
            Some(dir) => crate::service::ssh::rsa(dir)?.text().map_err(|e| {
                Failure::new(Exit::Local, dir.display(), e, "take the file away, and a new one is made")
            })?,
            None => format!("seed {}", topology.seed),
        };
        let keys = HostKeys::Each(drawn_from.into_bytes().into());
        let started = SshLines::start(rack, listener, keys).map_err(threads)?;
        ssh_port = Some(started.address().port());
        ssh_lines = Some(started);
    }
    let socket = topology.control.as_deref().or(control);
    let known = devices.iter().map(|placed| Known {
        name: placed.name.clone(),
        address: Some(placed.address),
        device: placed.device.clone(),
    });
    let desk = Desk(known.collect());
    let answering = match socket {
        Some(path) => Some(Control::start(control::listen(path)?, desk).map_err(threads)?),
        None => None,
    };
    Ok(Running {
        control: socket.map(Path::to_owned),
        _control: answering,
        devices,
        telnet: vty,
        ssh: ssh_port,
        console,
        servers,
        _attendant: attendant,
        _lines: (lines, ssh_lines),
    })
}

/// A host key that nobody keeps.
pub(crate) fn of_run() -> Result<PrivateKey, Failure> {
    let dir = tempfile::tempdir().map_err(|e| Failure::local("the temporary directory", &e))?;
    crate::service::ssh::rsa(dir.path())
}

/// Where devices find each other's lines.
fn others(topology: &file::Topology, telnet: Option<&TcpListener>, ssh: Option<&TcpListener>) -> Others {
    let row = |row: &file::Device| {
        let IpAddr::V4(first) = row.address else { return None };
        let more = row.count.as_ref().map_or(1, |count| count.0).saturating_sub(1);
        let last = first.to_bits().checked_add(more)?;
        Some((first, Ipv4Addr::from_bits(last)))
    };
    let port = |usual, listener: Option<&TcpListener>| Some((usual, listener?.local_addr().ok()?.port()));
    Others {
        at: topology.device.iter().filter_map(row).collect(),
        ports: [port(23, telnet), port(22, ssh)].into_iter().flatten().collect(),
    }
}

/// One listener for the addresses of all devices.
fn listen(want: Want, key: &str) -> Result<Option<TcpListener>, Failure> {
    let port = match want {
        Want::Off => return Ok(None),
        Want::Exactly(port) => port,
        Want::Default => {
            return Err(Failure::usage(
                key,
                "has no default port of its own",
                "give a port, or leave it out",
            ));
        }
    };
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        .map(Some)
        .map_err(|e| Failure::new(Exit::Local, format!("{key} = {port}"), e, "give another port in the file"))
}

fn servers(wanted: &file::Servers) -> Result<Servers, Failure> {
    let options = LocalOptions { write: wanted.write, ..LocalOptions::default() };
    let store = Local::open(&wanted.root, options).map_err(|e| Failure::local(wanted.root.display(), &e))?;
    let ports = Ports { tftp: wanted.tftp, ftp: wanted.ftp, ssh: wanted.ssh };
    Servers::at(Arc::new(store), &wanted.user, &wanted.password, wanted.write, ports)
        .map_err(|e| Failure::new(Exit::Local, "[servers]", e, "give other ports in the file"))
}

/// What devices call the servers, and where these are.
fn table(wanted: &file::Servers, servers: &Servers) -> Table {
    let named = |port| SocketAddr::new(wanted.address, port);
    let mut table = Table::default();
    for (port, want, real) in [
        (69, wanted.tftp, servers.tftp()),
        (21, wanted.ftp, servers.ftp()),
        (20, wanted.ftp, servers.active()),
        (22, wanted.ssh, servers.ssh()),
    ] {
        if want != Want::Off {
            table = table.with(named(port), real);
        }
    }
    table
}

/// What somebody at a terminal is told of it.
pub fn described(lab: &Running) -> String {
    let mut out = String::new();
    let (first, last) = (&lab.devices[0], &lab.devices[lab.devices.len() - 1]);
    let _ = match lab.devices.len() {
        1 => writeln!(out, "Ready: {} at {}", first.name, first.address),
        n => writeln!(
            out,
            "Ready: {n} devices, {} at {} to {} at {}",
            first.name, first.address, last.name, last.address
        ),
    };
    if let Some(port) = lab.telnet {
        let _ = writeln!(out, "Telnet: telnet {} {port}", first.address);
    }
    if let Some(port) = &lab.ssh {
        let _ = writeln!(
            out,
            "SSH: ssh -p {port} USER@{} (each device has a host key of its own)",
            first.address
        );
    }
    if let Some(port) = lab.console {
        let _ = writeln!(out, "Consoles: telnet {} {port}", first.address);
    }
    if let Some(socket) = &lab.control {
        let _ = writeln!(out, "Control: towline device ctl --control {}", socket.display());
    }
    out
}
