//! How a server over SSH is reached and logged in to besides the plain way: by other hosts, with a certificate.

use e2e::at_home::{run, typed};
use e2e::peers::Peer;
use e2e::process::Ended;
use e2e::ssh_servers::{Reached, openssh, openssh_legacy, openssh_with};
use std::fs;
use std::path::{Path, PathBuf};

fn copy(home: &Path, arguments: &[&str]) -> Ended {
    let patient = ["copy", "--quiet", "--patience", "60"];
    run(home, &[&patient, arguments].concat())
}

fn bad(ended: &Ended, code: i32, words: &str) {
    assert_eq!(ended.code(), code, "{ended:?}");
    assert!(ended.err.contains(words), "no '{words}' in {ended:?}");
}

/// `root@127.0.0.1:PORT`.
fn place(reached: &Reached) -> String {
    let url = &reached.server.url;
    url["sftp://".len()..].split('/').next().expect("it has a host").to_owned()
}

/// Writes what is known of the hosts.
fn know(home: &Path, hosts: &[&Reached]) {
    fs::create_dir_all(home.join(".ssh")).unwrap();
    let lines: String = hosts.iter().map(|reached| reached.known.as_str()).collect();
    fs::write(home.join(".ssh/known_hosts"), lines).unwrap();
}

#[test]
fn a_server_is_reached_by_way_of_others_each_judged_and_logged_in_to() {
    let root = e2e::scratch;
    let (Some(one), Some(two), Some(last)) = (openssh(root()), openssh(root()), openssh(root())) else {
        return;
    };
    let Some(closed) = openssh_with(root(), "AllowTcpForwarding no") else { return };
    let home = e2e::scratch();
    fs::write(last.server.served.join("f"), "by way of two").unwrap();
    let from = format!("{}f", last.server.url);
    let keys: Vec<String> = [&one, &two, &last, &closed].map(|r| r.key.display().to_string()).to_vec();
    let keys: Vec<&str> = keys.iter().flat_map(|key| ["-i", key]).collect();
    let by = |way: &str| copy(home.path(), &[&keys[..], &["-J", way, &from, "got"]].concat());
    know(home.path(), &[&one, &two, &last, &closed]);
    let ended = by(&format!("{},{}", place(&one), place(&two)));
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(fs::read_to_string(home.path().join("got")).unwrap(), "by way of two");
    // It goes by there and by no other way.
    bad(
        &by(&format!("{},{}", place(&one), place(&closed))),
        1,
        "the server opens no channel: it is not allowed",
    );
    // Who is on the way is not trusted either, and who is last no more than without.
    know(home.path(), &[&one, &last]);
    bad(&by(&format!("{},{}", place(&one), place(&two))), 4, "nothing is known of it");
    know(home.path(), &[&one, &two]);
    bad(&by(&format!("{},{}", place(&one), place(&two))), 4, "nothing is known of it");
    bad(&by("root@127.0.0.1:0"), 2, "'0' is no port");
}

/// What is remembered of hosts in this home.
fn remembered(home: &Path) -> String {
    fs::read_to_string(home.join("state/towline/ssh-profiles")).unwrap_or_default()
}

