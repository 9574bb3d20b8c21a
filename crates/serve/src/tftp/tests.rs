//! The driver is tested end to end (`tests/tests/tftp_inprocess.rs`); here what needs a disk that stands still.

use super::{TftpConfig, TftpServer};
use gate::store::local::{Local, LocalOptions, Point};
use gate::{Gate, Policy};
use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn requests_do_not_queue_without_bound_while_the_disk_stands_still() {
    let root = tempfile::tempdir().unwrap();
    let disk = Arc::new(Mutex::new(()));
    let (store, policy) = {
        let disk = disk.clone();
        let at = Arc::new(move |point| {
            if point == Point::TemporaryMade {
                drop(disk.lock());
            }
        });
        let options = LocalOptions { write: true, at: Some(at), ..LocalOptions::default() };
        (Local::open(root.path(), options).unwrap(), Policy { write: true, ..Policy::default() })
    };
    let stands_still = disk.lock().unwrap();
    let (gate, _events) = Gate::new(Arc::new(store), policy);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let config = TftpConfig { max_transfers: 8, ..TftpConfig::default() };
    let server = TftpServer::start(gate, vec![socket], config, None).unwrap();

    // Each takes the place of the one before, whose file is still being opened.
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    for n in 0..9 {
        peer.send_to(format!("\0\x02f{n}\0octet\0").as_bytes(), server.addresses()[0]).unwrap();
    }
    let mut buf = [0; 600];
    let (len, _) = peer.recv_from(&mut buf).expect("the ninth is refused");
    assert_eq!(buf[..4], [0, 5, 0, 0], "{}", buf[..len].escape_ascii());
    drop(stands_still);
}

#[test]
fn a_port_range_that_is_used_up_is_said_and_not_kept_silent() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("f"), "content").unwrap();
    let store = Local::open(root.path(), LocalOptions::default()).unwrap();
    let (gate, _events) = Gate::new(Arc::new(store), Policy::default());
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = TftpConfig { port_range: Some(port..=port), ..TftpConfig::default() };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], config, None).unwrap();

    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    peer.send_to(b"\0\x01f\0octet\0", server.addresses()[0]).unwrap();
    let mut buf = [0; 600];
    let (len, _) = peer.recv_from(&mut buf).expect("an answer");
    assert_eq!(buf[..4], [0, 5, 0, 0], "{}", buf[..len].escape_ascii());
}

#[test]
fn files_are_opened_while_the_digest_of_a_large_one_is_computed() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("small"), "content").unwrap();
    // Octets that take seconds to digest and no place on the disk.
    std::fs::File::create(root.path().join("large")).unwrap().set_len(4 << 30).unwrap();
    let store = Local::open(root.path(), LocalOptions::default()).unwrap();
    let (gate, _events) = Gate::new(Arc::new(store), Policy::default());
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = TftpServer::start(gate, vec![socket], TftpConfig::default(), None).unwrap();
    let ask = |name: &str| {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        peer.send_to(format!("\0\x01{name}\0octet\0").as_bytes(), server.addresses()[0]).unwrap();
        peer
    };
    // More than there are threads of any kind.
    let waiting: Vec<_> = (0..8).map(|_| ask("large.sha512")).collect();
    let mut buf = [0; 600];
    let (len, _) = ask("small").recv_from(&mut buf).expect("the small file");
    assert_eq!(&buf[..len], b"\0\x03\0\x01content");
    for peer in waiting {
        peer.set_nonblocking(true).unwrap();
        assert!(
            peer.recv_from(&mut buf).is_err(),
            "the digest of 4 GiB was there too soon: this test shows nothing"
        );
    }
}
