//! Which certificates FTP shows, to whom, and whose it takes: virtual hosts, authorities of clients, reloads, and what
//! the owner hears of a handshake that fails.

use e2e::battery::USER;
use e2e::certificates::{certificate, openssl, subject_shown};
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::ports::Port;
use e2e::process::{Ended, Process};
use e2e::service::Service;
use e2e::terminal::Terminal;
use e2e::towline::Serve;
use rustix::process::Signal;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A service with these lines for `[ftp]`; `DIR` in them is its directory, where the certificates are.
struct House {
    service: Service,
}

impl House {
    fn start(certificates: &[(&str, Option<&str>)], lines: &str) -> House {
        let dir = e2e::scratch();
        for site in ["root", "root/a", "root/b"] {
            std::fs::create_dir(dir.path().join(site)).unwrap();
            std::fs::write(dir.path().join(site).join("where"), site).unwrap();
        }
        for (name, by) in certificates {
            certificate(dir.path(), name, *by);
        }
        let lines = settings(dir.path(), lines);
        House { service: Service::start_in(dir, &lines, &[]) }
    }

    fn at(&self) -> String {
        self.service.serve.ftp.to_string()
    }

    fn shows(&self, name: &str) -> String {
        subject_shown(self.service.dir.path(), &self.at(), name)
    }

    fn python(&self, script: &str, words: &[&str]) -> Ended {
        let peer = Peer::find("ftplib", "python3").expect("python is there");
        let port = self.service.serve.ftp.port().to_string();
        let mut c = peer.command();
        c.args(["-c", &format!("{PRELUDE}{script}"), &port, USER.0, USER.1]).args(words);
        Process::start(c.current_dir(self.service.dir.path())).wait(PATIENCE)
    }

    /// The first event that fits.
    fn told(&self, fits: impl Fn(&Value) -> bool) -> Value {
        let found = until(PATIENCE, || self.service.serve.events().into_iter().find(|e| fits(e)));
        found.unwrap_or_else(|| panic!("{:#?}", self.service.serve.events()))
    }
}

/// With a user; `DIR` in `lines` is the directory.
fn settings(dir: &Path, lines: &str) -> String {
    let lines = lines.replace("DIR", &dir.display().to_string());
    let word = dir.join("word");
    std::fs::write(&word, USER.1).unwrap();
    std::fs::set_permissions(&word, PermissionsExt::from_mode(0o600)).unwrap();
    format!("write = true\n[[user]]\nname = \"{}\"\npassword = {{ file = {word:?} }}\n{lines}", USER.0)
}

const PRELUDE: &str = "
import sys, ssl, ftplib
port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def context(cert=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if cert:
        c.load_cert_chain(cert + '.pem', cert + '.key')
    return c

class Named(ftplib.FTP_TLS):
    # The library asks TLS for the host that it connects to; here for whatever is wanted.
    asked = None
    def auth(self):
        self.voidcmd('AUTH TLS')
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.asked)
        self.file = self.sock.makefile(mode='r', encoding=self.encoding)

def begin(cert=None, asked=None):
    ftp = Named(context=context(cert))
    ftp.asked = asked
    ftp.connect('127.0.0.1', port, timeout=60)
    return ftp

def where(ftp):
    got = []
    ftp.prot_p()
    ftp.retrlines('RETR where', got.append)
    return got[0]
";

#[test]
fn a_client_shows_a_certificate_that_the_owners_authority_vouches_for() {
    let certificates = [("ca", None), ("alice", Some("ca")), ("other", None), ("mallory", Some("other"))];
    for asked in ["require", "ask"] {
        let house = House::start(
            &certificates,
            &format!("[ftp]\ntls-clients = \"DIR/ca.pem\"\ntls-client = \"{asked}\"\n"),
        );
        let script = "
for cert in ('alice', None, 'mallory'):
    try:
        ftp = begin(cert)
        ftp.auth()
        ftp.login(user, password, secure=False)
        print(where(ftp))
    except (OSError, EOFError, ftplib.Error) as e:
        print('no')
";
        let ended = house.python(script, &[]);
        let without = if asked == "ask" { "root" } else { "no" };
        assert_eq!(ended.out.lines().collect::<Vec<_>>(), ["root", without, "no"], "{asked}: {ended:?}");
        let login = house.told(|e| e["event"] == "login" && e["key"].is_string());
        let key = login["key"].as_str().unwrap_or_default();
        assert!(key.starts_with("CN=alice,O=Lab SHA256:") && key.len() == 22 + 64, "{login}");
        let refused = house.told(|e| {
            e["event"] == "refused"
                && e["reason"] == "no TLS: no authority vouches for the peer's certificate"
        });
        assert_eq!(refused["protocol"], "ftp");
        let none =
            |e: &Value| e["event"] == "refused" && e["reason"] == "no TLS: the peer showed no certificate";
        assert_eq!(house.service.serve.events().iter().any(none), asked == "require");
    }
}

