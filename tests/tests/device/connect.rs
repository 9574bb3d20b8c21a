//! From the device to other hosts: `telnet`, `ssh`, `traceroute`.

use crate::bench::{Bench, Person, R1};
use device::wire::Table;
use device::{Device, Rack, TelnetLines, Through};
use e2e::battery::USER;
use e2e::ssh_servers::openssh_with_password;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use transport::ssh::Ios;

/// R9, whose vty lines bob may use over Telnet.
fn other() -> (Bench, Arc<Device>, TelnetLines) {
    let bench = Bench::r1();
    bench.startup(&format!(
        "hostname R9\nusername bob privilege 15 secret {}\nline vty 0 4\n login local\n{}",
        USER.1,
        R1.replace("hostname R1\n", "")
    ));
    let device = bench.device();
    device.power_on();
    let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
    let rack = Rack::one(device.clone(), Ios::V15_5);
    let lines = TelnetLines::start(rack, listener, Through::Vty).expect("a thread");
    (bench, device, lines)
}

/// R1, for which these are ports of 10.0.0.1.
fn beside(ports: &[(u16, SocketAddr)]) -> Bench {
    let mut bench = Bench::r1();
    let named = |table: Table, (port, at): &(u16, SocketAddr)| {
        table.with(SocketAddr::from(([10, 0, 0, 1], *port)), *at)
    };
    bench.table = Some(ports.iter().fold(Table::default(), named));
    bench.patience = 0.02;
    bench.startup(&format!("ip host R9 10.0.0.1\n{R1}"));
    bench
}

fn logs_in(p: &mut Person) {
    p.until("Username: ");
    p.keys("bob\r");
    p.until("Password: ");
    p.keys(&format!("{}\r", USER.1));
    p.until("R9#");
}

#[test]
fn telnet_goes_to_another_device_and_comes_back_by_the_escape_sequence() {
    let (_bench, other, lines) = other();
    let bench = beside(&[(23, lines.address())]);
    let mut p = bench.enabled();
    p.keys("telnet 10.0.0.1\r");
    p.until("Trying 10.0.0.1 ... Open\r\n");
    logs_in(&mut p);
    p.keys("show privilege\r");
    p.until("Current privilege level is 15");
    p.until("R9#");
    p.keys("\u{1e}x");
    p.until("R1#");
    assert_eq!(
        p.run("show sessions"),
        "Conn Host                Address             Byte  Idle Conn Name\n\
         *  1 10.0.0.1            10.0.0.1               0     0 10.0.0.1\n\n"
    );
    // By its name, and by nothing but its name.
    p.keys("R9\r");
    p.until("Trying R9 (10.0.0.1) ... Open\r\n");
    logs_in(&mut p);
    p.keys("\u{1e}x");
    p.until("R1#");
    assert_eq!(p.run("where | count R9"), "Number of lines which match regexp = 1\n");
    assert!(p.run("resume 7").contains("% Not an open connection"));
    // Return goes on with the last one; what the other end says meanwhile is there.
    p.keys("\r");
    p.until("[Resuming connection 2 to R9 ... ]");
    p.keys("exit\r");
    p.until("[Connection to R9 closed by foreign host]");
    p.until("R1#");
    p.keys("resume 1\r");
    p.until("[Resuming connection 1 to 10.0.0.1 ... ]");
    p.keys("show clock\u{1e}x");
    p.until("R1#");
    p.keys("disconnect\r");
    p.until("Closing connection to 10.0.0.1 [confirm]");
    p.keys("\r");
    p.until("R1#");
    assert_eq!(p.run("show sessions"), "% No connections open\n");
    assert!(other.heard().iter().any(|typed| typed.text == "show privilege"), "it was typed there");
}

#[test]
fn whoever_leaves_with_a_connection_open_is_asked() {
    let (_bench, _other, lines) = other();
    let bench = beside(&[(23, lines.address())]);
    let mut p = bench.enabled();
    p.keys("connect 10.0.0.1\r");
    p.until("Open\r\n");
    p.until("Username: ");
    p.keys("\u{1e}x");
    p.until("R1#");
    p.keys("exit\r");
    p.until("(You have open connections) [confirm]");
    p.keys("n");
    p.until("R1#");
    p.keys("logout\r");
    p.until("[confirm]");
    p.keys("\r");
    p.until("Closing: 10.0.0.1 !");
    p.until("Press RETURN to get started.");
}

