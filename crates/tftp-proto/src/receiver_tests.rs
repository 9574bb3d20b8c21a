use super::*;

const MS: Duration = Duration::from_millis(1);

fn terms(windowsize: u16, blksize: u16) -> Terms {
    Terms { windowsize, blksize, ..Terms::default() }
}

fn receiver(windowsize: u16) -> Receiver {
    let terms = terms(windowsize, 8);
    Receiver::new(Instant::ZERO, terms, Mode::Octet, Opening::Quiet, Config::client())
}

fn at(ms: u32) -> Instant {
    Instant::ZERO + MS * ms
}

fn data(r: &mut Receiver, now: Instant, no: u16, len: usize) -> Received {
    let [a, b] = no.to_be_bytes();
    r.handle_datagram(now, &[&[0, 3, a, b][..], &[0x55; 99][..len]].concat())
}

/// The block numbers of all ACKs that go out; an ERROR is its code plus 100,000.
fn acks(r: &mut Receiver) -> Vec<u32> {
    core::iter::from_fn(|| r.poll_transmit())
        .map(|t| match t {
            Transmit::Ack { octets, .. } => number(&octets),
            Transmit::Packet { octets, .. } if octets[1] == 5 => 100_000 + number(&octets),
            Transmit::Packet { octets, .. } => number(&octets),
            Transmit::Blocks { .. } => panic!("a receiver has no blocks"),
        })
        .collect()
}

fn number(octets: &[u8]) -> u32 {
    u32::from(u16::from_be_bytes([octets[2], octets[3]]))
}

fn placed(r: &mut Receiver) -> Vec<u64> {
    core::iter::from_fn(|| r.poll_event())
        .filter_map(|e| match e {
            Event::Place { block, .. } => Some(block),
            Event::Agreed(_) | Event::Whole { .. } | Event::Over(_) => None,
        })
        .collect()
}

fn events(r: &mut Receiver) -> Vec<Event> {
    core::iter::from_fn(|| r.poll_event()).collect()
}

#[test]
fn rule_11_an_accepted_wrq_is_ack_0_or_the_oack() {
    let new = |opening| Receiver::new(Instant::ZERO, terms(1, 512), Mode::Octet, opening, Config::server());
    assert_eq!(acks(&mut new(Opening::Ack)), [0]);
    let oack = b"\0\x06tsize\x005\0".to_vec();
    let mut r = new(Opening::Oack(oack.clone()));
    assert_eq!(r.poll_transmit(), Some(Transmit::Packet { octets: oack, why: Why::First }));
}

#[test]
fn rule_12_the_last_block_is_short_perhaps_empty() {
    let mut r = receiver(1);
    data(&mut r, at(0), 1, 8);
    assert_eq!(acks(&mut r), [1]);
    data(&mut r, at(1), 2, 0);
    assert_eq!(acks(&mut r), [] as [u32; 0], "the last ACK waits for the commit");
    assert_eq!(events(&mut r)[2], Event::Whole { octets: 8 });
    r.commit(at(2));
    assert_eq!(acks(&mut r), [2]);
}

#[test]
fn rule_13_only_the_last_block_is_acknowledged_again() {
    let mut r = receiver(1);
    for n in 1..=3 {
        data(&mut r, at(0), n, 8);
    }
    assert_eq!(acks(&mut r), [1, 2, 3]);
    assert_eq!(data(&mut r, at(1), 3, 8), Received::Dup);
    assert_eq!(acks(&mut r), [3]);
    assert_eq!(data(&mut r, at(1), 2, 8), Received::Stale);
    assert_eq!(data(&mut r, at(1), 5, 8), Received::Stale, "the future, in lock-step");
    assert_eq!(acks(&mut r), [] as [u32; 0]);
    assert_eq!(placed(&mut r), [1, 2, 3]);
}

#[test]
fn rule_13_copies_of_a_block_get_one_ack_within_half_a_round_trip() {
    let mut r = receiver(1);
    for n in 1..=9 {
        data(&mut r, at(u32::from(n) * 10), n, 8);
    }
    assert_eq!(acks(&mut r).len(), 9);
    assert_eq!(data(&mut r, at(91), 9, 8), Received::Dup);
    assert_eq!(acks(&mut r), [] as [u32; 0], "a copy made on the way");
    assert_eq!(data(&mut r, at(96), 9, 8), Received::Dup);
    assert_eq!(acks(&mut r), [9], "the sender's timer");
}

