//! One file over TFTP, FTP, SFTP, SCP and FTP under TLS, side by side: every row is filled from the run.

use super::ladders::{Collected, RunError, holding};
use super::names::{NEW_VERSION, SERVER};
use super::relay::{Capture, StreamRelay, pass_all, udp_relay};
use super::scene::{router_config, ssh, table};
use super::servers::Servers;
use crate::figures::grouped;
use crate::ladder::{End, Facts, Recorder};
use client::{
    ClientError, FtpOptions, HostKeys, Options, Passive, Place, Remote, Scheme, SshOptions, TftpOptions, Type,
};
use device::image::{self, MARKER, Recipe};
use device::wire::{LabWire, Links};
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

const USER: &str = "cisco";
/// Not a word that is in the file or in the user's name: finding it means finding the password.
const PASSWORD: &str = "Day43-secret";
/// Octets of the file: 2,049 blocks of 512.
const SIZE: u64 = 1_049_000;

/// What was seen of one protocol.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// `TFTP`.
    pub name: &'static str,
    /// Who sent the first packet, and where to.
    pub opens: String,
    /// Transport and ports, in the order they appeared.
    pub ports: String,
    /// The server's request for a login.
    pub login: String,
    /// What else it can do.
    pub operations: String,
    /// Packets both ways.
    pub packets: u64,
    /// From the request to the last answer.
    pub elapsed: Duration,
    /// Octets that arrived; they were compared with the file.
    pub octets: u64,
    /// A captured packet shows the file's text.
    pub file_readable: bool,
    /// A captured packet shows the password.
    pub password_readable: bool,
}

/// Runs them all, and gives what was seen.
pub fn run() -> Result<Vec<Column>, RunError> {
    let mut content = Vec::new();
    let recipe =
        Recipe { profile: &device::C2911, version: NEW_VERSION, size: SIZE, seed: image::random_seed() };
    image::make(&recipe, &mut content).map_err(io::Error::other)?;
    let servers = Servers::over(holding("image.bin", &content), USER, PASSWORD, true)?;
    Ok(vec![
        tftp(&servers, &content)?,
        ftp(&servers, &content)?,
        sftp(&servers, &content)?,
        scp(&servers, &content)?,
        ftps(&servers, &content)?,
    ])
}

fn tftp(servers: &Servers, content: &[u8]) -> Result<Column, RunError> {
    let capture = Arc::new(Capture::default());
    let relay = udp_relay(servers.tftp(), pass_all(), capture.clone())?;
    let at = Addresses { tftp: relay.address(), ..Addresses::of(servers) };
    let (recorder, elapsed) = fetch(Scheme::Tftp, at, content)?;
    let seen = recorder.seen();
    let facts = Facts::new(&seen, End::Client);
    let packets: Vec<_> = facts.packets().collect();
    let (Some(first), Some(second)) = (packets.first(), packets.get(1)) else {
        return Err(io::Error::other("the tap saw no packets").into());
    };
    let (x, y) = (first.source.port(), second.source.port());
    Ok(Column {
        name: "TFTP",
        opens: format!("the {}, to port {}", end(first.from), first.destination.port()),
        ports: format!("UDP {x} to {}, then {y} and {x}", first.destination.port()),
        login: String::from("no: the first answer is data"),
        operations: unknown_opcode(servers.tftp())?,
        packets: capture.packets(),
        elapsed,
        octets: content.len() as u64,
        file_readable: capture.shows(MARKER.as_bytes()),
        password_readable: capture.shows(PASSWORD.as_bytes()),
    })
}

