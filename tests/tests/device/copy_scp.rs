use crate::bench::{Bench, NEW, NEW_VERSION, Person, SIZE, image};
use e2e::battery::USER;
use e2e::ssh_servers::{Reached, asyncssh, openssh_with_password};
use e2e::towline::Serve;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// R1, for which `server` is port 22 of 10.0.0.1.
fn beside(server: SocketAddr) -> Bench {
    let mut bench = Bench::r1();
    bench.table = Some(device::wire::Table::default().with("10.0.0.1:22".parse().expect("address"), server));
    bench
}

/// Our server, where it keeps its files, and what it lives in.
fn ours() -> (Serve, SocketAddr, TempDir, TempDir) {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = e2e::ssh_clients::start(root.path(), home.path());
    let at = serve.listening("sftp");
    (serve, at, root, home)
}

fn password(p: &mut Person) {
    p.until("Password: ");
    p.keys(&format!("{}\r", USER.1));
}

#[test]
fn scp_asks_for_user_and_password_and_shows_the_line_of_its_protocol() {
    let (_serve, at, root, _home) = ours();
    let octets = image(NEW_VERSION, SIZE);
    std::fs::write(root.path().join(NEW), &octets).expect("written");
    let bench = beside(at);
    let mut p = bench.enabled();
    p.keys("copy scp: flash:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Source username [R1]? ");
    p.keys("bob\r");
    p.until("Source filename []? ");
    p.keys(&format!("{NEW}\r"));
    p.until(&format!("Destination filename [{NEW}]? "));
    p.keys("\r");
    password(&mut p);
    let text = p.until("R1#");
    assert!(
        text.contains(&format!(
            "\n Sending file modes: C0644 {SIZE} {NEW}\n!!!!!!!!!!!!!!!!\n{SIZE} bytes copied in "
        )),
        "{text}"
    );
    assert!(!text.contains("Accessing") && !text.contains(USER.1) && !text.contains("[OK"), "{text}");
    assert_eq!(std::fs::read(bench.flash(NEW)).expect("there"), octets);
    // What is there is warned of before the password is asked for; the user is remembered nowhere.
    p.keys(&format!("copy scp://bob@10.0.0.1/{NEW} flash:\r\r"));
    p.until("Do you want to over write? [confirm]");
    p.keys("\r");
    password(&mut p);
    p.until("bytes copied in ");
}

#[test]
fn configurations_and_files_go_out_over_scp() {
    let (_serve, at, root, _home) = ours();
    let bench = beside(at);
    let mut p = bench.enabled();
    p.keys("copy running-config scp:\r");
    p.until("Address or name of remote host []? ");
    p.keys("10.0.0.1\r");
    p.until("Destination username [R1]? ");
    p.keys("bob\r");
    p.until("Destination filename [r1-confg]? ");
    p.keys("\r");
    password(&mut p);
    let text = p.until("R1#");
    let sent = std::fs::read(root.path().join("r1-confg")).expect("written");
    assert!(sent.starts_with(b"!\n"), "{}", sent.escape_ascii());
    assert!(text.contains(&format!("\nWriting r1-confg  Sink: C0644 {} r1-confg \n!", sent.len())), "{text}");
    assert!(text.contains(&format!("\n{} bytes copied in ", sent.len())), "{text}");
    bench.put("a.bin", &[7; 10_000]);
    p.keys("copy flash:a.bin scp://bob@10.0.0.1/b.bin\r\r");
    password(&mut p);
    let text = p.until("R1#");
    assert!(text.contains("Writing b.bin  Sink: C0644 10000 b.bin \n!!\n10000 bytes copied"), "{text}");
    assert_eq!(std::fs::read(root.path().join("b.bin")).expect("written"), [7; 10_000]);
    // And back, into what runs.
    std::fs::write(root.path().join("x"), "hostname R9\n").expect("written");
    p.keys("copy scp://bob@10.0.0.1/x running-config\r\r");
    password(&mut p);
    p.until("R9#");
}

/// An image to the device and back, with a server that shows `dir` under `path`.
fn both_ways(server: SocketAddr, user: &str, dir: &Path, path: &str) {
    let octets = image(NEW_VERSION, SIZE);
    std::fs::write(dir.join("there"), &octets).expect("written");
    let bench = beside(server);
    let mut p = bench.enabled();
    p.keys(&format!("copy scp://{user}@10.0.0.1/{path}there flash:new\r\r"));
    password(&mut p);
    let text = p.until("R1#");
    assert!(text.contains(&format!("\n{SIZE} bytes copied in ")), "{text}");
    assert_eq!(std::fs::read(bench.flash("new")).expect("there"), octets);
    p.keys(&format!("copy flash:new scp://{user}@10.0.0.1/{path}back\r\r"));
    password(&mut p);
    let text = p.until("R1#");
    assert!(text.contains(&format!("\n{SIZE} bytes copied in ")), "{text}");
    assert_eq!(std::fs::read(dir.join("back")).expect("there"), octets);
}

