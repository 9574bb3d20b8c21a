//! Users as an operator has them: files of a directory, a command that knows others, `towline user`.

use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, Process, run};
use e2e::towline::{Serve, command};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// `hunter2`, by openssl.
const MD5: &str = "$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ/";

fn text(path: &Path) -> &str {
    path.to_str().expect("temporary directories are UTF-8")
}

/// `towline user …` with a password on standard input.
fn user(arguments: &[&str], password: &str) -> Ended {
    let mut c = command();
    let mut process =
        Process::start_with(c.arg("user").args(arguments).arg("--password-stdin"), Stdio::piped());
    let mut input = process.input().expect("a pipe");
    // It may end before it asks for a password.
    let _ = input.write_all(format!("{password}\n").as_bytes());
    drop(input);
    process.wait(PATIENCE)
}

/// What FTP answers to these credentials.
fn login(server: SocketAddr, name: &str, password: &str) -> String {
    let stream = TcpStream::connect(server).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout is set");
    let mut lines = BufReader::new(stream.try_clone().expect("a descriptor"));
    let mut reply = || {
        let mut line = String::new();
        lines.read_line(&mut line).expect("a reply");
        line.trim_end().to_owned()
    };
    reply();
    (&stream).write_all(format!("USER {name}\r\n").as_bytes()).expect("it reads");
    assert!(reply().starts_with("331"));
    (&stream).write_all(format!("PASS {password}\r\n").as_bytes()).expect("it reads");
    reply()
}

fn put(file: &Path, content: &str, mode: u32) {
    std::fs::write(file, content).expect("own directory");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).expect("own file");
}

/// A server whose users are in this directory.
fn serve(home: &Path, more: &str) -> Serve {
    let root = home.join("root");
    let users = home.join("users.d");
    for dir in [&root, &users] {
        std::fs::create_dir_all(dir).expect("own directory");
    }
    let config = home.join("towline.toml");
    let content = format!(
        "[server]\nroot = \"{}\"\nbind = [\"127.0.0.1\"]\n[tftp]\nport = 0\n[ftp]\nport = 0\n[identity]\nusers-dir = \
         \"{}\"\n{more}",
        root.display(),
        users.display()
    );
    put(&config, &content, 0o600);
    Serve::start_command(command().args(["serve", "--json", "--config", text(&config)]))
}

fn notice(serve: &Serve, word: &str) -> Option<Value> {
    serve.events().into_iter().find(|e| e["event"] == "identity" && e["notice"] == word)
}

#[test]
fn a_user_is_added_changed_disabled_and_removed_while_the_server_runs() {
    let home = e2e::scratch();
    let serve = serve(home.path(), "");
    let config = home.path().join("towline.toml");
    let config = ["--config", text(&config)];
    assert!(login(serve.ftp, "bob", "hunter2").starts_with("530"));

    let added = user(&["add", "bob", "--group", "ops", config[0], config[1]], "hunter2");
    assert_eq!(added.code(), 0, "{added:?}");
    let file = home.path().join("users.d/bob.toml");
    assert_eq!(file.metadata().expect("it is there").permissions().mode() & 0o777, 0o600);
    assert!(std::fs::read_to_string(&file).expect("ours").contains("$argon2id$"));
    assert!(login(serve.ftp, "bob", "hunter2").starts_with("230"));
    let again = user(&["add", "bob", config[0], config[1]], "x");
    assert_eq!((again.code(), again.err.contains("is there already")), (2, true), "{again:?}");

    let changed = user(&["passwd", "bob", config[0], config[1]], "other");
    assert_eq!(changed.code(), 0, "{changed:?}");
    // Without a restart, and although the old one was remembered.
    assert!(login(serve.ftp, "bob", "hunter2").starts_with("530"));
    assert!(login(serve.ftp, "bob", "other").starts_with("230"));
    assert!(std::fs::read_to_string(&file).expect("ours").contains("groups = [\"ops\"]"));

    let mut content = std::fs::read_to_string(&file).expect("ours");
    content.push_str("disabled = true\n");
    put(&file, &content, 0o600);
    assert!(login(serve.ftp, "bob", "other").starts_with("530"));
    assert!(until(PATIENCE, || notice(&serve, "right-but-not-now")).is_some(), "{:?}", serve.events());
    let listed = run(command().args(["user", "list", "--json"]).args(config));
    let row: Value = serde_json::from_str(listed.out.trim()).expect("one object");
    assert_eq!((&row["name"], &row["state"]), (&Value::from("bob"), &Value::from("disabled")), "{row}");
    assert_eq!((&row["groups"], &row["password"]), (&Value::from("ops"), &Value::from("argon2id")), "{row}");
    std::fs::remove_file(&file).expect("ours");
    assert!(login(serve.ftp, "bob", "other").starts_with("530"));
}

