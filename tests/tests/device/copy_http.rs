//! `copy http:` and `copy https:` with servers that are not ours.

use crate::bench::{Bench, NEW, NEW_VERSION, SIZE, image};
use device::wire::Table;
use e2e::battery::Server;
use e2e::web_servers::{nginx, nginx_under_tls};
use std::net::SocketAddr;

/// A device for which 10.0.0.1 is that server.
fn near(server: &Server, port: u16) -> Bench {
    let real: SocketAddr = server.rest.1.address();
    let named = SocketAddr::from(([10, 0, 0, 1], port));
    let mut bench = Bench::r1();
    bench.table = Some(Table::default().with(named, real));
    bench
}

#[test]
fn an_image_over_http_and_what_is_printed() {
    let Some(server) = nginx(e2e::scratch()) else { return };
    let octets = image(NEW_VERSION, SIZE);
    std::fs::write(server.served.join(NEW), &octets).expect("room");
    let bench = near(&server, 80);
    let mut p = bench.enabled();
    p.keys("copy http: flash:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Source filename []? ");
    p.keys(&format!("{NEW}\r"));
    p.until(&format!("Destination filename [{NEW}]? "));
    p.keys("\r");
    let text = p.until("R1#");
    let url = format!("http://10.0.0.1/{NEW}");
    assert!(text.contains(&format!("Accessing {url}...\nLoading {url} !")), "{text}");
    assert!(text.contains(&format!("!\n{SIZE} bytes copied in ")), "{text}");
    assert_eq!(std::fs::read(bench.flash(NEW)).expect("there"), octets);
    // What goes wrong leaves nothing in flash.
    p.keys("copy http://10.0.0.1/none.bin flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening http://10.0.0.1/none.bin (No such file or directory)"), "{text}");
    p.keys("copy http://10.0.0.1/closed/x flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening http://10.0.0.1/closed/x (Permission denied)"), "{text}");
    assert!(!bench.flash("none.bin").exists() && !bench.flash("x").exists());
}

#[test]
fn the_configuration_goes_to_a_server_that_asks_who_comes() {
    let Some(server) = nginx(e2e::scratch()) else { return };
    let bench = near(&server, 80);
    let mut p = bench.enabled();
    p.keys("copy running-config http://10.0.0.1/bob/r1.cfg\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening http://10.0.0.1/bob/r1.cfg (Incorrect Login/Password)"), "{text}");
    p.run("conf t");
    p.run("ip http client username bob");
    p.run("ip http client password wonder:land");
    p.run("end");
    p.keys("copy running-config http://10.0.0.1/bob/r1.cfg\r\r");
    let text = p.until("R1#");
    assert!(text.contains("Storing http://10.0.0.1/bob/r1.cfg !"), "{text}");
    assert!(text.contains(" bytes copied in "), "{text}");
    let stored = std::fs::read_to_string(server.served.join("bob/r1.cfg")).expect("there");
    assert!(stored.contains("hostname R1\n") && stored.contains("ip http client username bob\n"), "{stored}");
    p.keys("copy http://bob:wonder:land@10.0.0.1/bob/r1.cfg null:\r");
    let text = p.until("R1#");
    assert!(text.contains("Accessing http://*:*@10.0.0.1/bob/r1.cfg..."), "{text}");
    assert!(text.contains(&format!("{} bytes copied in ", stored.len())), "{text}");
}

#[test]
fn https_takes_whatever_certificate_is_shown() {
    let Some((server, _)) = nginx_under_tls(e2e::scratch()) else { return };
    std::fs::write(server.served.join("a.txt"), "over TLS\n").expect("room");
    let bench = near(&server, 443);
    let mut p = bench.enabled();
    p.keys("copy https://10.0.0.1/a.txt flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("Loading https://10.0.0.1/a.txt !\n9 bytes copied in "), "{text}");
    assert_eq!(std::fs::read(bench.flash("a.txt")).expect("there"), b"over TLS\n");
}
