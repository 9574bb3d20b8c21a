use super::*;
use crate::packet::write_ack;
use clock::Duration;

const MS: Duration = Duration::from_millis(1);

fn terms(windowsize: u16) -> Terms {
    Terms { windowsize, ..Terms::default() }
}

fn sender(windowsize: u16, last: u64) -> Sender {
    Sender::new(Instant::ZERO, terms(windowsize), Some(last), Start::Data, Config::server())
}

fn at(ms: u32) -> Instant {
    Instant::ZERO + MS * ms
}

/// Everything that goes out, as `first+count why`.
fn out(s: &mut Sender) -> Vec<(u64, u16, Why)> {
    core::iter::from_fn(|| s.poll_transmit())
        .map(|t| match t {
            Transmit::Blocks { first, count, why } => (first, count, why),
            Transmit::Ack { .. } => panic!("a sender acknowledges nothing"),
            Transmit::Packet { octets, why } => (u64::from(octets[1]) * 1_000, 0, why),
        })
        .collect()
}

fn ack(s: &mut Sender, now: Instant, n: u16) -> Received {
    s.handle_datagram(now, &write_ack(BlockNo(n)))
}

#[test]
fn rule_11_blocks_start_at_1_and_ack_n_acknowledges_n() {
    let mut s = sender(1, 3);
    assert_eq!(out(&mut s), [(1, 1, Why::First)]);
    assert_eq!(ack(&mut s, at(1), 0), Received::Dup, "ACK 0 is no ACK 1");
    assert_eq!(out(&mut s), []);
    assert_eq!(ack(&mut s, at(1), 1), Received::New);
    assert_eq!(out(&mut s), [(2, 1, Why::First)]);
}

#[test]
fn rule_13_a_duplicate_ack_never_moves_a_block_in_lock_step() {
    let mut s = sender(1, 9);
    let _ = out(&mut s);
    ack(&mut s, at(1), 1);
    assert_eq!(out(&mut s).len(), 1);
    for ms in [1, 2, 5, 9] {
        assert_eq!(ack(&mut s, at(ms), 1), Received::Dup);
        assert_eq!(out(&mut s), []);
    }
    assert!(s.handle_timeout(at(60)));
    assert_eq!(out(&mut s), [(2, 1, Why::Again(1))]);
}

#[test]
fn rule_14_the_timer_is_absolute_and_backs_off() {
    let mut s = sender(1, 9);
    let _ = out(&mut s);
    assert_eq!(s.poll_timeout(), Some(at(250)));
    // Junk, stale ACKs and foreign packets do not move it.
    for octets in [&b"junk"[..], &write_ack(BlockNo(77)), b"\0\x03\0\x01x"] {
        let _ = s.handle_datagram(at(200), octets);
    }
    assert_eq!(s.poll_timeout(), Some(at(250)));
    let mut waits = Vec::new();
    let mut now = Instant::ZERO;
    for _ in 0..3 {
        let next = s.poll_timeout().unwrap();
        waits.push(next.since(now).as_millis());
        now = next;
        assert!(s.handle_timeout(now));
        assert_eq!(out(&mut s).len(), 1);
    }
    assert_eq!(waits, [250, 500, 1_000]);
}

#[test]
fn rule_14_karn_a_repeated_block_measures_nothing() {
    let mut s = sender(1, 9);
    let _ = out(&mut s);
    ack(&mut s, at(10), 1);
    let _ = out(&mut s);
    let measured = s.srtt();
    let wait = s.poll_timeout().unwrap();
    assert!(s.handle_timeout(wait));
    let _ = out(&mut s);
    ack(&mut s, wait + MS, 2);
    assert_eq!(s.srtt(), measured);
}

