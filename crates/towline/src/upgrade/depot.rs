//! Servers of this process for one image. Each copy has a path of its own, which is good once and for a day: whoever else
//! comes finds nothing.

use crate::exit::{Exit, Failure};
use crate::service::one_file::OneFile;
use gate::audit::What;
use gate::{
    ANONYMOUS, Effect, Gate, Grants, Net, NewGrant, Outcome, Pattern, Place, Policy, Rights, Rule, Rules,
};
use serve::ftp::FtpConfig;
use serve::http::{Door, HttpConfig};
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::VPath;
use store::local::{Local, LocalOptions};

/// How long a path is good: a slow copy of a large image, and a few tries.
const LASTS: Duration = Duration::from_secs(86_400);

/// What an image is copied over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Over {
    /// Any port will do: the URL says it.
    Http,
    /// Port 21 and no other: the device has no word for one.
    Ftp,
    /// Port 69.
    Tftp,
}

impl Over {
    /// Why it is offered before those behind it.
    fn why(self) -> &'static str {
        match self {
            Over::Http => "TCP, and any port of ours will do",
            Over::Ftp => "TCP, and most devices know it",
            Over::Tftp => "every device knows it",
        }
    }

    /// As in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Over::Http => "http",
            Over::Ftp => "ftp",
            Over::Tftp => "tftp",
        }
    }
}

/// Where an image is fetched from. Dropped, nobody listens any more.
pub(crate) struct Depot {
    name: String,
    grants: Arc<Grants>,
    gate: Arc<Gate>,
    /// Ways that somebody listens for, with the port, in the order in which they are offered.
    ways: Vec<(Over, u16)>,
    address: Option<IpAddr>,
    // What the audit told: of each holder of a path the octets that went out, and whether all did.
    served: Arc<Mutex<HashMap<String, (u64, bool)>>>,
    _http: Option<StreamServer>,
    _ftp: Option<StreamServer>,
    _tftp: Option<TftpServer>,
    _grants: tempfile::TempDir,
}

/// Who has no path finds nothing, whatever they speak.
fn nobody_else() -> Rule {
    Rule {
        effect: Effect::Deny,
        rights: Rights::ALL,
        users: vec![ANONYMOUS.to_owned()],
        groups: Vec::new(),
        from: Vec::new(),
        protocols: Vec::new(),
        security: Vec::new(),
        path: Pattern::everything(),
        place: Place { file: "the depot of an upgrade".into(), line: 1 },
    }
}

/// A path for one copy.
pub(crate) struct Offered {
    pub(crate) url: String,
    /// Why it is this one.
    pub(crate) reason: String,
    /// For [`Depot::sent`].
    pub(crate) holder: String,
}

impl Depot {
    /// Listens for these ways at all addresses; one whose port is taken or not ours is left out, if another is left. `at` is how
    /// devices call this host, and the port for HTTP.
    pub(crate) fn start(image: &Path, wanted: &[Over], at: (Option<IpAddr>, u16)) -> Result<Depot, Failure> {
        let local = |e: io::Error| Failure::local(image.display(), &e);
        let image = image.canonicalize().map_err(local)?;
        let (Some(dir), Some(name)) = (image.parent(), image.file_name().and_then(|name| name.to_str()))
        else {
            return Err(Failure::usage(image.display(), "is no file", "name the image"));
        };
        let store = Local::open(dir, LocalOptions::default()).map_err(local)?;
        let path = VPath::parse(name.as_bytes()).map_err(|e| Failure::usage(name, e, "rename it"))?;
        let store = OneFile::new(Arc::new(store), path.clone(), path);
        let kept = tempfile::tempdir().map_err(|e| Failure::local("a directory for grants", &e))?;
        let grants = Grants::open(&kept.path().join("grants"))
            .map_err(|e| Failure::new(Exit::Local, "a file for grants", e, ""))?;
        let rules = Rules::new(vec![nobody_else()]).map_err(|e| Failure::new(Exit::Local, "rules", e, ""))?;
        let policy = Policy { grants: Some(grants.clone()), rules, ..Policy::default() };
        let (gate, audit) = Gate::new(Arc::new(store), policy);
        let mut depot = Depot {
            name: name.to_owned(),
            grants,
            gate,
            ways: Vec::new(),
            address: at.0,
            served: Arc::default(),
            _http: None,
            _ftp: None,
            _tftp: None,
            _grants: kept,
        };
        let mut faults = Vec::new();
        for over in wanted {
            if let Err(e) = depot.listen(*over, at.1) {
                faults.push(format!("{}: {e}", over.name()));
            }
        }
        if depot.ways.is_empty() {
            let way_out =
                "'--over http' needs no rights; or name a server of yours: --from tftp://10.0.0.1/NAME";
            return Err(Failure::new(Exit::Local, "a server for the image", faults.join("; "), way_out));
        }
        let served = depot.served.clone();
        let told = std::thread::Builder::new().name("depot".into()).spawn(move || {
            while let Some(event) = audit.recv() {
                let (Some(user), What::Ended { end, .. }) = (event.user, event.what) else { continue };
                let mut served = served.lock().unwrap_or_else(PoisonError::into_inner);
                served.insert(user, (end.octets, end.outcome == Outcome::Complete));
            }
        });
        told.map_err(|e| Failure::local("a thread", &e))?;
        Ok(depot)
    }