#[test]
fn several_servers_at_one_address_are_told_apart_by_host_and_by_tls() {
    let certificates = [("main.example", None), ("a.example", None)];
    let house = House::start(
        &certificates,
        "[ftp]\ncert = \"DIR/main.example.pem\"\nkey = \"DIR/main.example.key\"\n[[ftp.host]]\nname = \"A.example\"\n\
         root = \"/a\"\ncert = \"DIR/a.example.pem\"\nkey = \"DIR/a.example.key\"\n[[ftp.host]]\nname = \"b.example\"\n\
         root = \"/b\"\nbanner = \"This is b.\"\n",
    );
    assert!(house.shows("a.example").ends_with("CN = a.example"), "{}", house.shows("a.example"));
    assert!(house.shows("b.example").ends_with("CN = main.example"), "it has none of its own");
    assert!(house.shows("c.example").ends_with("CN = main.example"));
    let script = "
import hashlib
prints = {hashlib.sha256(ssl.PEM_cert_to_DER_cert(open(n + '.example.pem').read())).digest(): n for n in ('main', 'a')}
def shown(ftp):
    return prints[hashlib.sha256(ftp.sock.getpeercert(binary_form=True)).digest()]
def said(ftp, line):
    try:
        return ftp.sendcmd(line)
    except ftplib.Error as e:
        return str(e)

# By HOST alone, then under TLS: its certificate and its root.
ftp = begin()
print(said(ftp, 'HOST nobody.example')[:3], said(ftp, 'HOST b.example'), said(ftp, 'HOST a.example'))
ftp.auth()
ftp.login(user, password, secure=False)
print(shown(ftp), where(ftp), said(ftp, 'HOST b.example')[:3])
# By TLS alone; HOST may only say the same.
ftp = begin(asked='a.example')
ftp.auth()
print(said(ftp, 'HOST b.example')[:3], said(ftp, 'HOST a.example')[:3])
ftp.login(user, password, secure=False)
print(shown(ftp), where(ftp))
# Who says nothing has the whole tree.
ftp = begin()
ftp.auth()
ftp.login(user, password, secure=False)
print(shown(ftp), where(ftp))
# Both, and not the same: no session.
ftp = begin(asked='a.example')
said(ftp, 'HOST b.example')
try:
    ftp.auth()
    print(said(ftp, 'NOOP'))
except (OSError, EOFError):
    print('gone')
";
    let ended = house.python(script, &[]);
    let lines: Vec<&str> = ended.out.lines().collect();
    let wanted = [
        "504 220 This is b. 220 a.example ready.",
        "a root/a 503",
        "504 220",
        "a root/a",
        "main root",
        "gone",
    ];
    assert_eq!(lines, wanted, "{ended:?}");
    house.told(|e| {
        e["event"] == "refused"
            && e["reason"] == "no TLS: the name that TLS was asked for is not that of HOST"
    });
}

#[test]
fn a_reload_takes_up_new_certificates_and_a_bad_pair_leaves_the_old_one() {
    let lines = "[ftp]\ncert = \"DIR/first.pem\"\nkey = \"DIR/first.key\"\n";
    let house = House::start(&[("first", None), ("second", None)], lines);
    assert!(house.shows("x").ends_with("CN = first"));
    // A session that runs keeps its own: also its data connections.
    let mut c = Peer::find("ftplib", "python3").expect("python is there").command();
    let script = "
ftp = begin()
ftp.auth()
ftp.login(user, password, secure=False)
print('ready', flush=True)
sys.stdin.readline()
print(where(ftp), flush=True)
";
    let port = house.service.serve.ftp.port().to_string();
    c.args(["-c", &format!("{PRELUDE}{script}"), &port, USER.0, USER.1]);
    let mut client = Process::start_with(&mut c, std::process::Stdio::piped());
    client.wait_for("the login", |said| said.out.iter().any(|l| l == "ready").then_some(()));
    let path = |name: &str| house.service.path(name);
    std::fs::copy(path("second.pem"), path("first.pem")).unwrap();
    // The certificate is another one's than the key.
    let refused = house.service.reload();
    assert_ne!(refused.code(), 0, "{refused:?}");
    assert!(refused.err.contains("the old configuration stays"), "{}", refused.err);
    assert!(house.shows("x").ends_with("CN = first"));
    std::fs::copy(path("second.key"), path("first.key")).unwrap();
    assert_eq!(house.service.reload().code(), 0);
    assert!(house.shows("x").ends_with("CN = second"));
    client.input().expect("it listens").write_all(b"\n").unwrap();
    let ended = client.wait(PATIENCE);
    assert!(ended.out.lines().any(|l| l == "root"), "{ended:?}");
}

