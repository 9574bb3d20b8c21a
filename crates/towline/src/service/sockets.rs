//! Opens the listening sockets, or takes those that were handed to us.

use super::handed::Handed;
use crate::config::Loaded;
use crate::control;
use crate::exit::{Exit, Failure};
use serve::listen::{self, FellBack, ListenError, Reason, Want};
use std::net::{TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

/// The sockets, and which ports are not the ones that were wanted.
#[derive(Default)]
pub(super) struct Sockets {
    pub(super) tftp: Vec<UdpSocket>,
    pub(super) ftp: Vec<TcpListener>,
    pub(super) ftps: Vec<TcpListener>,
    pub(super) control: Option<UnixListener>,
    pub(super) http: Vec<TcpListener>,
    pub(super) https: Vec<TcpListener>,
    pub(super) sftp: Vec<TcpListener>,
    pub(super) admin: Option<TcpListener>,
    pub(super) fell_back: Vec<(&'static str, FellBack)>,
}

/// The protocols whose ports may be others than the wanted ones.
const FALLING: [&str; 6] = ["tftp", "ftp", "ftps", "http", "https", "sftp"];

impl Sockets {
    /// Opens what the configuration says; `had` are open already and are taken where they are what it says.
    pub(super) fn open(loaded: &Loaded, mut had: Had) -> Result<Sockets, Failure> {
        let config = &loaded.config;
        let handed = Handed::take()?;
        let bind = &config.server.bind;
        let fault = |path: &'static str, option: &'static str| {
            let by_option = loaded.origins.set(path).is_none();
            let how = if by_option { option.to_owned() } else { loaded.thing(path) };
            move |e: ListenError| not_listening(&how, &e)
        };
        let mut sockets = Sockets::default();
        // A socket that was handed to us is what its protocol listens on, unless a port is asked for.
        if had.has("tftp", loaded) {
            had.give(&mut sockets, "tftp");
        } else if config.tftp.port == Want::Default && !handed.tftp.is_empty() {
            sockets.tftp = handed.tftp;
        } else {
            let got = listen::tftp(bind, config.tftp.port).map_err(fault("tftp.port", "--tftp"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("tftp", f)));
            sockets.tftp = got.sockets;
        }
        if had.has("ftp", loaded) {
            had.give(&mut sockets, "ftp");
        } else if config.ftp.port == Want::Default && !handed.ftp.is_empty() {
            sockets.ftp = handed.ftp;
        } else {
            let got = listen::ftp(bind, config.ftp.port).map_err(fault("ftp.port", "--ftp"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("ftp", f)));
            sockets.ftp = got.sockets;
        }
        if had.has("ftps", loaded) {
            had.give(&mut sockets, "ftps");
        } else if loaded.origins.set("ftps.port").is_none() && !handed.ftps.is_empty() {
            sockets.ftps = handed.ftps;
        } else {
            let got = listen::ftps(bind, config.ftps.port).map_err(fault("ftps.port", "--ftps"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("ftps", f)));
            sockets.ftps = got.sockets;
        }
        if had.has("control", loaded) {
            had.give(&mut sockets, "control");
        } else if let Some(listener) = handed.control {
            sockets.control = Some(listener);
        } else if let Some(path) = &config.server.control {
            sockets.control = Some(control::listen(path)?);
        }
        if had.has("http", loaded) {
            had.give(&mut sockets, "http");
        } else if loaded.origins.set("http.port").is_none() && !handed.http.is_empty() {
            sockets.http = handed.http;
        } else {
            let got = listen::http(bind, config.http.port).map_err(fault("http.port", "--http"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("http", f)));
            sockets.http = got.sockets;
        }
        if had.has("https", loaded) {
            had.give(&mut sockets, "https");
        } else if loaded.origins.set("https.port").is_none() && !handed.https.is_empty() {
            sockets.https = handed.https;
        } else {
            let got = listen::https(bind, config.https.port).map_err(fault("https.port", "--https"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("https", f)));
            sockets.https = got.sockets;
        }
        if had.has("sftp", loaded) {
            had.give(&mut sockets, "sftp");
        } else if loaded.origins.set("sftp.port").is_none() && !handed.sftp.is_empty() {
            sockets.sftp = handed.sftp;
        } else {
            let got = listen::sftp(bind, config.sftp.port).map_err(fault("sftp.port", "--sftp"))?;
            sockets.fell_back.extend(got.fell_back.map(|f| ("sftp", f)));
            sockets.sftp = got.sockets;
        }
        if had.has("admin", loaded) {
            had.give(&mut sockets, "admin");
        } else if let (None, Some(listener)) = (config.admin.listen, handed.admin) {
            sockets.admin = Some(listener);
        } else if let Some(address) = config.admin.listen {
            let got = listen::admin(address).map_err(fault("admin.listen", "--admin"))?;
            sockets.admin = got.sockets.into_iter().next();
        }
        let none = sockets.http.is_empty() && sockets.https.is_empty() && sockets.sftp.is_empty();
        if none && sockets.tftp.is_empty() && sockets.ftp.is_empty() && sockets.ftps.is_empty() {
            return Err(Failure::usage(
                format!("{} off {} off", loaded.thing("tftp.port"), loaded.thing("ftp.port")),
                "nothing to serve with",
                "leave one of them on",
            ));
        }
        Ok(sockets)
    }

    /// Each with its label, for another process: the protocol, and why it is not on the wanted port.
    pub(super) fn into_parts(self) -> Vec<(String, OwnedFd)> {
        let Sockets { tftp, ftp, ftps, control, http, https, sftp, admin, fell_back } = self;
        let label = |name: &str| match fell_back.iter().find(|(of, _)| *of == name) {
            Some((_, FellBack { from, to, why: Reason::Denied })) => format!("{name} denied {from} {to}"),
            Some((_, FellBack { from, to, why: Reason::Taken })) => format!("{name} taken {from} {to}"),
            None => name.to_owned(),
        };
        let mut parts: Vec<(String, OwnedFd)> = Vec::new();
        parts.extend(tftp.into_iter().map(|s| (label("tftp"), s.into())));
        parts.extend(ftp.into_iter().map(|s| (label("ftp"), s.into())));
        parts.extend(ftps.into_iter().map(|s| (label("ftps"), s.into())));
        parts.extend(http.into_iter().map(|s| (label("http"), s.into())));
        parts.extend(https.into_iter().map(|s| (label("https"), s.into())));
        parts.extend(sftp.into_iter().map(|s| (label("sftp"), s.into())));
        parts.extend(admin.map(|s| (label("admin"), s.into())));
        parts.extend(control.map(|s| (label("control"), s.into())));
        parts
    }

    /// Puts them together again.
    pub(super) fn of_parts(parts: Vec<(String, OwnedFd)>) -> Result<Sockets, Failure> {
        let mut sockets = Sockets::default();
        for (label, socket) in parts {
            sockets.put(&label, socket)?;
        }
        Ok(sockets)
    }

    fn put(&mut self, label: &str, socket: OwnedFd) -> Result<(), Failure> {
        let words: Vec<&str> = label.split(' ').collect();
        match words[0] {
            "tftp" => self.tftp.push(socket.into()),
            "ftp" => self.ftp.push(socket.into()),
            "ftps" => self.ftps.push(socket.into()),
            "http" => self.http.push(socket.into()),
            "https" => self.https.push(socket.into()),
            "sftp" => self.sftp.push(socket.into()),
            "admin" => self.admin = Some(socket.into()),
            "control" => self.control = Some(socket.into()),
            other => return Err(Failure::new(Exit::Failed, other, "no socket is called so", "")),
        }
        let why = match words.get(1) {
            Some(&"denied") => Reason::Denied,
            Some(_) => Reason::Taken,
            None => return Ok(()),
        };
        let port = |nth: usize| words.get(nth).and_then(|w| w.parse().ok()).unwrap_or(0);
        let fell = FellBack { from: port(2), to: port(3), why };
        if let Some(protocol) = FALLING.into_iter().find(|p| *p == words[0])
            && !self.fell_back.iter().any(|(of, _)| *of == protocol)
        {
            self.fell_back.push((protocol, fell));
        }
        Ok(())
    }
}

/// Sockets that are open already, and the configuration that they were opened by.
pub(super) struct Had {
    pub(super) by: Option<Loaded>,
    pub(super) sockets: Vec<(String, OwnedFd)>,
}

impl Had {
    /// None.
    pub(super) fn nothing() -> Had {
        Had { by: None, sockets: Vec::new() }
    }

    /// Whether the sockets of that name are what `loaded` says.
    fn has(&self, name: &str, loaded: &Loaded) -> bool {
        let same = |by: &Loaded| {
            let (then, now) = (&by.config, &loaded.config);
            let bound = then.server.bind == now.server.bind;
            match name {
                "tftp" => bound && then.tftp.port == now.tftp.port,
                "ftp" => bound && then.ftp.port == now.ftp.port,
                "ftps" => bound && then.ftps.port == now.ftps.port,
                "http" => bound && then.http.port == now.http.port,
                "https" => bound && then.https.port == now.https.port,
                "sftp" => bound && then.sftp.port == now.sftp.port,
                "admin" => then.admin.listen == now.admin.listen,
                _ => then.server.control == now.server.control,
            }
        };
        self.by.as_ref().is_some_and(same)
    }

    fn give(&mut self, to: &mut Sockets, name: &str) {
        for (label, socket) in std::mem::take(&mut self.sockets) {
            if label.split(' ').next() == Some(name) {
                // Its label is one of ours.
                let _known = to.put(&label, socket);
            } else {
                self.sockets.push((label, socket));
            }
        }
    }
}

fn not_listening(option: &str, error: &ListenError) -> Failure {
    let port = error.address.port();
    let way_out = match error.reason() {
        Some(Reason::Denied) => {
            format!("choose a port above 1023 with {option}, or allow {port} (setcap, see --help)")
        }
        Some(Reason::Taken) => format!("end the other program, or choose another port with {option}"),
        None => String::from("--bind wants an address of this host"),
    };
    let thing = format!("{} {}", error.protocol, error.address);
    Failure::new(Exit::Local, thing, format!("cannot listen: {}", error.source), way_out)
}
