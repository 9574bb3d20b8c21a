//! Commands that are sent without waiting, of which some are refused: each has its reply, in its order, to the octet the
//! same in clear and under TLS, in one segment or octet by octet.

use e2e::battery::{USER, user_flag};
use e2e::peers::Peer;
use e2e::process::Process;
use e2e::scratch;
use e2e::towline::Serve;
use std::net::SocketAddr;
use std::time::Duration;
use tempfile::TempDir;

/// The longest that one script may take on a loaded machine; wrong passwords are answered late.
const ONE: Duration = Duration::from_secs(120);

/// Python, as it has TLS: says the octets of its third argument and hears until the end; `data`: these octets go behind an
/// EPSV, and when three of their replies are there a file goes to where that has said.
const SCRIPT: &str = r#"
import sys, ssl, socket
port, way, octets, data = int(sys.argv[1]), sys.argv[2], bytes.fromhex(sys.argv[3]), bytes.fromhex(sys.argv[4])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
control = socket.create_connection(('127.0.0.1', port), 60)
control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if way == 'ftps':
    control = context.wrap_socket(control)

def line():
    read = b''
    while not read.endswith(b'\n'):
        more = control.recv(1)
        assert more, read
        read += more
    return read

def ask(command):
    control.sendall(command + b'\r\n')
    return line()

assert line().startswith(b'220 ')
if way == 'auth':
    assert ask(b'AUTH TLS').startswith(b'234 ')
    control = context.wrap_socket(control)
heard = b''
if data:
    assert ask(b'USER ' + sys.argv[5].encode()).startswith(b'331 ')
    assert ask(b'PASS ' + sys.argv[6].encode()).startswith(b'230 ')
    to = int(ask(b'EPSV').split(b'|')[3])
    stream = socket.create_connection(('127.0.0.1', to), 60)
for part in [octets] if way != 'octets' else [octets[at:at + 1] for at in range(len(octets))]:
    control.sendall(part)
if data:
    heard = line() + line() + line()
    if way == 'ftps':
        stream = context.wrap_socket(stream, session=control.session)
    stream.sendall(data)
    if way == 'ftps':
        stream = stream.unwrap()
    stream.close()
while more := control.recv(65536):
    heard += more
print(heard.hex())
"#;

/// How octets come to the server.
const WAYS: [&str; 4] = ["whole", "octets", "auth", "ftps"];

struct House {
    serve: Serve,
    ftps: SocketAddr,
    root: TempDir,
    _home: TempDir,
}

fn house() -> House {
    let (root, home) = (scratch(), scratch());
    std::fs::write(root.path().join("f"), "hello").expect("room");
    let user = user_flag(home.path());
    let mut serve = Serve::start(root.path(), &["--write", "--user", &user, "--ftps", "0"]);
    let ftps = serve.listening("ftps");
    House { serve, ftps, root, _home: home }
}

impl House {
    /// What is said behind the greeting, each line with its `\r\n` as ` ⏎`.
    fn hears(&self, way: &str, octets: &str, data: &str) -> String {
        let hex = |octets: &str| octets.bytes().map(|octet| format!("{octet:02x}")).collect::<String>();
        let python = Peer::find("ftplib", "python3").expect("python is there");
        let port = if way == "ftps" { self.ftps } else { self.serve.ftp }.port().to_string();
        let mut c = python.command();
        c.args(["-c", SCRIPT, &port, way, &hex(octets), &hex(data), USER.0, USER.1]);
        let ended = Process::start(&mut c).wait(ONE);
        assert_eq!(ended.code(), 0, "{way} {octets:?}: {ended:?}");
        let hex = ended.out.trim().as_bytes();
        let octet = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).expect("hex"), 16).expect("hex");
        let heard = String::from_utf8(hex.chunks(2).map(octet).collect()).expect("our texts are UTF-8");
        heard.replace("\r\n", " ⏎\n")
    }

    /// The same on every way.
    fn answers(&self, octets: &str, expected: &str) {
        let expected = lines(expected);
        for way in WAYS {
            assert_eq!(self.hears(way, octets, ""), expected, "{way}: {octets:?}");
        }
    }

    /// Behind a login.
    fn answers_in(&self, octets: &str, expected: &str) {
        let login = "331 Password, please; anonymous: an e-mail address.\n230 Logged in as bob.\n";
        self.answers(&behind_login(octets), &format!("{login}{expected}"));
    }
}

/// As `House::hears` says them.
fn lines(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| format!("{line} ⏎\n")).collect()
}

/// A login and what comes behind it.
fn behind_login(rest: &str) -> String {
    format!("USER {}\r\nPASS {}\r\n{rest}", USER.0, USER.1)
}