#[test]
fn own_repeats_come_behind_the_sender_s() {
    let mut r = receiver(1);
    let waits = |r: &Receiver, now: Instant| r.poll_timeout().unwrap().since(now);
    data(&mut r, at(1), 1, 8);
    assert_eq!(waits(&r, at(1)), MS * 200, "little is known");
    for n in 2..=20 {
        data(&mut r, at(u32::from(n)), n, 8);
    }
    assert_eq!(waits(&r, at(20)), MS * 100);
    assert!(r.handle_timeout(at(120)));
    assert_eq!(acks(&mut r).last(), Some(&20));
    assert_eq!(waits(&r, at(120)), MS * 100);
    assert!(r.handle_timeout(at(220)));
    assert_eq!(waits(&r, at(220)), MS * 100, "twice the wait is still less");
    let mut repeats = 0;
    while r.poll_timeout().unwrap() < at(60_000) {
        assert!(r.handle_timeout(r.poll_timeout().unwrap()));
        repeats += acks(&mut r).len();
    }
    assert!(repeats < 30, "{repeats} repeats in a minute");
}

#[test]
fn rule_15_it_dallies_and_answers_repeats_of_the_last_block() {
    let mut r = receiver(1);
    data(&mut r, at(0), 1, 3);
    r.commit(at(5));
    assert_eq!(acks(&mut r), [1]);
    assert_eq!(data(&mut r, at(500), 1, 3), Received::Dup);
    assert_eq!(acks(&mut r), [1]);
    let end = r.poll_timeout().unwrap();
    assert_eq!(end, at(1_005));
    let _ = r.handle_timeout(end);
    assert_eq!(events(&mut r).pop(), Some(Event::Over(Outcome::Complete)));
}

#[test]
fn rule_16_a_block_longer_than_agreed_is_error_4() {
    let mut r = receiver(1);
    data(&mut r, at(0), 1, 9);
    assert_eq!(acks(&mut r), [100_004]);
    assert_eq!(events(&mut r), [Event::Over(Outcome::Broken(Fault::Oversize { len: 9, blksize: 8 }))]);
}

#[test]
fn rule_17_lock_step_accepts_rollover_to_0_and_to_1() {
    for after in [0, 1] {
        let mut r = receiver(1);
        for n in 1..=65_535 {
            data(&mut r, at(0), n, 8);
        }
        let _ = (acks(&mut r), events(&mut r));
        assert_eq!(data(&mut r, at(1), after, 8), Received::New);
        assert_eq!(acks(&mut r), [u32::from(after)]);
        assert_eq!(placed(&mut r), [65_536]);
        assert_eq!(data(&mut r, at(1), after + 1, 3), Received::New);
        assert_eq!(placed(&mut r), [65_537]);
    }
}

#[test]
fn rule_17_in_a_window_a_1_behind_65535_is_a_gap_until_it_comes_again_and_again() {
    let mut r = receiver(4);
    for n in 1..=65_535 {
        data(&mut r, at(0), n, 8);
    }
    let _ = (acks(&mut r), events(&mut r));
    // A sender that counts to 0 and lost it: 1, 2, 3 are no blocks to place.
    for n in [1, 2, 3] {
        assert_eq!(data(&mut r, at(1_000), n, 8), Received::Gap);
    }
    assert_eq!(acks(&mut r), [65_535], "one gap ACK");
    assert_eq!(placed(&mut r), [] as [u64; 0]);
    let mut now = at(10_000);
    let mut tries = 1;
    while data(&mut r, now, 1, 8) == Received::Gap {
        assert_eq!(acks(&mut r), [65_535]);
        (now, tries) = (now + MS * 10_000, tries + 1);
    }
    assert_eq!(tries, ONES_IN_A_ROW - 1);
    assert_eq!(placed(&mut r), [65_536]);
}

#[test]
fn rule_17_in_a_window_a_lost_0_is_recovered() {
    let mut r = receiver(4);
    for n in 1..=65_535 {
        data(&mut r, at(0), n, 8);
    }
    let _ = (acks(&mut r), events(&mut r));
    for n in [1, 2, 3, 0, 1, 2] {
        data(&mut r, at(1_000), n, 8);
    }
    assert_eq!(placed(&mut r), [65_536, 65_537, 65_538]);
}

