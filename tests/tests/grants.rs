//! Grants from the command line to the wire, and over a kill of the server.

use e2e::poll::{PATIENCE, until};
use e2e::process::run;
use e2e::towline::{Serve, command};
use serde_json::Value;
use std::os::unix::net::UnixStream;
use std::path::Path;

fn serve(root: &Path, home: &Path) -> Serve {
    std::fs::create_dir_all(home.join("state")).expect("a directory");
    let config = home.join("towline.toml");
    let text = format!(
        "[server]\nroot = {root:?}\nbind = [\"127.0.0.1\"]\nstate = {:?}\ncontrol = {:?}\nwrite = true\n\
         [tftp]\nport = 0\n[ftp]\nport = 0\n[[rule]]\ndeny = \"all\"\n",
        home.join("state"),
        home.join("control.sock"),
    );
    std::fs::write(&config, text).expect("a configuration");
    Serve::start_command(command().args(["serve", "--json", "--config"]).arg(&config))
}

fn grant(home: &Path, arguments: &[&str]) -> Value {
    let mut c = command();
    c.arg("grant").args(arguments).args(["--json", "--control"]).arg(home.join("control.sock"));
    let ended = run(&mut c);
    assert_eq!(ended.code(), 0, "{}", ended.err);
    serde_json::from_str(&ended.out).expect("one object")
}

fn copy(from: &str, to: &Path) -> i32 {
    let _before = std::fs::remove_file(to);
    run(command().arg("copy").arg(from).arg(to)).code()
}

#[test]
fn a_grant_is_used_once_and_a_kill_does_not_give_it_back() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    std::fs::create_dir(root.path().join("images")).expect("a directory");
    std::fs::write(root.path().join("images/a.bin"), "content").expect("a file");
    let server = serve(root.path(), home.path());
    let to = home.path().join("got");
    let plain = format!("tftp://{}/images/a.bin", server.tftp);
    assert_eq!(copy(&plain, &to), 4, "the rules give nothing");
    let one = grant(home.path(), &["--path", "/images/a.bin", "--from", "127.0.0.1", "--for", "1h"]);
    let secret = one["secret"].as_str().expect("a secret").to_owned();
    let by_token = |server: &Serve| format!("tftp://{}/~{secret}/a.bin", server.tftp);
    assert_eq!(copy(&by_token(&server), &to), 0);
    assert_eq!(std::fs::read(&to).expect("it came"), b"content");
    assert_ne!(copy(&by_token(&server), &to), 0, "used up");
    let two =
        ["--path", "/images", "--verbs", "read,list", "--from", "127.0.0.0/8", "--for", "1h", "--uses", "2"];
    let two = grant(home.path(), &[&two[..], &["--user", "site1"]].concat());
    let secret_of_two = two["secret"].as_str().expect("a secret");
    let by_login = |server: &Serve| format!("ftp://site1:{secret_of_two}@{}/images/a.bin", server.ftp);
    assert_eq!(copy(&by_login(&server), &to), 0);
    // The log is written a moment after the transfer is over.
    let uses = until(PATIENCE, || {
        let uses: Vec<_> = server.events().into_iter().filter(|e| e["event"] == "grant_used").collect();
        (uses.len() == 2).then_some(uses)
    });
    let (uses, told) = (uses.expect("two uses"), server.events());
    assert_eq!((&uses[0]["grant"], &uses[1]["grant"]), (&one["id"], &two["id"]));
    assert!(!told.iter().any(|e| e.to_string().contains(&secret)), "no event shows a secret");
    // Killed: dropping it sends SIGKILL. Its worker, where it has one, ends when it misses it.
    drop(server);
    let socket = home.path().join("control.sock");
    until(PATIENCE, || UnixStream::connect(&socket).is_err().then_some(())).expect("the worker ended");
    let server = serve(root.path(), home.path());
    assert_ne!(copy(&by_token(&server), &to), 0, "used up before");
    assert_eq!(copy(&by_login(&server), &to), 0, "the second use");
    assert_ne!(copy(&by_login(&server), &to), 0, "there is no third");
    let list = run(command().args(["grant", "list", "--control"]).arg(home.path().join("control.sock")));
    assert_eq!(list.out.matches("used-up").count(), 2, "{}", list.out);
    let three = grant(home.path(), &["--path", "/images/a.bin", "--from", "127.0.0.1", "--for", "1h"]);
    let id = three["id"].as_str().expect("an id");
    let revoked =
        run(command().args(["grant", "revoke", id, "--control"]).arg(home.path().join("control.sock")));
    assert_eq!((revoked.code(), revoked.out), (0, format!("{id} is taken back\n")));
    let secret = three["secret"].as_str().expect("a secret");
    assert_ne!(copy(&format!("tftp://{}/~{secret}/a.bin", server.tftp), &to), 0);
}