#[test]
fn an_old_hash_is_replaced_in_the_users_file_at_the_first_login() {
    let home = e2e::scratch();
    let config = "[[user]]\nname = \"al\"\npassword = \"$1$abcdefgh$vhxKZ/s1ygZHyCEDPyqtQ/\"\n";
    let serve = serve(home.path(), config);
    let file = home.path().join("users.d/bob.toml");
    put(&file, &format!("# of the old server\npassword = \"{MD5}\"\n"), 0o600);
    assert!(login(serve.ftp, "bob", "wrong").starts_with("530"));
    assert!(std::fs::read_to_string(&file).expect("ours").contains(MD5));
    assert!(login(serve.ftp, "bob", "hunter2").starts_with("230"));
    let content = std::fs::read_to_string(&file).expect("ours");
    assert!(content.starts_with("# of the old server\npassword = \"$argon2id$"), "{content}");
    assert!(until(PATIENCE, || notice(&serve, "hash-upgraded")).is_some());
    assert!(login(serve.ftp, "bob", "hunter2").starts_with("230"));
    // What is in the configuration stays, and that is said.
    assert!(login(serve.ftp, "al", "hunter2").starts_with("230"));
    let said = until(PATIENCE, || notice(&serve, "hash-not-upgraded")).expect("an event");
    assert!(said["text"].as_str().expect("a text").contains("md5-crypt"), "{said}");
    let told = serde_json::to_string(&serve.events()).expect("events");
    assert!(!told.contains("hunter2") && !told.contains("$argon2id$") && !told.contains("$1$"), "{told}");
}

#[test]
fn a_command_of_the_operator_knows_users() {
    let home = e2e::scratch();
    let script = home.path().join("knows");
    let asked = home.path().join("asked");
    put(
        &script,
        &format!(
            "#!/bin/sh\necho \"$TOWLINE_USER $TOWLINE_ADDRESS $TOWLINE_PROTOCOL $*\" >> {}\n[ \"$TOWLINE_USER $(cat)\" = \
             \"eve s3cret\" ] || exit 1\necho '{{\"groups\": [\"ops\"]}}'\n",
            asked.display()
        ),
        0o700,
    );
    // In [identity], which is the last section.
    let serve = serve(home.path(), &format!("command = [\"{}\", \"--site\", \"1\"]\n", script.display()));
    for _ in 0..3 {
        assert!(login(serve.ftp, "eve", "s3cret").starts_with("230"));
        assert!(login(serve.ftp, "eve", "wrong").starts_with("530"));
    }
    let asked = std::fs::read_to_string(&asked).expect("it was asked");
    assert_eq!(asked, "eve 127.0.0.1 ftp --site 1\n".repeat(2), "each question once");
    let config = home.path().join("towline.toml");
    let test = user(&["test", "eve", "--config", text(&config)], "s3cret");
    assert_eq!(
        (test.code(), test.out.trim()),
        (0, "eve may log in from 127.0.0.1 (groups ops)."),
        "{test:?}"
    );
    let test = user(&["test", "eve", "--config", text(&config)], "wrong");
    assert_eq!(test.code(), 4);
    assert!(test.err.contains("the identity command says no"), "{test:?}");
    // The command may go by how somebody comes.
    let way = ["--protocol", "http", "--security", "tls", "--from", "192.0.2.7"];
    let test = user(&[&["test", "eve", "--config", text(&config)], &way[..]].concat(), "s3cret");
    assert_eq!(test.out.trim(), "eve may log in from 192.0.2.7 over http in tls (groups ops).", "{test:?}");
    let asked = std::fs::read_to_string(home.path().join("asked")).expect("it was asked");
    assert_eq!(asked.lines().last(), Some("eve 192.0.2.7 http --site 1"));
}