#[test]
fn behind_the_rollover_early_blocks_are_kept_again() {
    let mut r = receiver(4);
    for n in 1..=65_535 {
        let _ = data(&mut r, at(1), n, 8);
    }
    for n in [0, 1, 3, 4] {
        let _ = data(&mut r, at(1), n, 8);
    }
    assert_eq!(placed(&mut r)[65_535..], [65_536, 65_537, 65_539, 65_540]);
    let _ = data(&mut r, at(1), 2, 8);
    assert_eq!(r.received(), 65_540);
}

#[test]
fn rule_26_a_size_other_than_announced_is_an_error() {
    let terms = Terms { tsize: Some(20), ..terms(1, 8) };
    let mut r = Receiver::new(Instant::ZERO, terms, Mode::Octet, Opening::Quiet, Config::server());
    data(&mut r, at(0), 1, 8);
    data(&mut r, at(0), 2, 7);
    assert_eq!(acks(&mut r), [1, 100_000]);
    let over = Event::Over(Outcome::Broken(Fault::WrongSize { expected: 20, found: 15 }));
    assert_eq!(events(&mut r).pop(), Some(over));
}

#[test]
fn rule_29_the_window_s_last_block_is_acknowledged_and_a_short_one_at_once() {
    let mut r = receiver(4);
    for n in 1..=8 {
        data(&mut r, at(0), n, 8);
    }
    assert_eq!(acks(&mut r), [4, 8]);
    data(&mut r, at(1), 9, 8);
    data(&mut r, at(1), 10, 2);
    r.commit(at(1));
    assert_eq!(acks(&mut r), [10]);
}

#[test]
fn rule_30_a_gap_is_told_at_once_and_once() {
    let mut r = receiver(8);
    data(&mut r, at(0), 1, 8);
    for n in [3, 4, 6] {
        assert_eq!(data(&mut r, at(0), n, 8), Received::Gap);
    }
    assert_eq!(acks(&mut r), [1]);
    assert_eq!(placed(&mut r), [1, 3, 4, 6], "early blocks are placed");
    assert_eq!(data(&mut r, at(1), 3, 8), Received::Gap, "and not twice");
    assert_eq!(placed(&mut r), [] as [u64; 0]);
    data(&mut r, at(1), 2, 8);
    assert_eq!(r.received(), 4);
    data(&mut r, at(1), 5, 8);
    assert_eq!(r.received(), 6);
}

#[test]
fn the_figures_count_acks_gaps_and_what_came_twice() {
    let mut r = receiver(4);
    for n in [1, 3, 4, 2, 5, 1] {
        data(&mut r, at(5), n, 8);
    }
    assert_eq!(acks(&mut r), [1, 5]);
    assert!(r.handle_timeout(r.poll_timeout().unwrap()));
    let f = r.figures();
    assert_eq!((f.blocks, f.sent, f.repeats, f.gaps, f.timeouts), (5, 3, 1, 1, 1));
    assert_eq!((f.duplicates, f.stale), (1, 0));
}

#[test]
fn rule_30_a_window_whose_gap_ack_was_lost_is_acknowledged_at_its_own_end() {
    let mut r = receiver(4);
    for n in [1, 2, 4] {
        data(&mut r, at(10), n, 8);
    }
    assert_eq!(acks(&mut r), [2], "and lost");
    for n in 1..=3 {
        data(&mut r, at(100), n, 8);
    }
    assert_eq!(acks(&mut r), [4], "the sender knows of no window 3 to 6");
    // Again lost, and now everything is known.
    data(&mut r, at(200), 1, 8);
    assert_eq!(acks(&mut r), [4]);
    for n in 2..=4 {
        data(&mut r, at(200), n, 8);
    }
    assert_eq!(acks(&mut r), [] as [u32; 0], "once");
    for n in 5..=8 {
        data(&mut r, at(210), n, 8);
    }
    assert_eq!(acks(&mut r), [8]);
}

#[test]
fn netascii_drops_early_blocks() {
    let mut r = Receiver::new(Instant::ZERO, terms(4, 8), Mode::Netascii, Opening::Quiet, Config::client());
    for n in [2, 1, 2] {
        data(&mut r, at(0), n, 8);
    }
    assert_eq!(placed(&mut r), [1, 2]);
}