/// The startup-config out, another one in, and one merged into what runs: with the questions in their order.
fn configurations(server: SocketAddr, user: &str, dir: &Path, path: &str) {
    let bench = beside(server);
    let mut p = bench.enabled();
    let asked = |p: &mut Person, questions: &[(&str, &str)]| {
        for (question, answer) in questions {
            p.until(question);
            p.keys(&format!("{answer}\r"));
        }
        password(p);
        p.until("R1#")
    };
    let host = ("Address or name of remote host []? ", "10.0.0.1");
    let before = bench.saved();
    p.keys("copy startup-config scp:\r");
    let name = format!("{path}start");
    let text = asked(
        &mut p,
        &[host, ("Destination username [R1]? ", user), ("Destination filename [r1-confg]? ", &name)],
    );
    let says = format!("\nWriting {name}  Sink: C0644 {0} start \n!\n{0} bytes copied in ", before.len());
    assert!(text.contains(&says), "{text}");
    assert_eq!(std::fs::read_to_string(dir.join("start")).expect("written"), before);
    assert_eq!(bench.saved(), before);

    let other = format!("hostname R7\n! {}\n{before}", "as it came ".repeat(300));
    std::fs::write(dir.join("next"), &other).expect("written");
    p.keys("copy scp: startup-config\r");
    let name = format!("{path}next");
    // What was asked for last is offered.
    let host = ("Address or name of remote host [10.0.0.1]? ", "");
    let source = [host, ("Source username [R1]? ", user), ("Source filename []? ", &name)];
    let text = asked(&mut p, &[&source[..], &[("Destination filename [startup-config]? ", "")]].concat());
    let says = format!(" Sending file modes: C0644 {} next\n!", other.len());
    assert!(text.contains(&says) && text.contains(&format!("\n{} bytes copied in ", other.len())), "{text}");
    // To the octet, and for the next boot: what runs is as it was.
    assert_eq!(bench.saved(), other);
    let shown = p.run("show startup-config");
    assert!(shown.starts_with(&format!("Using {} out of ", other.len())), "{shown}");
    assert!(p.run("show running-config").contains("hostname R1\n"));

    let more = "interface GigabitEthernet0/1\n description by scp\nend\n";
    std::fs::write(dir.join("more"), more).expect("written");
    p.keys("copy scp: running-config\r");
    let offered = format!("Source filename [{path}next]? ");
    let name = format!("{path}more");
    let source = [host, ("Source username [R1]? ", user), (&offered, &name)];
    let text = asked(&mut p, &[&source[..], &[("Destination filename [running-config]? ", "")]].concat());
    let says = format!(" Sending file modes: C0644 {0} more\n!\n{0} bytes copied in ", more.len());
    assert!(text.contains(&says), "{text}");
    let now = p.run("show running-config");
    assert!(now.contains("interface GigabitEthernet0/1\n description by scp\n"), "{now}");
    // Merged: what it does not name is as it was, and so is what is saved.
    assert!(now.contains("interface GigabitEthernet0/0\n ip address 10.0.0.2 255.255.255.0\n"), "{now}");
    assert_eq!(bench.saved(), other);
}

#[test]
fn configurations_go_to_our_server_and_come_from_it() {
    let (_serve, at, root, _home) = ours();
    configurations(at, USER.0, root.path(), "");
}

#[test]
fn configurations_go_to_openssh_and_come_from_it() {
    let Some(openssh) = openssh_with_password(e2e::scratch()) else { return };
    let (at, dir) = of(&openssh);
    // From the root: IOS names no home.
    configurations(at, "root", &dir, &format!("{}/", dir.display()));
}

/// Where somebody else's server listens, and what it serves.
fn of(reached: &Reached) -> (SocketAddr, PathBuf) {
    (reached.server.rest.1.address(), reached.server.served.clone())
}

#[test]
fn an_image_comes_from_openssh_and_goes_back() {
    let Some(openssh) = openssh_with_password(e2e::scratch()) else { return };
    let (at, dir) = of(&openssh);
    // Two slashes: from the root, not from the home.
    both_ways(at, "root", &dir, &format!("{}/", dir.display()));
}

#[test]
fn an_image_comes_from_asyncssh_and_goes_back() {
    let Some(asyncssh) = asyncssh(e2e::scratch()) else { return };
    let (at, dir) = of(&asyncssh);
    both_ways(at, USER.0, &dir, "");
}

#[test]
fn what_fails_over_scp_is_said_as_ios_does_and_leaves_nothing() {
    let (_serve, at, root, _home) = ours();
    std::fs::write(root.path().join("a"), "x").expect("written");
    let bench = beside(at);
    let mut p = bench.enabled();
    p.keys("copy scp://bob@10.0.0.1/nothing flash:\r\r");
    password(&mut p);
    let text = p.until("R1#");
    assert!(text.contains("%Error opening scp://*:*@10.0.0.1/nothing (No such file or directory)"), "{text}");
    p.keys("copy scp://bob@10.0.0.1/a flash:\r\r");
    for _ in 0..3 {
        p.until("Password: ");
        p.keys("wrong\r");
    }
    let text = p.until("R1#");
    assert!(text.contains("%Error opening scp://*:*@10.0.0.1/a (Authentication failed)"), "{text}");
    p.keys("copy scp://bob@10.0.0.1/a flash:\r\r");
    p.until("Password: ");
    p.keys("\x03");
    p.until("%Error opening scp://*:*@10.0.0.1/a (");
    p.until("R1#");
    p.keys("copy running-config scp://bob@10.0.0.1/none/a\r\r");
    password(&mut p);
    let text = p.until("R1#");
    assert!(text.contains("%Error opening scp://*:*@10.0.0.1/none/a (No such file or directory)"), "{text}");
    assert_eq!(p.device.facts().flash.len(), 1);
    // Nobody listens there.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let bench = beside(gone);
    let mut p = bench.enabled();
    p.keys("copy scp://bob@10.0.0.1/a flash:\r\r");
    let text = p.until("R1#");
    assert!(text.contains("%Error opening scp://*:*@10.0.0.1/a (Socket error)"), "{text}");
}
