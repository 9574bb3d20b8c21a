//! One file over several channels, to other people's servers and to ours: whole or not at all.

use e2e::at_home::Server;
use e2e::content::Content;
use e2e::far::Far;
use e2e::matrix::compared;
use e2e::poll::{PATIENCE, until};
use e2e::process::Process;
use e2e::ssh_servers::{asyncssh, openssh, openssh_with, paramiko};
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

/// Many windows of a channel of OpenSSH's.
const LEN: u64 = 24_000_003;

/// What is in a directory.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn source(server: &Server, content: Content) {
    content.write(&server.home.path().join("from")).unwrap();
}

fn put(server: &Server, channels: &str, to: &str) {
    let ended = server.run("copy", &["--quiet", "--channels", channels, "from", to]);
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// Where a server is reached.
fn address(server: &Server) -> SocketAddr {
    let (_, place) = server.url.split_once('@').unwrap();
    place.split('/').next().unwrap().to_socket_addrs().unwrap().next().unwrap()
}

#[test]
fn files_of_all_lengths_are_whole_whoever_serves() {
    let others = [openssh, asyncssh, paramiko].map(|start| start(e2e::scratch()));
    let servers = others.into_iter().flatten().map(|reached| (reached.server.name, Server::of(reached)));
    for (name, server) in servers.chain([("towline", Server::ours())]) {
        for len in [0, 1, 300_000, 2_200_000, LEN] {
            let content = Content::random(len);
            source(&server, content);
            put(&server, "4", &server.url("to"));
            compared(name, "our sftp put over channels", content, &server.served.join("to"));
            assert_eq!(names(&server.served), ["to"], "{name}: nothing else is left");
        }
    }
}

#[test]
fn a_server_that_opens_one_channel_is_sent_it_over_one() {
    let Some(sshd) = openssh_with(e2e::scratch(), "MaxSessions 1") else { return };
    let server = Server::of(sshd);
    let content = Content::random(LEN);
    source(&server, content);
    put(&server, "4", &server.url("to"));
    compared("openssh", "our sftp put where MaxSessions is 1", content, &server.served.join("to"));
    assert_eq!(names(&server.served), ["to"]);
}

#[test]
fn what_is_replaced_keeps_its_permissions_and_links_stay_links() {
    let Some(sshd) = openssh(e2e::scratch()) else { return };
    let server = Server::of(sshd);
    let content = Content::random(3_000_000);
    source(&server, content);
    let at = |name: &str| server.served.join(name);
    for name in ["old", "real"] {
        fs::write(at(name), "before").unwrap();
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o606)).unwrap();
    }
    std::os::unix::fs::symlink("real", at("link")).unwrap();
    for (to, has) in [("old", "old"), ("link", "real")] {
        put(&server, "3", &server.url(to));
        compared("openssh", "our sftp put over channels", content, &at(has));
        assert_eq!(at(has).metadata().unwrap().permissions().mode() & 0o7777, 0o606, "{has}");
    }
    assert!(at("link").symlink_metadata().unwrap().is_symlink());
    // With -p it has what the source has.
    let from = server.home.path().join("from");
    fs::set_permissions(&from, fs::Permissions::from_mode(0o640)).unwrap();
    let ended = server.run("copy", &["--quiet", "-p", "--channels", "3", "from", &server.url("old")]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let [sent, found] = [&from, &at("old")].map(|file| file.metadata().unwrap());
    assert_eq!((sent.mode() & 0o7777, sent.mtime()), (found.mode() & 0o7777, found.mtime()));
    assert_eq!(names(&server.served), ["link", "old", "real"]);
}

#[test]
fn a_file_of_somebody_else_stays_theirs() {
    let Some(sshd) = openssh(e2e::scratch()) else { return };
    let server = Server::of(sshd);
    let content = Content::random(3_000_000);
    source(&server, content);
    let file = server.served.join("theirs");
    fs::write(&file, "before").unwrap();
    std::os::unix::fs::chown(&file, Some(4_711), Some(4_712)).unwrap();
    put(&server, "3", &server.url("theirs"));
    compared("openssh", "our sftp put over channels", content, &file);
    let facts = file.metadata().unwrap();
    assert_eq!((facts.uid(), facts.gid()), (4_711, 4_712));
    assert_eq!(names(&server.served), ["theirs"]);
}

#[test]
fn a_line_that_breaks_leaves_the_old_file_whole() {
    let Some(sshd) = openssh(e2e::scratch()) else { return };
    let server = Server::of(sshd);
    let (old, new) = (Content::random(5_000_000), Content::random(LEN));
    old.write(&server.served.join("to")).unwrap();
    source(&server, new);
    let far = Far::start(address(&server), Duration::ZERO, Some(12 << 20));
    let url = server.url("to").replace(&address(&server).to_string(), &far.address.to_string());
    let ended = server.run("copy", &["--quiet", "--channels", "4", "from", &url]);
    assert!(ended.code() != 0, "{ended:?}");
    compared("openssh", "what a broken sftp put over channels leaves", old, &server.served.join("to"));
    // What could not be removed is not taken for the file.
    let left = names(&server.served);
    assert!(left.iter().all(|name| name == "to" || name.starts_with("towline-mirror-")), "{left:?}");
    put(&server, "4", &server.url("to"));
    compared("openssh", "our sftp put over channels", new, &server.served.join("to"));
}

#[test]
fn a_long_way_is_gone_whole() {
    let Some(sshd) = openssh(e2e::scratch()) else { return };
    let daemon = sshd.server.process.id();
    let server = Server::of(sshd);
    let content = Content::random(LEN);
    source(&server, content);
    let far = Far::start(address(&server), Duration::from_millis(20), None);
    let url = server.url("to").replace(&address(&server).to_string(), &far.address.to_string());
    // Each channel has a process of its own.
    let mut of_one = None;
    for flags in [&["--channels", "1"][..], &[]] {
        let mut running =
            Process::start(&mut server.command("copy", &[flags, &["--quiet", "from", &url]].concat()));
        let mut most = 0;
        until(PATIENCE, || {
            most = most.max(e2e::load::family(daemon).len());
            running.has_ended().then_some(())
        });
        let ended = running.wait(PATIENCE);
        assert_eq!(ended.code(), 0, "{ended:?}");
        let of_one = *of_one.get_or_insert(most);
        assert!(
            flags.len() == 2 || most >= of_one + 2,
            "{flags:?}: {most} processes, {of_one} of one channel"
        );
        compared("openssh", "our sftp put over 20 ms", content, &server.served.join("to"));
        assert_eq!(names(&server.served), ["to"]);
    }
    let ended = server.run("copy", &["--quiet", &url, "back"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    compared("openssh", "our sftp get over 20 ms", content, &server.home.path().join("back"));
    assert_eq!(names(&server.served), ["to"]);
}
