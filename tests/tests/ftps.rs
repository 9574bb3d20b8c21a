//! FTP under TLS: other people's clients, and who tries something.

use e2e::battery::{USER, user_flag};
use e2e::content::Content;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use e2e::towline::{Serve, command};
use e2e::{matrix, scratch};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);
const SIZES: &[u64] = &[0, 1, 16_384, 16_385, 3_000_017];

struct House {
    serve: Serve,
    root: TempDir,
    home: TempDir,
}

/// FTP on its port and FTPS, with a user who may write.
fn house(flags: &[&str]) -> House {
    let (root, home) = (scratch(), scratch());
    let user = user_flag(home.path());
    let all = [&["--write", "--user", &user, "--ftps", "0"], flags].concat();
    let serve = Serve::start(root.path(), &all);
    House { serve, root, home }
}

impl House {
    fn explicit(&self) -> SocketAddr {
        self.serve.ftp
    }

    fn implicit(&mut self) -> SocketAddr {
        self.serve.listening("ftps")
    }

    fn python(&self, script: &str, arguments: &[&str]) -> Ended {
        let peer = Peer::find("ftplib", "python3").expect("python is there");
        let port = self.explicit().port().to_string();
        let mut c = peer.command();
        c.args(["-c", &format!("{PRELUDE}{script}"), &port, USER.0, USER.1]).args(arguments);
        Process::start(c.current_dir(self.home.path())).wait(ONE)
    }

    fn stored(&self, name: &str) -> bool {
        self.root.path().join(name).exists()
    }
}

fn curl(home: &Path, flags: &[&str], url: &str) -> Ended {
    let peer = Peer::find("curl", "curl").expect("curl is there");
    let mut c = peer.command();
    c.args(["-sS", "-k", "--max-time", "60", "-u", &format!("{}:{}", USER.0, USER.1)]).args(flags).arg(url);
    Process::start(c.current_dir(home).env("HOME", home)).wait(ONE)
}

/// Both ways, explicit and implicit, with both versions of TLS.
#[test]
fn stock_clients_move_whole_files_under_tls() {
    let mut house = house(&["--tls", "require"]);
    let urls = [format!("ftp://{}", house.explicit()), format!("ftps://{}", house.implicit())];
    for (operation, url, flags) in [
        ("ftps explicit 1.3", &urls[0], &["--ssl-reqd", "--tlsv1.3"][..]),
        ("ftps explicit 1.2", &urls[0], &["--ssl-reqd", "--tls-max", "1.2"]),
        ("ftps implicit", &urls[1], &[]),
    ] {
        for &len in SIZES {
            let name = format!("{}-{len}.bin", operation.replace(' ', "-"));
            let content = Content::random(len);
            let there = house.root.path().join(format!("get-{name}"));
            content.write(&there).expect("room");
            let local = house.home.path().join(&name);
            let got = [flags, &["-o", local.to_str().expect("UTF-8")]].concat();
            let ended = curl(house.home.path(), &got, &format!("{url}/get-{name}"));
            assert_eq!(ended.code(), 0, "{operation} {len}: {ended:?}");
            matrix::compared("curl", &format!("{operation} get"), content, &local);
            let content = Content::random(len);
            content.write(&local).expect("room");
            let put = [flags, &["-T", local.to_str().expect("UTF-8")]].concat();
            let ended = curl(house.home.path(), &put, &format!("{url}/put-{name}"));
            assert_eq!(ended.code(), 0, "{operation} {len}: {ended:?}");
            let arrived = house.root.path().join(format!("put-{name}"));
            matrix::compared("curl", &format!("{operation} put"), content, &arrived);
        }
    }
    // The same without TLS does not work.
    let ended = curl(house.home.path(), &["-o", "x"], &format!("{}/get-ftps-implicit-1.bin", urls[0]));
    assert_eq!(ended.code(), 67, "curl says that the login is denied: {ended:?}");
}

#[test]
fn lftp_mirrors_both_ways_under_tls() {
    let house = house(&["--tls", "require"]);
    let Some(peer) = Peer::find("lftp", "lftp") else { return };
    let tree = house.root.path().join("tree");
    std::fs::create_dir_all(tree.join("below")).expect("room");
    for name in ["one", "below/two", "below/three"] {
        std::fs::write(tree.join(name), name.repeat(9_000)).expect("room");
    }
    let script = format!(
        "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; set ssl:verify-certificate no; \
         set ftp:ssl-force yes; set ftp:ssl-protect-data yes; open -u '{}','{}' -p {} 127.0.0.1; \
         mirror tree got; mirror -R got back",
        USER.0,
        USER.1,
        house.explicit().port()
    );
    let mut c = peer.command();
    c.args(["-c", &script]).current_dir(house.home.path()).env("HOME", house.home.path());
    let ended = Process::start(&mut c).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    for name in ["one", "below/two", "below/three"] {
        for at in [house.home.path().join("got"), house.root.path().join("back")] {
            assert_eq!(std::fs::read_to_string(at.join(name)).expect(name), name.repeat(9_000));
        }
    }
}

