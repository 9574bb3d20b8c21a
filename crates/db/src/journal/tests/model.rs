//! Random claims and entries of several processes' journals, held against a plain model of who may write.

use super::*;
use std::collections::BTreeMap;

/// What a device should be.
#[derive(Default)]
struct Plain {
    generation: i64,
    is_held: bool,
    outcome: Option<String>,
    texts: Vec<String>,
}

/// SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

#[test]
fn random_claims_write_exactly_while_they_are_the_last() {
    let runs = std::env::var("TOWLINE_MODEL_RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let base = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seeds = std::env::var("TOWLINE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = seeds.map_or_else(|| (0..runs).map(|n| base.wrapping_add(n)).collect(), |seed| vec![seed]);
    for seed in seeds {
        println!("TOWLINE_SEED={seed}");
        session(Numbers(seed));
    }
}

fn session(mut random: Numbers) {
    let place = place();
    let journals: Vec<Journal> = (0..3).map(|_| Journal::open(&place.path).unwrap()).collect();
    // Devices 0 to 2 of the first run; 3 is device 0 under another name in the second run.
    let keys = [(1, "a"), (1, "b"), (1, "c"), (2, "z")];
    journals[0].begin(&run(), &[device("a", Some("S")), device("b", Some("T")), device("c", None)]).unwrap();
    journals[1].begin(&run(), &[device("z", Some("S"))]).unwrap();
    let twin = |n: usize| match n {
        0 => Some(3),
        3 => Some(0),
        _ => None,
    };
    let mut plain: BTreeMap<usize, Plain> = (0..4).map(|n| (n, Plain::default())).collect();
    let mut claims: Vec<(usize, Claim)> = Vec::new();
    for step in 0..150 {
        let text = format!("{step}");
        if claims.is_empty() || random.below(4) == 0 {
            let n = random.below(4);
            let take = Take { by_force: random.below(2) == 0, ended: random.below(2) == 0 };
            let done = journals[random.below(3)].claim(keys[n].0, keys[n].1, take);
            let other = twin(n).filter(|other| plain[other].is_held);
            let is_held = plain[&n].is_held || other.is_some();
            if plain[&n].outcome.is_some() && !take.ended {
                assert!(matches!(done, Err(Fault::Ended { .. })), "step {step}");
            } else if is_held && !take.by_force {
                assert!(matches!(done, Err(Fault::Held { .. })), "step {step}");
            } else {
                if let Some(other) = other.and_then(|other| plain.get_mut(&other)) {
                    other.generation += 1;
                    other.is_held = false;
                }
                let device = plain.get_mut(&n).unwrap();
                device.generation += 1;
                (device.is_held, device.outcome) = (true, None);
                let claim = done.unwrap();
                assert_eq!(claim.generation(), device.generation, "step {step}");
                claims.push((n, claim));
            }
            continue;
        }
        let which = random.below(claims.len());
        let (n, claim) = claims[which].clone();
        let device = plain.get_mut(&n).unwrap();
        let is_last = device.is_held && device.generation == claim.generation();
        let is_fenced = match random.below(8) {
            0 => {
                let done = claim.end("done", "", &text);
                if is_last {
                    (device.is_held, device.outcome) = (false, Some("done".into()));
                    device.texts.push(text);
                }
                done.map(drop)
            }
            1 => {
                device.is_held &= !is_last;
                claim.let_go()
            }
            _ => {
                let done = claim.append(Kind::Note, None, &text);
                if is_last {
                    device.texts.push(text);
                    assert_eq!(done, Ok(device.texts.len() as i64), "step {step}");
                }
                done.map(drop)
            }
        };
        match is_last {
            true => assert_eq!(is_fenced, Ok(()), "step {step}"),
            false => assert!(matches!(is_fenced, Err(Fault::Fenced { .. })), "step {step}: {is_fenced:?}"),
        }
    }
    for (n, device) in plain {
        let (run, which) = if n == 3 { (2, 0) } else { (1, n) };
        let texts: Vec<String> = entries(&place.path, run, which).into_iter().map(|entry| entry.4).collect();
        assert_eq!(texts, device.texts, "device {n}");
        let state = &states(&place.path, run)[which];
        let is_as_it_should_be = match state {
            State::Waiting => device.generation == 0,
            State::Claimed(_) => device.is_held,
            State::Left => device.generation > 0 && !device.is_held && device.outcome.is_none(),
            State::Ended { outcome, .. } => device.outcome.as_ref() == Some(outcome),
        };
        assert!(is_as_it_should_be, "device {n}: {state:?}");
    }
}
