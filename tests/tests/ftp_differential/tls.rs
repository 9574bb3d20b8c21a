//! Commands around TLS, by a client in Python (`tls.py`): one server that offers it, another that requires it.

use crate::{Codes, Who};
use e2e::peers::Peer;
use e2e::process::Process;
use std::net::SocketAddr;
use std::time::Duration;

pub(crate) const STATES: &[&str] = &[
    "TLS offered",
    "under TLS",
    "under TLS, PROT P",
    "under TLS, PROT C",
    "TLS required",
    "TLS required, no PROT",
    "TLS required, PROT P",
];

/// The longest that one server may take on a loaded machine.
const ONE: Duration = Duration::from_secs(120);

/// `how`: `offered` or `required`.
pub(crate) fn codes(to: SocketAddr, who: &Who, how: &str) -> Codes {
    let python = Peer::find("ftplib", "python3").expect("python is there");
    let mut c = python.command();
    c.args([
        "-c",
        include_str!("tls.py"),
        &to.port().to_string(),
        &who.user,
        &who.password,
        &who.directory,
        how,
    ]);
    let ended = Process::start(&mut c).wait(ONE);
    assert_eq!(ended.code(), 0, "{to}: {ended:?}");
    let rows = ended.out.lines().map(|line| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [state, command, codes] = cells[..] else { panic!("not three cells: {line}") };
        (String::from(state), String::from(command), String::from(codes))
    });
    rows.collect()
}