fn ftp(servers: &Servers, content: &[u8]) -> Result<Column, RunError> {
    let capture = Arc::new(Capture::default());
    let relay = StreamRelay::ftp(servers.ftp(), capture.clone())?;
    let at = Addresses { ftp: relay.address(), ..Addresses::of(servers) };
    let (recorder, elapsed) = fetch(Scheme::Ftp, at, content)?;
    // Its threads have counted their segments when it is gone.
    drop(relay);
    let seen = recorder.seen();
    let facts = Facts::new(&seen, End::Client);
    let data = facts.data_connections();
    let (Some(first), Some(data)) = (facts.arrows().next(), data.first()) else {
        return Err(io::Error::other("the tap saw no connections").into());
    };
    let asked =
        facts.controls().find_map(|a| a.control().filter(|l| l.starts_with("331")).map(str::to_owned));
    Ok(Column {
        name: "FTP",
        opens: format!("the {}, to port {}", end(first.from), first.destination.port()),
        ports: format!("TCP {} for control, {} for data (passive)", first.destination.port(), data.to.port()),
        login: asked.map_or("no".into(), |line| format!("yes: {}", line.trim())),
        operations: other_verbs(servers.ftp())?.join(", "),
        packets: capture.packets(),
        elapsed,
        octets: data.octets,
        file_readable: capture.shows(MARKER.as_bytes()),
        password_readable: capture.shows(PASSWORD.as_bytes()),
    })
}

/// FTP under TLS. Nobody between can read which port a data connection goes to, so that there is one for all of them.
fn ftps(servers: &Servers, content: &[u8]) -> Result<Column, RunError> {
    let server = servers.under_tls()?;
    let capture = Arc::new(Capture::default());
    let control = StreamRelay::plain(server.control, capture.clone())?;
    let data = StreamRelay::plain(server.data, capture.clone())?;
    let at = Addresses { ftp: control.address(), ..Addresses::of(servers) };
    let host = SocketAddr::new(SERVER.into(), server.data.port());
    let table = table(at.tftp, at.ftp, None).with(host, data.address()).with(server.data, data.address());
    let wire = LabWire::new(Some(table));
    wire.set(Links::of(&router_config()));
    let plain = options(at);
    let tls = FtpOptions { tls: true, pin: Some(server.print), ..plain.ftp.clone() };
    let (recorder, elapsed) =
        fetch_by(Scheme::Ftp, Options { ftp: tls, wire: Arc::new(wire), ..plain }, content)?;
    // Their threads have counted their segments when they are gone.
    drop((control, data));
    let seen = recorder.seen();
    let facts = Facts::new(&seen, End::Client);
    let Some(first) = facts.arrows().next() else {
        return Err(io::Error::other("the tap saw no connections").into());
    };
    Ok(Column {
        name: "FTPS (IOS's copy has none)",
        opens: format!("the {}, to port {}", end(first.from), first.destination.port()),
        ports: format!(
            "TCP {} for control, {} for data (passive)",
            first.destination.port(),
            server.data.port()
        ),
        login: String::from("yes, once TLS has begun: 530 before"),
        operations: String::from("as FTP"),
        packets: capture.packets(),
        elapsed,
        octets: content.len() as u64,
        file_readable: capture.shows(MARKER.as_bytes()),
        password_readable: capture.shows(PASSWORD.as_bytes()),
    })
}

fn sftp(servers: &Servers, content: &[u8]) -> Result<Column, RunError> {
    let operations = verbs(servers)?.join(", ");
    Ok(Column { operations, ..over_ssh("SFTP", Scheme::Sftp, servers, content)? })
}

fn scp(servers: &Servers, content: &[u8]) -> Result<Column, RunError> {
    // There is no question but for files; what is none is answered with words.
    let directory = Remote { path: b".".to_vec(), ..remote(Scheme::Scp) };
    let asked = client::get(&directory, &mut Collected(Vec::new()), &options(Addresses::of(servers)));
    let operations = match asked {
        Ok(_) => return Err(io::Error::other("a directory came as a file").into()),
        Err(ClientError::Server { text, .. }) => format!("none (asked for a directory: {text})"),
        Err(other) => return Err(other.into()),
    };
    Ok(Column { operations, ..over_ssh("SCP", Scheme::Scp, servers, content)? })
}

