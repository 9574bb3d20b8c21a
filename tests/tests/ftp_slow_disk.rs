//! A storage that makes whoever opens, lists, writes or publishes something wait: the sessions of others go on.

use e2e::content::Content;
use gate::{Gate, Policy, User, hash_password};
use serve::ftp::FtpConfig;
use serve::streams::StreamServer;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};
use store::memory::Memory;
use store::{
    Amount, Blob, Capabilities, Cursor, Facts, Mode, Published, Result, Sink, Space, Store, StoreError,
    Suspended, Target, Upload, VPath,
};

const PATIENCE: Duration = Duration::from_secs(60);
/// More than there are threads that sessions run on.
const STUCK: usize = 24;

/// A gate in the way of whoever wants a name that begins with `slow`, writes to one that begins with `heavy` or publishes one
/// that begins with `late`, and how many wait before it.
#[derive(Default)]
struct Disk {
    // Guards whether it answers, and how many wait.
    state: Mutex<(bool, usize)>,
    changed: Condvar,
}

impl Disk {
    fn wait(&self, path: &VPath) {
        self.wait_for(path, b"slow");
    }

    fn wait_for(&self, path: &VPath, begin: &[u8]) {
        if !path.name().starts_with(begin) {
            return;
        }
        let mut state = self.state.lock().unwrap();
        state.1 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(answers, _)| !*answers).unwrap());
    }

    /// Until so many wait.
    fn holds(&self, many: usize) {
        let state = self.state.lock().unwrap();
        let waited = self.changed.wait_timeout_while(state, PATIENCE, |(_, n)| *n < many).unwrap();
        assert!(waited.0.1 >= many, "{} of {many} came to the disk", waited.0.1);
    }

    fn answer(&self) {
        self.state.lock().unwrap().0 = true;
        self.changed.notify_all();
    }
}

struct Slow {
    memory: Memory,
    disk: Arc<Disk>,
}