    fn listen(&mut self, over: Over, port: u16) -> io::Result<()> {
        let any = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port);
        let gate = self.gate.clone();
        let port = match over {
            Over::Http => {
                let listener = TcpListener::bind(any(port))?;
                let port = listener.local_addr()?.port();
                self._http =
                    Some(serve::http::start(gate, vec![Door::Clear(listener)], HttpConfig::default(), None)?);
                port
            }
            Over::Ftp => {
                let listener = TcpListener::bind(any(21))?;
                self._ftp = Some(serve::ftp::start(gate, vec![listener], FtpConfig::default(), None)?);
                21
            }
            Over::Tftp => {
                let socket = UdpSocket::bind(any(69))?;
                self._tftp = Some(TftpServer::start(gate, vec![socket], TftpConfig::default(), None)?);
                69
            }
        };
        self.ways.push((over, port));
        Ok(())
    }

    /// What went out to the holder of a path, and whether that was all; `None`: nobody came yet.
    pub(crate) fn sent(&self, holder: &str) -> Option<(u64, bool)> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).get(holder).copied()
    }

    /// A path for the n-th copy of a device, which sees us at `ours`.
    pub(crate) fn offer(&self, n: usize, ours: Option<IpAddr>) -> Result<Offered, String> {
        let (over, port) = self.ways[n % self.ways.len()];
        let host = self.address.or(ours).ok_or(
            "nobody knows by which address the device reaches this host: say it with --serve-at ADDRESS",
        )?;
        let host = match host.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        let everywhere: Result<Vec<Net>, _> = ["0.0.0.0/0", "::/0"].iter().map(|net| net.parse()).collect();
        let new = NewGrant {
            path: VPath::parse(self.name.as_bytes()).map_err(|e| e.to_string())?,
            rights: "read".parse::<Rights>().map_err(|_| "a right")?,
            from: everywhere.map_err(|_| "a network")?,
            lasts: LASTS,
            uses: Some(1),
            user: None,
        };
        let (grant, token) = self.grants.make(&new).map_err(|e| e.to_string())?;
        let (name, holder) = (&self.name, grant.user().to_owned());
        let reason = match n {
            0 => format!("over {}: {}", over.name(), over.why()),
            _ => format!("over {}: the former copy failed", over.name()),
        };
        let url = match over {
            Over::Http => format!("http://{host}:{port}/~{token}/{name}"),
            Over::Ftp => format!("ftp://{holder}:{token}@{host}/{name}"),
            Over::Tftp => format!("tftp://{host}/~{token}/{name}"),
        };
        Ok(Offered { url, reason, holder })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    /// The status line, and how many octets come behind the head.
    fn fetched(url: &str) -> (String, usize) {
        let rest = url.strip_prefix("http://").expect("over HTTP");
        let (at, path) = rest.split_once('/').expect("a path");
        let mut stream = std::net::TcpStream::connect(at).expect("it listens");
        write!(stream, "GET /{path} HTTP/1.0\r\nHost: {at}\r\n\r\n").expect("sent");
        let mut said = Vec::new();
        stream.read_to_end(&mut said).expect("answered");
        let end = said.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let status = String::from_utf8_lossy(&said[..end]).lines().next().unwrap_or_default().to_owned();
        (status, said.len() - end - 4)
    }

    #[test]
    fn who_has_a_path_gets_the_image_once_and_nobody_else_gets_anything() {
        let dir = tempfile::tempdir().expect("a directory");
        let image = dir.path().join("new.bin");
        std::fs::write(&image, vec![7; 70_000]).expect("written");
        std::fs::write(dir.path().join("other"), b"x").expect("written");
        let depot = Depot::start(&image, &[Over::Http], (None, 0)).expect("started");
        let ours = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let Offered { url, holder, .. } = depot.offer(0, ours).expect("offered");
        let (base, _) = url.split_once("/~").expect("a path of its own");
        for path in ["/", "/new.bin", "/other", "/new.bin.md5", "/~0123456789abcdefghij/new.bin"] {
            let (status, octets) = fetched(&format!("{base}{path}"));
            assert!(!status.contains(" 200 ") && octets < 1_000, "{path}: {status}, {octets}");
        }
        assert_eq!(depot.sent(&holder), None);
        let (status, octets) = fetched(&url);
        assert!(status.contains(" 200 ") && octets == 70_000, "{status}, {octets}");
        let (status, _) = fetched(&url);
        assert!(!status.contains(" 200 "), "once: {status}");
        // Another copy has another path.
        let again = depot.offer(1, ours).expect("offered");
        assert_ne!(again.url, url);
        assert_eq!(fetched(&again.url).1, 70_000);
    }
}
