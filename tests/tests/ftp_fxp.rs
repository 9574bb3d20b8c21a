//! Files that go from one FTP server to another at the word of a client that has both control connections (FXP): only
//! where the owner grants it, in clear and under TLS (SSCN, CPSV); with ProFTPD at the other end, and at lftp's word.

use e2e::battery::USER;
use e2e::certificates::{certificate, openssl};
use e2e::content::Content;
use e2e::matrix;
use e2e::peers::Peer;
use e2e::poll::{PATIENCE, until};
use e2e::process::{Ended, Process};
use e2e::servers::proftpd_for_others;
use e2e::service::Service;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const SIZES: &[u64] = &[1, 65_537, 3_000_017];
/// Where the client is: the servers, both at 127.0.0.1, are another host than it.
const CLIENT: &str = "127.0.0.9";

/// A server with [`USER`], and with these lines for `[ftp]`.
fn house(ftp: &str) -> Service {
    let dir = e2e::scratch();
    std::fs::create_dir(dir.path().join("root")).unwrap();
    certificate(dir.path(), "self", None);
    let word = dir.path().join("word");
    std::fs::write(&word, USER.1).unwrap();
    std::fs::set_permissions(&word, PermissionsExt::from_mode(0o600)).unwrap();
    let d = dir.path().display();
    let settings = format!(
        "write = true\n[[user]]\nname = \"{}\"\npassword = {{ file = {word:?} }}\n[ftp]\ncert = \"{d}/self.pem\"\n\
         key = \"{d}/self.key\"\n{ftp}",
        USER.0
    );
    Service::start_in(dir, &settings, &[])
}

/// Whoever is granted the other server, from where the client of these tests is.
fn granted() -> String {
    format!("[[ftp.fxp]]\nuser = \"{}\"\nclients = \"{CLIENT}\"\nhosts = \"127.0.0.1\"\n", USER.0)
}

fn told(service: &Service, verdict: &str) -> Value {
    let fits = |event: &Value| event["event"] == "third_party" && event["verdict"] == verdict;
    until(PATIENCE, || service.serve.events().into_iter().find(fits)).expect("it is told")
}

/// What a client says to two servers, from [`CLIENT`].
const SCRIPT: &str = "
import re, socket, ssl, sys, ftplib

def login(port, tls=False, user=None, password=None):
    ftp = ftplib.FTP_TLS(context=ssl._create_unverified_context()) if tls else ftplib.FTP()
    ftp.connect('127.0.0.1', int(port), timeout=60, source_address=('127.0.0.9', 0))
    ftp.login(user or USER, password or PASSWORD)
    if tls:
        ftp.prot_p()
    ftp.voidcmd('TYPE I')
    return ftp

def said(ftp, line):
    try:
        return ftp.sendcmd(line)
    except ftplib.Error as e:
        return str(e)

def last(ftp):
    try:
        return ftp.voidresp()
    except ftplib.Error as e:
        return str(e)

def port(reply):
    return 'PORT ' + re.search(r'\\((.*)\\)', reply).group(1)

# RETR at the one, STOR at the other; which of them listens, and by which verb.
def fxp(source, target, name, to, listens, verb='PASV'):
    connects = source if listens is target else target
    connects.voidcmd(port(listens.sendcmd(verb)))
    for ftp, line in ((listens, None), (connects, None)):
        ftp.putcmd('STOR ' + to if ftp is target else 'RETR ' + name)
    for ftp in (listens, connects):
        begun = ftp.getresp()
        assert begun[:3] in ('150', '125'), begun
    return last(source)[:3] + ' ' + last(target)[:3]

USER, PASSWORD = sys.argv[1], sys.argv[2]
";

fn python(script: &str, words: &[&str]) -> Ended {
    let peer = Peer::find("ftplib", "python3").expect("python is there");
    let mut c = peer.command();
    c.args(["-c", &format!("{SCRIPT}{script}"), USER.0, USER.1]).args(words);
    Process::start(&mut c).wait(PATIENCE)
}

fn port_of(service: &Service) -> String {
    service.serve.ftp.port().to_string()
}

fn same(a: &Path, b: &Path) {
    assert!(std::fs::read(a).unwrap() == std::fs::read(b).unwrap(), "{} and {}", a.display(), b.display());
}