impl Store for Slow {
    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.disk.wait(path);
        self.memory.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.disk.wait(path);
        self.memory.list(path)
    }

    fn open(&self, path: &VPath) -> Result<Blob> {
        self.disk.wait(path);
        self.memory.open(path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        self.disk.wait(path);
        let upload = self.memory.create(path, mode, owner)?;
        Ok(Box::new(Writes { upload, disk: self.disk.clone(), path: path.clone() }))
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.memory.partial(path, owner)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        self.memory.rename_to(from, to, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        self.memory.remove(path)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.memory.make_dir(path)
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        self.memory.remove_dir(path)
    }

    fn set_modified(&self, _: &VPath, _: SystemTime) -> Result<()> {
        Err(StoreError::Unsupported("setting times"))
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        self.memory.space(path)
    }
}

/// An upload to it.
struct Writes {
    upload: Box<dyn Upload>,
    disk: Arc<Disk>,
    path: VPath,
}

impl Sink for Writes {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> std::io::Result<()> {
        self.disk.wait_for(&self.path, b"heavy");
        self.upload.write_at(offset, octets)
    }
}

impl Upload for Writes {
    fn len(&self) -> u64 {
        self.upload.len()
    }

    fn start(&self) -> u64 {
        self.upload.start()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.upload.read_at(offset, buffer)
    }

    fn wrote_to(&mut self, end: u64) {
        self.upload.wrote_to(end);
    }

    fn set_len(&mut self, len: u64) -> Result<()> {
        self.upload.set_len(len)
    }

    fn commit(self: Box<Self>) -> Result<Published> {
        self.disk.wait_for(&self.path, b"late");
        self.upload.commit()
    }

    fn suspend(self: Box<Self>) -> Result<Suspended> {
        self.upload.suspend()
    }
}

struct Client {
    control: BufReader<TcpStream>,
}

impl Client {
    fn logged_in(server: SocketAddr) -> Client {
        let control = TcpStream::connect(server).unwrap();
        control.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut client = Client { control: BufReader::new(control) };
        client.expect("220");
        for (line, code) in [("USER u", "331"), ("PASS p", "230"), ("TYPE I", "200")] {
            client.ask(line, code);
        }
        client
    }

    fn say(&mut self, line: &str) {
        self.control.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn expect(&mut self, code: &str) -> String {
        let mut line = String::new();
        self.control.read_line(&mut line).unwrap();
        assert!(line.starts_with(code), "expected {code}, found {line:?}");
        line
    }

    fn ask(&mut self, line: &str, code: &str) -> String {
        self.say(line);
        self.expect(code)
    }

    fn data(&mut self) -> TcpStream {
        let reply = self.ask("EPSV", "229");
        let port: u16 = reply.split('|').nth(3).unwrap().parse().unwrap();
        let data = TcpStream::connect((self.control.get_ref().peer_addr().unwrap().ip(), port)).unwrap();
        data.set_read_timeout(Some(PATIENCE)).unwrap();
        data
    }
}

/// A server on such a disk, with `/slow` and `/fast` of this content.
fn house(content: &[u8]) -> (StreamServer, Arc<Disk>) {
    let (memory, disk) = (Memory::new(), Arc::new(Disk::default()));
    memory.seed("/slow", content.to_vec());
    memory.seed("/fast", content.to_vec());
    let user = User::new("u", &hash_password(&gate::Secret::new("p"))).unwrap();
    let policy = Policy { users: vec![user], write: true, ..Policy::default() };
    let (gate, _events) = Gate::new(Arc::new(Slow { memory, disk: disk.clone() }), policy);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = FtpConfig { active_port: 0, ..FtpConfig::default() };
    (serve::ftp::start(gate, vec![listener], config, None).unwrap(), disk)
}

/// All goes well for who has nothing to do with what waits.
fn is_served(at: SocketAddr, content: &[u8]) {
    let mut other = Client::logged_in(at);
    let mut data = other.data();
    other.ask("RETR fast", "150");
    let mut got = Vec::new();
    data.read_to_end(&mut got).unwrap();
    assert!(got == content);
    other.expect("226");
    let mut data = other.data();
    other.ask("STOR quick", "150");
    data.write_all(content).unwrap();
    drop(data);
    other.expect("226");
    other.ask("NOOP", "200");
}

/// A write that hangs, and one that has all and is not published.
#[test]
fn a_disk_that_does_not_take_what_is_written_keeps_only_those_who_write() {
    let content = Content::random(300_000).octets();
    for name in ["heavy", "late"] {
        let (server, disk) = house(&content);
        let at = server.addresses()[0];
        let mut stuck: Vec<Client> = Vec::new();
        for n in 0..STUCK {
            let mut client = Client::logged_in(at);
            let mut data = client.data();
            client.ask(&format!("STOR {name}-{n}"), "150");
            // More than goes at once, and less than the sockets hold.
            data.write_all(&content).unwrap();
            drop(data);
            stuck.push(client);
            disk.holds(n + 1);
        }
        is_served(at, &content);
        disk.answer();
        for (n, mut client) in stuck.into_iter().enumerate() {
            client.expect("226");
            assert!(client.ask(&format!("SIZE {name}-{n}"), "213").contains("300000"));
        }
    }
}

#[test]
fn a_disk_that_does_not_answer_keeps_only_those_who_asked_it() {
    let content = Content::random(300_000).octets();
    let (server, disk) = house(&content);
    let at = server.addresses()[0];
    let mut stuck: Vec<(Client, Option<TcpStream>)> = Vec::new();
    for n in 0..STUCK {
        let mut client = Client::logged_in(at);
        let data = (n % 2 == 0).then(|| client.data());
        client.say(if data.is_some() { "RETR slow" } else { "SIZE slow" });
        stuck.push((client, data));
    }
    disk.holds(STUCK);
    // All of them wait, and nobody else does.
    is_served(at, &content);
    disk.answer();
    for (mut client, data) in stuck {
        match data {
            Some(mut data) => {
                client.expect("150");
                let mut got = Vec::new();
                data.read_to_end(&mut got).unwrap();
                assert!(got == content);
                client.expect("226");
            }
            None => assert!(client.expect("213").contains("300000")),
        }
    }
}
