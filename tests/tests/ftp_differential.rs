//! The same commands to our server and to four of other people's: where a code of ours is none of theirs,
//! docs/protocols/ftp.md says why, and a difference that is said there and is none fails as well.

use e2e::battery::Server;
use e2e::servers::{proftpd, pureftpd, pyftpdlib, vsftpd};
use e2e::towline::Serve;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// The longest wait for a reply on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Before a login. A command that ends the session is followed by a new connection.
const FRESH: &str = "PWD; CWD /; LIST; RETR x; NOOP; SYST; FEAT; HELP; STAT; OPTS UTF8 ON; PASS x; USER; REIN; \
    ACCT x; CLNT x; NOSUCH; TYPE I; PASV; EPSV; ABOR; ALLO 5; LANG; QUIT";

/// Logged in, where there are `f` of five octets and `d` with `d/x`. What begins with `@` has a data connection; without one
/// pyftpdlib connects to the control connection's port, and replies when that has failed, sooner or later.
const IN: &str = "PWD; XPWD; PWD x; CWD d; CDUP; CWD d; CWD ..; CWD nosuch; CWD ../../../../etc; CWD f; TYPE A; \
    TYPE A N; TYPE I; TYPE L 8; TYPE; TYPE X; TYPE E; TYPE I; TYPE A T; TYPE I; TYPE L 36; TYPE I; \
    TYPE L; TYPE I; MODE S; MODE B; MODE C; MODE X; MODE; MODE S; STRU F; STRU R; STRU P; STRU X; \
    STRU; STRU F; NOOP; NOOP x; SYST; SYST x; FEAT; FEAT x; HELP; HELP RETR; HELP nosuch; STAT; \
    STAT f; STAT nosuch; SITE HELP; SITE; SITE NOSUCH; SITE CHMOD 644 f; SITE CHMOD 999 f; SIZE f; \
    SIZE d; SIZE nosuch; SIZE; TYPE A; SIZE f; TYPE I; MDTM f; MDTM d; MDTM nosuch; MDTM; REST 2; \
    REST 0; REST abc; REST -1; REST 73786976294838206464; REST; RNTO x; RNFR nosuch; RNFR f; NOOP; \
    RNTO f; RNFR f; RNTO g; RNFR f; RNTO g; RNFR g; RNTO f; RNFR; DELE nosuch; DELE d; DELE; \
    RMD nosuch; RMD d; RMD f; RMD; MKD d; MKD m; XMKD d; MKD; RMD m; MKD q\"q; RMD q\"q; \
    MKD a/b/c; ALLO 5; ALLO 5 R 2; ALLO; ALLO x; ACCT x; SMNT /; APPE; RETR; STOR; ABOR; PASV; \
    EPSV; EPSV 1; EPSV 2; EPSV 3; EPSV x; PORT 127,0,0,1,200,1; PORT 10,1,2,3,200,1; \
    PORT 127,0,0,1,0,22; PORT 1,2,3; PORT; EPRT |1|127.0.0.1|51201|; EPRT |3|x|1|; \
    EPRT |1|10.1.2.3|51201|; EPRT; OPTS UTF8 ON; OPTS UTF8 OFF; OPTS NOSUCH; OPTS; \
    OPTS MLST type;size;; MLST f; MLST nosuch; MFMT 20020717210715 f; MFMT x f; \
    MFMT 20020717210715 nosuch; CLNT x; NOSUCH; @RETR f; @RETR nosuch; @RETR d; @STOR new; \
    @STOR nosuch/new; @STOR d; @APPE new; @LIST; @LIST -la; @LIST nosuch; @NLST; @NLST nosuch; \
    @NLST *; @MLSD; @MLSD f; REST 2; @RETR f; REST 99; @RETR f; REST 2; @STOR new; DELE new; \
    CWD d; CDUP x; EPSV ALL; PASV; PORT 127,0,0,1,200,1; QUIT";

/// A control connection, as bare as it gets.
struct Control {
    from: BufReader<TcpStream>,
}

impl Control {
    fn open(to: SocketAddr) -> Control {
        let stream = TcpStream::connect(to).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut control = Control { from: BufReader::new(stream) };
        let greeting = control.reply();
        assert_eq!(greeting, "220", "{to}");
        control
    }