#[test]
fn rule_14_a_second_answer_to_a_repeat_makes_the_timer_patient() {
    let mut s = sender(1, 99);
    let mut now = Instant::ZERO;
    for n in 1..=20 {
        let _ = out(&mut s);
        now += MS;
        ack(&mut s, now, n);
    }
    let _ = out(&mut s);
    assert_eq!(s.figures().rto, MS * 10);
    // Block 21 takes 100 ms; it went out at 0, 10, 30 and 70.
    let sent = now;
    while s.poll_timeout().unwrap() < sent + MS * 100 {
        assert!(s.handle_timeout(s.poll_timeout().unwrap()));
        assert_eq!(out(&mut s).len(), 1);
    }
    assert_eq!(ack(&mut s, sent + MS * 100, 21), Received::New);
    assert_eq!(s.figures().rto, MS * 10, "an answer ends the back-off");
    let _ = out(&mut s);
    assert_eq!(ack(&mut s, sent + MS * 101, 21), Received::Dup);
    assert_eq!(out(&mut s), []);
    assert_eq!(s.poll_timeout(), Some(sent + MS * 300), "block 22 has twice the time that 21 took");
    ack(&mut s, sent + MS * 105, 22);
    let floor = s.figures().rto;
    assert!((MS * 90..=MS * 100).contains(&floor), "{floor:?}");
}

/// A sender that goes ahead, behind the ACK of block 1.
fn ahead(last: u64) -> Sender {
    let config = Config { send_ahead: Some(crate::SendAhead { most: 3 }), ..Config::server() };
    let mut s = Sender::new(Instant::ZERO, terms(1), Some(last), Start::Data, config);
    assert_eq!(out(&mut s), [(1, 1, Why::First)], "nothing goes ahead to an unproved peer");
    ack(&mut s, at(1), 1);
    assert_eq!(out(&mut s), [(2, 1, Why::First), (3, 1, Why::First)]);
    s
}

#[test]
fn rule_13_sending_ahead_sends_one_block_for_each_ack_in_its_turn() {
    let mut s = ahead(500);
    for n in 2..=30 {
        ack(&mut s, at(u32::from(n)), n);
        assert_eq!(out(&mut s), [(u64::from(n) + 2, 1, Why::First)]);
    }
    let mut most = 0;
    for n in 31..=500 {
        ack(&mut s, at(u32::from(n)), n);
        most = most.max(out(&mut s).len());
    }
    assert_eq!(most, 2, "it grows by one block at a time");
    assert_eq!(s.poll_event(), Some(Event::Over(Outcome::Complete)));
    let f = s.figures();
    assert_eq!((f.burst, f.repeats, f.ahead), (3, 0, crate::AheadFigure::Held));
}

#[test]
fn rule_13_the_first_oddity_ends_sending_ahead_and_moves_no_block() {
    type Oddity = fn(&mut Sender);
    let oddities: [(&str, Oddity); 5] = [
        ("a duplicate ACK", |s| assert_eq!(ack(s, at(3), 2), Received::Dup)),
        ("an old ACK", |s| assert_eq!(ack(s, at(3), 1), Received::Stale)),
        ("an ACK of what was never sent", |s| assert_eq!(ack(s, at(3), 9), Received::Stale)),
        ("an ACK that leaves one out", |s| assert_eq!(ack(s, at(3), 4), Received::New)),
        ("a time-out", |s| {
            assert!(s.handle_timeout(s.poll_timeout().unwrap()));
            assert_eq!(out(s), [(3, 1, Why::Again(1))]);
        }),
    ];
    for (name, oddity) in oddities {
        let mut s = ahead(500);
        ack(&mut s, at(2), 2);
        assert_eq!(out(&mut s), [(4, 1, Why::First)]);
        oddity(&mut s);
        assert_eq!(s.figures().ahead, crate::AheadFigure::FellBack, "{name}");
        // What is out is awaited; from then on it is lock-step for good.
        for n in s.acked() as u16 + 1..100 {
            let sent = out(&mut s);
            assert!(sent.len() <= 1 && sent.iter().all(|o| o.0 == s.acked() + 1), "{name}: {sent:?}");
            ack(&mut s, at(50), n);
        }
    }
}

#[test]
fn rule_13_without_the_option_nothing_goes_ahead() {
    let mut s = sender(1, 99);
    for n in 1..=40 {
        assert_eq!(out(&mut s).len(), 1);
        ack(&mut s, at(1), n);
    }
    assert_eq!(s.figures().ahead, crate::AheadFigure::Unused);
}

