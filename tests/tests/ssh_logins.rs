//! Who is let in over SSH, by what, and what they may not: OpenSSH's clients against the running service.

use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use e2e::service::Service;
use e2e::ssh_clients::{Typed, host_keys, openssh, run};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A service with these users, and a directory of its clients' own.
struct House {
    service: Service,
    home: tempfile::TempDir,
    at: SocketAddr,
}

/// Programs of OpenSSH.
struct OpenSsh {
    ssh: Peer,
    sftp: Peer,
    keygen: Peer,
}

fn programs() -> Option<OpenSsh> {
    let find = |program| Peer::find("openssh", program);
    Some(OpenSsh { ssh: find("ssh")?, sftp: find("sftp")?, keygen: find("ssh-keygen")? })
}

impl OpenSsh {
    /// Makes a key; the path of its private half.
    fn key(&self, dir: &Path, name: &str, kind: &str) -> PathBuf {
        let path = dir.join(name);
        let mut c = self.keygen.command();
        c.args(["-q", "-t", kind, "-N", "", "-C", name, "-f"]).arg(&path);
        assert_eq!(e2e::process::run(&mut c).code(), 0);
        path
    }
}

/// `password = …` of a user, with the password in a file that is nobody else's.
fn password(home: &Path) -> String {
    let file = home.join("word");
    std::fs::write(&file, e2e::battery::USER.1).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    format!("password = {{ file = {file:?} }}")
}

fn public(key: &Path) -> String {
    std::fs::read_to_string(key.with_extension("pub")).expect("ssh-keygen wrote it").trim().to_owned()
}

impl House {
    fn start(home: tempfile::TempDir, users: &str, sftp: &str) -> House {
        let settings =
            format!("write = true\n[sftp]\nport = 0\nhost-keys = {:?}\n{sftp}\n{users}", host_keys());
        let mut service = Service::start(&settings, &[]);
        let at = service.serve.listening("sftp");
        std::fs::write(service.path("root").join("a"), "here").unwrap();
        House { service, home, at }
    }

    /// Lists the root with `sftp` and these options.
    fn lists(&self, with: &OpenSsh, user: &str, options: &[&str]) -> Ended {
        let mut arguments = openssh(self.home.path());
        // The first of two counts.
        arguments.splice(2..2, options.iter().map(|o| (*o).to_owned()));
        let ssh = with.ssh.path().display().to_string();
        arguments.extend(["-S", &ssh, "-P", &self.at.port().to_string(), "-b", "script"].map(String::from));
        arguments.push(format!("{user}@127.0.0.1"));
        run(&with.sftp, &Typed { arguments, script: String::from("ls\n") }, self.home.path())
    }

    fn command(&self, with: &OpenSsh, user: &str, more: &[&str]) -> Ended {
        let mut arguments = openssh(self.home.path());
        arguments.extend(["-p".into(), self.at.port().to_string(), format!("{user}@127.0.0.1")]);
        arguments.extend(more.iter().map(|w| (*w).to_owned()));
        run(&with.ssh, &Typed { arguments, script: String::new() }, self.home.path())
    }
}

const KEYS_ONLY: &str = "PreferredAuthentications=publickey";

#[test]
fn a_key_of_the_user_s_lets_in_and_another_does_not() {
    let Some(with) = programs() else { return };
    let home = e2e::scratch();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        with.key(home.path(), kind, kind);
    }
    let other = with.key(home.path(), "other", "ed25519");
    let keys: Vec<String> = ["ed25519", "ecdsa", "rsa"].map(|k| public(&home.path().join(k))).to_vec();
    let users = format!(
        "[[user]]\nname = \"bob\"\nkeys = {keys:?}\n[[user]]\nname = \"carl\"\nkeys = [{:?}]\n",
        public(&other)
    );
    let house = House::start(home, &users, "");
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = house.home.path().join(kind).display().to_string();
        let ended = house.lists(&with, "bob", &["-o", KEYS_ONLY, "-i", &key]);
        assert_eq!((ended.code(), ended.out.contains("\na")), (0, true), "{kind}: {ended:?}");
        let ended = house.lists(&with, "carl", &["-o", KEYS_ONLY, "-i", &key]);
        assert_ne!(ended.code(), 0, "{kind}: {ended:?}");
        assert!(ended.err.contains("Permission denied"), "{ended:?}");
    }
    let events = house.service.serve.events();
    let said = format!("{events:?}");
    assert!(said.contains("SHA256:"), "the login says by which key: {said}");
}

