//! Scripts of Python's ftplib against a server of their own.

use crate::battery::{USER, user_flag};
use crate::content::Content;
use crate::peers::Peer;
use crate::process::Process;
use crate::scratch;
use crate::towline::Serve;
use std::time::Duration;
use tempfile::TempDir;

/// The longest that one script may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);

/// `ftp`: a session, logged in, TYPE I; `path`: the file that it serves as `image.bin`, here, and `octets` what is in it.
const PRELUDE: &str = "
import sys, ftplib, hashlib, zlib, os, socket, subprocess
port, user, password, path = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
there = os.path.dirname(path)
ftp = ftplib.FTP()
ftp.connect('127.0.0.1', port, timeout=60)
ftp.login(user, password)
ftp.voidcmd('TYPE I')
octets = open(path, 'rb').read()

def code(command):
    try:
        return ftp.sendcmd(command)[:3]
    except ftplib.Error as e:
        return str(e)[:3]

def last():
    'The last reply of a transfer, and the 110s before it.'
    marks = []
    while True:
        try:
            said = ftp.getresp()
        except ftplib.Error as e:
            return str(e)[:3], marks
        if said[:3] != '110':
            return said[:3], marks
        marks.append(said)

def sent(command, wire):
    with ftp.transfercmd(command) as data:
        data.sendall(wire)
    return last()[0]

def got(command):
    wire = b''
    with ftp.transfercmd(command) as data:
        while more := data.recv(65536):
            wire += more
    assert last()[0] == '226'
    return wire

def here(name):
    with open(os.path.join(there, name), 'rb') as f:
        return f.read()
";

/// Runs a script as a user who may write, against a server that has one file; gives what is served.
///
/// # Panics
/// When the script does not end well.
pub fn asked(script: &str) -> TempDir {
    let home = scratch();
    run(&["--write", "--user", &user_flag(home.path())], USER, script)
}

/// The same with more of a configuration, such as rules.
///
/// # Panics
/// When the script does not end well.
pub fn asked_with(configuration: &str, script: &str) -> TempDir {
    let home = scratch();
    let file = home.path().join("towline.toml");
    std::fs::write(&file, configuration).expect("room");
    let file = file.display().to_string();
    run(&["--config", &file, "--write", "--user", &user_flag(home.path())], USER, script)
}

/// The same as anonymous, who only reads.
///
/// # Panics
/// When the script does not end well.
pub fn asked_anonymously(script: &str) -> TempDir {
    run(&[], ("anonymous", "x@y"), script)
}

fn run(flags: &[&str], user: (&str, &str), script: &str) -> TempDir {
    let (root, home) = (scratch(), scratch());
    Content::random(300_007).write(&root.path().join("image.bin")).expect("room");
    let serve = Serve::start(root.path(), flags);
    let peer = Peer::find("ftplib", "python3").expect("python is there");
    let mut c = peer.command();
    let port = serve.ftp.port().to_string();
    c.args(["-c", &format!("{PRELUDE}{script}"), &port, user.0, user.1]).arg(root.path().join("image.bin"));
    let ended = Process::start(c.current_dir(home.path())).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    root
}