/// 18,000 at once have 8 KiB each, the kernel's part included.
#[test]
fn a_transfer_is_some_hundred_octets() {
    assert!(size_of::<Sender>() <= 768, "{}", size_of::<Sender>());
    assert!(size_of::<crate::Receiver>() <= 768, "{}", size_of::<crate::Receiver>());
}

#[test]
fn rule_15_a_lost_last_ack_is_unconfirmed() {
    let mut s = sender(1, 1);
    let _ = out(&mut s);
    s.proved = true;
    assert!(s.handle_timeout(at(180_000)));
    assert_eq!(s.poll_event(), Some(Event::Over(Outcome::Unconfirmed)));
    assert_eq!(out(&mut s), [], "no ERROR that could make the peer drop the file");
    assert_eq!(s.poll_timeout(), None);
}

#[test]
fn rule_17_blocks_roll_over_and_the_count_does_not() {
    let mut s = sender(1, 70_000);
    for block in 1..70_000u64 {
        assert_eq!(out(&mut s), [(block, 1, Why::First)]);
        assert_eq!(ack(&mut s, at(1), (block & 0xffff) as u16), Received::New);
    }
    assert_eq!(s.acked(), 69_999);
}

#[test]
fn rule_20_the_oack_is_repeated_until_ack_0_and_ack_0_again_moves_nothing() {
    let oack = b"\0\x06blksize\x00512\0".to_vec();
    let mut s = Sender::new(Instant::ZERO, terms(1), Some(2), Start::Oack(oack), Config::server());
    assert_eq!(out(&mut s), [(6_000, 0, Why::First)]);
    assert_eq!(ack(&mut s, at(1), 1), Received::Stale);
    assert!(s.handle_timeout(at(1_000)));
    assert_eq!(out(&mut s), [(6_000, 0, Why::Again(1))]);
    assert_eq!(ack(&mut s, at(1_001), 0), Received::New);
    assert_eq!(out(&mut s), [(1, 1, Why::First)]);
    assert_eq!(ack(&mut s, at(1_002), 0), Received::Dup);
    assert_eq!(out(&mut s), []);
}

#[test]
fn rule_07_a_repeated_request_gets_the_first_answer_again() {
    let mut s = sender(1, 2);
    let _ = out(&mut s);
    s.resend_first(at(4));
    assert_eq!(out(&mut s), [(1, 1, Why::Again(1))]);
    ack(&mut s, at(5), 1);
    let _ = out(&mut s);
    s.resend_first(at(6));
    assert_eq!(out(&mut s), [], "once something was acknowledged it is no repeat");
}

#[test]
fn rule_09_an_error_ends_it_and_is_not_answered() {
    let mut s = sender(1, 2);
    let _ = out(&mut s);
    let _ = s.handle_datagram(at(1), b"\0\x05\0\x03full\0");
    let want = Outcome::Refused { code: ErrorCode::DiskFull, text: "full".into() };
    assert_eq!(s.poll_event(), Some(Event::Over(want)));
    assert_eq!(out(&mut s), []);
    assert!(!s.handle_timeout(at(999_999)));
    assert_eq!(out(&mut s), []);
}

#[test]
fn rule_29_a_window_is_sent_and_then_waits() {
    let mut s = sender(4, 10);
    assert_eq!(out(&mut s), [(1, 4, Why::First)]);
    ack(&mut s, at(1), 4);
    assert_eq!(out(&mut s), [(5, 4, Why::First)]);
    ack(&mut s, at(2), 8);
    assert_eq!(out(&mut s), [(9, 2, Why::First)], "the final window is short");
    ack(&mut s, at(3), 10);
    assert_eq!(s.poll_event(), Some(Event::Over(Outcome::Complete)));
}

#[test]
fn rule_31_the_next_window_starts_behind_a_partial_ack() {
    let mut s = sender(4, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 4);
    assert_eq!(out(&mut s), [(5, 4, Why::First)]);
    assert_eq!(ack(&mut s, at(20), 6), Received::New);
    assert_eq!(out(&mut s), [(7, 2, Why::Again(1)), (9, 2, Why::First)]);
    assert_eq!(ack(&mut s, at(21), 4), Received::Stale, "older than the window");
    assert_eq!(ack(&mut s, at(21), 6), Received::Dup, "the same gap twice within a round trip");
    assert_eq!(out(&mut s), []);
}