/// A login says what its connection is made of, and the screen says it of an old one.
#[test]
fn a_login_says_what_was_agreed_and_which_profile_that_takes() {
    let Some(with) = programs() else { return };
    let home = e2e::scratch();
    let key = with.key(home.path(), "key", "ecdsa");
    let users = format!("[[user]]\nname = \"bob\"\nkeys = [{:?}]\n", public(&key));
    let mut house = House::start(home, &users, "profile = \"legacy-ios\"");
    let key = key.display().to_string();
    let old = [
        "KexAlgorithms=diffie-hellman-group1-sha1",
        "HostKeyAlgorithms=ssh-rsa",
        "Ciphers=3des-cbc",
        "MACs=hmac-sha1",
    ];
    let new = [
        "KexAlgorithms=curve25519-sha256",
        "HostKeyAlgorithms=rsa-sha2-256",
        "Ciphers=aes256-gcm@openssh.com",
    ];
    let options =
        |words: &[&'static str]| -> Vec<&str> { words.iter().flat_map(|word| ["-o", word]).collect() };
    for words in [&old[..], &new[..]] {
        let ended =
            house.lists(&with, "bob", &[&options(words)[..], &["-o", KEYS_ONLY, "-i", &key]].concat());
        assert_eq!(ended.code(), 0, "{ended:?}");
    }
    let logins = house.service.serve.process.wait_for("two logins", |said| {
        let events = said.out.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let logins: Vec<_> = events.filter(|event| event["event"] == "login").collect();
        (logins.len() == 2).then_some(logins)
    });
    let said = |n: usize| {
        let fields = ["key_exchange", "host_key", "cipher", "mac", "profile"];
        fields.map(|field| logins[n].get(field).and_then(|value| value.as_str()).unwrap_or("-"))
    };
    assert_eq!(
        said(0),
        ["diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "hmac-sha1", "legacy-ios"],
        "{logins:?}"
    );
    assert_eq!(said(1), ["curve25519-sha256", "rsa-sha2-256", "aes256-gcm@openssh.com", "-", "modern"]);
    assert!(logins.iter().all(|login| login["ident"].as_str().unwrap().starts_with("SSH-2.0-OpenSSH_")));
    let line = "bob logged in with old algorithms (legacy-ios): diffie-hellman-group1-sha1, ssh-rsa, 3des-cbc, hmac-sha1";
    house.service.serve.process.wait_for(line, |said| {
        let old = said.err.iter().filter(|text| text.contains("logged in with old algorithms")).count();
        assert!(old < 2, "once: {said:?}");
        said.err.iter().any(|text| text.contains(line)).then_some(())
    });
}

/// A client that knows nothing that is allowed is in the log with both offers and what would let it in.
#[test]
fn who_knows_only_what_is_not_taken_is_told_of_with_the_profile_that_would_do() {
    let Some(with) = programs() else { return };
    let mut house = House::start(e2e::scratch(), "", "");
    let group1 = "KexAlgorithms=diffie-hellman-group1-sha1";
    let cases: [(&[&str], &str, &str); 4] = [
        (&[group1], "key exchange", "--ssh-profile legacy-ios (sftp.profile) lets it in"),
        (&["HostKeyAlgorithms=ssh-rsa"], "host key", "--ssh-profile compat (sftp.profile) lets it in"),
        (&["Ciphers=3des-cbc"], "cipher", "--ssh-profile legacy-ios (sftp.profile) lets it in"),
        (
            &["KexAlgorithms=sntrup761x25519-sha512@openssh.com"],
            "key exchange",
            "no profile lets it in: the client needs an update",
        ),
    ];
    for (n, (options, kind, way_out)) in cases.into_iter().enumerate() {
        let words: Vec<&str> = options.iter().flat_map(|word| ["-o", word]).collect();
        assert_ne!(house.lists(&with, "bob", &words).code(), 0, "{options:?}");
        let refused = house.service.serve.process.wait_for("a refusal", |said| {
            let events =
                said.out.iter().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
            events.filter(|event| event["event"] == "refused").nth(n)
        });
        let reason = refused["reason"].as_str().unwrap();
        let theirs = options[0].split_once('=').unwrap().1;
        let begins = format!("no {kind} in common: SSH-2.0-OpenSSH_");
        assert!(reason.starts_with(&begins) && reason.ends_with(way_out), "{reason}");
        assert!(reason.contains(&format!(" offers {theirs}; we offer ")), "{reason}");
        assert!(refused["peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{refused}");
        house.service.serve.process.wait_for("its line", |said| {
            said.err.iter().any(|line| line.contains(reason) && line.contains("127.0.0.1")).then_some(())
        });
    }
}

#[test]
fn who_has_to_show_both_shows_both() {
    let Some(with) = programs() else { return };
    let home = e2e::scratch();
    let key = with.key(home.path(), "key", "ed25519");
    let users = format!(
        "[[user]]\nname = \"bob\"\nrequire = \"both\"\n{}\nkeys = [{:?}]\n",
        password(home.path()),
        public(&key)
    );
    let house = House::start(home, &users, "");
    let key = key.display().to_string();
    let only = |ways: &str| format!("PreferredAuthentications={ways}");
    for (ways, code) in [
        ("publickey,password", 0),
        ("publickey,keyboard-interactive", 0),
        ("publickey", 255),
        ("password", 255),
    ] {
        let ended = house.lists(&with, "bob", &["-o", &only(ways), "-i", &key]);
        assert_eq!(ended.code(), code, "{ways}: {ended:?}");
    }
}

#[test]
fn a_certificate_lets_in_whom_it_is_for() {
    let Some(with) = programs() else { return };
    let home = e2e::scratch();
    let authority = with.key(home.path(), "authority", "ed25519");
    let other = with.key(home.path(), "other", "ed25519");
    let users = format!(
        "[[user]]\nname = \"bob\"\nkeys = [{:?}]\n",
        format!("cert-authority {}", public(&authority))
    );
    for (name, by, principals, until) in [
        ("good", &authority, "bob", "+1h"),
        ("wrong-user", &authority, "carl", "+1h"),
        ("wrong-authority", &other, "bob", "+1h"),
        ("over", &authority, "bob", "20200101:20200102"),
    ] {
        let key = with.key(home.path(), name, "ed25519");
        let mut c = with.keygen.command();
        c.args(["-q", "-I", name, "-n", principals, "-V", until, "-s"])
            .arg(by)
            .arg(key.with_extension("pub"));
        assert_eq!(e2e::process::run(&mut c).code(), 0);
    }
    let bare = with.key(home.path(), "bare", "ed25519");
    let house = House::start(home, &users, "");
    for (name, code) in [("good", 0), ("wrong-user", 255), ("wrong-authority", 255), ("over", 255)] {
        let key = house.home.path().join(name);
        let certificate = format!("CertificateFile={}-cert.pub", key.display());
        let key = key.display().to_string();
        let ended = house.lists(&with, "bob", &["-o", KEYS_ONLY, "-o", &certificate, "-i", &key]);
        assert_eq!(ended.code(), code, "{name}: {ended:?}");
    }
    let ended = house.lists(&with, "bob", &["-o", KEYS_ONLY, "-i", &bare.display().to_string()]);
    assert_eq!(ended.code(), 255, "a key that nobody signed: {ended:?}");
}

#[test]
fn there_is_no_shell_no_command_and_no_forwarding() {
    let Some(with) = programs() else { return };
    let home = e2e::scratch();
    let users = format!("[[user]]\nname = \"bob\"\n{}\n", password(home.path()));
    let house = House::start(home, &users, "");
    for more in [&["id"][..], &["-tt"], &["sh", "-c", "id"]] {
        let ended = house.command(&with, "bob", more);
        assert_eq!(ended.code(), 1, "{more:?}: {ended:?}");
        assert!(format!("{}{}", ended.out, ended.err).contains("for sftp and scp"), "{more:?}: {ended:?}");
        assert!(!ended.out.contains("uid="), "{ended:?}");
    }
    let ended = house.command(&with, "bob", &["-W", "127.0.0.1:1"]);
    assert_ne!(ended.code(), 0, "{ended:?}");
    assert!(ended.err.contains("forwarding failed"), "{ended:?}");
}

#[test]
fn old_algorithms_are_spoken_where_the_profile_says_so() {
    let Some(with) = programs() else { return };
    let old = |kex: &str, key: &str, cipher: &str, mac: &str| {
        [
            format!("KexAlgorithms={kex}"),
            format!("HostKeyAlgorithms={key}"),
            format!("Ciphers={cipher}"),
            format!("MACs={mac}"),
        ]
    };
    let ios = old("diffie-hellman-group1-sha1", "ssh-rsa", "3des-cbc", "hmac-sha1");
    let ios15 = old("diffie-hellman-group14-sha1", "ssh-rsa", "aes128-cbc", "hmac-sha1");
    let of_2012 = old("diffie-hellman-group14-sha1", "ssh-rsa", "aes128-ctr", "hmac-sha1");
    for (profile, spoken) in [
        ("modern", [false, false, false]),
        ("compat", [false, false, true]),
        ("legacy-ios", [true, true, true]),
    ] {
        let home = e2e::scratch();
        let users = format!("[[user]]\nname = \"bob\"\n{}\n", password(home.path()));
        let house = House::start(home, &users, &format!("profile = {profile:?}"));
        for (options, speaks) in [&ios, &ios15, &of_2012].into_iter().zip(spoken) {
            let mut options: Vec<&str> = options.iter().flat_map(|o| ["-o", o]).collect();
            // What does not fit is said there.
            options.extend(["-o", "LogLevel=INFO"]);
            let ended = house.lists(&with, "bob", &options);
            assert_eq!(ended.code() == 0, speaks, "{profile} {options:?}: {ended:?}");
            if !speaks {
                assert!(ended.err.contains("no matching"), "{profile} {options:?}: {ended:?}");
            }
        }
        assert_eq!(house.lists(&with, "bob", &[]).code(), 0, "{profile}: whoever can do better does");
    }
}

#[test]
fn without_users_there_is_a_password_for_the_run() {
    let Some(with) = programs() else { return };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::write(root.path().join("a"), "here").unwrap();
    let mut c: Command = e2e::towline::command();
    c.arg("serve").arg(root.path()).args(["--bind", "127.0.0.1", "--tftp", "0", "--ftp", "0", "--sftp", "0"]);
    c.arg("--host-keys").arg(host_keys());
    let mut serve = Process::start(&mut c);
    let (port, password) = serve.wait_for("the password", |said| {
        let lines = || said.out.iter().chain(&said.err);
        let port =
            lines().find_map(|l| l.trim().strip_prefix("sftp -P ")?.split(' ').next().map(String::from));
        let password =
            lines().find_map(|l| l.split_once("until this server ends: ").map(|(_, p)| p.to_owned()));
        port.zip(password)
    });
    assert_eq!(password.len(), 12);
    let lists = |password: &str| {
        let mut arguments = openssh(home.path());
        arguments.extend(
            ["-S", &with.ssh.path().display().to_string(), "-P", &port, "-b", "script"].map(String::from),
        );
        arguments.push("towline@127.0.0.1".into());
        let ask = home.path().join("ask");
        std::fs::write(&ask, format!("#!/bin/sh\necho {password}\n")).unwrap();
        std::fs::set_permissions(&ask, PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(home.path().join("script"), "ls\nput script\n").unwrap();
        let mut c = with.sftp.command();
        c.args(arguments).current_dir(home.path()).env("HOME", home.path());
        c.env("SSH_ASKPASS", &ask).env("SSH_ASKPASS_REQUIRE", "force");
        Process::start(&mut c).wait(Duration::from_secs(60))
    };
    let right = lists(&password);
    assert!(right.out.contains("\na"), "{right:?}");
    assert!(right.err.contains("ermission denied"), "it is read-only all the same: {right:?}");
    let wrong = lists("abcdefghijkl");
    assert!(!wrong.out.contains("\na") && wrong.code() != 0, "{wrong:?}");
}
