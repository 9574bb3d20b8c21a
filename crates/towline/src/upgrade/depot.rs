//! Servers of this process for one image. Each copy has a path of its own, which is good once and for a day: whoever else
//! comes finds nothing.

use super::Over;
use crate::exit::{Exit, Failure};
use crate::service::shelf::{Shelf, Shown};
use gate::audit::{Events, What};
use gate::{
    ANONYMOUS, Effect, Gate, Grants, Net, NewGrant, Outcome, Pattern, Place, Policy, Progress, Rights, Rule,
    Rules,
};
use serve::ftp::FtpConfig;
use serve::http::{Door, HttpConfig};
use serve::ssh::SshConfig;
use serve::streams::StreamServer;
use serve::tftp::{TftpConfig, TftpServer};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::local::{Local, LocalOptions};
use store::{Store, VPath};
use transport::ssh::Profile;
use transport::ssh::server;

/// How long a path is good: a slow copy of a large image, and a few tries.
const LASTS: Duration = Duration::from_secs(86_400);
/// What ways are measured with: octets from the beginning of the image. A block of TFTP takes a round trip, and it is asked for less.
const SAMPLES: [(&str, u64); 2] = [("sample-2m", 2 << 20), ("sample-64k", 64 << 10)];

/// Where an image is fetched from. Dropped, nobody listens any more.
pub(crate) struct Depot {
    name: String,
    size: u64,
    grants: Arc<Grants>,
    gate: Arc<Gate>,
    /// In the order in which they are offered.
    ways: Vec<Way>,
    address: Option<IpAddr>,
    // What the audit told of the copy of each holder of a path.
    seen: Arc<Mutex<HashMap<String, Seen>>>,
    _http: Option<StreamServer>,
    _ftp: Option<StreamServer>,
    _tftp: Option<TftpServer>,
    // Guards who listens until somebody wants it, and the server from then on: its keys are made once, but slowly.
    scp: Mutex<Scp>,
    _kept: tempfile::TempDir,
}

/// Somebody listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Way {
    pub(crate) over: Over,
    port: u16,
}

impl Way {
    /// Whether every device can be told of it: some have no word for a port but in a URL of HTTP.
    pub(crate) fn is_plain(self) -> bool {
        self.over == Over::Http || self.port == self.over.port()
    }
}

/// What is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    /// The image.
    Image,
    /// Some octets of it.
    Sample,
}

/// What was seen of a copy.
struct Seen {
    /// The device that has the path, and what for.
    whose: String,
    wanted: Wanted,
    /// Since when it runs, and how far it is; `None`: nobody came yet.
    began: Option<(Instant, Progress)>,
    /// Whether it ended, and with all of it.
    ended: Option<bool>,
}

/// A copy that runs.
pub(crate) struct UnderWay {
    /// The path's holder: another copy has another one.
    pub(crate) holder: String,
    /// The device.
    pub(crate) whose: String,
    pub(crate) octets: u64,
    pub(crate) since: Instant,
}

enum Scp {
    Off,
    Waits(TcpListener),
    Serves { _server: StreamServer },
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
    /// For [`Depot::sent`].
    pub(crate) holder: String,
}

