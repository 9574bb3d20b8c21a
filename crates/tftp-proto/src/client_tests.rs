use super::*;
use clock::Duration;

fn reader(offer: Offer) -> Client {
    Client::read(Instant::ZERO, b"f", Mode::Octet, offer, Config::client()).unwrap()
}

fn writer(offer: Offer, len: u64) -> Client {
    Client::write(Instant::ZERO, b"f", Mode::Octet, offer, Some(len), Config::client()).unwrap()
}

fn at(ms: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(ms)
}

fn packets(c: &mut Client) -> Vec<Vec<u8>> {
    core::iter::from_fn(|| c.poll_transmit())
        .map(|t| match t {
            Transmit::Packet { octets, .. } => octets,
            Transmit::Ack { octets, .. } => octets.to_vec(),
            Transmit::Blocks { first, count, .. } => alloc::vec![0xff, first as u8, count as u8],
        })
        .collect()
}

fn over(c: &mut Client) -> Option<Outcome> {
    core::iter::from_fn(|| c.poll_event()).find_map(|e| match e {
        Event::Over(o) => Some(o),
        Event::Agreed(_) | Event::Place { .. } | Event::Whole { .. } => None,
    })
}

#[test]
fn rule_20_an_oack_to_rrq_is_answered_with_ack_0_each_time() {
    let mut c = reader(Offer::none().blksize(1_024));
    assert_eq!(packets(&mut c), [b"\0\x01f\0octet\0blksize\x001024\0".to_vec()]);
    let oack = b"\0\x06blksize\x001024\0";
    assert_eq!(c.handle_datagram(at(1), oack), Received::New);
    assert_eq!(packets(&mut c), [[0, 4, 0, 0]]);
    assert_eq!(c.handle_datagram(at(2), oack), Received::Dup);
    assert_eq!(packets(&mut c), [[0, 4, 0, 0]]);
}

#[test]
fn rule_20_an_oack_to_wrq_is_answered_with_data_1_and_ack_0_is_ignored() {
    let mut c = writer(Offer::none().tsize(700), 700);
    let _ = packets(&mut c);
    assert_eq!(c.handle_datagram(at(1), b"\0\x06tsize\x00700\0"), Received::New);
    assert_eq!(packets(&mut c), [[0xff, 1, 1]]);
    assert_eq!(c.handle_datagram(at(2), &[0, 4, 0, 0]), Received::Dup);
    assert!(packets(&mut c).is_empty());
}

#[test]
fn rule_21_a_bad_oack_is_refused_with_error_8() {
    let mut c = reader(Offer::none().blksize(1_024));
    let _ = packets(&mut c);
    let _ = c.handle_datagram(at(1), b"\0\x06blksize\x002048\0");
    assert_eq!(packets(&mut c)[0][..4], [0, 5, 0, 8]);
    assert_eq!(over(&mut c), Some(Outcome::Broken(Fault::BadOack(crate::BadOack::BadValue))));
}

#[test]
fn rule_22_refused_options_may_be_left_out_once() {
    for (code, retry) in [(0, true), (4, true), (8, true), (1, false), (2, false), (6, false)] {
        let mut c = reader(Offer::none().blksize(1_024));
        let _ = c.handle_datagram(at(1), &[0, 5, 0, code, 0]);
        let Some(Outcome::Refused { code, .. }) = over(&mut c) else { panic!("not refused") };
        assert_eq!(c.may_retry_plain(code), retry, "{code:?}");
    }
    let mut plain = reader(Offer::none());
    let _ = plain.handle_datagram(at(1), &[0, 5, 0, 8, 0]);
    assert!(!plain.may_retry_plain(ErrorCode::OptionRefused));
}

#[test]
fn rule_23_data_1_instead_of_an_oack_means_the_defaults() {
    let mut c = reader(Offer::none().blksize(1_024).windowsize(8));
    let _ = packets(&mut c);
    let data = [&[0, 3, 0, 1][..], &[7; 512]].concat();
    assert_eq!(c.handle_datagram(at(1), &data), Received::New);
    assert_eq!(packets(&mut c), [[0, 4, 0, 1]], "512 octets are a full block, and the window is one");
    assert_eq!(c.poll_event(), Some(Event::Agreed(Terms::default())));
    assert_eq!(c.poll_event(), Some(Event::Place { block: 1, len: 512 }));
}

/// RFC 1785 §2: a server of RFC 1350 reads what it knows, and the rest does no harm.
#[test]
fn rule_34_behind_our_options_a_request_is_one_of_rfc_1350() {
    let offer = Offer::none().blksize(1_428).windowsize(16).tsize(0).timeout(3);
    let request = packets(&mut reader(offer.clone())).remove(0);
    let mut words = request[2..].split(|b| *b == 0);
    assert_eq!((request[1], words.next(), words.next()), (1, Some(&b"f"[..]), Some(&b"octet"[..])));
    // Both answers that it may give lead on, with the defaults.
    let mut c = reader(offer.clone());
    let _ = packets(&mut c);
    let _ = c.handle_datagram(at(1), b"\0\x03\0\x01short");
    assert_eq!(c.poll_event(), Some(Event::Agreed(Terms::default())));
    let mut c = writer(offer, 5);
    let _ = packets(&mut c);
    let _ = c.handle_datagram(at(1), b"\0\x04\0\0");
    assert_eq!(c.poll_event(), Some(Event::Agreed(Terms::default())));
}

#[test]
fn rule_23_ack_0_instead_of_an_oack_means_the_defaults() {
    let mut c = writer(Offer::none().blksize(1_024).windowsize(8), 5_000);
    let _ = packets(&mut c);
    assert_eq!(c.handle_datagram(at(1), &[0, 4, 0, 0]), Received::New);
    assert_eq!(packets(&mut c), [[0xff, 1, 1]]);
    assert_eq!(c.poll_event(), Some(Event::Agreed(Terms::default())));
}

#[test]
fn rule_08_a_wrong_tid_is_answered_with_error_5_but_never_an_error() {
    assert_eq!(wrong_tid(b"\0\x03\0\x01x").unwrap()[..4], [0, 5, 0, 5]);
    assert_eq!(wrong_tid(b"\0\x05\0\x01x\0"), None, "rule 9");
    assert_eq!(wrong_tid(b"junk"), None);
}

#[test]
fn rule_14_a_request_is_repeated_with_back_off_and_ends_after_time() {
    let mut c = reader(Offer::none());
    let mut sent = packets(&mut c).len();
    while let Some(next) = c.poll_timeout() {
        assert!(c.handle_timeout(next));
        sent += packets(&mut c).len();
    }
    assert_eq!(over(&mut c), Some(Outcome::TimedOut));
    // at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 25.5, 35.5, 45.5, 55.5 s
    assert_eq!(sent, 10);
}

#[test]
fn rule_14_karn_a_request_that_went_out_twice_measures_nothing() {
    let wait_after = |repeats: u32| {
        let mut c = writer(Offer::none(), 5_000);
        for _ in 0..repeats {
            let next = c.poll_timeout().unwrap();
            assert!(c.handle_timeout(next));
        }
        let _ = packets(&mut c);
        let answered = at(10_000);
        assert_eq!(c.handle_datagram(answered, &[0, 4, 0, 0]), Received::New);
        c.poll_timeout().unwrap().since(answered)
    };
    assert_eq!(wait_after(1), Config::client().rto.first, "nothing is known");
    assert!(wait_after(0) > Config::client().rto.first, "ten seconds were measured");
}
