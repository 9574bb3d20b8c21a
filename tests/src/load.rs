//! Load for servers, and what it costs them: clients that throw away what they get, in this process's threads.
//!
//! A client is one thread and does one thing after the other, so that with one client the figures are of round trips.

use crate::process::children;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a measurement found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Operations a second.
    pub rate: f64,
    /// Processor time of the server for each, all its threads together.
    pub each: Duration,
}

/// One client: each call does the operation once.
pub type Client = Box<dyn FnMut() -> io::Result<()> + Send>;

/// Runs these clients for so long against the server that has these processes.
///
/// # Panics
/// When an operation fails, or none succeeds.
pub fn measure(processes: &[u32], time: Duration, clients: Vec<Client>) -> Found {
    let (over, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let (before, began) = (used(processes), Instant::now());
    std::thread::scope(|scope| {
        for mut client in clients {
            let (over, done) = (&over, &done);
            scope.spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    client().expect("an operation of the load");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::park_timeout(time);
        over.store(true, Ordering::Relaxed);
    });
    let (took, done) = (began.elapsed(), done.load(Ordering::Relaxed));
    assert!(done > 0, "nothing was done");
    let each = used(processes).saturating_sub(before) / u32::try_from(done).expect("few enough");
    Found { rate: done as f64 / took.as_secs_f64(), each }
}

/// The processor time that these processes had, ended threads included.
pub fn used(processes: &[u32]) -> Duration {
    let ticks = |pid: &u32| {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Behind the name, which may hold anything; then utime and stime are the 12th and 13th (proc(5)).
        let rest = text.rsplit_once(") ").map_or("", |(_, rest)| rest);
        let field = |n: usize| rest.split(' ').nth(n).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
        field(11) + field(12)
    };
    // USER_HZ is 100 on every Linux that we run on.
    Duration::from_millis(processes.iter().map(ticks).sum::<u64>() * 10)
}

/// A process and its children and theirs.
pub fn family(pid: u32) -> Vec<u32> {
    let below = children(pid).into_iter().map(i32::cast_unsigned).flat_map(family);
    std::iter::once(pid).chain(below).collect()
}

/// Gets `path` over one connection that is kept; `fields` are more lines of the head.
///
/// # Errors
/// Where it does not connect.
pub fn http(server: SocketAddr, path: &str, fields: &str) -> io::Result<Client> {
    let mut stream = stream(server)?;
    let mut ends = false;
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n");
    let mut buffer = vec![0; 256 << 10];
    Ok(Box::new(move || {
        if ends {
            // A server lets a connection have so many requests.
            stream = self::stream(server)?;
        }
        stream.write_all(request.as_bytes())?;
        let mut have = 0;
        let end = loop {
            have += more(&mut stream, &mut buffer[have..])?;
            if let Some(head) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n") {
                break head + 4;
            }
        };
        let head = std::str::from_utf8(&buffer[..end]).map_err(io::Error::other)?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(head.to_owned()));
        }
        ends = head.contains("\r\nConnection: close\r\n");
        let len = head.lines().find_map(|l| l.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
        let mut left = len.ok_or_else(|| io::Error::other("no length"))?.saturating_sub(have - end);
        while left > 0 {
            let room = left.min(buffer.len());
            left -= more(&mut stream, &mut buffer[..room])?;
        }
        Ok(())
    }))
}

/// Gets `name` in octet mode, in blocks that hold 8,192 octets, each time from a socket of its own.
pub fn tftp(server: SocketAddr, name: &str) -> Client {
    let request = format!("\0\u{1}{name}\0octet\0blksize\08192\0").into_bytes();
    Box::new(move || {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        // A datagram may be lost, on a loopback too; then what was said last is said again.
        socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        let (mut said, mut to, mut again) = (request.clone(), server, 0);
        socket.send_to(&said, to)?;
        let mut packet = [0; 9_000];
        loop {
            let (len, from) = match socket.recv_from(&mut packet) {
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && again < 20 => {
                    again += 1;
                    socket.send_to(&said, to)?;
                    continue;
                }
                other => other?,
            };
            let answer = match packet[..len] {
                [0, 6, ..] => [0, 4, 0, 0],
                [0, 3, a, b, ..] => [0, 4, a, b],
                _ => return Err(io::Error::other(String::from_utf8_lossy(&packet[..len]).into_owned())),
            };
            (said, to) = (answer.to_vec(), from);
            socket.send_to(&said, to)?;
            if packet[1] == 3 && len < 8_196 {
                return Ok(());
            }
        }
    })
}

/// A control connection of FTP.
struct Ftp(BufReader<TcpStream>);

impl Ftp {
    fn log_in(server: SocketAddr, user: &str, password: &str) -> io::Result<Ftp> {
        let mut ftp = Ftp(BufReader::new(stream(server)?));
        ftp.answer("220")?;
        ftp.say(&format!("USER {user}"), "331")?;
        ftp.say(&format!("PASS {password}"), "230")?;
        Ok(ftp)
    }

    fn say(&mut self, line: &str, code: &str) -> io::Result<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.answer(code)
    }

    fn answer(&mut self, code: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            match line.as_bytes().get(3) {
                Some(b' ') if line.starts_with(code) => return Ok(line),
                Some(b'-') => {}
                _ => return Err(io::Error::other(format!("{line:?} in place of {code}"))),
            }
        }
    }
}

/// Logs in once and gets `path` again and again, each time over a passive data connection.
///
/// # Errors
/// Where the login fails.
pub fn ftp(server: SocketAddr, user: &str, password: &str, path: &str) -> io::Result<Client> {
    let mut ftp = Ftp::log_in(server, user, password)?;
    ftp.say("TYPE I", "200")?;
    let retrieve = format!("RETR {path}");
    let mut buffer = vec![0; 64 << 10];
    Ok(Box::new(move || {
        let reply = ftp.say("EPSV", "229")?;
        let port = reply.split('|').nth(3).and_then(|p| p.parse().ok());
        let port: u16 = port.ok_or_else(|| io::Error::other("no port"))?;
        let mut data = TcpStream::connect((server.ip(), port))?;
        ftp.say(&retrieve, "150")?;
        while data.read(&mut buffer)? > 0 {}
        ftp.answer("226").map(drop)
    }))
}

/// A whole session each time, with the next of these users.
pub fn logins(server: SocketAddr, users: Vec<String>, password: &'static str) -> Client {
    let mut next = users.into_iter().cycle();
    Box::new(move || {
        let user = next.next().ok_or_else(|| io::Error::other("no user"))?;
        let mut ftp = Ftp::log_in(server, &user, password)?;
        ftp.say("QUIT", "221").map(drop)
    })
}

fn stream(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    Ok(stream)
}

fn more(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        n => Ok(n),
    }
}

/// The middle one; of an even number the upper of the two.
///
/// # Panics
/// Where there is none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// What keeps two figures from being compared with others: how busy the machine was meanwhile.
pub fn machine() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut out = format!("{cores} cores, load");
    for one in load.split(' ').take(2) {
        write!(out, " {one}").expect("a string grows");
    }
    out
}

/// An address of this host.
pub fn here(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, 1]), port)
}
