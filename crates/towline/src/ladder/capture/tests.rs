use super::*;
use std::sync::Arc;

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A packet block, read back by the format's own rules.
struct Read {
    octets: Vec<u8>,
    len: usize,
    comment: String,
    out: bool,
}

impl Read {
    /// Source port, destination port, and what is behind the TCP or UDP header; checks lengths and checksums.
    fn checked(&self) -> (u16, u16, Vec<u8>) {
        let ip = &self.octets;
        let (header, protocol, pseudo) = match ip[0] >> 4 {
            4 => {
                assert_eq!(sum(&ip[..20]), 0xffff, "the IPv4 header's checksum");
                assert_eq!(usize::from(u16::from_be_bytes([ip[2], ip[3]])), self.len);
                (20, ip[9], &ip[12..20])
            }
            6 => {
                assert_eq!(usize::from(u16::from_be_bytes([ip[4], ip[5]])), self.len - 40);
                (40, ip[6], &ip[8..40])
            }
            other => panic!("IP version {other}"),
        };
        let packet = &ip[header..];
        if self.octets.len() == self.len {
            let more = [pseudo, &[0, protocol][..], &(packet.len() as u16).to_be_bytes(), packet].concat();
            assert_eq!(sum(&more), 0xffff, "the checksum of the packet");
        }
        let port = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
        let begin = if protocol == 17 {
            assert_eq!(usize::from(port(4)), self.len - header);
            8
        } else {
            usize::from(packet[12] >> 4) * 4
        };
        (port(0), port(2), packet[begin..].to_vec())
    }

    fn tcp(&self) -> (u32, u32, u8) {
        let word = |at: usize| u32::from_be_bytes(self.octets[at..at + 4].try_into().unwrap());
        (word(24), word(28), self.octets[33])
    }
}

