//! A storage that panics fails the one transfer that asked, and no other.

use client::{ClientError, Options, Scheme};
use e2e::ours;
use gate::{Gate, Policy};
use serve::tftp::{TftpConfig, TftpServer};
use std::net::UdpSocket;
use std::sync::Arc;
use std::time::SystemTime;
use store::memory::Memory;
use store::{
    Amount, Blob, Capabilities, Cursor, Facts, Mode, Result, Sink, Space, Store, Target, Upload, VPath,
};

/// Memory, but whoever opens `/broken` meets a fault of ours.
struct Broken(Memory);

impl Store for Broken {
    fn open(&self, path: &VPath) -> Result<Blob> {
        assert!(path.name() != b"broken", "a fault that the test made");
        self.0.open(path)
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn stat(&self, path: &VPath) -> Result<Facts> {
        self.0.stat(path)
    }

    fn list(&self, path: &VPath) -> Result<Box<dyn Cursor>> {
        self.0.list(path)
    }

    fn create(&self, path: &VPath, mode: Mode, owner: &str) -> Result<Box<dyn Upload>> {
        self.0.create(path, mode, owner)
    }

    fn partial(&self, path: &VPath, owner: &str) -> Option<u64> {
        self.0.partial(path, owner)
    }

    fn rename_to(&self, from: &VPath, to: &VPath, target: Target) -> Result<Amount> {
        self.0.rename_to(from, to, target)
    }

    fn remove(&self, path: &VPath) -> Result<Amount> {
        self.0.remove(path)
    }

    fn make_dir(&self, path: &VPath) -> Result<()> {
        self.0.make_dir(path)
    }

    fn remove_dir(&self, path: &VPath) -> Result<Amount> {
        self.0.remove_dir(path)
    }

    fn set_modified(&self, path: &VPath, to: SystemTime) -> Result<()> {
        self.0.set_modified(path, to)
    }

    fn space(&self, path: &VPath) -> Result<Space> {
        self.0.space(path)
    }
}

struct Count(u64);

impl Sink for Count {
    fn write_at(&mut self, offset: u64, octets: &[u8]) -> std::io::Result<()> {
        self.0 = self.0.max(offset + octets.len() as u64);
        Ok(())
    }
}

#[test]
fn a_panic_in_the_storage_is_an_error_to_its_peer_and_the_workers_go_on() {
    let memory = Memory::new();
    for name in ["/broken", "/good"] {
        let path = VPath::parse(name.as_bytes()).unwrap();
        let mut upload = memory.create(&path, Mode::New, "").unwrap();
        upload.write_at(0, &[7; 5_000]).unwrap();
        upload.commit().unwrap();
    }
    let (gate, _events) = Gate::new(Arc::new(Broken(memory)), Policy::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let remote = |name: &str| ours::remote(Scheme::Tftp, server.addresses()[0], name);
    // More often than there are workers.
    for _ in 0..12 {
        let failed = client::get(&remote("broken"), &mut Count(0), &Options::default());
        assert!(matches!(failed, Err(ClientError::Server { .. })), "{failed:?}");
    }
    let mut good = Count(0);
    client::get(&remote("good"), &mut good, &Options::default()).unwrap();
    assert_eq!(good.0, 5_000);
}
