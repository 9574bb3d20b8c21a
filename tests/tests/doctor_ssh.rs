//! `towline doctor sftp://`: what it says of OpenSSH's sshd in several configurations, of ours, and of what is no SSH.

use e2e::at_home::{run, towline};
use e2e::process::{Ended, Process};
use e2e::ssh_servers::{Reached, openssh, openssh_legacy, openssh_with};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(120);

/// With all the patience that there is.
fn doctor(home: &Path, arguments: &[&str]) -> Ended {
    run(home, &[&["doctor"], arguments].concat())
}

fn patient(home: &Path, arguments: &[&str]) -> Ended {
    doctor(home, &[&["--patience", "60"], arguments].concat())
}

/// The findings by name.
fn found(ended: &Ended) -> Vec<&str> {
    let heads = ended.out.lines().filter_map(|line| {
        line.strip_prefix("WRONG ").or_else(|| line.strip_prefix("note "))?.trim().split(':').next()
    });
    heads.collect()
}

/// The exit code, the findings, and lines that are said.
fn says(ended: &Ended, code: i32, findings: &[&str], lines: &[&str]) {
    assert_eq!((ended.code(), found(ended)), (code, findings.to_vec()), "{ended:?}");
    for line in lines {
        assert!(ended.out.contains(line), "no '{line}' in {}", ended.out);
    }
}

fn url(reached: &Reached) -> String {
    reached.server.url.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// A server that says so, once for each connection, and reads.
fn saying(words: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("it is bound");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.write_all(words);
            std::thread::spawn(move || stream.read_to_end(&mut Vec::new()));
        }
    });
    format!("sftp://{at}")
}

#[test]
fn a_server_that_nothing_is_wrong_with() {
    let Some(openssh) = openssh(e2e::scratch()) else { return };
    let home = e2e::scratch();
    let url = url(&openssh);
    let unknown = patient(home.path(), &[&url]);
    says(&unknown, 4, &["ssh-host-unknown"], &["nothing is known of the host"]);
    let pin = &openssh.flags()[2..];
    let well = patient(home.path(), &[&[&url[..]], pin].concat());
    let lines = [
        " is SSH-2.0-OpenSSH_",
        "key exchange  ",
        "curve25519-sha256",
        "chacha20-poly1305@openssh.com",
        "modern        connects: ",
        "legacy-ios    connects: ",
        "ssh-ed25519",
        "login by      publickey",
        "nothing wrong",
    ];
    says(&well, 0, &[], &lines);
    assert!(!well.out.contains("SFTP  "), "nobody was logged in: {well:?}");
    let login = patient(home.path(), &[&["--login", &url], &openssh.flags()[..]].concat());
    let sftp = [
        "SFTP          version 3; octets of a packet 262,144",
        "posix-rename@openssh.com 1",
        "limits@openssh.com 1",
    ];
    says(&login, 0, &[], &sftp);
    // Known from the file, as OpenSSH keeps it.
    std::fs::create_dir(home.path().join(".ssh")).unwrap();
    let file = home.path().join(".ssh/known_hosts");
    std::fs::write(&file, &openssh.known).unwrap();
    says(&patient(home.path(), &[&url]), 0, &[], &["ssh-ed25519, known"]);
    let other = openssh.known.replace("AAAAC3NzaC1lZDI1NTE5AAAAI", "AAAAC3NzaC1lZDI1NTE5AAAAIA");
    let line: Vec<&str> = other.split(' ').collect();
    let line = format!("{} {} {}", line[0], line[1], &line[2][..68]);
    std::fs::write(&file, line).unwrap();
    says(&patient(home.path(), &[&url]), 4, &["ssh-host-changed"], &["known_hosts:1 has SHA256:"]);
}

#[test]
fn a_server_that_knows_only_what_is_old_and_one_that_knows_only_what_is_new() {
    let Some((old, _keys)) = openssh_legacy() else { return };
    let home = e2e::scratch();
    let url_of_old = url(&old);
    let ended = patient(home.path(), &[&url_of_old]);
    says(
        &ended,
        1,
        &["ssh-profile", "ssh-host-unknown"],
        &[
            "modern        does not connect: no key exchange in common",
            "compat        does not connect: no cipher in common",
            "legacy-ios    connects: diffie-hellman-group14-sha1, ssh-rsa, aes128-cbc, hmac-sha1",
            "use --ssh-profile legacy-ios",
        ],
    );
    let ended =
        patient(home.path(), &["--ssh-profile", "legacy-ios", "--host-key", "accept-new", &url_of_old]);
    says(
        &ended,
        0,
        &["ssh-old-algorithms"],
        &["what is agreed is old (legacy-ios): diffie-hellman-group14-sha1"],
    );
    let events = patient(home.path(), &["--json", &url_of_old]);
    let last: Vec<serde_json::Value> =
        events.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let named = |name: &str| last.iter().find(|event| event["event"] == name).cloned().unwrap_or_default();
    let examined = named("ssh_examined");
    assert_eq!(examined["ciphers"], "3des-cbc,aes128-cbc", "{events:?}");
    assert_eq!(named("finding")["finding"], "ssh-profile", "{events:?}");
    let new = "KexAlgorithms curve25519-sha256\nCiphers chacha20-poly1305@openssh.com\nHostKeyAlgorithms ssh-ed25519";
    let Some(new) = openssh_with(e2e::scratch(), new) else { return };
    let ended = patient(home.path(), &[&[&url(&new)[..]], &new.flags()[2..]].concat());
    let connects = "modern        connects: curve25519-sha256, ssh-ed25519, chacha20-poly1305@openssh.com";
    says(&ended, 0, &[], &[connects]);
    // What no profile has.
    let Some(none) = openssh_with(e2e::scratch(), "KexAlgorithms sntrup761x25519-sha512@openssh.com") else {
        return;
    };
    let ended = patient(home.path(), &[&url(&none)]);
    says(
        &ended,
        1,
        &["ssh-no-profile"],
        &["no key exchange in common; it offers sntrup761x25519-sha512@openssh.com"],
    );
}

