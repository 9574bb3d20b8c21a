//! A service as monitor and worker, and clients that go on when they are told to.

use crate::poll::PATIENCE;
use crate::process::{Ended, children, run};
use crate::towline::{Serve, command};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// A service with a configuration of its own, from a directory that anybody may enter.
#[derive(Debug)]
pub struct Service {
    /// Where everything of it is: `root`, `t.toml`, `c.sock`.
    pub dir: TempDir,
    /// Its monitor.
    pub serve: Serve,
}

impl Service {
    /// Starts one with these lines in `[server]` and after it; what follows `[ftp]` comes last, there.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(settings: &str, environment: &[(&str, &str)]) -> Service {
        let dir = crate::scratch();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        Service::start_in(dir, settings, environment)
    }

    /// The same in a directory that has a `root`.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_in(dir: TempDir, settings: &str, environment: &[(&str, &str)]) -> Service {
        let mut c = command();
        c.envs(environment.iter().copied());
        Service::start_by(c, dir, settings)
    }

    /// The same by a command that starts the program with the arguments that are added.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start_by(mut c: Command, dir: TempDir, settings: &str) -> Service {
        let file = dir.path().join("t.toml");
        std::fs::write(&file, configuration(dir.path(), settings)).unwrap();
        c.args(["serve", "--json", "--config"]).arg(&file);
        Service { serve: Serve::start_command(&mut c), dir }
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes another configuration.
    ///
    /// # Panics
    /// When that cannot be written.
    pub fn configure(&self, settings: &str) {
        std::fs::write(self.path("t.toml"), configuration(self.dir.path(), settings)).unwrap();
    }

    /// `towline reload`.
    pub fn reload(&self) -> Ended {
        run(command().arg("reload").arg("--control").arg(self.path("c.sock")))
    }

    /// The workers that are there, the oldest first.
    pub fn workers(&self) -> Vec<i32> {
        children(self.serve.process.id())
    }

    /// Sends the newest worker a signal; which one it was.
    ///
    /// # Panics
    /// When there is none.
    pub fn signal_worker(&self, signal: Signal) -> i32 {
        let worker = *self.workers().last().expect("a worker");
        kill_process(Pid::from_raw(worker).unwrap(), signal).unwrap();
        worker
    }

    /// Ends it, and waits for that.
    pub fn end(self) -> Ended {
        self.serve.process.signal(Signal::TERM);
        self.serve.process.wait(PATIENCE)
    }
}

fn configuration(dir: &Path, settings: &str) -> String {
    let d = dir.display();
    // What is for FTP comes behind its port.
    let (settings, ftp) = settings.split_once("[ftp]\n").unwrap_or((settings, ""));
    format!(
        "[server]\nbind = [\"127.0.0.1\"]\nroot = \"{d}/root\"\ncontrol = \"{d}/c.sock\"\n{settings}\n\
         [tftp]\nport = 0\n[ftp]\nport = 0\n{ftp}"
    )
}

/// A TFTP read in lock-step that goes on when it is told to.
#[derive(Debug)]
pub struct Tftp {
    socket: UdpSocket,
    request: (SocketAddr, Vec<u8>),
    peer: Option<SocketAddr>,
    /// What came.
    pub got: Vec<u8>,
    block: u16,
    /// Whether all came.
    pub over: bool,
}

impl Tftp {
    /// Asks for a file.
    ///
    /// # Panics
    /// When there is no socket.
    pub fn ask(server: SocketAddr, name: &str) -> Tftp {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // A worker that was killed may have taken the request with it: then it is asked again.
        socket.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let request = (server, format!("\0\u{1}{name}\0octet\0").into_bytes());
        socket.send_to(&request.1, server).unwrap();
        Tftp { socket, request, peer: None, got: Vec::new(), block: 0, over: false }
    }

