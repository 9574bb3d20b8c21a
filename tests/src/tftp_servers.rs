//! Other people's TFTP servers, each started on a directory, in one of three places.

use crate::battery::Server;
use crate::namespace::Namespace;
use crate::peers::{Peer, is_root};
use crate::poll::{PATIENCE, until};
use crate::ports::{Port, udp_listens};
use crate::process::Process;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// Where a server listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// 127.0.0.1, on a port of its own.
    Ipv4,
    /// ::1, on a port of its own.
    Ipv6,
    /// Port 69 of 127.0.0.1 in a network of its own; needs root.
    Inside,
}

/// Whose rights a server needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rights {
    /// It drops root's at its start, or wants port 69.
    Root,
    Anybody,
}

/// Starts `peer` with what `arguments` adds for the address and the directory.
fn start(
    peer: &Peer,
    (place, rights): (Place, Rights),
    root: TempDir,
    arguments: impl FnOnce(&mut Command, SocketAddr, &Path),
) -> Option<Server> {
    let name = peer.name;
    if rights == Rights::Root && !is_root(name) {
        return None;
    }
    let inside = match place {
        Place::Ipv4 | Place::Ipv6 => None,
        Place::Inside => Some(Namespace::new(name)?),
    };
    let (config, port) = (crate::scratch(), Port::take());
    let at: SocketAddr = match place {
        Place::Ipv4 => port.address(),
        Place::Ipv6 => (Ipv6Addr::LOCALHOST, port.number).into(),
        Place::Inside => (Ipv4Addr::LOCALHOST, 69).into(),
    };
    let mut c = peer.command();
    c.current_dir(root.path());
    arguments(&mut c, at, root.path());
    if let Some(space) = &inside {
        c = space.enter(&c);
    }
    let process = Process::start(&mut c);
    let listens = || match &inside {
        Some(space) => space.udp_listens(at.port()),
        None => udp_listens("self", at.port()),
    };
    let up = until(PATIENCE, || listens().then_some(()));
    assert!(up.is_some(), "{name} does not listen: {:?}", process.said());
    let (served, url) = (root.path().into(), format!("tftp://{at}/"));
    Some(Server { name, url, served, root, process, rest: (config, port), inside })
}

/// tftpd-hpa on `root`, in its chroot as `nobody`, creating files too. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn tftpd_hpa(root: TempDir, place: Place) -> Option<Server> {
    let peer = Peer::find("tftpd-hpa", "in.tftpd")?;
    start(&peer, (place, Rights::Root), root, |c, at, dir| {
        let family = if place == Place::Ipv6 { "-6" } else { "-4" };
        c.args(["-L", family, "-a", &at.to_string(), "-s", "-c", "-p", "-u", "nobody"]).arg(dir);
    })
}

/// atftpd on `root`; over IPv6 it does not come up (it binds 0.0.0.0 whatever it is told). `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn atftpd(root: TempDir, place: Place) -> Option<Server> {
    let peer = Peer::find("atftpd", "atftpd")?;
    start(&peer, (place, Rights::Root), root, |c, at, dir| {
        let (port, here) = (at.port().to_string(), at.ip().to_string());
        c.args(["--daemon", "--no-fork", "--port", &port, "--bind-address", &here, "--logfile", "-"]);
        c.args(["--user", "nobody.nogroup"]).arg(dir);
    })
}

/// dnsmasq, which only reads, on `root`: it knows no other port than 69. With `single`, transfers stay on
/// that port. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn dnsmasq(root: TempDir, single: bool) -> Option<Server> {
    let peer = Peer::find("dnsmasq", "dnsmasq")?;
    start(&peer, (Place::Inside, Rights::Root), root, |c, at, dir| {
        // No --bind-interfaces: with it and --tftp-single-port, 2.90 answers from an address that it has not
        // set, which the system refuses (EINVAL).
        c.args(["-C", "/dev/null", "--no-daemon", "--port=0", "--enable-tftp"]);
        c.arg(format!("--listen-address={}", at.ip())).arg("--user=root");
        c.arg(format!("--tftp-root={}", dir.display()));
        if single {
            c.arg("--tftp-single-port");
        }
    })
}

/// `tftpd` from crates.io on `root`; `single`: on one port. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn tftpd_rs(root: TempDir, place: Place, single: bool) -> Option<Server> {
    let peer = Peer::find("rs-tftpd", "tftpd")?;
    start(&peer, (place, Rights::Anybody), root, |c, at, dir| {
        c.args(["-i", &at.ip().to_string(), "-p", &at.port().to_string(), "--overwrite", "-d"]).arg(dir);
        if single {
            c.arg("-s");
        }
    })
}

/// tftpy's server on `root`. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn tftpy(root: TempDir) -> Option<Server> {
    const SCRIPT: &str =
        "import sys, tftpy; tftpy.TftpServer(sys.argv[3]).listen(sys.argv[1], int(sys.argv[2]))";
    let peer = Peer::find("tftpy", "python3")?;
    start(&peer, (Place::Ipv4, Rights::Anybody), root, |c, at, dir| {
        c.args(["-c", SCRIPT, &at.ip().to_string(), &at.port().to_string()]).arg(dir);
    })
}

/// partftpy's server on `root`. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn partftpy(root: TempDir, place: Place) -> Option<Server> {
    let peer = Peer::find("partftpy", "partftpy_server")?;
    start(&peer, (place, Rights::Anybody), root, |c, at, dir| {
        c.args(["-i", &at.ip().to_string(), "-p", &at.port().to_string(), "-r"]).arg(dir);
    })
}

/// py3tftp on `root`, its working directory. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn py3tftp(root: TempDir) -> Option<Server> {
    let peer = Peer::find("py3tftp", "python3")?;
    start(&peer, (Place::Ipv4, Rights::Anybody), root, |c, at, _| {
        c.args(["-m", "py3tftp", "--host", &at.ip().to_string(), "-p", &at.port().to_string()]);
    })
}

/// Perl's Net::TFTPd on `root`, one request after the other. `None`: skipped.
///
/// # Panics
/// When it does not come up.
pub fn net_tftpd(root: TempDir) -> Option<Server> {
    const SCRIPT: &str = "
        use Net::TFTPd;
        my ($addr, $port, $root) = @ARGV;
        my $d = Net::TFTPd->new(RootDir => $root, LocalAddr => $addr, LocalPort => $port, Writable => 1)
            or die Net::TFTPd->error;
        while (1) { my $rq = $d->waitRQ(10) or next; eval { $rq->processRQ() } or warn $@ || Net::TFTPd->error; }";
    let peer = Peer::perl("Net::TFTPd", "Net/TFTPd.pm")?;
    start(&peer, (Place::Ipv4, Rights::Anybody), root, |c, at, dir| {
        c.args(["-e", SCRIPT, &at.ip().to_string(), &at.port().to_string()]).arg(dir);
    })
}