/// As a program leaves them that renews certificates: nobody says a word to the server.
#[test]
fn new_certificates_are_taken_up_unasked_and_half_a_pair_is_not() {
    let lines = "[ftp]\ncert = \"DIR/first.pem\"\nkey = \"DIR/first.key\"\n";
    let house = House::start(&[("first", None), ("second", None)], lines);
    assert!(house.shows("x").ends_with("CN = first"));
    let path = |name: &str| house.service.path(name);
    let by_itself = |event: &Value, verdict: &str| {
        let text = event["text"].as_str().unwrap_or_default();
        event["event"] == "configured"
            && event["verdict"] == verdict
            && event["by"] == "itself"
            && text.starts_with("certificates have changed: ")
    };
    std::fs::copy(path("second.pem"), path("new")).unwrap();
    std::fs::rename(path("new"), path("first.pem")).unwrap();
    let refused = house.told(|event| by_itself(event, "refused"));
    assert!(refused["text"].as_str().unwrap().contains("the old configuration stays"), "{refused}");
    assert!(house.shows("x").ends_with("CN = first"));
    std::fs::copy(path("second.key"), path("first.key")).unwrap();
    house.told(|event| by_itself(event, "taken"));
    assert!(house.shows("x").ends_with("CN = second"));
}

/// A server without a configuration: flags say which certificate. Its SIGHUP, and what comes of it.
#[test]
fn without_a_configuration_certificates_are_read_again_too() {
    let dir = e2e::scratch();
    for name in ["first", "second"] {
        certificate(dir.path(), name, None);
    }
    let path = |name: &str| dir.path().join(name);
    std::fs::create_dir(path("root")).unwrap();
    let [cert, key] = ["first.pem", "first.key"].map(|name| path(name).display().to_string());
    let serve = Serve::start(&path("root"), &["--cert", &cert, "--key", &key]);
    let shows = || subject_shown(dir.path(), &serve.ftp.to_string(), "x");
    let told = |verdict: &str| {
        let fits = |e: &Value| e["event"] == "configured" && e["verdict"] == verdict;
        until(PATIENCE, || serve.events().into_iter().find(fits)).expect(verdict)
    };
    assert!(shows().ends_with("CN = first"));
    // No program that renews certificates writes a key that is none, but a disk that is full does.
    std::fs::write(path("first.key"), "no key").unwrap();
    serve.process.signal(Signal::HUP);
    let refused = told("refused");
    let text = refused["text"].as_str().unwrap();
    assert!(text.contains("first.key") && text.contains("the old configuration stays"), "{refused}");
    assert!(shows().ends_with("CN = first"));
    for (from, to) in [("second.pem", "first.pem"), ("second.key", "first.key")] {
        std::fs::copy(path(from), path(to)).unwrap();
    }
    serve.process.signal(Signal::HUP);
    told("taken");
    assert!(shows().ends_with("CN = second"));
}