#[test]
fn an_older_profile_that_was_given_once_is_remembered_for_the_key_of_the_host() {
    let Some((old, _keys)) = openssh_legacy() else { return };
    let home = e2e::scratch();
    fs::write(old.server.served.join("f"), "from long ago").unwrap();
    let (from, key) = (format!("{}f", old.server.url), old.key.display().to_string());
    let with = |more: &[&str]| copy(home.path(), &[&["-i", &key], more, &[&from, "got"]].concat());
    know(home.path(), &[&old]);
    // Nobody has allowed it, and nobody is there to be asked.
    let hint = "--ssh-profile legacy-ios connects, and is remembered for this host";
    let ended = with(&[]);
    bad(&ended, 1, hint);
    bad(&ended, 1, "no common key exchange: the server offers diffie-hellman-group1-sha1,");
    assert_eq!(with(&["--ssh-profile", "legacy-ios", "--no-remember"]).code(), 0);
    bad(&with(&["--ssh-profile", "compat"]), 1, hint);
    assert_eq!(remembered(home.path()), "");
    assert_eq!(with(&["--ssh-profile", "legacy-ios"]).code(), 0);
    let fingerprint = old.flags()[3];
    let place = old.known.split(' ').next().unwrap();
    assert_eq!(remembered(home.path()), format!("{place} legacy-ios {fingerprint}\n"));
    let ended = with(&[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(fs::read_to_string(home.path().join("got")).unwrap(), "from long ago");
    assert_eq!(with(&["--host-key", fingerprint]).code(), 0, "the pin is the key that it holds for");
    bad(&with(&["--no-remember"]), 1, hint);
    bad(&with(&["--ssh-profile", "modern"]), 1, hint);
    // It holds for that key, which is to be the host's still.
    know(home.path(), &[]);
    bad(&with(&["--host-key", "accept-new"]), 1, hint);
    let other = openssh_legacy().expect("the one before was");
    let line = format!("{place} {}", other.0.known.split_once(' ').unwrap().1);
    fs::write(home.path().join(".ssh/known_hosts"), line).unwrap();
    bad(&with(&[]), 1, hint);
    bad(&with(&["--host-key", other.0.flags()[3]]), 1, hint);
}

#[test]
fn a_host_that_is_remembered_as_old_and_knows_better_gets_better_and_is_forgotten() {
    let Some(new) = openssh(e2e::scratch()) else { return };
    let home = e2e::scratch();
    fs::write(new.server.served.join("f"), "new").unwrap();
    know(home.path(), &[&new]);
    fs::create_dir_all(home.path().join("state/towline")).unwrap();
    let place = new.known.split(' ').next().unwrap();
    let line = format!("elsewhere compat SHA256:x\n{place} legacy-ios {}\n", new.flags()[3]);
    fs::write(home.path().join("state/towline/ssh-profiles"), line).unwrap();
    let (from, key) = (format!("{}f", new.server.url), new.key.display().to_string());
    let ended = copy(home.path(), &["-v", "-i", &key, &from, "got"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.err.contains("(modern)"), "{ended:?}");
    assert_eq!(remembered(home.path()), "elsewhere compat SHA256:x\n");
}

#[test]
fn somebody_at_a_terminal_is_asked_once_whether_an_older_profile_may_be_used() {
    let Some((old, _keys)) = openssh_legacy() else { return };
    let home = e2e::scratch();
    fs::write(old.server.served.join("f"), "from long ago").unwrap();
    know(home.path(), &[&old]);
    let (from, key) = (format!("{}f", old.server.url), old.key.display().to_string());
    let arguments = ["ls", "--patience", "60", "-i", &key, &old.server.url];
    let question = "Use --ssh-profile legacy-ios with it from now on? [y/N] ";
    for (keys, code, words) in [("\r", 1, "no common key exchange"), ("y\r", 0, "f\r\n")] {
        let mut terminal = typed(home.path(), &arguments);
        let before = terminal.until(question);
        assert!(
            before.contains("127.0.0.1 offers only old algorithms (diffie-hellman-group14-sha1, "),
            "{before}"
        );
        terminal.types(keys);
        terminal.until(words);
        assert_eq!(terminal.exit(), Some(code));
    }
    assert!(remembered(home.path()).contains(" legacy-ios SHA256:"));
    assert_eq!(copy(home.path(), &["-i", &key, &from, "got"]).code(), 0, "nobody is asked");
}

#[test]
fn a_certificate_beside_the_key_or_named_lets_in() {
    let home = e2e::scratch();
    let Some(keygen) = Peer::find("openssh", "ssh-keygen") else { return };
    let made = |arguments: &[&str]| {
        let mut c = keygen.command();
        c.current_dir(home.path()).arg("-q").args(arguments);
        assert_eq!(e2e::process::run(&mut c).code(), 0, "{arguments:?}");
    };
    for name in ["authority", "own", "other"] {
        made(&["-t", "ed25519", "-N", "", "-f", name]);
    }
    made(&["-s", "authority", "-I", "carl", "-n", "root", "own.pub"]);
    let authority = home.path().join("authority.pub");
    let Some(openssh) = openssh_with(e2e::scratch(), &format!("TrustedUserCAKeys {}", authority.display()))
    else {
        return;
    };
    fs::write(openssh.server.served.join("f"), "certified").unwrap();
    let from = format!("{}f", openssh.server.url);
    let pin = &openssh.flags()[2..];
    let with = |arguments: &[&str]| copy(home.path(), &[pin, arguments, &[&from[..], "got"]].concat());
    let ended = with(&["-i", "own"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert_eq!(fs::read_to_string(home.path().join("got")).unwrap(), "certified");
    let elsewhere = PathBuf::from("elsewhere.pub");
    fs::rename(home.path().join("own-cert.pub"), home.path().join(&elsewhere)).unwrap();
    bad(&with(&["-i", "own"]), 4, "login refused: tried own as root");
    assert_eq!(with(&["-i", "own", "--certificate", "elsewhere.pub"]).code(), 0);
    // Of another key it is not shown.
    bad(&with(&["-i", "other", "--certificate", "elsewhere.pub"]), 4, "login refused: tried other as root");
    bad(&with(&["-i", "own", "--certificate", "own.pub"]), 7, "own.pub: not a key that is known here");
    fs::write(home.path().join("own-cert.pub"), "no certificate").unwrap();
    bad(&with(&["-i", "own"]), 4, "own-cert.pub (not a key");
}

#[test]
fn a_test_of_a_key_says_whether_it_would_let_in_and_why_not() {
    let home = e2e::scratch();
    let key = || transport::ssh::PrivateKey::ed25519().expect("there is randomness");
    let [own, old, far, other] = [(); 4].map(|()| key());
    for (name, key) in [("own", &own), ("old", &old), ("far", &far), ("other", &other)] {
        fs::write(home.path().join(name), key.text().unwrap()).unwrap();
        fs::write(home.path().join(format!("{name}.pub")), key.public().text()).unwrap();
    }
    let lines = format!(
        "{}\nexpiry-time=\"20200101\" {}\nfrom=\"10.0.0.0/8\" {}\n",
        own.public().text(),
        old.public().text(),
        far.public().text()
    );
    fs::write(home.path().join("keys"), lines).unwrap();
    let keys = home.path().join("keys");
    let settings = format!(
        "[[user]]\nname = \"bob\"\nkeys-file = {keys:?}\n\
         [[user]]\nname = \"carl\"\nkeys-file = {keys:?}\ndisabled = true\n"
    );
    fs::write(home.path().join("towline.toml"), settings).unwrap();
    let test = |arguments: &[&str]| {
        let all = [&["user", "test", "--config", "towline.toml"], arguments].concat();
        run(home.path(), &all)
    };
    for file in ["own", "own.pub"] {
        let ended = test(&["bob", "--key", file]);
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(
            ended.out.contains("bob may log in from 127.0.0.1 over sftp in ssh with SHA256:"),
            "{ended:?}"
        );
    }
    assert_eq!(test(&["bob", "--key", "far.pub", "--from", "10.1.1.1"]).code(), 0);
    bad(&test(&["bob", "--key", "far.pub"]), 4, "is the user's, and not from 127.0.0.1");
    bad(&test(&["bob", "--key", "old.pub"]), 4, "is the user's, and has expired");
    bad(&test(&["bob", "--key", "other.pub"]), 4, "is not the user's: SHA256:");
    bad(&test(&["carl", "--key", "own.pub"]), 4, "the key is right, but the user");
    bad(&test(&["eve", "--key", "own.pub"]), 4, "there is no such user");
    bad(&test(&["bob", "--key", "keys.toml"]), 5, "keys.toml");
    bad(&test(&["bob", "--key", "own.pub", "--protocol", "ftp"]), 2, "only sftp and scp know keys");
}
