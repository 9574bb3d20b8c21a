//! Lock-step transfers that are all open at once, and what each costs the server and the kernel.
//!
//! 500 of them; with `E2E_SOAK` 18,000, which is about what the descriptors here allow: one each, for the file
//! is shared.

use e2e::content::Content;
use e2e::memory::{resident, slab};
use e2e::poll::PATIENCE;
use e2e::towline::Serve;
use e2e::wire::{Answer, request};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Instant;

/// Octets that a transfer may cost, in the server and in the kernel together.
const EACH: u64 = 8 << 10;
const BLOCKS: u16 = 40;

/// One client among thousands: no buffer, and room for two datagrams only, so that repeats which nobody takes
/// do not fill the kernel.
struct Device {
    socket: UdpSocket,
    tid: Option<SocketAddr>,
}

impl Device {
    /// On an address of its own, 250 to a network.
    fn new(n: u32) -> Device {
        let [_, a, b, _] = (n / 250 * 256).to_be_bytes();
        let c = u8::try_from(n % 250).expect("below 250") + 1;
        let at = Ipv4Addr::new(127, 1 + a, b, c);
        let socket = UdpSocket::bind((at, 0)).expect("all of 127.0.0.0/8 is ours");
        socket2::SockRef::from(&socket).set_recv_buffer_size(2_304).expect("a small buffer");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Device { socket, tid: None }
    }

    /// Takes block `wanted`, whatever repeats come before it.
    fn take(&mut self, wanted: u16) -> Vec<u8> {
        let mut buffer = [0; 600];
        loop {
            let (n, from) = self.socket.recv_from(&mut buffer).expect("an answer");
            self.tid = Some(from);
            match Answer::read(&buffer[..n]) {
                Answer::Data(block, octets) if block == wanted => return octets,
                Answer::Data(block, _) => assert!(block < wanted, "{block} before {wanted} was asked for"),
                other => panic!("block {wanted}: {other:?}"),
            }
        }
    }

    fn ack(&self, block: u16) {
        let [a, b] = block.to_be_bytes();
        self.socket.send_to(&[0, 4, a, b], self.tid.expect("a block came")).expect("loopback takes an ACK");
    }

    fn drain(&self) {
        self.socket.set_nonblocking(true).expect("a flag");
        while self.socket.recv(&mut [0; 600]).is_ok() {}
        self.socket.set_nonblocking(false).expect("a flag");
    }
}

#[test]
fn lock_step_transfers_are_open_at_once_in_8_kib_each() {
    let count: u32 = if e2e::is_soak() { 18_000 } else { 500 };
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("up to the hard limit");
    let root = e2e::scratch();
    let content = Content::random(u64::from(BLOCKS - 1) * 512 + 7);
    content.write(&root.path().join("image")).expect("room for a file");
    let expected = content.octets();

    let serve = Serve::start(root.path(), &[]);
    let server = serve.process.id();
    // What the first transfer costs once, and the clients' own sockets, are not what each costs.
    assert!(e2e::wire::Client::new(serve.tftp).get("image", &[]) == expected);
    let mut devices: Vec<Device> = (0..count).map(Device::new).collect();
    let (process, kernel, begin) = (resident(server), slab(), Instant::now());

    // As many as the request port's buffer holds ask together.
    for some in devices.chunks_mut(64) {
        for d in some.iter() {
            d.socket.send_to(&request(1, "image", &[]), serve.tftp).expect("loopback takes a request");
        }
        for d in some.iter_mut() {
            let first = d.take(1);
            d.ack(1);
            assert!(first == expected[..512], "the first block");
        }
    }
    // Each has its second block and is silent: the server has them all open.
    for d in &mut devices {
        assert!(d.take(2) == expected[512..1_024], "the second block");
    }
    let took = begin.elapsed();
    devices.iter().for_each(Device::drain);
    let descriptors = std::fs::read_dir(format!("/proc/{server}/fd")).expect("the server runs").count();
    let process = resident(server).saturating_sub(process);
    let kernel = slab().saturating_sub(kernel);
    println!(
        "soak: {count} lock-step transfers open, {descriptors} descriptors, after {:.1} s: {} octets each in the \
         process, {} in the kernel's slabs",
        took.as_secs_f64(),
        process / u64::from(count),
        kernel / u64::from(count)
    );
    assert!(descriptors >= count as usize, "{descriptors} descriptors: some transfers are gone");
    // A few descriptors besides: the ports, the file itself.
    assert!(
        descriptors < count as usize + 200,
        "{descriptors} descriptors for {count} transfers of one file"
    );
    // Other programs on the machine move the slabs by some MB: that is much for a few transfers.
    let counted = if e2e::is_soak() { process + kernel } else { process };
    assert!(
        counted <= EACH * u64::from(count),
        "{process} octets in the process and {kernel} in the kernel are more than {EACH} each for {count}"
    );
    for d in devices.iter_mut().step_by(count as usize / 50) {
        let mut file = expected[..1_024].to_vec();
        for block in 3..=BLOCKS {
            d.ack(block - 1);
            file.extend(d.take(block));
        }
        d.ack(BLOCKS);
        assert!(file == expected, "a file that was finished after all others were open");
    }
}