fn sum(octets: &[u8]) -> u32 {
    let mut sum: u32 =
        octets.chunks(2).map(|p| u32::from(u16::from_be_bytes([p[0], *p.get(1).unwrap_or(&0)]))).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

fn read(file: &[u8]) -> Vec<Read> {
    let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let mut packets = Vec::new();
    let mut kinds = Vec::new();
    let mut at = 0;
    while at < file.len() {
        let len = word(at + 4);
        assert_eq!((len % 4, word(at + len - 4)), (0, len), "its length is behind a block too");
        kinds.push(word(at));
        if word(at) == 6 {
            let (captured, original) = (word(at + 20), word(at + 24));
            let octets = file[at + 28..at + 28 + captured].to_vec();
            let mut read = Read { octets, len: original, comment: String::new(), out: false };
            let mut option = at + 28 + captured.next_multiple_of(4);
            loop {
                let (code, len) = (word(option) & 0xffff, word(option) >> 16);
                let value = &file[option + 4..option + 4 + len];
                match code {
                    0 => break,
                    1 => read.comment = String::from_utf8(value.to_vec()).unwrap(),
                    2 => read.out = value[0] == 2,
                    other => panic!("option {other}"),
                }
                option += 4 + len.next_multiple_of(4);
            }
            assert_eq!(option + 8, at + len, "the options fill the block");
            packets.push(read);
        }
        at += len;
    }
    assert_eq!(kinds[..2], [0x0a0d_0d0a, 1], "a section, an interface");
    assert!(kinds[2..].iter().all(|k| *k == 6));
    packets
}

fn captured(sights: &[(Dir, u16, u16, What<'_>)], ip: &str) -> Vec<Read> {
    let written = Written::default();
    let capture = Capture::new(Box::new(written.clone())).unwrap();
    for (dir, local, peer, what) in sights {
        let at = |port: u16| SocketAddr::new(ip.parse().unwrap(), port);
        let (local, peer) = (at(*local), at(*peer));
        capture.see(&Sight { at: Instant::now(), flow: 1, local, peer, dir: *dir, what: what.clone() });
    }
    capture.finish().unwrap();
    let file = written.0.lock().unwrap().clone();
    read(&file)
}

fn datagram(head: &[u8], len: usize, sense: Sense) -> What<'_> {
    What::Datagram { head, len, sense }
}

#[test]
fn datagrams_have_headers_that_fit_and_comments_for_what_only_the_ends_know() {
    for ip in ["10.0.0.1", "2001:db8::1"] {
        let long = [&b"\0\x03\0\x01"[..], &[7; 508]].concat();
        let packets = captured(
            &[
                (Dir::Received, 6969, 5_000, datagram(b"\0\x01a\0octet\0", 10, Sense::First)),
                (Dir::Sent, 41_000, 5_000, datagram(&long, 1_472, Sense::First)),
                (Dir::Here, 41_000, 5_000, What::TimedOut),
                (Dir::Here, 41_000, 5_000, What::TimedOut),
                (Dir::Sent, 41_000, 5_000, datagram(&long, 1_472, Sense::Again(1))),
                (Dir::Received, 41_000, 5_000, datagram(b"\0\x04\0\x01", 4, Sense::Duplicate)),
                (Dir::Received, 41_000, 5_000, datagram(b"\0\x03\0\x09x", 5, Sense::Gap)),
            ],
            ip,
        );
        let header = if ip.contains(':') { 48 } else { 28 };
        let lens: Vec<(usize, usize)> =
            packets.iter().map(|p| (p.octets.len() - header, p.len - header)).collect();
        assert_eq!(lens, [(10, 10), (512, 1_472), (512, 1_472), (4, 4), (5, 5)], "{ip}");
        let comments: Vec<&str> = packets.iter().map(|p| p.comment.as_str()).collect();
        assert_eq!(
            comments,
            [
                "in Wireshark: Decode As, UDP port 6969, TFTP",
                "",
                "before this: no answer in time; repeat 1",
                "duplicate",
                "gap: later than the next one that is waited for"
            ]
        );
        assert_eq!(packets.iter().map(|p| p.out).collect::<Vec<_>>(), [false, true, true, false, false]);
        assert_eq!(packets[0].checked(), (5_000, 6_969, b"\0\x01a\0octet\0".to_vec()));
        for packet in &packets {
            packet.checked();
        }
    }
}

#[test]
fn sequence_numbers_of_both_connections_add_up_and_passwords_are_masked() {
    let packets = captured(
        &[
            (Dir::Received, 21, 5_000, What::Connected { role: Role::Control }),
            (Dir::Sent, 21, 5_000, What::Control(b"220 ready")),
            (Dir::Received, 21, 5_000, What::Control(b"PASS S3cret")),
            (Dir::Sent, 20, 5_001, What::Connected { role: Role::Data }),
            (Dir::Sent, 20, 5_001, What::Data { len: 3_000_000, total: 3_000_000 }),
            (Dir::Here, 20, 5_001, What::Closed { role: Role::Data, total: 3_000_000 }),
            (Dir::Received, 21, 5_000, What::Control(b"QUIT")),
            (Dir::Here, 21, 5_000, What::Closed { role: Role::Control, total: 99 }),
        ],
        "10.0.0.1",
    );
    let mut next = BTreeMap::new();
    let mut text = Vec::new();
    let mut data = 0;
    for packet in &packets {
        let (from, to, octets) = packet.checked();
        let (sequence, acknowledged, flags) = packet.tcp();
        let header = if flags & 2 == 0 { 40 } else { 48 };
        let len = (packet.len - header) as u32;
        let expected = next.entry((from, to)).or_insert(0_u32);
        assert_eq!(sequence, *expected, "{from} -> {to}");
        *expected += len + u32::from(flags & 3 != 0);
        if flags & 16 != 0 {
            assert_eq!(acknowledged, *next.get(&(to, from)).expect("the other way"), "{from} -> {to}");
        }
        text.extend(octets);
        data += if from == 20 { len } else { 0 };
    }
    assert_eq!(text, b"220 ready\r\nPASS ****\r\nQUIT\r\n");
    assert_eq!(data, 3_000_000);
    assert_eq!((next[&(20, 5_001)], next[&(5_001, 20)]), (3_000_002, 2), "SYN and FIN count");
    let fins: Vec<u16> = packets.iter().filter(|p| p.tcp().2 & 1 != 0).map(|p| p.checked().0).collect();
    assert_eq!(fins, [20, 5_001, 5_000, 21], "who sent last closes first");
    assert!(packets.iter().any(|p| p.comment == "the password is masked"));
}

#[test]
fn a_full_disk_ends_the_capture_and_not_the_transfer() {
    struct Full(bool);
    impl Write for Full {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(octets.len())
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let capture = Capture::new(Box::new(Full(false))).unwrap();
    let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
    let what = datagram(b"\0\x04\0\x01", 4, Sense::First);
    for _ in 0..2 {
        let (at, dir, what) = (Instant::now(), Dir::Sent, what.clone());
        capture.see(&Sight { at, flow: 1, local: nobody, peer: nobody, dir, what });
    }
    assert_eq!(capture.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
}