    fn log_in(to: SocketAddr, who: &Who) -> Control {
        let mut control = Control::open(to);
        control.say(&format!("USER {}", who.user));
        assert_eq!(control.say(&format!("PASS {}", who.password)), "230", "{to}");
        if !who.directory.is_empty() {
            assert_eq!(control.say(&format!("CWD {}", who.directory)), "250", "{to}");
        }
        control
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.from.read_until(b'\n', &mut line)?;
        match line.len() {
            4.. => Ok(String::from_utf8_lossy(&line).into_owned()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Its code; "closed" where there is none any more.
    fn reply(&mut self) -> String {
        let whole = |control: &mut Control| -> io::Result<(String, String)> {
            let first = control.line()?;
            let mut last = first.clone();
            while first.as_bytes()[3] == b'-' && !last.starts_with(&format!("{} ", &first[..3])) {
                last = control.line()?;
            }
            Ok((first[..3].to_owned(), last))
        };
        match whole(self) {
            Ok((code, _)) => code,
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => panic!("no reply within {PATIENCE:?}"),
            Err(_) => String::from("closed"),
        }
    }

    fn say(&mut self, command: &str) -> String {
        if self.from.get_mut().write_all(format!("{command}\r\n").as_bytes()).is_err() {
            return String::from("closed");
        }
        self.reply()
    }

    /// The codes of a command with a data connection; who opens that first says 125, which is as good as 150.
    fn transfer(&mut self, command: &str) -> String {
        self.from.get_mut().write_all(b"EPSV\r\n").expect("it is open");
        let line = self.line().unwrap_or_default();
        let Some(port) = line.split('|').nth(3).and_then(|port| port.parse().ok()) else {
            return String::from("no EPSV");
        };
        let mut data = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("it listens");
        data.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let first = self.say(command);
        if !first.starts_with('1') {
            return first;
        }
        if command.starts_with("STOR") || command.starts_with("APPE") {
            data.write_all(b"hello").expect("room in a socket");
            data.shutdown(Shutdown::Write).expect("a socket");
        }
        // Some reset it when they have refused.
        let _ = data.read_to_end(&mut Vec::new());
        drop(data);
        format!("150 {}", self.reply())
    }
}

/// As whom, and where it may write.
struct Who {
    user: String,
    password: String,
    directory: &'static str,
}

type Codes = Vec<(&'static str, &'static str, String)>;

fn codes(to: SocketAddr, who: &Who) -> Codes {
    let mut codes = Vec::new();
    let mut control = Control::open(to);
    for command in FRESH.split("; ") {
        let code = control.say(command);
        if ["closed", "421", "221"].contains(&code.as_str()) {
            control = Control::open(to);
        }
        codes.push(("before the login", command, code));
    }
    drop(control);
    let mut control = Control::log_in(to, who);
    for command in IN.split("; ") {
        let code = match command.strip_prefix('@') {
            Some(command) => control.transfer(command),
            None => control.say(command),
        };
        assert_ne!(code, "closed", "{command}");
        codes.push(("logged in", command, code));
    }
    codes
}

/// What every server has.
fn furnish(root: &Path) {
    std::fs::create_dir(root.join("d")).expect("a directory");
    std::fs::write(root.join("d/x"), "").expect("room");
    std::fs::write(root.join("f"), "hello").expect("room");
    for name in ["", "d", "d/x", "f"] {
        // vsftpd, ProFTPD and Pure-FTPd work as this user.
        std::os::unix::fs::chown(root.join(name), Some(1), Some(1)).expect("we are root");
    }
}

fn of(server: &Server, directory: &'static str) -> Codes {
    furnish(&server.served);
    let (login, to) =
        server.url["ftp://".len()..].rsplit_once('@').unwrap_or(("anonymous:x@y", &server.url[6..]));
    let (user, password) = login.split_once(':').expect("user and password");
    let password = password.replace("%3A", ":");
    let to = to.split('/').next().expect("an address").parse().expect("an address");
    codes(to, &Who { user: user.to_owned(), password, directory })
}

/// One difference: state, command, our code.
type Key = (String, String, String);

/// What the page says: the others' codes of each difference.
fn page_rows(page: &str) -> BTreeMap<Key, String> {
    let table = page.split_once("<!-- differences -->").expect("the page says where they begin").1;
    let table = table.split_once("<!-- end of differences -->").expect("the page says where they end").0;
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [state, command, ours, theirs, why] = cells[..] else { panic!("not five cells: {line}") };
        assert!(why.len() > 10, "it does not say why: {line}");
        let command = command.trim_matches('`').replace("\\|", "|");
        assert!(rows.insert((state.into(), command, ours.into()), theirs.into()).is_none(), "twice: {line}");
    }
    rows
}

#[test]
fn replies_are_those_of_other_servers_or_the_docs_say_why_not() {
    let made = [
        vsftpd(e2e::scratch()).map(|server| of(&server, "pub")),
        proftpd(e2e::scratch()).map(|server| of(&server, "")),
        pureftpd(e2e::scratch()).map(|server| of(&server, "")),
        pyftpdlib(e2e::scratch()).map(|server| of(&server, "")),
    ];
    let theirs: Vec<Codes> = made.into_iter().flatten().collect();
    if theirs.len() < 4 {
        return;
    }
    let (root, home) = (e2e::scratch(), e2e::scratch());
    furnish(root.path());
    let serve = Serve::start(root.path(), &["--write", "--user", &e2e::battery::user_flag(home.path())]);
    let (user, password) = e2e::battery::USER;
    let ours = codes(serve.ftp, &Who { user: user.into(), password: password.into(), directory: "" });

    let page = std::fs::read_to_string(e2e::root().join("docs/protocols/ftp.md")).expect("the page");
    let mut said = page_rows(&page);
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for (n, (state, command, code)) in ours.iter().enumerate() {
        let others: Vec<&str> = theirs.iter().map(|codes| codes[n].2.as_str()).collect();
        println!("{state:16} {command:28} {code:8} | {}", others.join(" | "));
        let key = (String::from(*state), String::from(*command), code.clone());
        // What is asked several times is told of once.
        if others.contains(&code.as_str()) || !seen.insert(key.clone()) {
            continue;
        }
        let others = others.join(", ");
        let found = said.remove(&key);
        if found.as_ref() != Some(&others) {
            let command = command.replace('|', "\\|");
            wrong.push(format!(
                "| {state} | `{command}` | {code} | {others} | …why… |   (the page: {found:?})"
            ));
        }
    }
    wrong.extend(said.keys().map(|key| format!("no difference any more: {key:?}")));
    assert!(wrong.is_empty(), "docs/protocols/ftp.md, differences:\n{}", wrong.join("\n"));
}