#[test]
fn test_says_in_words_why_a_login_would_fail() {
    let home = e2e::scratch();
    let dir = home.path().join("users.d");
    std::fs::create_dir(&dir).expect("own directory");
    let place = ["--users-dir", text(&dir)];
    for (name, more) in [("bob", ""), ("off", "disabled = true"), ("gone", "expires = 2020-01-01")] {
        put(&dir.join(format!("{name}.toml")), &format!("password = \"{MD5}\"\n{more}\n"), 0o600);
    }
    put(&dir.join("open.toml"), &format!("password = \"{MD5}\"\n"), 0o644);
    let long = "x".repeat(600);
    for (name, password, words) in [
        ("bob", "hunter3", "the password is wrong"),
        ("bob", &long, "more than 512 octets"),
        ("nobody", "x", "there is no such user; towline user add"),
        ("a/b", "x", "is no character of a name"),
        ("anonymous", "x", "FTP's name for everybody"),
        ("off", "hunter2", "the password is right, but the user is disabled"),
        ("off", "hunter3", "the password is wrong"),
        ("gone", "hunter2", "the password is right, but the user has expired"),
        ("open", "hunter2", "mode 0644 lets others at the hash; chmod 600"),
    ] {
        let test = user(&["test", name, place[0], place[1]], password);
        assert_eq!((test.code(), &*test.out), (4, ""), "{name}: {test:?}");
        let last = test.err.trim_end().lines().last().expect("a line");
        assert!(
            last.starts_with(&format!("towline: user {name}: ")) && last.contains(words),
            "{name}: {test:?}"
        );
        assert!(!test.err.contains(password) || password == "x", "{test:?}");
    }
    for (way, words) in [
        (&["--protocol", "http"][..], "HTTP takes no password in the clear; see http.clear-login"),
        (&["--protocol", "tftp"], "TFTP has no login: it is ftp, http, sftp or scp"),
        (
            &["--security", "ssh"],
            "sftp and scp come in ssh by themselves, nothing else does: it is clear or tls",
        ),
    ] {
        let test = user(&[&["test", "bob", place[0], place[1]], way].concat(), "hunter2");
        assert!(test.code() != 0 && test.err.contains(words), "{way:?}: {test:?}");
    }
    let right = user(&["test", "bob", place[0], place[1]], "hunter2");
    assert_eq!(right.code(), 0, "{right:?}");
    assert!(right.out.contains("hashed with md5-crypt; a login makes that argon2id"), "{right:?}");
    let content = std::fs::read_to_string(dir.join("bob.toml")).expect("ours");
    assert!(content.contains(MD5), "a test changes nothing");
}

#[test]
fn without_a_directory_the_lines_for_the_configuration_are_printed() {
    let home = e2e::scratch();
    let config = home.path().join("towline.toml");
    put(&config, "", 0o600);
    let place = ["--config", text(&config)];
    let printed =
        user(&["add", "bob", "--group", "ops", "--expires", "2099-12-31", place[0], place[1]], "hunter2");
    assert_eq!(printed.code(), 0, "{printed:?}");
    assert!(!printed.out.contains("hunter2"));
    put(&config, &printed.out, 0o600);
    let test = user(&["test", "bob", place[0], place[1]], "hunter2");
    assert_eq!(
        (test.code(), test.out.trim()),
        (0, "bob may log in from 127.0.0.1 (groups ops)."),
        "{test:?}"
    );
    let line = user(&["passwd", "bob", place[0], place[1]], "other");
    assert!(
        line.out.starts_with("password = \"$argon2id$") && line.err.contains("towline.toml:4"),
        "{line:?}"
    );
    for (arguments, password, words) in [
        (vec!["add", "bob"], "x", "is in the configuration already"),
        (vec!["add", "a b"], "x", "no character of a name"),
        (vec!["add", "al"], "", "the password is empty"),
        (vec!["add", "al", "--group", "a/b"], "x", "no character of a name"),
        (vec!["add", "al", "--expires", "soon"], "x", "it is no day"),
        (vec!["add", "al", "--home", "/../x"], "x", "home"),
        (vec!["passwd", "nobody"], "x", "no such user"),
    ] {
        let ended = user(&[&arguments[..], &place[..]].concat(), password);
        assert!(ended.code() == 2 || ended.code() == 5, "{ended:?}");
        assert!(ended.err.contains(words), "{words}: {ended:?}");
    }
}

#[test]
fn a_second_login_is_quick_although_the_hash_is_slow() {
    let home = e2e::scratch();
    let serve = serve(home.path(), "");
    let dir = home.path().join("users.d");
    let added = user(&["add", "bob", "--users-dir", text(&dir)], "hunter2");
    assert_eq!(added.code(), 0, "{added:?}");
    let took = |password: &str, wanted: &str| {
        let began = Instant::now();
        assert!(login(serve.ftp, "bob", password).starts_with(wanted));
        began.elapsed()
    };
    took("hunter2", "230");
    let least = |password: &str, wanted: &str| (0..9).map(|_| took(password, wanted)).min().expect("nine");
    let (right, wrong) = (least("hunter2", "230"), least("wrong", "530"));
    println!("remembered {right:?}, hashed {wrong:?}");
    assert!(right < wrong / 2, "remembered {right:?}, hashed {wrong:?}");
}