    /// Takes so many blocks.
    ///
    /// # Panics
    /// When they do not come.
    pub fn step(&mut self, blocks: usize) {
        let (mut octets, mut silent) = ([0; 600], 0);
        for _ in 0..blocks {
            while !self.over {
                let Ok((len, from)) = self.socket.recv_from(&mut octets) else {
                    silent += 1;
                    assert!(silent < 60, "the transfer goes on");
                    if self.peer.is_none() {
                        self.socket.send_to(&self.request.1, self.request.0).unwrap();
                    }
                    continue;
                };
                assert_eq!(octets[..2], [0, 3], "{:?}", &octets[..len]);
                assert_eq!(*self.peer.get_or_insert(from), from);
                let block = u16::from_be_bytes([octets[2], octets[3]]);
                if block == self.block.wrapping_add(1) {
                    self.block = block;
                    self.got.extend_from_slice(&octets[4..len]);
                    self.over = len < 516;
                    let [a, b] = block.to_be_bytes();
                    self.socket.send_to(&[0, 4, a, b], from).unwrap();
                    break;
                }
            }
        }
    }
}

/// An FTP read that goes on when it is told to.
#[derive(Debug)]
pub struct Ftp {
    control: BufReader<TcpStream>,
    /// The data connection, while there is one.
    pub data: Option<TcpStream>,
    /// What came over it.
    pub got: Vec<u8>,
}

impl Ftp {
    /// Logs in as anonymous.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn log_in(server: SocketAddr) -> Ftp {
        Ftp::log_in_from(server.ip(), server)
    }

    /// The same from this address of ours.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn log_in_from(from: IpAddr, server: SocketAddr) -> Ftp {
        let control = connected(SocketAddr::new(from, 0), server, None);
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut ftp = Ftp { control: BufReader::new(control), data: None, got: Vec::new() };
        ftp.expect("220");
        ftp.say("USER anonymous", "331");
        ftp.say("PASS x", "230");
        ftp.say("TYPE I", "200");
        ftp
    }

    /// Begins to fetch a file.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn retrieve(&mut self, name: &str) {
        let data = self.passive();
        self.say(&format!("RETR {name}"), "150");
        self.data = Some(data);
    }

    /// A data connection for the next transfer.
    ///
    /// # Panics
    /// When there is none.
    pub fn passive(&mut self) -> TcpStream {
        let reply = self.say("EPSV", "229");
        let port = reply.split('|').nth(3).and_then(|p| p.parse().ok()).expect("a port");
        let control = self.control.get_ref();
        let address = SocketAddr::new(control.peer_addr().unwrap().ip(), port);
        let from = SocketAddr::new(control.local_addr().unwrap().ip(), 0);
        // What waits in buffers is little, so that the server is not done at once.
        let data = connected(from, address, Some(16_384));
        data.set_read_timeout(Some(PATIENCE)).unwrap();
        data
    }

    /// Takes so many octets.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn step(&mut self, octets: u64) {
        let data = self.data.as_mut().expect("retrieve() comes first");
        data.take(octets).read_to_end(&mut self.got).unwrap();
    }

    /// Takes the rest.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn finish(&mut self) {
        self.data.take().expect("retrieve() comes first").read_to_end(&mut self.got).unwrap();
        self.expect("226");
    }

    /// Says a line and gives the reply, which has this code.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn say(&mut self, line: &str, code: &str) -> String {
        self.control.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
        self.expect(code)
    }

    /// The next reply, which has this code.
    ///
    /// # Panics
    /// When that does not come about.
    pub fn expect(&mut self, code: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.control.read_line(&mut line).unwrap() > 0, "the control connection ended");
            if line.as_bytes().get(3) != Some(&b'-') && line.as_bytes()[0].is_ascii_digit() {
                assert!(line.starts_with(code), "{line} instead of {code}");
                return line;
            }
        }
    }
}

/// A connection from here to there, with this much room for what comes.
fn connected(from: SocketAddr, to: SocketAddr, room: Option<usize>) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::for_address(to), socket2::Type::STREAM, None).unwrap();
    if let Some(room) = room {
        socket.set_recv_buffer_size(room).unwrap();
    }
    socket.bind(&from.into()).unwrap();
    socket.connect(&to.into()).unwrap();
    socket.into()
}