#[test]
fn a_host_that_refuses_or_is_silent_says_so() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("bound").local_addr().expect("bound");
    let bench = beside(&[(23, closed), (2001, closed)]);
    let mut p = bench.enabled();
    assert_eq!(p.run("telnet 10.0.0.1"), "Trying 10.0.0.1 ... \n% Connection refused by remote host\n\n");
    assert!(p.run("telnet R9 2001").starts_with("Trying R9 (10.0.0.1), 2001 ... \n% Connection refused"));
    let text = p.run("telnet 10.0.0.7");
    assert_eq!(text, "Trying 10.0.0.7 ... \n% Connection timed out; remote host not responding\n\n");
    let text = p.run("telnet nobody");
    assert!(
        text.starts_with("Translating \"nobody\"...domain server (255.255.255.255)\n% Unknown"),
        "{text}"
    );
    p.run("conf t");
    p.run("line con 0");
    p.run("transport output ssh");
    p.run("end");
    assert_eq!(p.run("telnet 10.0.0.1"), "% telnet connections not permitted from this terminal\n");
}

#[test]
fn ssh_logs_in_on_a_stock_sshd() {
    let root = e2e::scratch();
    let Some(sshd) = openssh_with_password(root) else { return };
    // sftp://USER@ADDRESS:PORT/…
    let (user, rest) = sshd.server.url.trim_start_matches("sftp://").split_once('@').expect("a user");
    let at = rest.split('/').next().and_then(|at| at.parse().ok()).expect("an address");
    let bench = beside(&[(22, at)]);
    let mut p = bench.enabled();
    p.keys(&format!("ssh -l {user} 10.0.0.1\r"));
    p.until("Password: ");
    p.keys("wrong\r");
    p.until("Password: ");
    p.keys(&format!("{}\r", USER.1));
    p.until_one_of(&["$ ", "# "]);
    p.keys("echo is $((40 + 2))\r");
    p.until("is 42");
    p.keys("\u{1e}x");
    p.until("R1#");
    assert!(p.run("show sessions").contains("*  1 10.0.0.1            10.0.0.1 "));
    p.keys("\r");
    p.until("[Resuming connection 1 to 10.0.0.1 ... ]");
    p.keys("exit\r");
    p.until("[Connection to 10.0.0.1 closed by foreign host]");
    p.until("R1#");
}

#[test]
fn traceroute_shows_the_gateway_and_the_host_and_stars_for_nobody() {
    let mut bench = beside(&[(69, "127.0.0.1:6969".parse().expect("an address"))]);
    let mut p = bench.enabled();
    let head = "Type escape sequence to abort.\nTracing the route to 10.0.0.1\nVRF info: (vrf in name/id, vrf out name/id)\n";
    assert_eq!(p.run("traceroute R9"), format!("{head}  1 10.0.0.1 1 msec 1 msec 1 msec\n"));
    let text = p.run("traceroute 10.0.0.9 timeout 1 probe 2 ttl 1 2");
    assert!(text.ends_with("\n  1  *  * \n  2  *  * \n"), "{text}");
    p.keys("traceroute 10.0.0.9\r");
    p.until("\n  1  * ");
    p.keys("\u{1e}");
    p.until("R1#");
    drop(p);
    bench.startup("hostname R1\ninterface g0/0\n ip address 10.1.0.2 255.255.255.0\n no shutdown\nip route 10.0.0.0 255.255.255.0 10.1.0.1\nline con 0\n privilege level 15\n");
    bench.table = Some(Table::parse("10.0.0.1:69 = 127.0.0.1:6969\n").expect("a table"));
    let mut p = bench.enabled();
    let text = p.run("traceroute 10.0.0.1");
    assert!(
        text.ends_with("\n  1 10.1.0.1 1 msec 1 msec 1 msec\n  2 10.0.0.1 1 msec 1 msec 1 msec\n"),
        "{text}"
    );
}