/// As every program does that is no service: who closes the window has ended it.
#[test]
fn without_a_configuration_it_ends_with_its_terminal() {
    let dir = e2e::scratch();
    certificate(dir.path(), "first", None);
    let (port, path) = (Port::take(), |name: &str| dir.path().join(name).display().to_string());
    std::fs::create_dir(dir.path().join("root")).unwrap();
    let mut c = e2e::towline::command();
    c.args([
        "serve",
        &path("root"),
        "--bind",
        "127.0.0.1",
        "--tftp",
        "off",
        "--ftp",
        &port.number.to_string(),
    ]);
    c.args(["--cert", &path("first.pem"), "--key", &path("first.key")]);
    // The shell is the session's leader, whose end is that of the terminal. Under nohup the hang-up is ignored by
    // whoever is started, and that cannot be undone in a shell.
    let mut shell = std::process::Command::new("env");
    shell
        .args(["--default-signal=HUP", "sh", "-c", "echo leader $$.; \"$@\" >log 2>&1; true", "sh"])
        .arg(c.get_program())
        .args(c.get_args());
    shell.current_dir(dir.path());
    let mut terminal = Terminal::run(e2e::process::with_variables_of(&mut shell, &c));
    terminal.until("leader ");
    let leader = terminal.until(".").trim_end_matches('.').parse().expect("a number");
    let answers = || TcpStream::connect(port.address()).ok();
    let mut stream = until(PATIENCE, answers).expect("it serves");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.read_exact(&mut [0; 4]).expect("its greeting: a worker is there");
    rustix::process::kill_process(rustix::process::Pid::from_raw(leader).unwrap(), Signal::KILL).unwrap();
    until(PATIENCE, || answers().is_none().then_some(())).expect("it ends");
    let log = std::fs::read_to_string(path("log")).unwrap();
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_handshake_that_fails_is_told_with_the_side_and_the_reason() {
    let house =
        House::start(&[("first", None)], "[ftp]\ncert = \"DIR/first.pem\"\nkey = \"DIR/first.key\"\n");
    let reason = |words: &str| {
        house.told(|e| e["event"] == "refused" && e["reason"].as_str().is_some_and(|r| r.contains(words)));
    };
    // It does not trust the certificate, and says so.
    let at = house.at();
    openssl(&["s_client", "-starttls", "ftp", "-connect", &at, "-verify_return_error", "-verify", "1"]);
    reason("no TLS: the peer sent the alert");
    openssl(&["s_client", "-starttls", "ftp", "-connect", &at, "-alpn", "http/1.1"]);
    reason("no TLS: the peer speaks another protocol (ALPN)");
    openssl(&["s_client", "-starttls", "ftp", "-connect", &at, "-tls1_2", "-cipher", "AES128-SHA"]);
    reason("no TLS: nothing in common with the peer");
    let mut stream = TcpStream::connect(&at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"AUTH TLS\r\n").unwrap();
    let (mut said, mut octets) = (Vec::new(), [0; 512]);
    while !String::from_utf8_lossy(&said).contains("234 ") {
        let n = stream.read(&mut octets).unwrap();
        assert!(n > 0, "{said:?}");
        said.extend_from_slice(&octets[..n]);
    }
    stream.write_all(b"USER bob\r\n").unwrap();
    reason("no TLS: what the peer sent is no TLS");
}

#[test]
fn ccc_makes_the_control_connection_clear_where_the_owner_allows_it() {
    let certificates = [("first", None)];
    let pair = "cert = \"DIR/first.pem\"\nkey = \"DIR/first.key\"\n";
    let house = House::start(&certificates, &format!("[ftp]\nccc = true\n{pair}"));
    let script = "
import socket
for way in ('closes', 'closes', 'goes on'):
    ftp = begin()
    ftp.auth()
    ftp.login(user, password, secure=False)
    ftp.prot_p()
    if way == 'closes':
        ftp.ccc()
    else:
        # No close_notify, the next command at once.
        ftp.voidcmd('CCC')
        ftp.sock = socket.socket(fileno=ftp.sock.detach())
        ftp.sock.settimeout(60)
        # The server's close_notify.
        head = ftp.sock.recv(5, socket.MSG_WAITALL)
        ftp.sock.recv(int.from_bytes(head[3:], 'big'), socket.MSG_WAITALL)
    ftp.file = ftp.sock.makefile(mode='r', encoding=ftp.encoding)
    got = []
    # Data connections stay private, and in the session's.
    ftp.retrlines('RETR where', got.append)
    said = ftp.voidcmd('NOOP')
    try:
        ftp.voidcmd('AUTH TLS')
    except ftplib.Error as e:
        said += ' ' + str(e)[:3]
    print(got[0], said[:3], said[-3:])
";
    let ended = house.python(script, &[]);
    assert_eq!(ended.out.lines().collect::<Vec<_>>(), ["root 200 503"; 3], "{ended:?}");
    let curl = Peer::find("curl", "curl").expect("curl is there");
    let mut c = curl.command();
    c.args(["-sS", "-k", "--max-time", "60", "--ssl-reqd", "--ftp-ssl-ccc", "-u"]);
    c.arg(format!("{}:{}", USER.0, USER.1)).arg(format!("ftp://{}/where", house.at()));
    let ended = Process::start(&mut c).wait(PATIENCE);
    assert_eq!((ended.code(), ended.out.trim()), (0, "root"), "{ended:?}");
    let house = House::start(&certificates, &format!("[ftp]\n{pair}"));
    let script = "
ftp = begin()
ftp.auth()
ftp.login(user, password, secure=False)
try:
    ftp.voidcmd('CCC')
except ftplib.Error as e:
    print(str(e)[:3], ftp.voidcmd('NOOP')[:3])
";
    assert_eq!(house.python(script, &[]).out.trim(), "534 200");
}
