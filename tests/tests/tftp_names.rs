//! What names stand for and what uploads may do, on the program, with curl as the client.

use e2e::curl::{ABSENT, DENIED, EXISTS, FULL, curl};
use e2e::process::Ended;
use e2e::towline::{Serve, command};
use std::net::SocketAddr;
use std::path::Path;

fn get(server: SocketAddr, name: &str) -> Ended {
    curl(&[&format!("tftp://{server}/{name}")])
}

fn put(local: &Path, url: &str) -> Ended {
    curl(&["-T", local.to_str().expect("UTF-8"), url])
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .expect("the directory")
        .map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8"))
        .filter(|n| !n.starts_with('.'))
        .collect();
    names.sort();
    names
}

#[test]
fn names_are_mapped_found_in_another_case_filled_in_and_digested() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let rules = home.path().join("rules");
    std::fs::write(&rules, "^tftpboot/ =>\n^private/ => not for you [refuse]\n^(.*)-cfg$ => any\n")
        .expect("rules");
    for (name, content) in [
        ("Boot/BCD", "store"),
        ("any.tmpl", "hostname {{name}}\n! {{ip}}\n"),
        ("clients/7F000001/own.cfg", "own"),
        ("abc", "abc"),
    ] {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, content).expect("a file");
    }
    let rules = rules.to_str().expect("UTF-8");
    let flags =
        ["--tftp-remap", rules, "--ignore-case", "--tftp-client-dir", "clients/{hex}", "--tftp-templates"];
    let mut serve = Serve::start(root.path(), &flags);
    for (name, content) in [
        ("tftpboot/boot%5Cbcd", "store"),
        ("own.cfg", "own"),
        ("r1-cfg", "hostname r1-cfg\n! 127.0.0.1\n"),
        ("abc.md5", "900150983cd24fb0d6963f7d28e17f72  abc\n"),
    ] {
        let got = get(serve.tftp, name);
        assert_eq!((got.code(), got.out.trim_end()), (0, content.trim_end()), "{name}: {}", got.err);
    }
    let over_ftp = curl(&[&format!("ftp://{}/abc.sha256", serve.ftp)]);
    assert!(
        over_ftp.out.starts_with("ba7816bf8f01cfea") && over_ftp.out.contains("  abc"),
        "{}",
        over_ftp.out
    );
    for (name, code) in [("private/x", DENIED), ("none", ABSENT), ("..%5Cx", DENIED), ("C:%5Cx", DENIED)] {
        let got = get(serve.tftp, name);
        assert_eq!(got.code(), code, "{name}: {}", got.err);
        assert!(!got.err.contains(root.path().to_str().expect("UTF-8")), "no host path: {}", got.err);
    }
    serve.process.wait_for("the refusal by a rule as an event", |said| {
        said.out.iter().any(|l| l.contains("\"refused\"") && l.contains("not for you")).then_some(())
    });
}

#[test]
fn the_series_of_autoinstall_is_refused_at_once_and_is_one_line_of_the_log() {
    let root = e2e::scratch();
    let mut serve = Serve::start(root.path(), &[]);
    for name in ["network-confg", "cisconet.cfg", "router-confg", "ciscortr.cfg", "network-confg"] {
        assert_eq!(get(serve.tftp, name).code(), ABSENT, "{name}");
    }
    // What comes after has been shown when this is.
    assert_eq!(get(serve.tftp, "r1-confg").code(), ABSENT);
    serve.process.wait_for("the last refusal", |said| {
        said.err.iter().any(|l| l.contains("no such file: /r1-confg")).then_some(())
    });
    let said = serve.process.said();
    let lines: Vec<_> = said.err.iter().filter(|l| l.contains("network-confg")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("IOS autoinstall"), "{lines:?}");
    assert!(
        !said.err.iter().any(|l| l.contains("/cisconet.cfg") || l.contains("/ciscortr.cfg")),
        "{:?}",
        said.err
    );
}