#[test]
fn a_server_by_way_of_another_one_is_seen_as_that_one_sees_it() {
    let root = e2e::scratch;
    let (Some(between), Some((old, _keys))) = (openssh(root()), openssh_legacy()) else { return };
    let home = e2e::scratch();
    let known = home.path().join(".ssh");
    std::fs::create_dir_all(&known).unwrap();
    std::fs::write(known.join("known_hosts"), &between.known).unwrap();
    let (way, place) = (url(&between)["sftp://".len()..].to_owned(), url(&old));
    let keys = [&between, &old].map(|reached| reached.key.display().to_string());
    let by = |way: &str, more: &[&str], place: &str| {
        let all = ["-i", &keys[0], "-i", &keys[1], "-J", way];
        patient(home.path(), &[&all, more, &[place]].concat())
    };
    let address = place.split('@').next_back().unwrap();
    let ended = by(&way, &[], &place);
    says(
        &ended,
        1,
        &["ssh-profile", "ssh-host-unknown"],
        &[
            &format!("{address} is SSH-2.0-OpenSSH_"),
            "legacy-ios    connects: diffie-hellman-group14-sha1, ssh-rsa, aes128-cbc, hmac-sha1",
        ],
    );
    let pin = old.flags()[3];
    let ended = by(&way, &["--host-key", pin, "--ssh-profile", "legacy-ios", "--login"], &place);
    says(&ended, 0, &["ssh-old-algorithms"], &["login by      publickey", "SFTP          version 3"]);
    // What the one between does not reach, and one between that is not to be trusted.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = by(&way, &[], &format!("sftp://{closed}"));
    says(&ended, 3, &["ssh-unreachable"], &["it does not reach that host"]);
    let Some(stranger) = openssh(root()) else { return };
    let ended = by(&url(&stranger)["sftp://".len()..], &[], &place);
    assert_eq!(ended.code(), 4, "{ended:?}");
    assert!(ended.err.contains("nothing is known of it"), "{ended:?}");
}

#[test]
fn our_own_server() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut serve = e2e::ssh_clients::start(root.path(), home.path());
    let url = format!("sftp://{}@{}", e2e::battery::USER.0, serve.listening("sftp"));
    let arguments = ["doctor", "--patience", "60", "--host-key", "accept-new", "--login", &url];
    let mut c = towline(home.path(), &arguments);
    let ended = Process::start(c.env("TOWLINE_PASSWORD", e2e::battery::USER.1)).wait(ONE);
    let lines = [
        " is SSH-2.0-towline_",
        "modern        connects: mlkem768x25519-sha256, ssh-ed25519, aes128-gcm@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ssh-rsa",
        "login by      publickey, password, keyboard-interactive",
        "SFTP          version 3",
    ];
    says(&ended, 0, &[], &lines);
    let mut c = towline(home.path(), &arguments);
    let ended = Process::start(c.env("TOWLINE_PASSWORD", "wrong")).wait(ONE);
    says(&ended, 4, &["ssh-login"], &["login refused"]);
}

#[test]
fn what_is_no_ssh_is_said_to_be_none() {
    let home = e2e::scratch();
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("sftp://{}", listener.local_addr().unwrap())
    };
    says(&patient(home.path(), &[&closed]), 3, &["ssh-closed"], &["its TCP port is closed"]);
    // Silence is what this is about, so it is waited for.
    let silent = doctor(home.path(), &["--patience", "1", &saying(b"")]);
    says(&silent, 3, &["ssh-silent"], &["says nothing"]);
    let ftp = doctor(home.path(), &["--patience", "1", &saying(b"220 ftp.example.com \x1b[31mready\r\n")]);
    says(&ftp, 1, &["not-ssh"], &["it says: 220 ftp.example.com \\x1b[31mready"]);
    let one = doctor(home.path(), &["--patience", "1", &saying(b"SSH-1.5-Cisco-1.25\n")]);
    says(&one, 1, &["ssh-1-only"], &["speaks only SSH 1 (SSH-1.5-Cisco-1.25)"]);
    let named = doctor(home.path(), &["--patience", "1", &saying(b"SSH-2.0-Cisco-1.25\r\n")]);
    says(&named, 1, &["ssh-no-offer"], &["has it a host key"]);
    let scp = patient(home.path(), &[&closed.replace("sftp", "scp")]);
    assert_eq!(scp.code(), 3, "{scp:?}");
}