#[test]
fn a_lost_window_ack_is_sent_again_when_the_window_comes_again() {
    let mut r = receiver(4);
    for n in 1..=4 {
        data(&mut r, at(0), n, 8);
    }
    assert_eq!(acks(&mut r), [4]);
    for n in 1..=4 {
        assert_eq!(data(&mut r, at(1_000), n, 8), Received::Dup);
    }
    assert_eq!(acks(&mut r)[0], 4);
}

#[test]
fn a_duplicated_window_is_not_acknowledged_twice_once_later_blocks_came() {
    let mut r = receiver(4);
    for n in 1..=5 {
        data(&mut r, at(0), n, 8);
    }
    let _ = acks(&mut r);
    for n in 1..=4 {
        data(&mut r, at(1_000), n, 8);
    }
    assert_eq!(acks(&mut r), [] as [u32; 0]);
}

#[test]
fn two_last_blocks_are_a_fault() {
    let mut r = receiver(4);
    data(&mut r, at(0), 3, 2);
    data(&mut r, at(0), 2, 2);
    assert_eq!(acks(&mut r), [0, 100_004]);
}

#[test]
fn a_block_that_could_not_be_written_is_not_acknowledged() {
    let mut r = receiver(1);
    data(&mut r, at(0), 1, 8);
    assert_eq!(placed(&mut r), [1]);
    r.abort(ErrorCode::DiskFull, "full");
    assert_eq!(acks(&mut r), [100_003]);
}

#[test]
fn a_window_that_comes_again_is_acknowledged_once_and_not_sooner_than_a_round_trip() {
    let mut r = receiver(4);
    let window = |r: &mut Receiver, ms| {
        for n in 1..=4 {
            let _ = data(r, at(ms), n, 8);
        }
        acks(r)
    };
    assert_eq!(window(&mut r, 100), [4], "a round trip of 100 ms");
    assert_eq!(window(&mut r, 110), [], "duplicates of the network");
    assert_eq!(window(&mut r, 250), [4], "the ACK was lost");
}

#[test]
fn a_rate_delays_acks_and_the_peer_s_repeats_make_no_more_of_them() {
    let mut r = Receiver::new(Instant::ZERO, terms(1, 8), Mode::Octet, Opening::Ack, Config::server());
    assert!(r.has_leave());
    r.hold(at(3_000));
    assert!(!r.has_leave());
    assert_eq!(acks(&mut r), [] as [u32; 0]);
    assert_eq!(r.poll_timeout(), Some(at(3_000)));
    assert!(!r.handle_timeout(at(3_000)));
    assert_eq!(acks(&mut r), [0]);
    data(&mut r, at(3_001), 1, 8);
    assert!(r.has_leave());
    r.hold(at(9_000));
    for ms in [4_000, 5_000, 6_000] {
        data(&mut r, at(ms), 1, 8);
        assert!(!r.handle_timeout(at(ms)), "we do not repeat what we hold back");
        assert_eq!(acks(&mut r), [] as [u32; 0]);
    }
    assert!(!r.handle_timeout(at(9_000)));
    assert_eq!(acks(&mut r), [1], "one");
    assert_eq!(r.figures().timeouts, 0);
    data(&mut r, at(9_001), 2, 7);
    r.hold(at(20_000));
    r.commit(at(9_002));
    assert_eq!(acks(&mut r), [2], "the last one has nothing to wait for");
}

#[test]
fn what_the_owner_takes_to_write_is_not_the_peers_silence() {
    let mut r = receiver(1);
    data(&mut r, at(0), 1, 8);
    assert_eq!(acks(&mut r), [1]);
    // The owner was asked something for a minute; blocks wait in its socket.
    r.was_busy(at(60_000));
    assert!(!r.handle_timeout(at(60_000)), "it would have given up");
    data(&mut r, at(60_001), 2, 8);
    assert_eq!(acks(&mut r), [2]);
    let gives_up = Config::client().no_progress;
    let mut now = at(60_001);
    while !events(&mut r).contains(&Event::Over(Outcome::TimedOut)) {
        now = r.poll_timeout().expect("it waits for something");
        r.handle_timeout(now);
        assert!(now <= at(60_001) + gives_up, "silence is one from then on");
    }
    assert_eq!(now, at(60_001) + gives_up);
}