/// What is the same of both: one connection, a login, and nothing that can be read.
fn over_ssh(
    name: &'static str,
    scheme: Scheme,
    servers: &Servers,
    content: &[u8],
) -> Result<Column, RunError> {
    let capture = Arc::new(Capture::default());
    let relay = StreamRelay::plain(servers.ssh(), capture.clone())?;
    let at = Addresses { ssh: relay.address(), ..Addresses::of(servers) };
    let (_, elapsed) = fetch(scheme, at, content)?;
    // Its threads have counted their segments when it is gone.
    drop(relay);
    // Whoever shows nothing is told what is wanted.
    let nobody = Remote { password: None, ..remote(scheme) };
    let refused = client::get(&nobody, &mut Collected(Vec::new()), &options(Addresses::of(servers)));
    let login = match refused {
        Ok(_) => String::from("no"),
        Err(ClientError::Login { text, .. }) => {
            format!("yes: {}", text.rsplit("; ").next().unwrap_or_default())
        }
        Err(other) => return Err(other.into()),
    };
    Ok(Column {
        name,
        // The relay was reached by this port of the server's, and passes on what comes from the client.
        opens: format!("the client, to port {}", scheme.port()),
        ports: format!("TCP {} for everything", scheme.port()),
        login,
        operations: String::new(),
        packets: capture.packets(),
        elapsed,
        octets: content.len() as u64,
        file_readable: capture.shows(MARKER.as_bytes()),
        password_readable: capture.shows(PASSWORD.as_bytes()),
    })
}

/// What else a session of SFTP does; those that worked.
fn verbs(servers: &Servers) -> Result<Vec<&'static str>, RunError> {
    let mut place = Place::open(&remote(Scheme::Sftp), &options(Addresses::of(servers)))?;
    type Try = fn(&mut Place) -> Result<(), ClientError>;
    let tries: [(&str, Try); 6] = [
        ("make a directory", |place| place.make_dir(b"lab")),
        ("rename", |place| place.rename(b"lab", b"old", false)),
        ("ask size, time and mode", |place| place.stat(b"image.bin").map(drop)),
        ("ask a digest", |place| place.hash(b"image.bin", "md5").map(drop)),
        ("list", |place| place.list(b"").map(drop)),
        ("remove", |place| place.remove_dir(b"old")),
    ];
    Ok(tries.into_iter().filter_map(|(what, act)| act(&mut place).is_ok().then_some(what)).collect())
}

fn end(end: End) -> &'static str {
    match end {
        End::Client => "client",
        End::Server => "server",
    }
}

/// Where the servers are, or what stands before one of them.
#[derive(Clone, Copy)]
struct Addresses {
    tftp: SocketAddr,
    ftp: SocketAddr,
    ssh: SocketAddr,
}

impl Addresses {
    fn of(servers: &Servers) -> Addresses {
        Addresses { tftp: servers.tftp(), ftp: servers.ftp(), ssh: servers.ssh() }
    }
}

/// As an IOS device has them, with 10.0.0.1 there.
fn options(at: Addresses) -> Options {
    let wire = LabWire::new(Some(table(at.tftp, at.ftp, None).with(ssh(), at.ssh)));
    wire.set(Links::of(&router_config()));
    Options {
        tftp: TftpOptions { blksize: None, windowsize: None, tsize: false, ..TftpOptions::default() },
        ftp: FtpOptions { passive: Passive::PasvOnly, ..FtpOptions::default() },
        // The server's key is made for this run: nobody can know it.
        ssh: SshOptions { host_keys: HostKeys::AcceptNew, ..SshOptions::default() },
        wire: Arc::new(wire),
        ..Options::default()
    }
}

/// The file, and who asks for it.
fn remote(scheme: Scheme) -> Remote {
    let login = |text: &str| (scheme != Scheme::Tftp).then(|| text.to_owned());
    Remote {
        scheme,
        user: login(USER),
        password: login(PASSWORD),
        host: SERVER.to_string(),
        port: None,
        path: b"image.bin".to_vec(),
        kind: Type::Image,
    }
}