#[test]
fn files_go_from_server_to_server_in_clear() {
    let (one, other) = (house(&granted()), house(&granted()));
    let content = Content::random(3_000_017);
    content.write(&one.path("root/f")).unwrap();
    let ended = python(
        "
one, other = login(sys.argv[3]), login(sys.argv[4])
print(fxp(one, other, 'f', 'a', other))
print(fxp(one, other, 'f', 'b', one))
",
        &[&port_of(&one), &port_of(&other)],
    );
    assert_eq!(ended.out, "226 226\n226 226\n", "{ended:?}");
    for name in ["root/a", "root/b"] {
        same(&one.path("root/f"), &other.path(name));
    }
    for service in [&one, &other] {
        let event = told(service, "granted");
        assert!(event["other"].as_str().unwrap().starts_with("127.0.0.1:"), "{event}");
        assert_eq!(
            (event["user"].as_str(), event["protocol"].as_str()),
            (Some(USER.0), Some("ftp")),
            "{event}"
        );
    }
}

#[test]
fn files_go_from_server_to_server_under_tls() {
    // Also where a client's own data connections have to go on from its session.
    let strict = format!("tls = \"require\"\ntls-reuse = \"require\"\n{}", granted());
    let (one, other) = (house(&strict), house(&strict));
    let content = Content::random(3_000_017);
    content.write(&one.path("root/f")).unwrap();
    let ended = python(
        "
one, other = login(sys.argv[3], True), login(sys.argv[4], True)
for client in (one, other):
    print(client.sendcmd('SSCN ON'))
    for listens in (one, other):
        print(fxp(one, other, 'f', 'sscn-%d-%d' % (client is one, listens is one), listens))
    print(client.sendcmd('SSCN OFF'))
for listens in (one, other):
    print(fxp(one, other, 'f', 'cpsv-%d' % (listens is one), listens, 'CPSV'))
print('SSCN' in one.sendcmd('FEAT'))
",
        &[&port_of(&one), &port_of(&other)],
    );
    let sscn = "200 SSCN:CLIENT METHOD\n226 226\n226 226\n200 SSCN:SERVER METHOD\n";
    assert_eq!(ended.out, [sscn, sscn, "226 226\n226 226\nTrue\n"].concat(), "{ended:?}");
    for name in ["sscn-1-1", "sscn-1-0", "sscn-0-1", "sscn-0-0", "cpsv-1", "cpsv-0"] {
        same(&one.path("root/f"), &other.path("root").join(name));
    }
}

#[test]
fn another_certificate_than_the_pinned_one_is_turned_away() {
    let pinned = |pin: &str| house(&format!("{}cert-pin = \"{pin}\"\n", granted()));
    let other = house(&granted());
    let pem = other.path("self.pem").display().to_string();
    let shown = openssl(&["x509", "-noout", "-fingerprint", "-sha256", "-in", &pem]).out;
    let right = shown.trim().rsplit_once('=').unwrap().1.to_owned();
    let wrong = right.replace(['A', '1'], "2");
    for (pin, is_right) in [(right, true), (wrong, false)] {
        let one = pinned(&pin);
        std::fs::write(one.path("root/f"), "octets").unwrap();
        let ended = python(
            "
one, other = login(sys.argv[3], True), login(sys.argv[4], True)
one.sendcmd('SSCN ON')
print(fxp(one, other, 'f', 'x', other))
",
            &[&port_of(&one), &port_of(&other)],
        );
        let said = if is_right { "226 226\n" } else { "522 522\n" };
        assert_eq!(ended.out, said, "{pin}: {ended:?}");
        assert_eq!(other.path("root/x").exists(), is_right, "{ended:?}");
        if is_right {
            std::fs::remove_file(other.path("root/x")).unwrap();
        }
    }
}

#[test]
fn without_a_grant_nothing_goes_to_or_comes_from_another_host() {
    let elsewhere = format!("[[ftp.fxp]]\nclients = \"{CLIENT}\"\nhosts = \"192.0.2.0/24\"\n");
    for lines in ["", elsewhere.as_str(), "[[ftp.fxp]]\nuser = \"alice\"\nhosts = \"0.0.0.0/0\"\n"] {
        let one = house(lines);
        std::fs::write(one.path("root/f"), "octets").unwrap();
        let ended = python(
            "
one = login(sys.argv[3])
victim = socket.socket()
victim.bind(('127.0.0.1', 0))
victim.listen()
number = victim.getsockname()[1]
print(said(one, 'PORT 127,0,0,1,%d,%d' % (number >> 8, number & 255))[:3])
print(said(one, 'EPRT |1|127.0.0.1|%d|' % number)[:3])
print(said(one, 'RETR f')[:3])
victim.setblocking(False)
try:
    victim.accept()
    print('somebody came')
except BlockingIOError:
    print('nobody')
# The passive port is the client's alone.
numbers = port(one.sendcmd('PASV'))[5:].split(',')
at = ('127.0.0.1', int(numbers[4]) * 256 + int(numbers[5]))
one.putcmd('RETR f')
print(one.getresp()[:3])
try:
    print(socket.create_connection(at, 60).recv(100))
except ConnectionResetError:
    print('reset')
own = socket.create_connection(at, 60, ('127.0.0.9', 0))
print(own.recv(100))
print(last(one)[:3])
",
            &[&port_of(&one)],
        );
        assert_eq!(ended.out, "501\n501\n425\nnobody\n150\nreset\nb'octets'\n226\n", "{ended:?}");
        let event = told(&one, "refused");
        assert!(event["other"].as_str().unwrap().starts_with("127.0.0.1:"), "{event}");
    }
}