/// `ftp`: a session under TLS, logged in; `data` makes its data connection, which goes on from `session` if there is one.
const PRELUDE: &str = "
import sys, ssl, ftplib, socket
port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE

def login():
    ftp = ftplib.FTP_TLS(context=context)
    ftp.connect('127.0.0.1', port, timeout=60)
    ftp.login(user, password)
    ftp.prot_p()
    ftp.voidcmd('TYPE I')
    return ftp

def data(ftp, command, session):
    host, at = ftplib.parse229(ftp.sendcmd('EPSV'), ftp.sock.getpeername())
    raw = socket.create_connection(('127.0.0.1', at), timeout=60)
    said = ftp.sendcmd(command)
    assert said.startswith('150'), said
    return context.wrap_socket(raw, server_hostname='127.0.0.1', session=session)
";

/// RFC 4217 §7: the server of the control connection is the server here too.
#[test]
fn active_data_connections_are_under_tls_as_well() {
    let house = house(&["--tls", "require"]);
    let script = "
ftp = login()
ftp.set_pasv(False)
for name, local in zip(sys.argv[4::2], sys.argv[5::2]):
    with open(local, 'rb') as f:
        ftp.storbinary('STOR ' + name, f)
    with open(local + '.back', 'wb') as f:
        ftp.retrbinary('RETR ' + name, f.write)
";
    let mut files = Vec::new();
    for &len in SIZES {
        let (name, content) = (format!("active-{len}.bin"), Content::random(len));
        let local = house.home.path().join(&name);
        content.write(&local).expect("room");
        files.push((name, local, content));
    }
    let words: Vec<&str> =
        files.iter().flat_map(|(name, local, _)| [name.as_str(), local.to_str().expect("UTF-8")]).collect();
    let ended = house.python(script, &words);
    assert_eq!(ended.code(), 0, "{ended:?}");
    for (name, local, content) in files {
        let back = local.with_extension("bin.back");
        matrix::compared("ftplib", "ftps active get", content, &back);
        matrix::compared("ftplib", "ftps active put", content, &house.root.path().join(name));
    }
}

