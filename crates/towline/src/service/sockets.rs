//! Opens the listening sockets, or takes those that were handed to us.

use super::local;
use crate::config::Loaded;
use crate::exit::{Exit, Failure};
use serve::listen::{self, FellBack, ListenError, Reason, Want};
use std::net::{TcpListener, UdpSocket};

/// The sockets, and which ports are not the ones that were wanted.
pub(super) struct Sockets {
    pub(super) tftp: Vec<UdpSocket>,
    pub(super) ftp: Vec<TcpListener>,
    pub(super) fell_back: Vec<(&'static str, FellBack)>,
}

impl Sockets {
    /// Opens what the configuration says.
    pub(super) fn open(loaded: &Loaded) -> Result<Sockets, Failure> {
        let config = &loaded.config;
        let inherited = transport::inherited()
            .map_err(|e| Failure { way_out: "check the .socket unit".into(), ..local("LISTEN_FDS")(e) })?;
        let bind = &config.server.bind;
        let fault = |path: &'static str, option: &'static str| {
            let by_option = loaded.origins.set(path).is_none();
            let how = if by_option { option.to_owned() } else { loaded.thing(path) };
            move |e: ListenError| not_listening(&how, &e)
        };
        let mut fell_back = Vec::new();
        // A socket that was handed to us is what its protocol listens on, unless a port is asked for.
        let tftp = if config.tftp.port == Want::Default && !inherited.udp.is_empty() {
            inherited.udp
        } else {
            let got = listen::tftp(bind, config.tftp.port).map_err(fault("tftp.port", "--tftp"))?;
            fell_back.extend(got.fell_back.map(|f| ("tftp", f)));
            got.sockets
        };
        let ftp = if config.ftp.port == Want::Default && !inherited.tcp.is_empty() {
            inherited.tcp
        } else {
            let got = listen::ftp(bind, config.ftp.port).map_err(fault("ftp.port", "--ftp"))?;
            fell_back.extend(got.fell_back.map(|f| ("ftp", f)));
            got.sockets
        };
        if tftp.is_empty() && ftp.is_empty() {
            return Err(Failure::usage(
                format!("{} off {} off", loaded.thing("tftp.port"), loaded.thing("ftp.port")),
                "nothing to serve with",
                "leave one of them on",
            ));
        }
        Ok(Sockets { tftp, ftp, fell_back })
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
