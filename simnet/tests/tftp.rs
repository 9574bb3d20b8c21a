//! TFTP over bad links: every file arrives whole, and it does not cost much more than it must.

use clock::Duration;
use link::{Odds, Params, Rng};
use simnet::Pair;
use simnet::tftp::{ClientNode, ServerNode};
use std::fmt::Write as _;
use tftp_proto::{Config, Offer, Outcome};

const MS: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(86_400);

fn content(len: usize, rng: &mut Rng) -> Vec<u8> {
    (0..len).map(|_| rng.next_u64() as u8).collect()
}

fn bad(loss: u32) -> Params {
    Params {
        loss: Odds::percent(loss),
        duplicate: Odds::percent(10),
        delay: MS * 5,
        jitter: MS * 10,
        ..Params::default()
    }
}

/// A download or an upload; gives the datagrams that both ends sent.
fn transfer(down: bool, len: usize, offer: Offer, params: Params, seed: u64) -> u64 {
    let what = format!("seed {seed}: {len} octets {}, {offer:?}", if down { "down" } else { "up" });
    let file = content(len, &mut Rng::new(seed));
    let (client, server) = if down {
        (ClientNode::get(offer, Config::client()), ServerNode::new(file.clone(), Config::server()))
    } else {
        (
            ClientNode::put(file.clone(), offer, Config::client()),
            ServerNode::new(Vec::new(), Config::server()),
        )
    };
    let mut pair = Pair::new(client, server, params, seed);
    let took = pair.run(DAY).unwrap_or_else(|| panic!("{what}: did not end"));
    let received = if down { pair.a.received() } else { pair.b.received() };
    let (a, b) = (pair.a.outcome(), pair.b.outcome());
    assert!(received == Some(&file[..]), "{what}: not whole (client {a:?}, server {b:?}, after {took:?})");
    let sender = if down { b } else { a };
    assert!(
        matches!(sender, Some(Outcome::Complete | Outcome::Unconfirmed)),
        "{what}: the sender says {sender:?}"
    );
    pair.datagrams()
}

#[test]
fn at_25_percent_loss_every_file_arrives_whole() {
    // The soak asks for more.
    let seeds = std::env::var("SIMNET_SEEDS").map_or(1_200, |n| n.parse().expect("SIMNET_SEEDS is a number"));
    println!("soak: {seeds} files whole at 25 % loss each way, 10 % duplication, jitter");
    for seed in 0..seeds {
        let mut rng = Rng::new(seed ^ 0x7f4a_7c15);
        let len = rng.below(3_000) as usize;
        let mut offer = Offer::none();
        if seed % 5 != 0 {
            offer = offer.blksize(8 + rng.below(100) as u16).windowsize(1 + rng.below(24) as u16);
        }
        if seed % 3 != 0 {
            offer = offer.tsize(if seed % 2 == 0 { 0 } else { len as u64 });
        }
        transfer(seed % 2 == 0, len, offer, bad(25), seed);
    }
}

/// 66,000 blocks: the number on the wire rolls over while packets are lost, repeated and late.
#[test]
fn the_rollover_is_crossed_on_a_bad_link() {
    for (seed, window) in [1, 5, 16, 64].into_iter().enumerate() {
        let offer = Offer::none().blksize(8).windowsize(window);
        for down in [true, false] {
            transfer(down, 66_000 * 8 - 5, offer.clone(), bad(3), seed as u64);
        }
    }
}

/// The mean of ten seeds of 500 blocks down.
fn figures(loss: u32, window: u16, jitter: bool) -> u64 {
    let mut params = bad(loss);
    if !jitter {
        (params.jitter, params.duplicate) = (Duration::ZERO, Odds::NEVER);
    }
    let offer = Offer::none().blksize(8).windowsize(window);
    (0..10).map(|seed| transfer(true, 500 * 8 - 1, offer.clone(), params, seed)).sum::<u64>() / 10
}

/// Datagrams (both ways) for a file of 500 blocks: the most that a change may make of them, on a link that
/// keeps order and on one that duplicates 10 % and shuffles by up to 10 ms. The least is 500, one ACK a
/// window, and three for request, OACK and ACK 0.
const BOUNDS: [(u32, u16, u64, u64); 12] = [
    (0, 1, 1_003, 1_100),
    (0, 4, 628, 1_350),
    (0, 16, 535, 1_250),
    (0, 64, 511, 1_200),
    (5, 1, 1_130, 1_200),
    (5, 4, 820, 1_400),
    (5, 16, 850, 1_350),
    (5, 64, 1_050, 1_450),
    (25, 1, 1_700, 1_750),
    (25, 4, 1_450, 1_650),
    (25, 16, 1_650, 1_950),
    (25, 64, 2_050, 2_500),
];

/// The table, and what is above its bound.
fn table(jitter: bool) -> (String, String) {
    let (mut table, mut over) = (String::from("loss window datagrams\n"), String::new());
    for (loss, window, orderly, shuffled) in BOUNDS {
        let bound = if jitter { shuffled } else { orderly };
        let datagrams = figures(loss, window, jitter);
        writeln!(table, "{loss:>3}% {window:>6} {datagrams:>9}").unwrap();
        if datagrams > bound {
            writeln!(over, "{loss} % loss, window {window}: {datagrams} datagrams, at most {bound}").unwrap();
        }
    }
    (table, over)
}

#[test]
fn the_table_of_datagrams_by_loss_and_window() {
    let (table, over) = table(false);
    assert!(over.is_empty(), "{over}");
    insta::assert_snapshot!(table, @r"
    loss window datagrams
      0%      1      1003
      0%      4       628
      0%     16       535
      0%     64       511
      5%      1      1084
      5%      4       753
      5%     16       733
      5%     64       895
     25%      1      1558
     25%      4      1317
     25%     16      1406
     25%     64      1789
    ");
}

#[test]
fn the_table_under_jitter_and_duplication() {
    let (table, over) = table(true);
    assert!(over.is_empty(), "{over}");
    insta::assert_snapshot!(table, @r"
    loss window datagrams
      0%      1      1006
      0%      4      1087
      0%     16      1000
      0%     64       956
      5%      1      1088
      5%      4      1123
      5%     16      1132
      5%     64      1243
     25%      1      1613
     25%      4      1507
     25%     16      1545
     25%     64      2426
    ");
}
