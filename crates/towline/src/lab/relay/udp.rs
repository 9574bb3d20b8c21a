use super::Capture;
use crate::relay::{Relay, Rule, Settings};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// The rule that loses nothing.
pub fn pass_all() -> Rule {
    Box::new(|_, _| true)
}

/// Passes TFTP's datagrams on to a free port of the server's own address, but for those that `rule` loses;
/// all are captured.
pub fn udp_relay(server: SocketAddr, mut rule: Rule, capture: Arc<Capture>) -> io::Result<Relay> {
    let rule: Rule = Box::new(move |way, octets| {
        capture.count(1);
        capture.add(octets);
        rule(way, octets)
    });
    Relay::start(Settings { rule, ..Settings::towards(server) })
}