#[test]
fn rule_31_an_ack_of_the_base_rewinds_at_most_once() {
    let mut s = sender(4, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 4);
    let _ = out(&mut s);
    assert_eq!(ack(&mut s, at(11), 4), Received::Dup, "too early to be about this window");
    assert_eq!(out(&mut s), []);
    assert_eq!(ack(&mut s, at(20), 4), Received::Gap, "block 5 is missing");
    assert_eq!(out(&mut s), [(5, 4, Why::Again(1))]);
    for ms in 21..40 {
        assert_eq!(ack(&mut s, at(ms), 4), Received::Dup);
        assert_eq!(out(&mut s), []);
    }
}

#[test]
fn rule_31_answers_to_a_repeated_window_do_not_restart_the_next() {
    let mut s = sender(4, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 4);
    let _ = out(&mut s);
    ack(&mut s, at(20), 8);
    let _ = out(&mut s);
    // The ACK of 12 was lost: 9 to 12 go out again, and a peer that answers each of them is heard four times.
    let repeated = s.poll_timeout().unwrap();
    assert!(s.handle_timeout(repeated));
    assert_eq!(out(&mut s), [(9, 4, Why::Again(1))]);
    assert_eq!(ack(&mut s, repeated + MS * 10, 12), Received::New);
    assert_eq!(out(&mut s), [(13, 4, Why::First)]);
    for us in [10_100, 10_200, 10_300] {
        assert_eq!(ack(&mut s, repeated + Duration::from_micros(us), 12), Received::Dup);
        assert_eq!(out(&mut s), []);
    }
    // A round trip later it is about this window.
    assert_eq!(ack(&mut s, repeated + MS * 35, 12), Received::Gap);
}

#[test]
fn rule_31_a_partial_ack_from_before_the_window_sends_nothing_twice() {
    let mut s = sender(8, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 8);
    assert_eq!(out(&mut s), [(9, 8, Why::First)]);
    ack(&mut s, at(20), 10);
    assert_eq!(out(&mut s), [(11, 6, Why::Again(1)), (17, 2, Why::First)]);
    // What a receiver says of the first copies, behind its first gap ACK.
    assert_eq!(ack(&mut s, at(21), 13), Received::New);
    assert_eq!(out(&mut s), [(19, 3, Why::First)], "14 to 18 are on their way");
    assert_eq!(ack(&mut s, at(22), 14), Received::New);
    assert_eq!(out(&mut s), [(22, 1, Why::First)]);
    // A round trip later it speaks of the second.
    assert_eq!(ack(&mut s, at(31), 15), Received::New);
    assert_eq!(out(&mut s), [(16, 7, Why::Again(1)), (23, 1, Why::First)]);
}

#[test]
fn rule_14_the_back_off_ends_although_every_window_breaks() {
    let oack = b"\0\x06windowsize\x0064\0".to_vec();
    let mut s = Sender::new(Instant::ZERO, terms(64), Some(9_999), Start::Oack(oack), Config::server());
    let _ = out(&mut s);
    // The OACK goes out twice, so its answer measures nothing; then no ACK names a block that was sent once.
    let mut now = s.poll_timeout().unwrap();
    assert!(s.handle_timeout(now));
    ack(&mut s, now + MS, 0);
    let _ = out(&mut s);
    now = s.poll_timeout().unwrap();
    assert!(s.handle_timeout(now));
    for n in 1..=9 {
        let _ = out(&mut s);
        now += MS;
        assert_eq!(ack(&mut s, now, n * 2), Received::New);
    }
    assert!(s.figures().rto <= MS * 50, "{:?}", s.figures().rto);
}

