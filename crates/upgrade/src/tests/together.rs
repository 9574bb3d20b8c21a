//! Neighbours that are restarted at the same time: each is away by our own hand, and not lost.

use super::planning::{NEW, OLD, new_image, router};
use crate::happened::{Effect, Happened, Outcome, Start};
use crate::{Facts, File, Neighbour, Next, Past, Run, State, Tolerance, Wish};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

/// A router that runs the new image since `uptime` minutes, with its interface and neighbour or without.
fn upgraded(uptime: u64, is_whole: bool) -> Facts {
    let mut facts =
        Facts { uptime, image: format!("flash0:{NEW}"), version: "15.5(3)M4a".into(), ..router() };
    facts.flash.files.push(File { name: NEW.into(), size: 100_000_000, is_directory: false });
    facts.boot.images = [NEW, OLD].map(|name| format!("flash0:{name}")).to_vec();
    let neighbour = Neighbour { name: "SW1.example.net".into(), port: "Gi0/1".into() };
    facts.neighbours = Some(if is_whole { vec![neighbour] } else { Vec::new() });
    let up = ["Gi0/0", "Gi0/1"].map(ToOwned::to_owned);
    facts.up = Some(up[..if is_whole { 2 } else { 1 }].to_vec());
    facts
}

/// An upgrade that has restarted it.
fn restarted() -> Run {
    let before = router();
    let effect = Effect::Reload;
    let happened = [
        Happened::Began {
            serial: before.serial.clone(),
            image: before.image.clone(),
            version: before.version.clone(),
            boot: before.boot.images.clone(),
            may_go: Vec::new(),
            state: State::of(&upgraded(0, true)),
        },
        Happened::Intent { effect: effect.clone(), at: 90_000, start: Start::of(&before) },
        Happened::Done { effect, md5: None },
    ];
    Run::new(new_image(), Wish::default(), None, Past::of(&happened))
}

fn names(others: &[&str]) -> Vec<String> {
    others.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn whoever_restarts_too_is_not_missed_before_it_should_be_back() {
    let settle = Tolerance::default().settle.as_secs();
    let is_wait = |next: &Next| matches!(next, Next::Wait(_));
    let is_back = |next: &Next| matches!(next, Next::Note(Happened::TurnedBack(why)) if why.contains("SW1.example.net at Gi0/1"));
    // An hour behind its own restart, while the other one takes two more.
    let mut run = restarted();
    for now in [100_000, 103_600, 107_200] {
        run.restart_too(names(&["R7", "sw1"]));
        let next = run.next(&upgraded((now - 96_400) / 60, false), now);
        assert!(is_wait(&next), "{next:?}");
    }
    // It is back, or given up: it has as long as any neighbour to be seen, whatever this one's uptime is.
    run.restart_too(names(&["R7"]));
    for (now, is) in
        [(107_201, is_wait as fn(&Next) -> bool), (107_200 + settle, is_wait), (107_202 + settle, is_back)]
    {
        let next = run.next(&upgraded(200, false), now);
        assert!(is(&next), "at {now}: {next:?}");
    }
    // Where it is seen again nothing is wrong.
    assert_eq!(run.next(&upgraded(300, true), 107_202 + settle), Next::Over(Outcome::Upgraded));
}

#[test]
fn others_that_restart_are_no_excuse() {
    for others in [&[][..], &["SW11", "SW", "R1"]] {
        let mut run = restarted();
        run.restart_too(names(others));
        let next = run.next(&upgraded(60, false), 100_000);
        assert!(matches!(next, Next::Note(Happened::TurnedBack(_))), "{others:?}: {next:?}");
    }
    // A neighbour that is there, and an interface that is away all the same.
    let mut run = restarted();
    run.restart_too(names(&["SW1"]));
    let facts = Facts { up: Some(vec!["Gi0/0".into()]), ..upgraded(60, true) };
    let next = run.next(&facts, 100_000);
    assert!(
        matches!(&next, Next::Note(Happened::TurnedBack(why)) if why.ends_with("down: Gi0/1")),
        "{next:?}"
    );
}