/// Starts `towline user VERB bob` once for each of these passwords, all at once, and says how each ended.
fn at_once(verb: &str, dir: &Path, passwords: &[&str]) -> Vec<Ended> {
    let start = |password: &&str| {
        let mut c = command();
        c.args(["user", verb, "bob", "--password-stdin", "--users-dir"]).arg(dir);
        let mut process = Process::start_with(&mut c, Stdio::piped());
        let mut input = process.input().expect("a pipe");
        let _ = input.write_all(format!("{password}\n").as_bytes());
        process
    };
    let running: Vec<Process> = passwords.iter().map(start).collect();
    running.into_iter().map(|process| process.wait(PATIENCE)).collect()
}

#[test]
fn of_those_who_add_or_change_a_user_at_once_one_wins_and_nothing_is_left_over() {
    let home = e2e::scratch();
    let dir = &home.path().join("users.d");
    std::fs::create_dir(dir).expect("own directory");
    let passwords = ["one", "two", "three", "four", "five", "six"];
    let right = || -> Vec<&str> {
        let is_right =
            |password: &&str| user(&["test", "bob", "--users-dir", text(dir)], password).code() == 0;
        passwords.into_iter().filter(is_right).collect()
    };
    let added = at_once("add", dir, &passwords);
    let mut codes: Vec<i32> = added.iter().map(Ended::code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 2, 2, 2, 2, 2], "{added:?}");
    let winner = added.iter().position(|ended| ended.code() == 0).expect("one");
    assert_eq!(right(), [passwords[winner]], "who was told that it is there, is there");
    assert!(added.iter().filter(|e| e.code() == 2).all(|e| e.err.contains("is there already")), "{added:?}");
    let changed = at_once("passwd", dir, &passwords);
    assert!(changed.iter().all(|ended| ended.code() == 0), "{changed:?}");
    assert_eq!(right().len(), 1);
    let names: Vec<_> =
        std::fs::read_dir(dir).expect("ours").map(|e| e.expect("an entry").file_name()).collect();
    assert_eq!(names, ["bob.toml"]);
}

/// Gives a path to `nobody`, who is the service here.
fn give(path: &Path) {
    std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).expect("root may");
}

#[test]
fn a_sandboxed_worker_of_another_user_renews_a_hash_where_the_directory_is_its_own() {
    if !e2e::peers::is_root("sandbox") {
        return;
    }
    for is_own in [true, false] {
        let home = e2e::scratch();
        let (dir, file) = (home.path().join("users.d"), home.path().join("users.d/bob.toml"));
        std::fs::create_dir(&dir).expect("own directory");
        put(&file, &format!("password = \"{MD5}\"\n"), 0o600);
        give(home.path());
        give(&file);
        if is_own {
            give(&dir);
        }
        let root = home.path().join("root");
        std::fs::create_dir(&root).expect("own directory");
        let config = home.path().join("towline.toml");
        let content = format!(
            "[server]\nroot = \"root\"\nbind = [\"127.0.0.1\"]\nuser = \"65534:65534\"\nsandbox = \"require\"\n\
             [tftp]\nport = 0\n[ftp]\nport = 0\n[identity]\nusers-dir = \"{}\"\n",
            dir.display()
        );
        put(&config, &content, 0o600);
        let serve = Serve::start_command(command().args(["serve", "--json", "--config", text(&config)]));
        assert!(login(serve.ftp, "bob", "hunter2").starts_with("230"));
        let content = std::fs::read_to_string(&file).expect("ours");
        let word = if is_own { "hash-upgraded" } else { "hash-not-upgraded" };
        let said = until(PATIENCE, || notice(&serve, word)).expect("an event");
        assert_eq!(content.contains("$argon2id$"), is_own, "{said}");
        assert_eq!(content.contains(MD5), !is_own, "{said}");
        let facts = file.metadata().expect("there");
        assert_eq!((facts.uid(), facts.permissions().mode() & 0o777), (65_534, 0o600));
        assert_eq!(std::fs::read_dir(&dir).expect("ours").count(), 1, "nothing is left over");
        assert!(login(serve.ftp, "bob", "hunter2").starts_with("230"));
    }
}