#[test]
fn rule_29_a_window_that_is_paced_goes_out_in_bursts() {
    let mut s = sender(16, 10_000);
    let mut now = Instant::ZERO;
    // Each window loses its last eight blocks, and nothing behind the gap tells of it.
    for _ in 0..4 {
        let base = s.acked();
        assert_eq!(out(&mut s).iter().map(|o| o.1).sum::<u16>(), 16);
        ack(&mut s, now + MS, (base + 8) as u16);
        let _ = out(&mut s);
        now = s.poll_timeout().unwrap();
        assert!(s.handle_timeout(now));
    }
    let _ = out(&mut s);
    let head = (s.acked() + 8) as u16;
    ack(&mut s, now + MS, head);
    now += MS;
    assert_eq!(s.figures().burst, 6);
    let mut sent = out(&mut s);
    for burst in 1..=2 {
        assert_eq!(sent.iter().map(|o| o.1).sum::<u16>(), 6 * burst);
        let next = s.poll_timeout().unwrap();
        assert!((Duration::from_micros(250)..MS * 3).contains(&next.since(now)));
        assert!(!s.handle_timeout(next), "no wait has ended");
        sent.extend(out(&mut s));
        now = next;
    }
    assert_eq!(sent.iter().map(|o| o.1).sum::<u16>(), 16);
    assert_eq!(s.poll_timeout(), Some(now + s.figures().rto), "the wait begins behind the last burst");
}

#[test]
fn rule_32_on_a_timeout_the_window_starts_behind_the_last_ack() {
    let mut s = sender(4, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 3);
    let _ = out(&mut s);
    assert!(s.handle_timeout(s.poll_timeout().unwrap()));
    assert_eq!(out(&mut s), [(4, 4, Why::Again(1))]);
}

#[test]
fn rule_32_it_ends_after_time_without_progress() {
    let mut s = sender(1, 100);
    let _ = out(&mut s);
    ack(&mut s, at(10), 1);
    let mut repeats = 0;
    while let Some(next) = s.poll_timeout() {
        let _ = s.handle_timeout(next);
        repeats += out(&mut s).iter().filter(|o| o.1 > 0).count();
        if next >= at(180_010) {
            break;
        }
    }
    assert_eq!(s.poll_event(), Some(Event::Over(Outcome::TimedOut)));
    // The round trip is known, so one each two seconds at last.
    assert!(repeats < 100, "{repeats} repeats in three minutes");
}

#[test]
fn rule_35_an_unproved_peer_gets_few_repeats_and_a_repeated_request_renews_them() {
    let mut s = sender(1, 100);
    let mut sent = out(&mut s).len();
    while s.poll_timeout().unwrap() < at(170_000) {
        let next = s.poll_timeout().unwrap();
        let _ = s.handle_timeout(next);
        sent += out(&mut s).len();
    }
    assert_eq!(sent, 5);
    s.resend_first(at(171_000));
    assert_eq!(out(&mut s).len(), 1);
    ack(&mut s, at(171_001), 1);
    assert_eq!(out(&mut s), [(2, 1, Why::First)]);
}

/// A peer that writes flash: 60 s at block 1, 3 s at every 128th block, and one answer to each block.
#[test]
fn rule_14_a_peer_that_pauses_is_not_flooded() {
    const BLOCKS: u64 = 1_280;
    let mut s = sender(1, BLOCKS);
    let (mut now, mut repeats, mut sent) = (Instant::ZERO, 0u64, 0u64);
    for block in 1..=BLOCKS {
        let pause = match block {
            1 => MS * 60_000,
            b if b % 128 == 0 => MS * 3_000,
            _ => MS * 2,
        };
        let answer_at = now + pause;
        loop {
            for (_, count, why) in out(&mut s) {
                sent += u64::from(count);
                repeats += u64::from(why != Why::First) * u64::from(count);
            }
            match s.poll_timeout() {
                Some(next) if next < answer_at => assert!(s.handle_timeout(next)),
                _ => break,
            }
        }
        now = answer_at;
        ack(&mut s, now, (block & 0xffff) as u16);
    }
    assert_eq!(s.poll_event(), Some(Event::Over(Outcome::Complete)));
    // 60 s unproved: 4. Each pause of 3 s from a wait of 10 ms, doubling: at most 9, and few behind it.
    assert!(repeats <= 4 + 10 * 10, "{repeats} repeats of {sent} blocks");
}

