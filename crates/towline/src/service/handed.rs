//! Which protocol a socket is for that a service manager has opened: by its name, else by its port.

use super::local;
use crate::exit::Failure;
use std::io;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use transport::{Inherited, Passed};

/// Sockets that were handed to us.
#[derive(Default, Debug)]
pub(super) struct Handed {
    pub(super) tftp: Vec<UdpSocket>,
    pub(super) ftp: Vec<TcpListener>,
    pub(super) ftps: Vec<TcpListener>,
    pub(super) http: Vec<TcpListener>,
    pub(super) https: Vec<TcpListener>,
    pub(super) sftp: Vec<TcpListener>,
    pub(super) admin: Option<TcpListener>,
    pub(super) control: Option<UnixListener>,
}

/// What a TCP socket is for where its name says nothing: where each protocol is by default.
const PORTS: &[(u16, &str)] = &[
    (21, "ftp"),
    (2121, "ftp"),
    (990, "ftps"),
    (9990, "ftps"),
    (80, "http"),
    (8080, "http"),
    (443, "https"),
    (8443, "https"),
    (22, "sftp"),
    (2222, "sftp"),
];
/// The names that mean something.
const NAMES: &[&str] = &["tftp", "ftp", "ftps", "http", "https", "sftp", "admin", "control"];

impl Handed {
    /// Those of this process's service manager.
    pub(super) fn take() -> Result<Handed, Failure> {
        let fault = |e| Failure { way_out: "check the .socket unit".into(), ..local("LISTEN_FDS")(e) };
        Handed::of(transport::inherited().map_err(fault)?).map_err(fault)
    }

    fn of(inherited: Vec<Inherited>) -> io::Result<Handed> {
        let mut handed = Handed::default();
        for Inherited { name, socket } in inherited {
            let name = NAMES.iter().copied().find(|known| *known == name);
            match socket {
                Passed::Udp(socket) if name.is_none_or(|name| name == "tftp") => handed.tftp.push(socket),
                Passed::Local(socket) if name.is_none_or(|name| name == "control") => {
                    handed.control = Some(socket);
                }
                Passed::Tcp(socket) => {
                    let at = socket.local_addr()?;
                    let by_port = || PORTS.iter().find(|(port, _)| *port == at.port()).map(|row| row.1);
                    match name.or_else(by_port) {
                        Some("ftp") => handed.ftp.push(socket),
                        Some("ftps") => handed.ftps.push(socket),
                        Some("http") => handed.http.push(socket),
                        Some("https") => handed.https.push(socket),
                        Some("sftp") => handed.sftp.push(socket),
                        Some("admin") => handed.admin = Some(socket),
                        Some(other) => return Err(unfit(&format!("a TCP socket at {at}"), other)),
                        None => {
                            let what = format!("nothing says what the TCP socket at {at} is for: name it");
                            return Err(io::Error::other(
                                what + " (FileDescriptorName=ftp, ftps, http, https, sftp or admin)",
                            ));
                        }
                    }
                }
                Passed::Udp(_) => return Err(unfit("a UDP socket", name.unwrap_or_default())),
                Passed::Local(_) => return Err(unfit("a local socket", name.unwrap_or_default())),
            }
        }
        Ok(handed)
    }
}

fn unfit(what: &str, name: &str) -> io::Error {
    io::Error::other(format!("{what} is none for {name} (FileDescriptorName={name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(name: &str) -> Inherited {
        let socket = Passed::Tcp(TcpListener::bind("127.0.0.1:0").unwrap());
        Inherited { name: name.into(), socket }
    }

    fn udp(name: &str) -> Inherited {
        let socket = Passed::Udp(UdpSocket::bind("127.0.0.1:0").unwrap());
        Inherited { name: name.into(), socket }
    }

    #[test]
    fn each_name_is_its_protocol_s_and_what_has_none_is_not_just_ftp_s() {
        let all = ["ftp", "http", "https", "admin", "ftp", "sftp"]
            .map(tcp)
            .into_iter()
            .chain([udp("tftp"), udp("")]);
        let handed = Handed::of(all.collect()).unwrap();
        let tcp_sockets = (handed.ftp.len(), handed.http.len(), handed.https.len(), handed.admin.is_some());
        assert_eq!((tcp_sockets, handed.tftp.len(), handed.sftp.len()), ((2, 1, 1, true), 2, 1));
        // systemd names what has no name by its unit.
        for name in ["", "towline.socket", "connection"] {
            let why = Handed::of(vec![tcp(name)]).unwrap_err().to_string();
            assert!(why.contains("FileDescriptorName="), "{why}");
        }
        assert!(Handed::of(vec![tcp("tftp")]).unwrap_err().to_string().contains("none for tftp"));
        assert!(Handed::of(vec![udp("http")]).unwrap_err().to_string().contains("none for http"));
    }
}
