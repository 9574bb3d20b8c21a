use super::*;
use crate::packet::{Packet, write_oack};
use alloc::string::String;

/// Parses `a=1 b=2` as the options of a request.
fn offer(pairs: &str) -> Offer {
    let mut octets = b"\0\x06".to_vec();
    for pair in pairs.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        octets.extend_from_slice(name.as_bytes());
        octets.push(0);
        octets.extend_from_slice(value.as_bytes());
        octets.push(0);
    }
    Offer::read(&list(&octets))
}

fn list(octets: &[u8]) -> OptionList<'_> {
    let Ok(Packet::Oack(list)) = Packet::parse(octets) else { panic!("no option list: {octets:?}") };
    list
}

/// The OACK's pairs as text.
fn shown(offer: &Offer) -> String {
    let octets = write_oack(offer);
    let mut out = String::new();
    for (name, value) in list(&octets).iter() {
        out += &alloc::format!("{}={} ", name.escape_ascii(), value.escape_ascii());
    }
    String::from(out.trim_end())
}

fn agree(pairs: &str, size: Size) -> (Terms, String) {
    let agreed = offer(pairs).agree(&Limits::default(), Mode::Octet, size);
    (agreed.terms, shown(&agreed.accepted))
}

fn accept(asked: &Offer, oack: &[u8]) -> Result<Terms, BadOack> {
    asked.accept(&list(oack))
}

#[test]
fn rule_19_only_requested_known_options_each_once_with_the_name_as_sent() {
    let (_, oack) = agree("BlkSize=1432 multicast=1 foo=7 tsize=0", Size::Ours(7_000));
    assert_eq!(oack, "BlkSize=1432 tsize=7000");
    let agreed = offer("foo=1 bar=2").agree(&Limits::default(), Mode::Octet, Size::Ours(1));
    assert!(agreed.accepted.is_empty(), "nothing accepted: no OACK");
    let octets = write_oack(&offer("blksize=512"));
    assert_eq!(octets, b"\0\x06blksize\x00512\0", "no trailing octets");
}

#[test]
fn rule_21_an_oack_that_does_not_fit_is_refused() {
    let asked = Offer::none().blksize(1_432).windowsize(8).tsize(0);
    assert_eq!(accept(&asked, b"\0\x06timeout\x005\0"), Err(BadOack::NotAsked));
    assert_eq!(accept(&asked, b"\0\x06blksize\x001433\0"), Err(BadOack::BadValue));
    assert_eq!(accept(&asked, b"\0\x06blksize\x007\0"), Err(BadOack::BadValue));
    assert_eq!(accept(&asked, b"\0\x06blksize\0abc\0"), Err(BadOack::BadValue));
    assert_eq!(accept(&asked, b"\0\x06windowsize\x009\0"), Err(BadOack::BadValue));
    assert_eq!(accept(&asked, b"\0\x06windowsize\x000\0"), Err(BadOack::BadValue));
    assert_eq!(accept(&asked, b"\0\x06tsize\x001\0TSIZE\x001\0"), Err(BadOack::Twice));
    let terms = accept(&asked, b"\0\x06BLKSIZE\x001024\0tsize\x0099\0").unwrap();
    assert_eq!((terms.blksize, terms.windowsize, terms.tsize), (1_024, 1, Some(99)));
}

#[test]
fn rule_24_blksize_is_never_above_the_request_and_odd_values_are_omitted() {
    assert_eq!(agree("blksize=8", Size::Unknown).1, "blksize=8");
    assert_eq!(agree("blksize=99999", Size::Unknown).1, "blksize=65464");
    for odd in ["7", "0", "abc", "-1", "1e3", "", "99999999999999999999999"] {
        let (terms, oack) = agree(&alloc::format!("blksize={odd}"), Size::Unknown);
        assert_eq!((terms.blksize, oack.as_str()), (512, ""), "{odd}");
    }
}

