//! `tftp-server`: other people's clients fetch what is listed, and nothing else.

use crate::bench::{Bench, Person, R1};
use device::TftpFiles;
use e2e::content::Content;
use e2e::curl::{ABSENT, DENIED, curl};
use e2e::peers::Peer;
use e2e::process::Process;
use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn what_is_listed_is_fetched_and_nothing_else() {
    let bench = Bench::r1();
    std::fs::create_dir(bench.flash("dir")).expect("made");
    bench.put("secret", b"not for everybody");
    bench.startup(&format!(
        "tftp-server flash:image.bin\ntftp-server flash0:/dir/other.bin alias plain\ntftp-server flash:gone\n{R1}"
    ));
    let device = bench.device();
    let socket = UdpSocket::bind("127.0.0.1:0").expect("bound");
    let server = TftpFiles::start(&device, socket).expect("threads");
    let at = server.address();
    let home = e2e::scratch();
    let fetched = home.path().join("fetched");
    let get = |name: &str| curl(&["-o", shown(&fetched), &format!("tftp://{at}/{name}")]).code();
    // No IOS runs yet.
    assert_eq!(get("image.bin"), ABSENT);
    device.power_on();
    let Some(hpa) = Peer::find("tftp-hpa", "tftp") else { return };
    for len in [0, 1, 65_537, 3_000_017] {
        let content = Content::random(len);
        content.write(&bench.flash("image.bin")).expect("room");
        content.write(&bench.flash("dir/other.bin")).expect("room");
        assert_eq!(get("image.bin"), 0, "{len}");
        e2e::matrix::compared("curl", "device tftp get", content, &fetched);
        let _ = std::fs::remove_file(&fetched);
        let mut c = hpa.command();
        let (host, port) = (at.ip().to_string(), at.port().to_string());
        c.args(["-4", "-m", "octet", &host, &port, "-c", "get", "plain", shown(&fetched)]);
        Process::start(&mut c).wait(Duration::from_secs(60));
        e2e::matrix::compared("tftp-hpa", "device tftp get", content, &fetched);
    }
    for name in ["secret", "dir/other.bin", "gone", "../nvram/startup-config", "startup-config"] {
        assert_eq!(get(name), ABSENT, "{name}");
    }
    assert_eq!(curl(&["-T", shown(&fetched), &format!("tftp://{at}/image.bin")]).code(), DENIED);
    // A line holds as soon as it is typed, and no longer than it stands.
    let mut p = Person::at(device);
    p.keys("\r");
    p.until("R1#");
    p.run("configure terminal");
    p.run("tftp-s flash:secret alias told");
    assert_eq!(get("told"), 0);
    p.run("no tftp-server flash:secret alias told");
    assert_eq!(get("told"), ABSENT);
    p.run("end");
}