/// lftp says SSCN where FEAT has it.
#[test]
fn lftp_has_files_go_from_server_to_server() {
    let Some(peer) = Peer::find("lftp", "lftp") else { return };
    let (one, other) = (house(&granted()), house(&granted()));
    for (operation, ssl) in [("fxp in clear", "no"), ("fxp under TLS", "yes")] {
        for &len in SIZES {
            let content = Content::random(len);
            content.write(&one.path("root/f")).expect("room");
            let script = format!(
                "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; set ssl:verify-certificate no; \
                 set net:socket-bind-ipv4 {CLIENT}; set ftp:ssl-allow {ssl}; set ftp:ssl-force {ssl}; \
                 set ftp:ssl-protect-data {ssl}; set ftp:ssl-protect-fxp {ssl}; set ftp:use-fxp yes; \
                 set ftp:fxp-force yes; open -u '{user}','{word}' -p {source} 127.0.0.1; \
                 get f -o ftp://{user}:{escaped}@127.0.0.1:{target}/got-{len}-{ssl}",
                user = USER.0,
                word = USER.1,
                escaped = USER.1.replace(' ', "%20").replace(':', "%3A"),
                source = port_of(&one),
                target = port_of(&other),
            );
            let mut c = peer.command();
            let ended = Process::start(c.args(["-e", &format!("{script}; bye")])).wait(PATIENCE);
            assert_eq!(ended.code(), 0, "{operation} {len}: {ended:?}");
            let there = other.path(&format!("root/got-{len}-{ssl}"));
            matrix::compared("lftp", operation, content, &there);
        }
    }
    // The octets went from the one server to the other, not by way of the client.
    let events = other.serve.events();
    let third = events.iter().filter(|event| event["event"] == "third_party").count();
    let third = third + one.serve.events().iter().filter(|event| event["event"] == "third_party").count();
    assert!(third >= 2 * SIZES.len(), "{events:#?}");
}

/// Both ways, each listening once. Under TLS we are the client: ProFTPD 1.3.8 as one ends in "double free detected".
#[test]
fn files_go_to_proftpd_and_come_from_it() {
    let Some(theirs) = proftpd_for_others(e2e::scratch()) else { return };
    let ours = house(&granted());
    let number = theirs.url.trim_end_matches('/').rsplit_once(':').unwrap().1.to_owned();
    for &len in SIZES {
        let content = Content::random(len);
        content.write(&ours.path("root/f")).expect("room");
        content.write(&theirs.served.join("f")).expect("room");
        let ended = python(
            "
for tls in (False, True):
    ours, theirs = login(sys.argv[3], tls), login(sys.argv[4], tls, 'alice', 'wonderland')
    word = 'tls' if tls else 'clear'
    if tls:
        ours.sendcmd('SSCN ON')
    for listens in (ours, theirs):
        name = '%s-%s-%d' % (word, sys.argv[5], listens is ours)
        print(fxp(ours, theirs, 'f', name, listens), fxp(theirs, ours, 'f', name, listens))
    if tls:
        ours.sendcmd('SSCN OFF')
        # CPSV is ours alone.
        name = 'cpsv-' + sys.argv[5]
        print(fxp(ours, theirs, 'f', name, ours, 'CPSV'), fxp(theirs, ours, 'f', name, ours, 'CPSV'))
",
            &[&port_of(&ours), &number, &len.to_string()],
        );
        assert_eq!(ended.out, "226 226 226 226\n".repeat(5), "{ended:?}");
        let mut names = vec![(format!("cpsv-{len}"), "fxp cpsv")];
        for listens in [0, 1] {
            names.push((format!("clear-{len}-{listens}"), "fxp in clear"));
            names.push((format!("tls-{len}-{listens}"), "fxp under TLS"));
        }
        for (name, operation) in names {
            matrix::compared("proftpd", &format!("{operation} to"), content, &theirs.served.join(&name));
            matrix::compared(
                "proftpd",
                &format!("{operation} from"),
                content,
                &ours.path("root").join(&name),
            );
        }
    }
}