#[test]
fn rule_25_timeout_is_echoed_or_omitted() {
    assert_eq!(agree("timeout=5", Size::Unknown).1, "timeout=5");
    assert_eq!(agree("timeout=255", Size::Unknown).0.timeout, Some(Duration::from_secs(255)));
    assert_eq!(agree("timeout=0", Size::Unknown).1, "");
    assert_eq!(agree("timeout=256", Size::Unknown).1, "");
    assert_eq!(agree("utimeout=250000", Size::Unknown).0.timeout, Some(Duration::from_millis(250)));
    let asked = Offer::none().timeout(5);
    assert_eq!(accept(&asked, b"\0\x06timeout\x006\0"), Err(BadOack::BadValue));
}

#[test]
fn rule_26_tsize_is_told_echoed_or_omitted() {
    assert_eq!(agree("tsize=0", Size::Ours(5_368_709_120)).1, "tsize=5368709120");
    assert_eq!(agree("tsize=0", Size::Ours(0)).1, "", "an empty file");
    assert_eq!(agree("tsize=77", Size::Theirs).1, "tsize=77");
    assert_eq!(offer("tsize=77").announced(), Some(77));
    assert_eq!(offer("tsize=0").announced(), None);
    let text = offer("tsize=0").agree(&Limits::default(), Mode::Netascii, Size::Ours(9));
    assert!(text.accepted.is_empty(), "rule 18: netascii omits it");
}

#[test]
fn rule_26_another_size_for_an_upload_binds_nobody() {
    // tftpy 0.8.7 and partftpy 0.4.0, to a WRQ with blksize=1428 tsize=6.
    let terms =
        accept(&Offer::none().blksize(1_428).tsize(6), b"\0\x06blksize\x001428\0tsize\x000\0").unwrap();
    assert_eq!((terms.blksize, terms.tsize), (1_428, None));
    let none = accept(&Offer::none().tsize(6), b"\0\x06tsize\0six\0");
    assert_eq!(none, Err(BadOack::BadValue), "no number is still wrong");
}

#[test]
fn rule_27_windowsize_is_never_above_the_request_or_our_limits() {
    assert_eq!(agree("windowsize=16", Size::Unknown).1, "windowsize=16");
    assert_eq!(agree("windowsize=4000", Size::Unknown).1, "windowsize=4000");
    assert_eq!(agree("windowsize=65535", Size::Unknown).1, "windowsize=8192", "4 MiB of 512 octets");
    assert_eq!(agree("windowsize=65535 blksize=8", Size::Unknown).1, "windowsize=65535 blksize=8");
    assert_eq!(agree("windowsize=80 blksize=65464", Size::Unknown).1, "windowsize=64 blksize=65464");
    assert_eq!(agree("windowsize=0", Size::Unknown).1, "");
    assert_eq!(agree("windowsize=many", Size::Unknown).1, "");
}

#[test]
fn rule_28_of_a_repeated_option_the_first_wins() {
    assert_eq!(agree("blksize=1024 BLKSIZE=2048", Size::Unknown).1, "blksize=1024");
}

#[test]
fn rule_17_the_rollover_option_is_honoured() {
    assert_eq!(agree("rollover=1", Size::Unknown).0.rollover, Rollover::One);
    assert_eq!(agree("rollover=2", Size::Unknown).1, "");
}

#[test]
fn what_was_asked_is_told_with_what_was_agreed() {
    let offer = Offer::none().tsize(0).blksize(65_464).windowsize(64).timeout(3);
    let limits = Limits { blksize: 1_428, ..Limits::default() };
    let told = |mode, size| {
        let agreed = offer.agree(&limits, mode, size);
        offer.negotiated(&agreed.terms).collect::<Vec<_>>()
    };
    let ours = told(Mode::Octet, Size::Ours(7_000));
    let all = [
        ("tsize", 0, Some(7_000)),
        ("blksize", 65_464, Some(1_428)),
        ("windowsize", 64, Some(64)),
        ("timeout", 3, Some(3)),
    ];
    assert_eq!(ours, all);
    assert_eq!(told(Mode::Octet, Size::Ours(0))[0], ("tsize", 0, None), "left out for an empty file");
    assert_eq!(told(Mode::Netascii, Size::Unknown)[0], ("tsize", 0, None));
}
