//! `ip scp server enable`: files come to the device and go from it, and who is refused.

use crate::bench::{Bench, Person, R1};
use crate::ssh::lines;
use device::{Device, SshLines};
use e2e::battery::USER;
use e2e::content::Content;
use e2e::peers::Peer;
use e2e::process::Ended;
use e2e::ssh_clients::{self, Typed};
use std::path::Path;
use std::sync::Arc;
use transport::ssh::Ios;

/// A running R1 with these lines, where bob has privilege 15 and eve has not; its lines over SSH.
fn r1(more: &str) -> (Bench, Arc<Device>, SshLines) {
    let bench = Bench::r1();
    let users = format!("username bob privilege 15 secret {0}\nusername eve secret {0}\n", USER.1);
    bench.startup(&format!("version 15.1\n{users}{more}{R1}"));
    let device = bench.device();
    device.power_on();
    let lines = lines(&device, Ios::Xe17);
    (bench, device, lines)
}

/// `scp -O` of a stock client; `DEVICE:` in front of a name is `user` there. `None`: skipped.
fn scp(lines: &SshLines, user: &str, options: &[&str], from: &str, to: &str) -> Option<Ended> {
    let peer = Peer::find("openssh", "scp")?;
    let home = e2e::scratch();
    let mut arguments = ssh_clients::openssh(home.path());
    let at = lines.address();
    arguments.extend(["-O".to_owned(), "-P".to_owned(), at.port().to_string()]);
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    arguments.extend([from, to].map(|name| match name.strip_prefix("DEVICE:") {
        Some(name) => format!("{user}@{}:{name}", at.ip()),
        None => name.to_owned(),
    }));
    Some(ssh_clients::run(&peer, &Typed { arguments, script: String::new() }, home.path()))
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn a_stock_scp_stores_files_and_fetches_them() {
    let (bench, _device, lines) = r1("ip scp server enable\n");
    let home = e2e::scratch();
    let (sent, fetched) = (home.path().join("sent"), home.path().join("fetched"));
    for len in [0, 1, 65_537, 3_000_017] {
        let content = Content::random(len);
        content.write(&sent).expect("room for a file");
        let Some(ended) = scp(&lines, "bob", &[], shown(&sent), "DEVICE:flash:image.bin") else { return };
        assert_eq!(ended.code(), 0, "{ended:?}");
        e2e::matrix::compared("openssh", "device scp put", content, &bench.flash("image.bin"));
        let _ = std::fs::remove_file(&fetched);
        let ended =
            scp(&lines, "bob", &[], "DEVICE:flash0:/image.bin", shown(&fetched)).expect("it is there");
        assert_eq!(ended.code(), 0, "{ended:?}");
        e2e::matrix::compared("openssh", "device scp get", content, &fetched);
    }
    // Into the file system as such it keeps its name; times that are sent are taken note of.
    let ended = scp(&lines, "bob", &["-p"], shown(&sent), "DEVICE:flash:").expect("it is there");
    assert_eq!((ended.code(), std::fs::metadata(bench.flash("sent")).expect("there").len()), (0, 3_000_017));
}

#[test]
fn configurations_go_by_their_names_and_come_as_a_merge() {
    let (bench, device, lines) = r1("ip scp server enable\n");
    let home = e2e::scratch();
    let text = home.path().join("config");
    let Some(ended) = scp(&lines, "bob", &["-v"], "DEVICE:running-config", shown(&text)) else { return };
    let got = std::fs::read_to_string(&text).expect("fetched");
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(got.contains("\nip scp server enable\n") && got.ends_with("!\nend\n"), "{got}");
    assert!(ended.err.contains(&format!("Sink: C0644 {} running-config", got.len())), "{ended:?}");
    std::fs::write(&text, "interface g0/1\r\n description by scp\r\nend\r\n").expect("room");
    let ended = scp(&lines, "bob", &[], shown(&text), "DEVICE:running-config").expect("it is there");
    assert_eq!(ended.code(), 0, "{ended:?}");
    let mut p = Person::at(device);
    p.keys("\r");
    let screen = p.until("R1#");
    assert!(screen.contains("%SYS-5-CONFIG_I: Configured from scp by bob on vty0"), "{screen}");
    assert!(p.run("show running-config interface g0/1").contains("\n description by scp\n"));
    assert!(!bench.saved().contains("by scp"));
    std::fs::write(&text, "hostname R9\nend\n").expect("room");
    let ended = scp(&lines, "bob", &[], shown(&text), "DEVICE:nvram:startup-config").expect("it is there");
    assert_eq!((ended.code(), bench.saved().as_str()), (0, "hostname R9\nend\n"), "{ended:?}");
}

#[test]
fn who_may_not_is_told_so() {
    let home = e2e::scratch();
    let file = home.path().join("x");
    std::fs::write(&file, "x").expect("room");
    let (off, denied) = ("Administratively disabled.", "Privilege denied.");
    let aaa = "aaa new-model\naaa authentication login default local\n";
    let authorized = format!("{aaa}aaa authorization exec default local\nip scp server enable\n");
    for (config, user, says) in [
        ("", "bob", Some(off)),
        ("ip scp server enable\n", "eve", Some(denied)),
        (&*format!("{aaa}ip scp server enable\n"), "bob", Some(denied)),
        (&*authorized, "bob", None),
    ] {
        let (bench, _device, lines) = r1(config);
        let Some(put) = scp(&lines, user, &[], shown(&file), "DEVICE:flash:x") else { return };
        let get = scp(&lines, user, &[], "DEVICE:running-config", shown(&home.path().join("got")));
        for ended in [put, get.expect("it is there")] {
            match says {
                Some(text) => assert!(ended.code() == 1 && ended.err.trim() == text, "{config}{ended:?}"),
                None => assert_eq!(ended.code(), 0, "{config}{ended:?}"),
            }
        }
        assert_eq!(bench.flash("x").exists(), says.is_none(), "{config}");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_leaves_nothing() {
    let (bench, device, lines) = r1("ip scp server enable\n");
    std::fs::create_dir(bench.flash("dir")).expect("made");
    // All but a megabyte is taken.
    let full = std::fs::File::create(bench.flash("full")).expect("made");
    full.set_len(device.profile().flash.total.get() - 4_096 - 66 * 1_024 - 1_000_000).expect("sparse");
    let home = e2e::scratch();
    let (file, got) = (home.path().join("x"), home.path().join("got"));
    Content::random(1_100_000).write(&file).expect("room");
    let tree = home.path().join("tree");
    std::fs::create_dir(&tree).expect("made");
    for (options, from, to, says) in [
        (&[][..], "DEVICE:flash:none", shown(&got), "%Error opening flash:none (No such file or directory)"),
        (&[], "DEVICE:flash:dir", shown(&got), "%Error opening flash:dir (Is a directory)"),
        (&[], shown(&file), "DEVICE:tftp://10.0.0.1/x", "%Error opening tftp://10.0.0.1/x (Bad file name)"),
        (&[], shown(&file), "DEVICE:flash:none/x", "%Error opening flash:none/x (No such file or directory)"),
        (&[], shown(&file), "DEVICE:flash:x", "%Error writing flash:x (Not enough space on device)"),
        (&["-r"], shown(&tree), "DEVICE:flash:", "received directory without -r"),
    ] {
        let Some(ended) = scp(&lines, "bob", options, from, to) else { return };
        assert!(ended.code() == 1 && ended.err.contains(says), "{from} {to} {ended:?}");
    }
    let mut names: Vec<_> = std::fs::read_dir(bench.flash("")).expect("there").flatten().collect();
    names.retain(|entry| entry.file_name().to_string_lossy().starts_with('x'));
    assert!(names.is_empty() && !got.exists(), "{names:?}");
}

/// Sends a file whole and waits for a word before the channel is closed; then half of one.
const IN_PARTS: &str = r#"
import sys, paramiko
def scp():
    c = paramiko.SSHClient()
    c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    c.connect("127.0.0.1", int(sys.argv[1]), "bob", sys.argv[2], look_for_keys=False, allow_agent=False)
    channel = c.get_transport().open_session(timeout=60)
    channel.settimeout(60)
    channel.exec_command("scp -t " + sys.argv[3])
    assert channel.recv(1) == b"\0"
    channel.sendall(b"C0644 6 whatever\n")
    assert channel.recv(1) == b"\0"
    return c, channel
c, channel = scp()
channel.sendall(sys.argv[4].encode())
if len(sys.argv[4]) == 6:
    channel.sendall(b"\0")
    assert channel.recv(1) == b"\0"
print("sent", flush=True)
sys.stdin.readline()
c.close()
print("closed", flush=True)
"#;

#[test]
fn a_file_is_there_when_its_channel_is_closed_and_half_a_file_never_is() {
    use std::io::{BufRead as _, BufReader, Write as _};
    let (bench, device, lines) = r1("ip scp server enable\n");
    let Some(peer) = Peer::python("paramiko") else { return };
    let mut p = Person::at(device);
    p.keys("\r");
    p.until("R1#");
    for (content, is_whole) in [("hello\n", true), ("hel", false)] {
        let _ = std::fs::remove_file(bench.flash("f.txt"));
        let mut python = peer.command();
        let port = lines.address().port().to_string();
        python.args(["-c", IN_PARTS, &port, USER.1, "flash:f.txt", content]);
        python.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = python.spawn().expect("python starts");
        let mut says = BufReader::new(child.stdout.take().expect("piped")).lines();
        assert_eq!(says.next().expect("it says").expect("UTF-8"), "sent");
        assert!(p.run("dir flash:f.txt").contains("(No such file or directory)"));
        child.stdin.take().expect("piped").write_all(b"go\n").expect("it waits");
        assert_eq!(says.next().expect("it says").expect("UTF-8"), "closed");
        assert!(child.wait().expect("it ends").success());
        let shown = p.run("dir flash:f.txt");
        assert_eq!(shown.contains("Directory of flash:/f.txt"), is_whole, "{shown}");
    }
}