/// Gets the file, and compares the octets.
fn fetch(scheme: Scheme, at: Addresses, content: &[u8]) -> Result<(Arc<Recorder>, Duration), RunError> {
    fetch_by(scheme, options(at), content)
}

/// The same with these options.
fn fetch_by(scheme: Scheme, options: Options, content: &[u8]) -> Result<(Arc<Recorder>, Duration), RunError> {
    let recorder = Arc::new(Recorder::default());
    let options = Options { tap: Some(recorder.clone()), ..options };
    let remote = remote(scheme);
    let mut got = Collected(Vec::new());
    let began = Instant::now();
    client::get(&remote, &mut got, &options)?;
    let elapsed = began.elapsed();
    if got.0 != content {
        return Err(io::Error::other("the octets that arrived are not the file's").into());
    }
    Ok((recorder, elapsed))
}

/// Asks TFTP for something that is neither get nor put.
fn unknown_opcode(server: SocketAddr) -> io::Result<String> {
    let socket = UdpSocket::bind((server.ip(), 0))?;
    socket.set_read_timeout(Some(Duration::from_millis(300)))?;
    // RFC 1350 §5 has opcodes 1 to 5, RFC 2347 adds 6. 7 would be the next one.
    socket.send_to(&[0, 7, b'd', b'i', b'r', 0], server)?;
    let mut answer = [0; 128];
    Ok(match socket.recv_from(&mut answer) {
        Ok((n, _)) if n >= 4 && answer[..2] == [0, 5] => {
            format!("none (another opcode: ERROR {})", u16::from_be_bytes([answer[2], answer[3]]))
        }
        Ok(_) | Err(_) => String::from("none (another opcode: no answer)"),
    })
}

/// Tries FTP's other operations on the control connection; gives those that worked.
fn other_verbs(server: SocketAddr) -> io::Result<Vec<&'static str>> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut stream = stream;
    let mut reply = || -> io::Result<char> {
        loop {
            let line = lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
            // RFC 959 §4.2: the last line of a reply has a space behind its three digits.
            if line.len() > 3
                && line.as_bytes()[3] == b' '
                && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
            {
                return Ok(line.chars().next().expect("it has more than three"));
            }
        }
    };
    reply()?;
    let mut ask = |line: &str| -> io::Result<bool> {
        stream.write_all(format!("{line}\r\n").as_bytes())?;
        Ok(matches!(reply()?, '2' | '3'))
    };
    if !(ask(&format!("USER {USER}"))? && ask(&format!("PASS {PASSWORD}"))?) {
        return Ok(Vec::new());
    }
    let tries: [(&str, &[&str]); 6] = [
        ("make a directory", &["MKD lab"]),
        ("change to it", &["CWD lab", "CDUP"]),
        ("rename", &["RNFR lab", "RNTO old"]),
        ("ask size and time", &["TYPE I", "SIZE image.bin", "MDTM image.bin"]),
        ("list", &["MLST image.bin"]),
        ("remove", &["RMD old"]),
    ];
    let mut worked = Vec::new();
    for (what, lines) in tries {
        let mut all = true;
        for line in lines {
            all &= ask(line)?;
        }
        if all {
            worked.push(what);
        }
    }
    ask("QUIT")?;
    Ok(worked)
}