#[test]
fn uploads_do_what_their_path_s_policy_says() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    for dir in ["images", "new"] {
        std::fs::create_dir(root.path().join(dir)).expect("a directory");
        std::fs::write(root.path().join(dir).join("a"), "old").expect("a file");
    }
    let (small, large) = (home.path().join("small"), home.path().join("large"));
    std::fs::write(&small, "new").expect("a file");
    std::fs::write(&large, vec![7; 70_000]).expect("a file");
    let flags = ["--write", "--upload", "images/=deny", "--upload", "new/=create", "--quota", "64K"];
    let serve = Serve::start(root.path(), &flags);
    let to = |path: &str| format!("tftp://{}/{path}", serve.tftp);
    let over_ftp = |path: &str| format!("ftp://{}/{path}", serve.ftp);
    assert_eq!(put(&small, &to("images/a")).code(), DENIED);
    assert_eq!(put(&small, &to("new/a")).code(), EXISTS);
    assert_ne!(put(&small, &over_ftp("new/a")).code(), 0);
    assert_ne!(put(&small, &over_ftp("images/b")).code(), 0);
    assert_eq!(put(&small, &to("new/b")).code(), 0);
    assert_eq!(put(&large, &to("c")).code(), FULL, "announced with tsize");
    let unannounced = curl(&["--tftp-no-options", "-T", large.to_str().expect("UTF-8"), &to("c")]);
    assert_eq!(unannounced.code(), FULL);
    for (name, content) in [("images/a", "old"), ("new/a", "old"), ("new/b", "new")] {
        assert_eq!(std::fs::read_to_string(root.path().join(name)).expect("a file"), content, "{name}");
    }
    assert!(!root.path().join("c").exists());
}

#[test]
fn an_inbox_keeps_every_version_shows_what_changed_and_gives_nothing_back() {
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let mut c = command();
    c.arg("serve").arg("--inbox").arg(root.path());
    c.args(["--tftp", "0", "--ftp", "0", "--json", "--bind", "127.0.0.1"]);
    let mut serve = Serve::start_command(&mut c);
    let file = home.path().join("r1-confg");
    let put = |config: &str, url: String| {
        std::fs::write(&file, config).expect("a file");
        let done = put(&file, &url);
        assert_eq!(done.code(), 0, "{url}: {}", done.err);
    };
    let (tftp, ftp) = (format!("tftp://{}/r1-confg", serve.tftp), format!("ftp://{}/r1-confg", serve.ftp));
    put("hostname r1\n!\nend\n", tftp.clone());
    put("hostname r2\n!\nend\n", tftp);
    put("hostname r2\n!\nend\n", ftp);
    let names = names_in(root.path());
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(names.iter().all(|n| n.starts_with("r1-confg.20") && n.contains('Z')), "{names:?}");
    // Two in one second are `…Z` and `…Z-2`: that order is the order of the names.
    let contents: Vec<_> =
        names.iter().map(|n| std::fs::read_to_string(root.path().join(n)).expect("a file")).collect();
    assert_eq!(contents, ["hostname r1\n!\nend\n", "hostname r2\n!\nend\n", "hostname r2\n!\nend\n"]);

    for name in [&names[0], "r1-confg", "none"] {
        assert_eq!(get(serve.tftp, name).code(), DENIED, "{name}");
        assert_ne!(curl(&[&format!("ftp://{}/{name}", serve.ftp)]).code(), 0, "{name}");
    }
    let listed = curl(&[&format!("ftp://{}/", serve.ftp)]);
    assert!(listed.code() != 0 && !listed.out.contains("r1-confg"), "{}", listed.out);

    serve.process.wait_for("the difference", |said| {
        let line = |text: &str| said.err.iter().any(|l| l.contains(text));
        (line("1 lines more, 1 lines less")
            && line("-hostname r1")
            && line("+hostname r2")
            && line("is the same as"))
        .then_some(())
    });
    let contents: Vec<_> = serve
        .events()
        .into_iter()
        .filter(|e| e["event"] == "difference")
        .map(|e| e["content"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(contents, ["first", "differs", "same"]);
}

#[test]
fn clients_of_other_networks_are_refused_over_both_protocols() {
    let root = e2e::scratch();
    std::fs::write(root.path().join("a"), "content").expect("a file");
    let serve = Serve::start(root.path(), &["--allow", "127.0.0.2", "--allow", "2001:db8::/32"]);
    let urls = [format!("tftp://{}/a", serve.tftp), format!("ftp://{}/a", serve.ftp)];
    for url in &urls {
        let got = curl(&["--interface", "127.0.0.2", url]);
        assert_eq!((got.code(), got.out.trim_end()), (0, "content"), "{url}: {}", got.err);
    }
    assert_eq!(curl(&[&urls[0]]).code(), DENIED);
    // FTP says so in place of its greeting.
    let refused = curl(&["--verbose", &urls[1]]);
    assert_ne!(refused.code(), 0);
    assert!(refused.err.contains("421 This address is not served."), "{refused:?}");
}
