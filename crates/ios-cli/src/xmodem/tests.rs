use super::*;

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

fn out(r: &mut Receiver) -> Vec<u8> {
    core::iter::from_fn(|| r.poll_transmit()).collect()
}

fn events(r: &mut Receiver) -> Vec<Event> {
    core::iter::from_fn(|| r.poll_event()).collect()
}

/// The file so far and how it ended.
fn came(r: &mut Receiver) -> (Vec<u8>, Option<Outcome>) {
    let (mut file, mut over) = (Vec::new(), None);
    for event in events(r) {
        match event {
            Event::Data(octets) => file.extend(octets),
            Event::Over(outcome) => over = Some(outcome),
            Event::File { .. } => {}
        }
    }
    (file, over)
}

/// A block as a sender makes it: 1,024 octets, or 128; filled up with 0x1a.
fn block(number: u8, data: &[u8]) -> Vec<u8> {
    let (head, octets) = if data.len() > 128 { (STX, 1_024) } else { (SOH, 128) };
    let mut padded = data.to_vec();
    padded.resize(octets, 0x1a);
    let mut block = alloc::vec![head, number, 255 - number];
    block.extend(&padded);
    block.extend(crc(&padded).to_be_bytes());
    block
}

#[test]
fn the_crc_is_the_one_of_the_reference() {
    assert_eq!(crc(b"123456789"), 0x31c3);
    assert_eq!(crc(b""), 0);
}

#[test]
fn a_file_with_a_sum_octet_for_octet() {
    let mut r = Receiver::new(at(0), Protocol::Xmodem);
    assert_eq!(out(&mut r), [0x15], "NAK asks for blocks with a sum");
    // 01 01 fe, 128 times 61, their sum: 128 * 0x61 = 0x3080.
    let mut octets = alloc::vec![0x01, 0x01, 0xfe];
    octets.extend([0x61; 128]);
    octets.push(0x80);
    r.handle_bytes(at(5), &octets);
    assert_eq!(out(&mut r), [0x06]);
    r.handle_bytes(at(6), &[0x04]);
    assert_eq!(out(&mut r), [0x06]);
    assert_eq!(came(&mut r), (alloc::vec![0x61; 128], Some(Outcome::Complete)));
    assert_eq!(r.poll_timeout(), None);
}

#[test]
fn who_knows_sums_only_is_asked_for_them_behind_four_for_a_crc() {
    let mut r = Receiver::new(at(0), Protocol::XmodemEither);
    let mut asked = out(&mut r);
    for second in [3, 6, 9, 12] {
        r.handle_timeout(at(second * 1_000));
        asked.extend(out(&mut r));
    }
    assert_eq!(asked, [CRC, CRC, CRC, CRC, NAK]);
    // 01 01 fe, 128 times 61, their sum: 128 * 0x61 = 0x3080.
    let mut octets = alloc::vec![0x01, 0x01, 0xfe];
    octets.extend([0x61; 128]);
    octets.push(0x80);
    octets.push(EOT);
    r.handle_bytes(at(13_000), &octets);
    assert_eq!(out(&mut r), [ACK, ACK]);
    assert_eq!(came(&mut r), (alloc::vec![0x61; 128], Some(Outcome::Complete)));
    // Who answers the first C sends a CRC.
    let mut r = Receiver::new(at(0), Protocol::XmodemEither);
    assert_eq!(out(&mut r), b"C");
    r.handle_bytes(at(1), &block(1, b"image"));
    assert_eq!(out(&mut r), [ACK]);
}

#[test]
fn blocks_of_both_lengths_come_in_whatever_pieces() {
    for piece in [1, 3, 128, 2_000] {
        let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
        assert_eq!(out(&mut r), b"C");
        let file: Vec<u8> = (0..2_100_u32).map(|n| n.to_le_bytes()[0] ^ 0x5a).collect();
        let blocks = [block(1, &file[..1_024]), block(2, &file[1_024..2_048]), block(3, &file[2_048..])];
        for part in blocks.concat().chunks(piece) {
            r.handle_bytes(at(1), part);
        }
        assert_eq!(out(&mut r), [ACK, ACK, ACK]);
        r.handle_bytes(at(1), &[EOT]);
        let (got, over) = came(&mut r);
        assert_eq!((&got[..2_100], over), (&file[..], Some(Outcome::Complete)));
        assert_eq!(got[2_100..], [0x1a; 76], "the owner cuts what fills it up");
    }
}