impl Depot {
    /// Listens for these ways at all addresses, at their own ports where those are to be had; one that cannot be listened for is
    /// left out, if another is left. `at` is how devices call this host, and the port for HTTP.
    pub(crate) fn start(image: &Path, wanted: &[Over], at: (Option<IpAddr>, u16)) -> Result<Depot, Failure> {
        let local = |e: io::Error| Failure::local(image.display(), &e);
        let image = image.canonicalize().map_err(local)?;
        let (Some(dir), Some(name)) = (image.parent(), image.file_name().and_then(|name| name.to_str()))
        else {
            return Err(Failure::usage(image.display(), "is no file", "name the image"));
        };
        let kept = tempfile::tempdir().map_err(|e| Failure::local("a directory for grants", &e))?;
        let store = shelf(dir, name, kept.path()).map_err(local)?;
        let grants = Grants::open(&kept.path().join("grants"))
            .map_err(|e| Failure::new(Exit::Local, "a file for grants", e, ""))?;
        let rules = Rules::new(vec![nobody_else()]).map_err(|e| Failure::new(Exit::Local, "rules", e, ""))?;
        let policy = Policy { grants: Some(grants.clone()), rules, ..Policy::default() };
        let (gate, audit) = Gate::new(Arc::new(store), policy);
        let mut depot = Depot {
            name: name.to_owned(),
            size: image.metadata().map_err(local)?.len(),
            grants,
            gate,
            ways: Vec::new(),
            address: at.0,
            seen: Arc::default(),
            _http: None,
            _ftp: None,
            _tftp: None,
            scp: Mutex::new(Scp::Off),
            _kept: kept,
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
        let seen = depot.seen.clone();
        let told = std::thread::Builder::new().name("depot".into()).spawn(move || watch(&audit, &seen));
        told.map_err(|e| Failure::local("a thread", &e))?;
        Ok(depot)
    }

    fn listen(&mut self, over: Over, http_port: u16) -> io::Result<()> {
        let gate = self.gate.clone();
        let tcp = |port| TcpListener::bind(any(port));
        let port = match over {
            Over::Http => {
                let listener = tcp(http_port)?;
                let port = listener.local_addr()?.port();
                self._http =
                    Some(serve::http::start(gate, vec![Door::Clear(listener)], HttpConfig::default(), None)?);
                port
            }
            Over::Ftp => {
                let listener = tcp(over.port()).or_else(|_| tcp(0))?;
                let port = listener.local_addr()?.port();
                self._ftp = Some(serve::ftp::start(gate, vec![listener], FtpConfig::default(), None)?);
                port
            }
            Over::Scp => {
                let listener = tcp(over.port()).or_else(|_| tcp(0))?;
                let port = listener.local_addr()?.port();
                self.scp = Mutex::new(Scp::Waits(listener));
                port
            }
            Over::Tftp => {
                let socket = UdpSocket::bind(any(over.port())).or_else(|_| UdpSocket::bind(any(0)))?;
                let port = socket.local_addr()?.port();
                self._tftp = Some(TftpServer::start(gate, vec![socket], TftpConfig::default(), None)?);
                port
            }
        };
        self.ways.push(Way { over, port });
        Ok(())
    }

    /// Octets of the image.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Those that somebody listens for, in the order in which they are offered.
    pub(crate) fn ways(&self) -> &[Way] {
        &self.ways
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What went out to the holder of a path, and whether that was all, where it has ended; `None`: nobody came yet.
    pub(crate) fn sent(&self, holder: &str) -> Option<(u64, Option<bool>)> {
        let seen = self.seen();
        let copy = seen.get(holder)?;
        let (_, progress) = copy.began.as_ref()?;
        Some((progress.octets(), copy.ended))
    }

    /// Copies of the image that run.
    pub(crate) fn under_way(&self) -> Vec<UnderWay> {
        let one = |(holder, seen): (&String, &Seen)| {
            let (since, progress) = seen.began.as_ref()?;
            let is_copy = seen.ended.is_none() && seen.wanted == Wanted::Image;
            is_copy.then(|| UnderWay {
                holder: holder.clone(),
                whose: seen.whose.clone(),
                octets: progress.octets(),
                since: *since,
            })
        };
        self.seen().iter().filter_map(one).collect()
    }

    /// How many octets are copied for a sample over it.
    pub(crate) fn sampled(&self, over: Over) -> u64 {
        sample(over).1.min(self.size)
    }

    /// A path for one copy of the device `whose`, which sees us at `ours`.
    pub(crate) fn offer(
        &self,
        way: Way,
        wanted: Wanted,
        ours: Option<IpAddr>,
        whose: &str,
    ) -> Result<Offered, String> {
        let Way { over, port } = way;
        if over == Over::Scp {
            self.serve_scp()?;
        }
        let host = self.address.or(ours).ok_or(
            "nobody knows by which address the device reaches this host: say it with --serve-at ADDRESS",
        )?;
        let host = match host.to_canonical() {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        let name = match wanted {
            Wanted::Image => self.name.as_str(),
            Wanted::Sample => sample(over).0,
        };
        let everywhere: Result<Vec<Net>, _> = ["0.0.0.0/0", "::/0"].iter().map(|net| net.parse()).collect();
        let new = NewGrant {
            path: VPath::parse(name.as_bytes()).map_err(|e| e.to_string())?,
            rights: "read".parse::<Rights>().map_err(|_| "a right")?,
            from: everywhere.map_err(|_| "a network")?,
            lasts: LASTS,
            uses: Some(1),
            user: None,
        };
        let (grant, token) = self.grants.make(&new).map_err(|e| e.to_string())?;
        let holder = grant.user().to_owned();
        let seen = Seen { whose: whose.to_owned(), wanted, began: None, ended: None };
        self.seen().insert(holder.clone(), seen);
        let at = if port == over.port() { host } else { format!("{host}:{port}") };
        let url = match over {
            Over::Http | Over::Tftp => format!("{}://{at}/~{token}/{name}", over.name()),
            Over::Ftp | Over::Scp => format!("{}://{holder}:{token}@{at}/{name}", over.name()),
        };
        Ok(Offered { url, holder })
    }

    /// From now on somebody answers who asks for SCP.
    fn serve_scp(&self) -> Result<(), String> {
        let mut scp = self.scp.lock().unwrap_or_else(PoisonError::into_inner);
        let Scp::Waits(listener) = &*scp else { return Ok(()) };
        let keys = crate::service::ssh::of_host().map_err(|e| e.to_string())?;
        // Devices are old: they are who this is for.
        let server = server::Config { keys, offers: Profile::LegacyIos.into(), ..server::Config::default() };
        let config = SshConfig { server, ..SshConfig::default() };
        let listener = listener.try_clone().map_err(|e| e.to_string())?;
        let server = serve::ssh::start(self.gate.clone(), vec![listener], config, None);
        *scp = Scp::Serves { _server: server.map_err(|e| e.to_string())? };
        Ok(())
    }
}

fn any(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port)
}

/// Of [`SAMPLES`].
fn sample(over: Over) -> (&'static str, u64) {
    match over {
        Over::Http | Over::Ftp | Over::Scp => SAMPLES[0],
        Over::Tftp => SAMPLES[1],
    }
}

/// The image, and samples of it, which are kept in `kept`.
fn shelf(dir: &Path, image: &str, kept: &Path) -> io::Result<Shelf> {
    let path = |name: &str| VPath::parse(name.as_bytes()).map_err(io::Error::other);
    let samples = kept.join("samples");
    std::fs::create_dir(&samples)?;
    for (name, octets) in SAMPLES {
        let mut head = Vec::new();
        File::open(dir.join(image))?.take(octets).read_to_end(&mut head)?;
        File::create_new(samples.join(name))?.write_all(&head)?;
    }
    let images: Arc<dyn Store> = Arc::new(Local::open(dir, LocalOptions::default())?);
    let heads: Arc<dyn Store> = Arc::new(Local::open(&samples, LocalOptions::default())?);
    let mut files = vec![Shown { name: path(image)?, inner: images, real: path(image)? }];
    for (name, _) in SAMPLES {
        files.push(Shown { name: path(name)?, inner: heads.clone(), real: path(name)? });
    }
    Ok(Shelf::new(files))
}

/// Keeps what is seen of the holders' copies.
fn watch(audit: &Events, seen: &Mutex<HashMap<String, Seen>>) {
    let seen = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(event) = audit.recv() {
        let Some(user) = event.user else { continue };
        match event.what {
            What::Started { progress, .. } => {
                if let Some(copy) = seen().get_mut(&user) {
                    copy.began = Some((Instant::now(), progress));
                }
            }
            What::Ended { end, .. } => {
                if let Some(copy) = seen().get_mut(&user) {
                    if let Some((_, progress)) = &copy.began {
                        progress.reach(end.octets);
                    }
                    copy.ended = Some(end.outcome == Outcome::Complete);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let way = depot.ways()[0];
        let offer = |wanted| depot.offer(way, wanted, ours, "R1").expect("offered");
        let Offered { url, holder } = offer(Wanted::Image);
        let (base, _) = url.split_once("/~").expect("a path of its own");
        for path in
            ["/", "/new.bin", "/other", "/new.bin.md5", "/sample-2m", "/~0123456789abcdefghij/new.bin"]
        {
            let (status, octets) = fetched(&format!("{base}{path}"));
            assert!(!status.contains(" 200 ") && octets < 1_000, "{path}: {status}, {octets}");
        }
        assert_eq!(depot.sent(&holder), None);
        let (status, octets) = fetched(&url);
        assert!(status.contains(" 200 ") && octets == 70_000, "{status}, {octets}");
        let (status, _) = fetched(&url);
        assert!(!status.contains(" 200 "), "once: {status}");
        // Another copy has another path; a sample is no longer than the image.
        let again = offer(Wanted::Image);
        assert_ne!(again.url, url);
        assert_eq!(fetched(&again.url).1, 70_000);
        assert_eq!((fetched(&offer(Wanted::Sample).url).1, depot.sampled(Over::Http)), (70_000, 70_000));
        assert_eq!(depot.sampled(Over::Tftp), 65_536);
    }
}
