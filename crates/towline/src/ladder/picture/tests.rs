use super::super::tests::put_with_one_loss;
use super::super::{Fact, Packet};
use super::*;
use roxmltree::Document;
use std::net::SocketAddr;
use std::time::Duration;
use transport::tap::{Dir, Sense};

/// The texts of the elements with this class.
fn texts(document: &Document<'_>, class: &str) -> Vec<String> {
    let has =
        |n: &roxmltree::Node<'_, '_>| n.attribute("class").is_some_and(|c| c.split(' ').any(|c| c == class));
    let nodes = document.descendants().filter(|n| n.has_tag_name("text") && has(n));
    nodes.map(|n| n.text().unwrap_or_default().to_owned()).collect()
}

fn arrows(document: &Document<'_>, class: &str) -> usize {
    let is = |n: &roxmltree::Node<'_, '_>| n.has_tag_name("path") && n.attribute("class") == Some(class);
    document.descendants().filter(is).count()
}

fn seen(packets: impl IntoIterator<Item = (Dir, Packet, Sense)>) -> Vec<Seen> {
    let at = |n: usize| Duration::from_millis(n as u64);
    let fact = |(n, (dir, packet, sense)): (usize, (Dir, Packet, Sense))| Seen {
        at: at(n),
        flow: 1,
        local: SocketAddr::from(([10, 0, 0, 2], 50_000)),
        peer: SocketAddr::from(([10, 0, 0, 1], 41_000)),
        dir,
        what: Fact::Packet { packet, len: 516, sense },
    };
    packets.into_iter().enumerate().map(fact).collect()
}

#[test]
fn every_packet_of_an_exchange_is_there_in_its_phase_and_the_lost_one_is_marked() {
    let text = picture(&put_with_one_loss(), End::Client);
    let document = Document::parse(&text).unwrap();
    let drawn = texts(&document, "middle");
    for packet in
        ["WRQ \"a\\x1bb.bin\" octet", "ACK 0", "DATA 1 (512 octets)", "ACK 1", "DATA 2 (88 octets)", "ACK 2"]
    {
        let times = 1 + usize::from(packet.starts_with("DATA 1"));
        assert_eq!(drawn.iter().filter(|t| *t == packet).count(), times, "{packet} in {drawn:?}");
    }
    assert_eq!(texts(&document, "phase").len(), 3, "request, transfer, end");
    assert_eq!((arrows(&document, "lost"), arrows(&document, "again"), arrows(&document, "a")), (1, 1, 5));
    assert_eq!(
        (texts(&document, "lost"), texts(&document, "again")),
        (vec!["unanswered".into()], vec!["again #1".into()])
    );
    let small = texts(&document, "small");
    for time in ["0", "250.0ms", "1.500s", "nothing answered it: it was sent again"] {
        assert!(small.iter().any(|t| t == time), "{time} in {small:?}");
    }
    // Everything is inside the picture.
    let root = document.root_element();
    let height: f64 = root.attribute("height").unwrap().parse().unwrap();
    let ys = document.descendants().filter_map(|n| n.attribute("y")?.parse::<f64>().ok());
    assert!(ys.fold(0.0, f64::max) < height);
}

#[test]
fn a_peer_cannot_put_markup_into_the_picture() {
    let name = "</text><script>alert(1)</script>&amp;\u{ffff}\u{7}".to_owned();
    let request = Packet::Request { write: false, name: name.clone(), mode: "octet", options: Vec::new() };
    let error = Packet::Error { code: 1, text: "]]><!--".into() };
    let text = picture(
        &seen([(Dir::Sent, request, Sense::First), (Dir::Received, error, Sense::First)]),
        End::Client,
    );
    let document = Document::parse(&text).unwrap();
    assert!(!document.descendants().any(|n| n.has_tag_name("script")), "{text}");
    let drawn = texts(&document, "middle").join("");
    assert!(drawn.contains("</text><script>alert(1)</script>&amp;\u{fffd}\\x07"), "{drawn}");
    assert!(drawn.contains("ERROR 1 \"]]><!--\""), "{drawn}");
}

#[test]
fn long_runs_are_folded_and_what_is_amiss_is_not() {
    let blocks = (1..=5_000u16).flat_map(|block| {
        let sense = if block == 3_000 { Sense::Gap } else { Sense::First };
        let data = (Dir::Received, Packet::Data { block, len: 512 }, sense);
        let sent = if block == 2_000 { Sense::Again(1) } else { Sense::First };
        [data, (Dir::Sent, Packet::Ack { block: if block == 2_000 { 1_999 } else { block } }, sent)]
    });
    let text = picture(&seen(blocks), End::Client);
    let document = Document::parse(&text).unwrap();
    let folds = texts(&document, "fold");
    assert_eq!(folds.len(), 3, "before the repeat, before the gap, after it: {folds:?}");
    assert!(folds[0].starts_with("⋮  3,977 packets: DATA 6 (512 octets) … "), "{}", folds[0]);
    assert_eq!((arrows(&document, "again"), arrows(&document, "lost"), arrows(&document, "gap")), (1, 1, 1));
    // Every packet is drawn or in a fold.
    let folded: u64 =
        folds.iter().map(|f| f.split(' ').nth(2).unwrap().replace(',', "").parse::<u64>().unwrap()).sum();
    let drawn = ["a", "again", "lost", "gap"].iter().map(|c| arrows(&document, c)).sum::<usize>();
    assert_eq!(folded + drawn as u64, 10_000);
    assert!(text.len() < 60_000, "{}", text.len());
}

#[test]
fn a_picture_has_an_end_however_long_the_trace() {
    let dup = |n: u16| (Dir::Received, Packet::Data { block: n, len: 512 }, Sense::Duplicate);
    let text = of_at_most(500, &seen((0..1_500).map(dup)), End::Client);
    let document = Document::parse(&text).unwrap();
    assert_eq!(arrows(&document, "dup"), 499, "one row is the phase");
    assert!(texts(&document, "title").iter().any(|t| t == "1,001 rows more are not drawn"));
}