#[test]
fn an_upload_that_is_cut_under_tls_is_not_published() {
    let house = house(&[]);
    let script = "
ftp = login()
stream = data(ftp, 'STOR whole', None)
stream.sendall(b'x' * 100000)
stream.unwrap()
print(ftp.getresp())
stream = data(ftp, 'STOR cut', None)
stream.sendall(b'x' * 100000)
stream.shutdown(socket.SHUT_WR)
try:
    print(ftp.getresp())
except ftplib.Error as e:
    print(e)
ftp.voidcmd('NOOP')
";
    let ended = house.python(script, &[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert!(lines[0].starts_with("226 ") && lines[1].starts_with("451 "), "{lines:?}");
    assert!(lines[1].contains("close_notify"), "{lines:?}");
    assert!(house.stored("whole") && !house.stored("cut"));
}

/// What came before it arrived in one piece with it, and is read first.
#[test]
fn an_upload_with_a_record_that_nobody_sealed_is_not_published() {
    let house = house(&[]);
    let script = "
ftp = login()
stream = data(ftp, 'STOR forged', None)
stream.sendall(b'x' * 100000)
import os
os.write(stream.fileno(), bytes([23, 3, 3, 0, 64]) + bytes(64))
try:
    print(ftp.getresp())
except ftplib.Error as e:
    print(e)
ftp.voidcmd('NOOP')
";
    let ended = house.python(script, &[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    assert!(ended.out.starts_with("426 ") || ended.out.starts_with("451 "), "{ended:?}");
    assert!(!house.stored("forged"));
}

#[test]
fn abor_ends_a_transfer_under_tls_too() {
    let house = house(&[]);
    // More than two sockets hold.
    std::fs::write(house.root.path().join("big"), vec![7; 64 << 20]).expect("room");
    let script = "
ftp = login()
stream = data(ftp, 'RETR big', None)
assert stream.recv(1) == bytes([7])
ftp.putcmd('ABOR')
for expected in '426', '226':
    try:
        said = ftp.getresp()
    except ftplib.Error as e:
        said = str(e)
    assert said[:3] == expected, said
assert ftp.sendcmd('NOOP')[:3] == '200'
";
    let ended = house.python(script, &[]);
    assert_eq!(ended.code(), 0, "{ended:?}");
}

#[test]
fn a_data_connection_of_another_session_is_turned_away() {
    let dir = scratch();
    let root = dir.path().join("root");
    std::fs::create_dir(&root).expect("room");
    let file = dir.path().join("t.toml");
    let password = dir.path().join("password");
    std::fs::write(&password, USER.1).expect("room");
    for (reuse, foreign) in [("require", "522"), ("optional", "226")] {
        let text = format!(
            "[server]\nbind = [\"127.0.0.1\"]\nroot = {root:?}\nwrite = true\n[tftp]\nport = 0\n[ftp]\nport = 0\n\
             tls-reuse = \"{reuse}\"\n"
        );
        std::fs::write(&file, text).expect("room");
        let mut c = command();
        let user = format!("{}:@{}", USER.0, password.display());
        c.args(["serve", "--json", "--user", &user, "--config"]).arg(&file);
        let house = House { serve: Serve::start_command(&mut c), root: scratch(), home: scratch() };
        let script = "
def store(ftp, name, session):
    try:
        stream = data(ftp, 'STOR ' + name, session)
        stream.sendall(b'x' * 1000)
        reused = stream.session_reused
        stream.unwrap()
    except (ssl.SSLError, OSError) as e:
        reused = None
    try:
        said = ftp.getresp()
    except ftplib.Error as e:
        said = str(e)
    print(said[:3], reused)

for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
    context.maximum_version = version
    one, other = login(), login()
    # Tickets of TLS 1.3 come with the first octets that are read.
    one.voidcmd('NOOP'); other.voidcmd('NOOP')
    for n in range(6):
        store(one, 'own', one.sock.session)
    store(one, 'foreign', other.sock.session)
    store(one, 'none', None)
    store(one, 'own', one.sock.session)
";
        let ended = house.python(script, &[]);
        assert_eq!(ended.code(), 0, "{ended:?}");
        let said: Vec<String> = ended.out.lines().map(str::to_owned).collect();
        assert_eq!(said.len(), 18, "{said:?}");
        for version in said.chunks(9) {
            for own in version[..6].iter().chain(&version[8..]) {
                assert_eq!(own, "226 True", "{reuse}: {version:?}");
            }
            for strange in &version[6..8] {
                assert!(strange.starts_with(foreign) && !strange.ends_with("True"), "{reuse}: {version:?}");
            }
        }
    }
}

/// What is said until the end, after these octets.
fn told(to: SocketAddr, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).expect("it listens");
    stream.set_read_timeout(Some(ONE)).expect("a timeout");
    stream.write_all(octets).expect("it takes them");
    let mut said = Vec::new();
    // A RST is an end too.
    let _ = stream.read_to_end(&mut said);
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn commands_in_one_segment_with_auth_are_never_executed() {
    let house = house(&[]);
    let said = told(house.explicit(), b"AUTH TLS\r\nFEAT\r\nUSER bob\r\n");
    let codes: Vec<&str> = said.lines().filter_map(|l| l.get(..4)).collect();
    assert_eq!(codes, ["220 ", "421 "], "{said}");
    // The same without what is behind gets its TLS.
    let ended = house.python("ftp = login(); print(ftp.sock.version())", &[]);
    assert!(ended.out.starts_with("TLSv1"), "{ended:?}");
}

#[test]
fn who_speaks_no_tls_where_it_begins_hears_no_ftp() {
    let mut house = house(&[]);
    let implicit = house.implicit();
    let said = told(implicit, b"USER bob\r\nFEAT\r\nQUIT\r\n");
    assert!(!said.contains("220") && !said.contains("331"), "{said:?}");
    let said = told(house.explicit(), b"NOOP\r\n\r\nQUIT\r\n");
    assert!(said.contains("220 ") && said.contains("221 "), "{said:?}");
}

#[test]
fn the_fingerprint_that_is_told_is_the_one_that_is_shown() {
    let mut house = house(&[]);
    drop(house.serve);
    let state = house.home.path().join("kept");
    let start = |home: &Path, root: &Path| {
        let mut c = command();
        c.env("XDG_STATE_HOME", &state).current_dir(home);
        c.arg("serve").arg(root).args(["--tftp", "0", "--ftp", "0", "--bind", "127.0.0.1", "--json"]);
        Serve::start_command(&mut c)
    };
    let shown = |serve: &Serve| {
        let peer = Peer::find("openssl", "openssl").expect("openssl is there");
        let mut c = peer.command();
        let at = serve.ftp.to_string();
        c.args(["s_client", "-starttls", "ftp", "-connect", &at]);
        let pem = Process::start(&mut c).wait(ONE).out;
        let file = house.home.path().join("shown.pem");
        std::fs::write(&file, pem).expect("room");
        let mut c = peer.command();
        c.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&file);
        let said = Process::start(&mut c).wait(ONE).out;
        said.trim().rsplit_once('=').map(|(_, f)| f.to_owned()).unwrap_or_else(|| panic!("{said:?}"))
    };
    house.serve = start(house.home.path(), house.root.path());
    let first = shown(&house.serve);
    let said = house.serve.process.wait_for("the fingerprint", |said| {
        said.err.iter().find(|l| l.contains("FTP shows a certificate")).cloned()
    });
    assert!(said.ends_with(&first), "{said} {first}");
    drop(house.serve);
    // The next run shows the same.
    let again = start(house.home.path(), house.root.path());
    assert_eq!(shown(&again), first);
}

/// Answers AUTH with this, and gives what comes then.
fn answering(auth: &'static [u8]) -> (SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = listener.local_addr().expect("it listens");
    let served = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        stream.set_read_timeout(Some(ONE)).expect("a timeout");
        stream.write_all(b"220 ready\r\n").expect("it takes it");
        let mut line = [0; 10];
        stream.read_exact(&mut line).expect("AUTH comes");
        assert_eq!(&line, b"AUTH TLS\r\n");
        stream.write_all(auth).expect("it takes it");
        let mut rest = Vec::new();
        // A RST is an end too.
        let _ = stream.read_to_end(&mut rest);
        rest
    });
    (at, served)
}

#[test]
fn a_server_without_tls_or_with_words_before_it_gets_no_password() {
    for (auth, words) in [
        (&b"502 no TLS here\r\n"[..], "502"),
        (b"234 go\r\n331 password, please\r\n", "before TLS began"),
        (b"234 go\r\nno TLS at all, but many words that are no record of it\r\n", "TLS"),
    ] {
        let (at, served) = answering(auth);
        let home = scratch();
        let mut c = command();
        c.args(["copy", "--quiet", "--tls", "--patience", "20"])
            .arg(format!("ftp://bob:geheim@{at}/x"))
            .arg("x");
        let ended = e2e::process::run(c.current_dir(home.path()));
        assert_ne!(ended.code(), 0, "{ended:?}");
        assert!(ended.err.contains(words), "{words}: {ended:?}");
        let rest = String::from_utf8_lossy(&served.join().expect("the server ends")).into_owned();
        assert!(!rest.contains("geheim") && !rest.contains("USER"), "{rest:?}");
    }
}

#[test]
fn our_client_moves_whole_files_from_our_server_under_tls() {
    let mut house = house(&["--tls", "require"]);
    let implicit = house.implicit();
    let peer = Peer::find("openssl", "openssl").expect("openssl is there");
    let mut c = peer.command();
    c.args(["s_client", "-connect", &implicit.to_string()]);
    let pem = house.home.path().join("shown.pem");
    std::fs::write(&pem, Process::start(&mut c).wait(ONE).out).expect("room");
    let mut c = peer.command();
    c.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]).arg(&pem);
    let said = Process::start(&mut c).wait(ONE).out;
    let pin = said.trim().rsplit_once('=').expect("a fingerprint").1.to_lowercase();
    let login = format!("{}:{}", USER.0, USER.1.replace(' ', "%20").replace(':', "%3A"));
    let copy = |from: &str, to: &str, flags: &[&str]| {
        let mut c = command();
        c.args(["copy", "--quiet", "--cert-pin", &pin]).args(flags).args([from, to]);
        e2e::process::run(c.current_dir(house.home.path()))
    };
    for (scheme, at, flags) in [
        ("ftp", house.explicit(), &["--tls"][..]),
        ("ftp", house.explicit(), &["--tls", "--active"]),
        ("ftps", implicit, &[]),
    ] {
        for &len in SIZES {
            let (content, name) = (Content::random(len), format!("{scheme}{}-{len}", flags.len()));
            let local = house.home.path().join(&name);
            content.write(&local).expect("room");
            let url = format!("{scheme}://{login}@{at}/{name}");
            let ended = copy(&name, &url, flags);
            assert_eq!(ended.code(), 0, "{name}: {ended:?}");
            let back = format!("{name}.back");
            let ended = copy(&url, &back, flags);
            assert_eq!(ended.code(), 0, "{name}: {ended:?}");
            let sent = std::fs::read(&local).expect("it is there");
            assert!(std::fs::read(house.root.path().join(&name)).expect("it came") == sent, "{name}");
            assert!(std::fs::read(house.home.path().join(back)).expect("it came back") == sent, "{name}");
        }
    }
}