/// A row: what it is about, and how a column fills it.
type Row = (&'static str, fn(&Column) -> String);

/// The tables: two protocols side by side, as many as a terminal has room for.
pub fn render(columns: &[Column]) -> String {
    columns.chunks(2).map(table_of).collect::<Vec<_>>().join("\n")
}

fn table_of(columns: &[Column]) -> String {
    fn yes_no(yes: bool) -> String {
        String::from(if yes { "yes" } else { "no" })
    }
    let rows: [Row; 9] = [
        ("who opens the exchange", |c| c.opens.clone()),
        ("transport and ports", |c| c.ports.clone()),
        ("login asked", |c| c.login.clone()),
        ("operations beyond get and put", |c| c.operations.clone()),
        ("octets of the file", |c| grouped(c.octets)),
        ("packets, both ways", |c| grouped(c.packets)),
        ("seconds", |c| format!("{:.3}", c.elapsed.as_secs_f64())),
        ("file readable in a captured packet", |c| yes_no(c.file_readable)),
        ("password readable in a captured packet", |c| yes_no(c.password_readable)),
    ];
    let mut out = String::new();
    let left = rows.iter().map(|r| r.0.len()).max().unwrap_or_default();
    let width = 42;
    let line = |out: &mut String, head: &str, cells: Vec<String>| {
        let cells: Vec<Vec<String>> = cells.iter().map(|c| fold_to(c, width)).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for i in 0..height {
            let mut row = format!("{:left$}", if i == 0 { head } else { "" });
            for cell in &cells {
                write!(row, " | {:width$}", cell.get(i).map_or("", String::as_str)).expect("a String");
            }
            out.push_str(row.trim_end());
            out.push('\n');
        }
    };
    line(&mut out, "", columns.iter().map(|c| c.name.to_owned()).collect());
    for (head, cell) in rows {
        line(&mut out, head, columns.iter().map(cell).collect());
    }
    out
}

fn fold_to(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_shows_what_the_lesson_says() {
        let columns = run().expect("the run");
        let [tftp, ftp, sftp, scp, ftps] = &columns[..] else { panic!("five columns") };
        assert_eq!(
            (tftp.opens.as_str(), ftp.opens.as_str()),
            ("the client, to port 69", "the client, to port 21")
        );
        assert!(tftp.ports.starts_with("UDP ") && ftp.ports.starts_with("TCP 21 "), "{columns:?}");
        assert!(tftp.login.starts_with("no") && ftp.login.starts_with("yes: 331"), "{columns:?}");
        assert!(tftp.operations.starts_with("none") && ftp.operations.contains("rename"), "{columns:?}");
        assert_eq!((tftp.octets, ftp.octets), (SIZE, SIZE));
        // One request, 2,049 blocks and as many acknowledgements, and what a busy machine repeats; TCP
        // acknowledges every other segment or fewer.
        assert!(tftp.packets >= 4_099, "{columns:?}");
        assert!((720..2_200).contains(&ftp.packets), "{columns:?}");
        assert!(tftp.file_readable && ftp.file_readable, "{columns:?}");
        assert_eq!((tftp.password_readable, ftp.password_readable), (false, true));
        for ssh in [sftp, scp] {
            assert_eq!(ssh.opens, "the client, to port 22");
            assert!(
                ssh.login.starts_with("yes: the server takes ") && ssh.login.contains("password"),
                "{ssh:?}"
            );
            assert!(!ssh.file_readable && !ssh.password_readable, "{ssh:?}");
            assert!((720..2_400).contains(&ssh.packets), "{ssh:?}");
            assert_eq!(ssh.octets, SIZE);
        }
        assert!(sftp.operations.contains("rename") && sftp.operations.contains("digest"), "{sftp:?}");
        assert!(scp.operations.starts_with("none (asked for a directory: "), "{scp:?}");
        assert!(!ftps.file_readable && !ftps.password_readable, "{ftps:?}");
        assert!(ftps.opens == ftp.opens && ftps.ports.starts_with("TCP 21 for control, "), "{ftps:?}");
        assert!((720..2_400).contains(&ftps.packets) && ftps.octets == SIZE, "{ftps:?}");
        let table = render(&columns);
        assert!(table.contains("password readable in a captured packet | no"), "{table}");
        assert!(table.lines().all(|l| l.chars().count() <= 130), "{table}");
    }
}