#[test]
fn the_figures_count_what_went_out_and_what_came() {
    let mut s = sender(4, 10);
    let _ = out(&mut s);
    ack(&mut s, at(10), 4);
    let _ = out(&mut s);
    ack(&mut s, at(20), 6);
    let _ = out(&mut s);
    ack(&mut s, at(21), 4);
    ack(&mut s, at(21), 6);
    assert!(s.handle_timeout(s.poll_timeout().unwrap()));
    let _ = out(&mut s);
    let f = s.figures();
    assert_eq!((f.blocks, f.sent, f.repeats), (6, 4 + 4 + 4 + 4, 2 + 4));
    assert_eq!((f.duplicates, f.stale, f.gaps, f.timeouts), (1, 1, 1, 1));
    assert_eq!(f.srtt, Some(MS * 10));
    // Text whose end was found while its first window was read.
    let mut s = Sender::new(Instant::ZERO, terms(4), None, Start::Data, Config::server());
    let _ = out(&mut s);
    s.set_last(2);
    assert_eq!(s.figures().sent, 2);
}

#[test]
fn the_whole_of_the_greatest_window_is_acknowledged_at_once() {
    // RFC 7440 §3 allows 65,535 blocks; its last number is one before that of the window's base.
    let mut s = sender(u16::MAX, 100_000);
    assert_eq!(out(&mut s), [(1, u16::MAX, Why::First)]);
    assert_eq!(ack(&mut s, at(1), u16::MAX), Received::New);
    assert_eq!(out(&mut s), [(65_536, 34_465, Why::First)]);
    assert_eq!(ack(&mut s, at(2), 40_000), Received::Stale, "not sent yet, and long acknowledged");
}

#[test]
fn a_rate_lets_blocks_out_a_few_at_a_time_and_is_no_silence_of_the_peer_s() {
    let mut s = sender(16, 40);
    s.allow(4);
    let mut now = Instant::ZERO;
    let mut sent = Vec::new();
    // A window takes six seconds: longer than any wait for an answer.
    for _ in 0..4 {
        assert!(s.has_blocks());
        sent.extend(core::iter::once(s.poll_transmit()).flatten());
        s.hold(now + MS * 2_000);
        assert!(!s.has_blocks() && s.poll_transmit().is_none());
        assert_eq!(s.poll_timeout(), Some(now + MS * 2_000));
        assert!(!s.handle_timeout(now + MS * 1_000), "woken early");
        assert!(s.poll_transmit().is_none());
        now += MS * 2_000;
        assert!(!s.handle_timeout(now));
    }
    let runs: Vec<_> =
        [1, 5, 9, 13].map(|first| Transmit::Blocks { first, count: 4, why: Why::First }).into();
    assert_eq!(sent, runs);
    assert!(!s.has_blocks(), "the window is out");
    assert_eq!((s.figures().timeouts, s.figures().repeats), (0, 0));
    // Now the peer has its time.
    let next = s.poll_timeout().unwrap();
    assert!(next > now && next <= now + MS * 250);
    assert_eq!(ack(&mut s, now + MS * 10, 16), Received::New);
    assert_eq!(s.poll_transmit(), Some(Transmit::Blocks { first: 17, count: 4, why: Why::First }));
    s.abort(ErrorCode::Undefined, "kicked");
    s.hold(now + MS * 2_000);
    assert_eq!(out(&mut s), [(5_000, 0, Why::First)], "an ERROR does not wait");
}

#[test]
fn an_ack_that_comes_while_blocks_are_held_counts() {
    let mut s = sender(2, 9);
    s.allow(1);
    assert_eq!(s.poll_transmit(), Some(Transmit::Blocks { first: 1, count: 1, why: Why::First }));
    s.hold(at(5_000));
    assert_eq!(ack(&mut s, at(10), 1), Received::New);
    assert!(s.poll_transmit().is_none());
    assert!(!s.handle_timeout(at(5_000)));
    assert_eq!(s.poll_transmit(), Some(Transmit::Blocks { first: 2, count: 1, why: Why::First }));
    assert_eq!(s.figures().timeouts, 0);
}