#[test]
fn what_comes_behind_a_refused_login_is_refused_in_its_turn() {
    let house = house();
    house.answers(
        "USER x\r\nPASS bad\r\nRETR f\r\nQUIT\r\n",
        "331 Password, please; anonymous: an e-mail address.
             530 Login incorrect.
             530 Log in first with USER and PASS.
             221 Good bye.",
    );
    house.answers(
        "USER bob\r\nPASS bad\r\nSTOR g\r\nDELE f\r\nMKD d\r\nPWD\r\nQUIT\r\n",
        "331 Password, please; anonymous: an e-mail address.
             530 Login incorrect.
             530 Log in first with USER and PASS.
             530 Log in first with USER and PASS.
             530 Log in first with USER and PASS.
             530 Log in first with USER and PASS.
             221 Good bye.",
    );
    house.answers(
        "PASS bad\r\nUSER bob\r\nRETR f\r\nPASS bad\r\nNOOP\r\nQUIT\r\n",
        "503 USER must come before.
             331 Password, please; anonymous: an e-mail address.
             530 Log in first with USER and PASS.
             530 Login incorrect.
             200 Still here.
             221 Good bye.",
    );
    let names: Vec<_> = std::fs::read_dir(house.root.path()).expect("it is there").collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn behind_the_last_wrong_password_nothing_is_answered() {
    let house = house();
    let wrong = "USER bob\r\nPASS bad\r\n".repeat(3);
    house.answers(
        &format!("{wrong}{}", behind_login("DELE f\r\nQUIT\r\n")),
        "331 Password, please; anonymous: an e-mail address.
             530 Login incorrect.
             331 Password, please; anonymous: an e-mail address.
             530 Login incorrect.
             331 Password, please; anonymous: an e-mail address.
             421 Login incorrect 3 times; good bye.",
    );
    assert!(house.root.path().join("f").exists());
}

#[test]
fn what_comes_behind_a_refused_command_does_what_it_does_without_it() {
    let house = house();
    house.answers_in(
        "CWD missing\r\nSTOR f\r\nPWD\r\nQUIT\r\n",
        "550 No such file or directory.
             425 Use PASV, EPSV, PORT or EPRT first.
             257 \"/\" is the current directory.
             221 Good bye.",
    );
    house.answers_in(
        "RNFR missing\r\nRNTO f\r\nTYPE X\r\nTYPE I\r\nSIZE f\r\nQUIT\r\n",
        "550 No such file or directory.
             503 RNFR must come at once before.
             504 Not for that parameter: only TYPE A, A N, E, E N, I and L 8.
             200 Type is I: octets as they are.
             213 5
             221 Good bye.",
    );
    house.answers_in(
        "PORT 10,1,2,3,200,1\r\nRETR f\r\nNOOP\r\nQUIT\r\n",
        "501 Data connections go to your own address only.
             425 Use PASV, EPSV, PORT or EPRT first.
             200 Still here.
             221 Good bye.",
    );
    house.answers_in(
        "MKD d\r\nMKD d\r\nRMD d\r\nCWD d\r\nPWD\r\nQUIT\r\n",
        "257 \"/d\" is made.
             550 A file of that name exists.
             250 Directory removed.
             550 No such file or directory.
             257 \"/\" is the current directory.
             221 Good bye.",
    );
    house.answers_in(
        "SITE CPFR missing\r\nSITE CPTO g\r\nREST x\r\nREST 2\r\nQUIT\r\n",
        "550 No such file or directory.
             503 SITE CPFR must come at once before.
             501 The argument is missing or malformed; see HELP.
             504 REST is for TYPE I and STRU F only.
             221 Good bye.",
    );
    house.answers_in(
        "NOSUCH\r\nSTAT missing\r\nMDTM\r\nOPTS NOSUCH\r\nQUIT\r\n",
        "500 Unknown command; HELP lists what is known.
             550 No such file or directory.
             501 The argument is missing or malformed; see HELP.
             504 Not for that parameter: no such option.
             221 Good bye.",
    );
    let kept = std::fs::read_to_string(house.root.path().join("f")).expect("it is there");
    assert_eq!(kept, "hello", "none of these writes");
}

/// The upload goes to where the login is, as its directory has not changed; what comes behind it waits, or does not.
#[test]
fn an_upload_behind_a_refused_directory_is_where_the_session_is() {
    let house = house();
    for way in WAYS {
        let heard = house.hears(
            way,
            "CWD missing\r\nSTOR f\r\nNOOP\r\nDELE missing\r\nMDTM missing\r\nQUIT\r\n",
            way,
        );
        let expected = format!(
            "550 No such file or directory.
             150 Opening ASCII mode data connection for f.
             200 Still here.
             226 {} octets received; the file is published.
             550 No such file or directory.
             550 No such file or directory.
             221 Good bye.",
            way.len()
        );
        assert_eq!(heard, lines(&expected), "{way}");
        assert_eq!(std::fs::read_to_string(house.root.path().join("f")).expect("it is there"), way);
    }
}