#[test]
fn ymodem_says_the_name_and_how_much_counts() {
    let mut r = Receiver::new(at(0), Protocol::Ymodem);
    assert_eq!(out(&mut r), b"C");
    let mut head = b"c3640.bin\x00140 7 100644".to_vec();
    head.resize(128, 0);
    r.handle_bytes(at(1), &block(0, &head));
    assert_eq!(out(&mut r), [ACK, b'C']);
    assert_eq!(events(&mut r), [Event::File { name: "c3640.bin".into(), size: Some(140) }]);
    r.handle_bytes(at(2), &block(1, &[7; 128]));
    r.handle_bytes(at(2), &block(2, &[8; 12]));
    r.handle_bytes(at(3), &[EOT]);
    assert_eq!(out(&mut r), [ACK, ACK, ACK, b'C']);
    let (file, over) = came(&mut r);
    assert_eq!((file.len(), over), (140, None));
    assert_eq!(file[128..], [8; 12]);
    r.handle_bytes(at(4), &block(0, &[0; 128]));
    assert_eq!(out(&mut r), [ACK]);
    assert_eq!(came(&mut r).1, Some(Outcome::Complete));
}

#[test]
fn a_wrong_block_is_asked_for_again_when_the_line_is_quiet() {
    let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
    out(&mut r);
    r.handle_bytes(at(5), &block(1, b"first"));
    assert_eq!(out(&mut r), [ACK]);
    let good = block(2, b"hello");
    let mut bad = good.clone();
    bad[50] ^= 1;
    r.handle_bytes(at(10), &bad);
    assert_eq!(out(&mut r), [], "the rest of it may still be coming");
    r.handle_bytes(at(600), &[SOH, SOH]);
    r.handle_timeout(at(1_200));
    assert_eq!(out(&mut r), [], "it was not quiet for a second");
    r.handle_timeout(at(1_600));
    assert_eq!(out(&mut r), [NAK]);
    r.handle_bytes(at(1_700), &good);
    assert_eq!(out(&mut r), [ACK]);
    // The ACK was lost: it comes again, and counts once.
    r.handle_bytes(at(1_800), &good);
    assert_eq!(out(&mut r), [ACK]);
    assert_eq!(came(&mut r).0.len(), 256);
    r.handle_bytes(at(1_900), &block(4, b"?"));
    assert_eq!(out(&mut r), [CAN, CAN]);
    assert_eq!(came(&mut r).1, Some(Outcome::OutOfStep));
}

#[test]
fn it_ends_where_nobody_sends_where_all_is_wrong_and_where_somebody_gives_up() {
    let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
    let mut asked = 0;
    while let Some(due) = r.poll_timeout() {
        asked += out(&mut r).len();
        r.handle_timeout(due);
    }
    assert_eq!((asked, came(&mut r).1), (60, Some(Outcome::TimedOut)));

    let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
    let mut bad = block(1, b"x");
    bad[5] ^= 1;
    let mut now = at(0);
    while r.poll_timeout().is_some() {
        r.handle_bytes(now, &bad);
        now = r.poll_timeout().expect("it waits");
        r.handle_timeout(now);
    }
    assert_eq!(came(&mut r).1, Some(Outcome::Errors));
    assert!(out(&mut r).ends_with(&[CAN, CAN]));

    for keys in [&[CAN, CAN][..], &[ETX]] {
        let mut r = Receiver::new(at(0), Protocol::Ymodem);
        r.handle_bytes(at(1), keys);
        assert_eq!(came(&mut r).1, Some(Outcome::Cancelled), "{keys:?}");
    }
    // One CAN is noise, and an end before the beginning is.
    let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
    r.handle_bytes(at(1), &[CAN, EOT, CAN]);
    assert_eq!(came(&mut r).1, None);
    out(&mut r);
    let due = r.poll_timeout().expect("it waits");
    r.handle_timeout(due);
    assert_eq!(out(&mut r), b"C", "it asks again");
}

/// A sender that does what the reference says, over a line that breaks octets.
#[test]
fn a_line_that_breaks_octets_costs_time_and_no_octet() {
    for seed in 1..=200_u32 {
        let mut random = seed;
        let mut roll = move |sides: u32| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            random % sides
        };
        let file: Vec<u8> = (0..1_280).map(|_| roll(256).to_le_bytes()[0]).collect();
        let mut r = Receiver::new(at(0), Protocol::XmodemCrc);
        let (mut now, mut at_block, mut over) = (at(0), 0, None);
        let mut got = Vec::new();
        for _ in 0..500 {
            let said = out(&mut r);
            match said.last() {
                Some(&ACK) => at_block += 1,
                Some(_) => {}
                None => {
                    now = r.poll_timeout().unwrap_or(now);
                    r.handle_timeout(now);
                    continue;
                }
            }
            let mut sent = match file.chunks(128).nth(at_block) {
                Some(data) => block(u8::try_from(at_block + 1).expect("ten"), data),
                None => alloc::vec![EOT],
            };
            if sent.len() > 1 && roll(3) == 0 {
                let at = usize::try_from(roll(133)).expect("small");
                // Any octet of it, or the rest of the line.
                if roll(2) == 0 { sent[at] ^= 0x10 } else { sent.truncate(at.max(1)) }
            }
            r.handle_bytes(now, &sent);
            let (part, ended) = came(&mut r);
            got.extend(part);
            over = over.or(ended);
            if over.is_some() {
                break;
            }
        }
        assert_eq!((got == file, over), (true, Some(Outcome::Complete)), "seed {seed}");
    }
}
