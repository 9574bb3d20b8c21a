//! Patience, rates and numbers: what a connection may take of the server, and for how long.

use super::{PATIENCE, Response, house_with};
use gate::audit::What;
use gate::{Caps, Cause, Limits, Outcome, Policy, Rates, Refusal};
use serve::http::HttpConfig;
use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

#[test]
fn who_trickles_a_request_is_told_408() {
    let config = HttpConfig { head: Duration::from_millis(300), ..HttpConfig::default() };
    let house = house_with(Policy::default(), config);
    let response = house.say("GET /f HTTP/1.1\r\nHost: ");
    assert_eq!(response.status(), 408);
    // And who says nothing hears nothing.
    let mut nothing = Vec::new();
    house.connect().read_to_end(&mut nothing).unwrap();
    assert!(nothing.is_empty());
}

/// Heads that never end are few, and their places are free again when their time is over.
#[test]
fn slow_heads_of_one_address_are_counted() {
    let few = Caps { half_open: Some(2), ..Caps::default() };
    let policy = Policy { limits: Limits { per_address: few, ..Limits::default() }, ..Policy::default() };
    let config = HttpConfig { head: Duration::from_secs(2), ..HttpConfig::default() };
    let house = house_with(policy, config);
    let octets = house.file("f", 10);
    let slow: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = house.connect();
            stream.write_all(b"GET /f HTTP/1.1\r\nX: ").unwrap();
            stream
        })
        .collect();
    // The two may not be accepted yet: whoever comes too early is served.
    let refused = e2e::poll::until(PATIENCE, || {
        let response = house.get("/f", "");
        (response.status() == 429).then(|| response.text())
    });
    assert!(refused.is_some_and(|text| text.contains("half-open") || text.contains("not logged in")));
    for mut stream in slow {
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        assert_eq!(Response::of(all).status(), 408);
    }
    let served = e2e::poll::until(PATIENCE, || (house.get("/f", "").body == octets).then_some(()));
    assert!(served.is_some(), "their places are free");
}

#[test]
fn a_reader_that_stops_reading_is_given_up() {
    let config = HttpConfig { no_progress: Duration::from_millis(300), ..HttpConfig::default() };
    let house = house_with(Policy::default(), config);
    house.hole("f", 64 << 20);
    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let (end, verdict) = house.ended();
    assert_eq!(end.outcome, Outcome::TimedOut, "{verdict:?}");
}

#[test]
fn a_rate_is_kept_and_a_kick_ends_the_transfer() {
    let per_transfer = Rates { outward: Some(1 << 20), ..Rates::default() };
    let limits = Limits { per_transfer, ..Limits::default() };
    let house = house_with(Policy { limits, ..Policy::default() }, HttpConfig::default());
    let octets = house.file("f", 3 << 20);
    let began = Instant::now();
    assert!(house.get("/f", "").body == octets, "other octets");
    // The first of the seconds may be given in advance; no machine is fast enough to break this.
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?} for 3 MiB at 1 MiB/s", began.elapsed());
    house.ended();

    let mut stream = house.connect();
    stream.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let mut some = [0; 1_000];
    stream.read_exact(&mut some).unwrap();
    let session = loop {
        let event = house.events.recv_timeout(PATIENCE).expect("it starts");
        if let What::Started { .. } = event.what {
            break event.session;
        }
    };
    assert!(house.gate.kick(session, &gate::audit::By::Operator(None)));
    let (end, _) = house.ended();
    assert_eq!((end.outcome, end.cause), (Outcome::Aborted, Cause::Kicked));
    let mut rest = Vec::new();
    let left = stream.read_to_end(&mut rest);
    assert!(left.is_err() || rest.len() < 3 << 20, "it was not cut");
}

/// A directory that is listed is fetched: its text keeps the rate. Its head does not wait.
#[test]
fn a_listing_keeps_the_rate() {
    let per_transfer = Rates { outward: Some(100_000), ..Rates::default() };
    let limits = Limits { per_transfer, ..Limits::default() };
    let house = house_with(Policy { limits, ..Policy::default() }, HttpConfig::default());
    for n in 0..3_000 {
        fs::write(house.dir.path().join(format!("a-name-of-some-length-{n:04}.bin")), "x").unwrap();
    }
    let began = Instant::now();
    let response = house.say("GET / HTTP/1.0\r\nAccept: application/json\r\n\r\n");
    let took = began.elapsed();
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&response.body).unwrap();
    assert_eq!(entries.len(), 3_000);
    // A tenth of a second may be given in advance; no machine is fast enough to break this.
    let least = Duration::from_secs_f64(response.body.len() as f64 / 100_000.0 - 0.3);
    assert!(least > Duration::from_secs(1) && took >= least, "{} octets in {took:?}", response.body.len());
}

#[test]
fn a_client_with_too_many_sessions_is_told_429_and_a_full_server_says_503() {
    let few = Caps { sessions: Some(1), ..Caps::default() };
    for (limits, code) in [
        (Limits { per_address: few, ..Limits::default() }, 429),
        (Limits { all: few, ..Limits::default() }, 503),
    ] {
        let house = house_with(Policy { limits, ..Policy::default() }, HttpConfig::default());
        house.file("f", 10);
        let mut first = house.connect();
        first.write_all(b"GET /f HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        house.ended();
        let second = house.get("/f", "");
        assert_eq!((second.status(), second.field("Retry-After")), (code, Some("10")), "{}", second.text());
        assert!(matches!(house.told(), What::RefusedKnock { why: Refusal::TooMany(_) }));
    }
}