#[test]
fn a_home_is_made_at_the_first_login_and_belongs_to_the_service() {
    let home = e2e::scratch();
    let is_root = rustix::process::geteuid().is_root();
    let serve = {
        let users = home.path().join("users.d");
        std::fs::create_dir(&users).expect("own directory");
        for name in ["bob", "al"] {
            put(&users.join(format!("{name}.toml")), &format!("password = \"{MD5}\"\n"), 0o600);
        }
        let root = home.path().join("root");
        std::fs::create_dir(&root).expect("own directory");
        let become_it = if is_root { "user = \"65534:65534\"\n" } else { "" };
        if is_root {
            for path in [home.path(), &root, &users, &users.join("bob.toml"), &users.join("al.toml")] {
                give(path);
            }
        }
        let config = home.path().join("towline.toml");
        let content = format!(
            "[server]\nroot = \"root\"\nwrite = true\nbind = [\"127.0.0.1\"]\n{become_it}[tftp]\nport = 0\n[ftp]\nport = 0\n\
             [identity]\nusers-dir = \"{}\"\n[[root]]\nuser = \"*\"\npath = \"/home/%u\"\ncreate = true\n",
            users.display()
        );
        put(&config, &content, 0o600);
        Serve::start_command(command().args(["serve", "--json", "--config", text(&config)]))
    };
    let made = home.path().join("root/home/bob");
    assert!(login(serve.ftp, "bob", "wrong").starts_with("530"));
    assert!(!made.exists());
    let local = home.path().join("f");
    std::fs::write(&local, "hostname r1").expect("own directory");
    let up = run(std::process::Command::new("curl")
        .args(["-sS", "-T", text(&local)])
        .arg(format!("ftp://bob:hunter2@{}/f", serve.ftp)));
    assert_eq!(up.code(), 0, "{up:?}");
    assert_eq!(std::fs::read(made.join("f")).expect("in the home"), b"hostname r1");
    let facts = made.metadata().expect("made");
    assert_eq!(facts.permissions().mode() & 0o022, 0, "nobody else writes there");
    assert_eq!(facts.permissions().mode() & 0o700, 0o700);
    let service = if is_root { 65_534 } else { rustix::process::geteuid().as_raw() };
    assert_eq!(
        (facts.uid(), made.parent().expect("home").metadata().expect("made").uid()),
        (service, service)
    );
    let said = until(PATIENCE, || notice(&serve, "home-made")).expect("an event");
    assert_eq!(said["text"], "user bob: /home/bob was made, as a home", "{said}");
    let homes = std::fs::read_dir(home.path().join("root/home")).expect("made").count();
    assert_eq!(homes, 1, "who never logged in has none");
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOAXbbe5dU7U5uUU8l7Db8ISkoSK5bm8YXomFy3B8hju alice@laptop";
/// What `ssh-keygen -l` prints of it.
const FINGERPRINT: &str = "SHA256:eH4ON2CP5VMwFVxz8ZkVBR3r5pKYddEn9+V6qHq4fqw";

#[test]
fn a_user_is_added_with_keys_and_has_no_password_unless_both_are_wanted() {
    let home = e2e::scratch();
    let users = home.path().join("users.d");
    std::fs::create_dir(&users).expect("own directory");
    let place = ["--users-dir", text(&users)];
    let key = home.path().join("alice.pub");
    put(&key, &format!("# of alice\nfrom=\"10.0.0.0/8\" {KEY}\n"), 0o644);
    let add = |name: &str, more: &[&str]| {
        user(&[&["add", name, "--key", text(&key), place[0], place[1]], more].concat(), "hunter2")
    };
    let added = add("alice", &[]);
    assert_eq!(added.code(), 0, "{added:?}");
    let file = std::fs::read_to_string(users.join("alice.toml")).expect("ours");
    assert!(file.contains("10.0.0.0/8") && !file.contains("password"), "{file}");
    assert_eq!(add("both", &["--require", "both"]).code(), 0);
    let list = run(command().args(["user", "list"]).args(place));
    assert_eq!(list.out.matches(FINGERPRINT).count(), 2, "{list:?}");
    // The password of one is none over FTP, where no key can be shown, and half of a login over SFTP.
    for (name, protocol, words) in [
        ("alice", "sftp", "the password is wrong"),
        ("both", "sftp", "the password is right, but a key is wanted as well"),
        ("both", "ftp", "the password is right, but the user logs in with a key"),
    ] {
        let test = user(&["test", name, "--protocol", protocol, place[0], place[1]], "hunter2");
        assert!(test.code() != 0 && test.err.contains(words), "{name} {protocol}: {test:?}");
    }
    let changed = user(&["passwd", "alice", place[0], place[1]], "other");
    assert_eq!(changed.code(), 0, "{changed:?}");
    let test = user(&["test", "alice", place[0], place[1]], "other");
    assert_eq!(test.code(), 0, "{test:?}");
    put(&key, "ssh-dss AAAA", 0o644);
    let weak = add("eve", &[]);
    assert!(weak.code() == 2 && weak.err.contains("line 1: keys of the kind ssh-dss"), "{weak:?}");
}
