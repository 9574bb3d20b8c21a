//! Files whose pieces the owner deals.

use super::*;

impl Pair {
    /// Begins to write a file of pieces.
    fn pieces(&mut self, making: Making, content: &[u8]) -> JobId {
        let job = self.client.start(Verb::Pieces { path: b"f".to_vec(), making });
        self.sources.insert(job, content.to_vec());
        self.run();
        job
    }
}

#[test]
fn pieces_of_any_size_dealt_to_several_become_the_file() {
    for seed in 0..200 {
        let mut seeded = Seeded(seed);
        let manners = Manners {
            limits: (seeded.below(2) == 0).then(|| small_limits().unwrap()),
            shuffles: seeded.below(2) == 0,
            ..Manners::default()
        };
        let mut pair = pair(seed, manners);
        let len = [1, 70, 71, 5_000, 200_000][usize::try_from(seeded.below(5)).unwrap()];
        let whole = content(seed, len);
        let mut jobs = vec![pair.pieces(Making::New { mode: None }, &whole)];
        jobs.extend((0..seeded.below(4)).map(|_| pair.pieces(Making::There, &whole)));
        let (mut next, len) = (0, len as u64);
        while next < len {
            let job = jobs[usize::try_from(seeded.below(jobs.len() as u64)).unwrap()];
            let some = (seeded.below(3_000) + 1).min(len - next);
            pair.client.deal(job, next, some);
            next += some;
            // Some are dealt several before anything goes out.
            if seeded.below(3) == 0 {
                pair.run();
                assert!(jobs.iter().all(|job| pair.client.left(*job) == 0), "all of it went out");
            }
        }
        assert!(pair.over.is_empty(), "whoever may be dealt more is not over");
        jobs.iter().for_each(|job| pair.client.all_dealt(*job));
        pair.run();
        let moved: u64 = jobs
            .iter()
            .map(|job| match pair.over[job] {
                Ok(Outcome::Put { octets }) => octets,
                ref other => panic!("seed {seed}: {other:?}"),
            })
            .sum();
        assert_eq!((moved, pair.stored), (len, len), "seed {seed}");
        assert!(pair.toy.files[&b"f"[..]] == whole, "seed {seed}");
        assert_eq!((pair.toy.open_handles(), pair.client.in_flight()), (0, (0, 0)), "seed {seed}");
    }
}

#[test]
fn whoever_deals_learns_what_the_open_file_is() {
    let mut pair = pair(1, Manners::default());
    let first = pair.pieces(Making::New { mode: Some(0o600) }, &content(1, 900));
    assert_eq!(pair.opened[&first].size, Some(0));
    pair.client.deal(first, 0, 900);
    pair.run();
    let other = pair.pieces(Making::There, &[]);
    assert_eq!(pair.opened[&other].size, Some(900), "what the first has written is seen");
    // Nothing dealt is no failure.
    pair.client.all_dealt(other);
    pair.run();
    assert_eq!(pair.over[&other], Ok(Outcome::Put { octets: 0 }));
    assert!(!pair.over.contains_key(&first));
}

#[test]
fn a_file_of_pieces_is_new_or_was_made_before() {
    let mut pair = pair(1, Manners::default());
    let absent = pair.pieces(Making::There, &[]);
    let refused = |status| Err(Failure::Refused { step: Step::Open, status, message: b"as it is".to_vec() });
    assert_eq!(pair.over[&absent], refused(Status::NoSuchFile));
    pair.toy.files.insert(b"f".to_vec(), content(1, 10));
    let there = pair.pieces(Making::New { mode: None }, &[]);
    assert_eq!(pair.over[&there], refused(Status::Failure));
    assert_eq!(pair.toy.files[&b"f"[..]], content(1, 10), "it is left alone");
}

#[test]
fn pieces_that_fail_or_are_given_up_close_the_handle_and_are_over_once() {
    for (breaks_at, source, aborts, expected) in [
        (Some(500), 1_000, false, Step::Write),
        (None, 300, false, Step::Ask),
        (None, 1_000, true, Step::Ask),
    ] {
        let manners = Manners { limits: small_limits(), breaks_at, ..Manners::default() };
        let mut pair = pair(3, manners);
        let job = pair.pieces(Making::New { mode: None }, &content(1, source));
        pair.client.deal(job, 0, 1_000);
        if aborts {
            let sent = pair.transmit();
            pair.toy.take(&sent);
            pair.client.abort(job);
        }
        pair.run();
        match &pair.over[&job] {
            Err(Failure::Refused { step, .. }) => assert_eq!(*step, expected),
            other => assert_eq!((other, breaks_at), (&Err(Failure::Aborted), None)),
        }
        // Whoever deals may not know yet.
        pair.client.deal(job, 1_000, 5);
        pair.client.all_dealt(job);
        pair.run();
        assert_eq!((pair.toy.open_handles(), pair.client.in_flight()), (0, (0, 0)));
    }
}

#[test]
fn a_server_without_facts_of_open_files_is_dealt_nothing() {
    let mut pair = pair(1, Manners { no_fstat: true, ..Manners::default() });
    let job = pair.pieces(Making::New { mode: None }, &[]);
    assert!(matches!(pair.over[&job], Err(Failure::Refused { step: Step::Facts, .. })));
    assert_eq!(pair.toy.open_handles(), 0);
}
