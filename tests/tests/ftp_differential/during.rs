//! Commands while a file comes or goes. Each has a session of its own, and all of a server run at the same time.

use crate::control::Control;
use crate::{Codes, Who};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

pub(crate) const STATES: &[&str] = &["in RETR", "in STOR"];

/// Nothing of the file is read, or sent, before the server had time to answer.
const DURING: &str = "NOOP; STAT; ABOR; QUIT; PWD; SYST; HELP; FEAT; OPTS UTF8 ON; SIZE f; CWD d; TYPE A; EPSV; PASV; \
    RETR f; STOR other; LIST; USER x; REIN; NOSUCH; DELE nosuch";

/// For who answers at all before the file has gone. It decides only whether that counts as before.
const AT_ONCE: Duration = Duration::from_secs(4);

pub(crate) fn codes(to: SocketAddr, who: &Who) -> Codes {
    std::thread::scope(|scope| {
        let all = STATES.iter().flat_map(|&state| DURING.split("; ").map(move |command| (state, command)));
        let asked: Vec<_> = all
            .enumerate()
            .map(|(nth, (state, command))| {
                // One after the other: Pure-FTPd loses some of many that come at once.
                let control = Control::log_in(to, who);
                let transfer =
                    if state == "in RETR" { String::from("RETR d/large") } else { format!("STOR up-{nth}") };
                (state, command, scope.spawn(move || during(control, &transfer, command)))
            })
            .collect();
        let told = asked.into_iter();
        told.map(|(state, command, codes)| {
            (state.into(), command.into(), codes.join().expect("it has its replies"))
        })
        .collect()
    })
}

/// The codes behind the 150, in their order, until QUIT's 221: 226 first is who waits for the end.
fn during(mut control: Control, transfer: &str, command: &str) -> String {
    assert_eq!(control.say("TYPE I"), "200");
    let mut data = control.data().expect("all have EPSV");
    // Some never close it then.
    data.set_read_timeout(Some(AT_ONCE)).expect("a socket");
    let first = control.say(transfer);
    assert!(first.starts_with('1'), "{transfer}: {first}");
    control.tell(command).expect("it is open");
    control.hears(AT_ONCE);
    // It may have been broken off.
    let _ = if transfer.starts_with("RETR") {
        std::io::copy(&mut data, &mut std::io::sink()).map(drop)
    } else {
        data.write_all(b"hello")
            .and_then(|()| data.shutdown(Shutdown::Write))
            .and_then(|()| data.read(&mut [0]).map(drop))
    };
    drop(data);
    let _ = control.tell("QUIT");
    let codes: Vec<String> =
        std::iter::from_fn(|| Some(control.reply()).filter(|code| code != "closed")).collect();
    codes.join(" ")
}
