//! The same commands to our server and to four of other people's: where a code of ours is none of theirs,
//! docs/protocols/ftp.md says why, and a difference that is said there and is none fails as well.

use e2e::battery::Server;
use e2e::servers::{
    proftpd, proftpd_offering_tls, proftpd_under_tls, pureftpd, pureftpd_offering_tls, pureftpd_under_tls,
    pyftpdlib, pyftpdlib_with_tls, vsftpd, vsftpd_offering_tls, vsftpd_under_tls,
};
use e2e::towline::Serve;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;

mod control;
mod during;
mod tls;

use control::Control;

/// The states of these two.
const PLAIN: &[&str] = &["before the login", "logged in"];

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

/// As whom, and where it may write.
struct Who {
    user: String,
    password: String,
    directory: String,
}

/// State, command, codes.
type Codes = Vec<(String, String, String)>;

fn codes(to: SocketAddr, who: &Who) -> Codes {
    let mut codes = Vec::new();
    let mut tell =
        |state: &str, command: &str, code| codes.push((state.to_owned(), command.to_owned(), code));
    let mut control = Control::open(to);
    for command in FRESH.split("; ") {
        let code = control.say(command);
        if ["closed", "421", "221"].contains(&code.as_str()) {
            control = Control::open(to);
        }
        tell("before the login", command, code);
    }
    drop(control);
    let mut control = Control::log_in(to, who);
    for command in IN.split("; ") {
        let code = match command.strip_prefix('@') {
            Some(command) => control.transfer(command),
            None => control.say(command),
        };
        assert_ne!(code, "closed", "{command}");
        tell("logged in", command, code);
    }
    codes
}

/// What every server has.
fn furnish(root: &Path) {
    std::fs::create_dir(root.join("d")).expect("a directory");
    std::fs::write(root.join("d/x"), "").expect("room");
    std::fs::write(root.join("f"), "hello").expect("room");
    // More than the kernel takes from a server whose client does not read.
    File::create(root.join("d/large")).and_then(|file| file.set_len(48 << 20)).expect("room for a hole");
    for name in ["", "d", "d/x", "d/large", "f"] {
        // vsftpd, ProFTPD and Pure-FTPd work as this user.
        std::os::unix::fs::chown(root.join(name), Some(1), Some(1)).expect("we are root");
    }
}

/// A server, where it is and who may write there.
struct At {
    to: SocketAddr,
    who: Who,
    _server: Box<dyn Send + Sync>,
}

impl At {
    fn of(server: Server) -> At {
        furnish(&server.served);
        let rest = &server.url["ftp://".len()..];
        let (login, rest) = rest.rsplit_once('@').unwrap_or(("anonymous:x%40y", rest));
        let (user, password) = login.split_once(':').expect("user and password");
        let password = password.replace("%3A", ":").replace("%40", "@");
        let (to, directory) = rest.split_once('/').expect("an address");
        let who =
            Who { user: user.to_owned(), password, directory: directory.trim_end_matches('/').to_owned() };
        At { to: to.parse().expect("an address"), who, _server: Box::new(server) }
    }

    /// Ours, with these flags.
    fn ours(flags: &[&str]) -> At {
        let (root, home) = (e2e::scratch(), e2e::scratch());
        furnish(root.path());
        let user = e2e::battery::user_flag(home.path());
        let serve = Serve::start(root.path(), &[&["--write", "--user", &user], flags].concat());
        let (user, password) = e2e::battery::USER;
        let who = Who { user: user.into(), password: password.into(), directory: String::new() };
        At { to: serve.ftp, who, _server: Box::new((serve, root, home)) }
    }
}

/// One difference: state, command, our code.
type Key = (String, String, String);

/// What the page says of some states: the others' codes of each difference.
fn page_rows(states: &[&str]) -> BTreeMap<Key, String> {
    let page = std::fs::read_to_string(e2e::root().join("docs/protocols/ftp.md")).expect("the page");
    let table = page.split_once("<!-- differences -->").expect("the page says where they begin").1;
    let table = table.split_once("<!-- end of differences -->").expect("the page says where they end").0;
    let mut rows = BTreeMap::new();
    for line in table.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [state, command, ours, theirs, why] = cells[..] else { panic!("not five cells: {line}") };
        assert!(why.len() > 10, "it does not say why: {line}");
        assert!([PLAIN, during::STATES, tls::STATES].concat().contains(&state), "no such state: {line}");
        if states.contains(&state) {
            let command = command.trim_matches('`').replace("\\|", "|");
            let twice = rows.insert((state.into(), command, ours.into()), String::from(theirs));
            assert!(twice.is_none(), "twice: {line}");
        }
    }
    rows
}

/// Asks all at once; our server is the last.
fn asked(servers: &[At], ask: impl Fn(&At) -> Codes + Sync) -> Vec<Codes> {
    std::thread::scope(|scope| {
        let each: Vec<_> = servers.iter().map(|server| scope.spawn(|| ask(server))).collect();
        each.into_iter().map(|codes| codes.join().expect("it was asked")).collect()
    })
}

/// Holds our codes to those of the others, and to what the page says of these states.
fn compare(states: &[&str], mut all: Vec<Codes>) {
    let (ours, theirs) = (all.pop().expect("ours is there"), all);
    let mut said = page_rows(states);
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for (n, key) in ours.iter().enumerate() {
        let (state, command, code) = key;
        assert!(states.contains(&state.as_str()), "no such state: {state}");
        let others: Vec<&str> = theirs.iter().map(|codes| codes[n].2.as_str()).collect();
        println!("{state:16} {command:28} {code:8} | {}", others.join(" | "));
        for codes in &theirs {
            assert_eq!((&codes[n].0, &codes[n].1), (state, command), "all are asked the same");
        }
        // What is asked several times is told of once.
        if others.contains(&code.as_str()) || !seen.insert(key.clone()) {
            continue;
        }
        let others = others.join(", ");
        let found = said.remove(key);
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

/// `None`: one of them may be missing here.
fn beside_ours(others: [Option<Server>; 4], flags: &[&str]) -> Option<Vec<At>> {
    let others = others.into_iter().collect::<Option<Vec<Server>>>()?;
    Some(others.into_iter().map(At::of).chain([At::ours(flags)]).collect())
}

fn plain() -> Option<Vec<At>> {
    let scratch = e2e::scratch;
    beside_ours([vsftpd(scratch()), proftpd(scratch()), pureftpd(scratch()), pyftpdlib(scratch())], &[])
}

#[test]
fn replies_are_those_of_other_servers_or_the_docs_say_why_not() {
    if let Some(servers) = plain() {
        compare(PLAIN, asked(&servers, |server| codes(server.to, &server.who)));
    }
}

#[test]
fn replies_during_a_transfer_are_those_of_other_servers_or_the_docs_say_why_not() {
    if let Some(servers) = plain() {
        compare(during::STATES, asked(&servers, |server| during::codes(server.to, &server.who)));
    }
}

#[test]
fn replies_around_tls_are_those_of_other_servers_or_the_docs_say_why_not() {
    let scratch = e2e::scratch;
    let offering = [
        vsftpd_offering_tls(scratch()),
        proftpd_offering_tls(scratch()),
        pureftpd_offering_tls(scratch()),
        pyftpdlib_with_tls(scratch(), false),
    ];
    let requiring = [
        vsftpd_under_tls(scratch()).map(|(server, _)| server),
        proftpd_under_tls(scratch()).map(|(server, _)| server),
        pureftpd_under_tls(scratch()).map(|(server, _)| server),
        pyftpdlib_with_tls(scratch(), true),
    ];
    let offering = beside_ours(offering, &["--tls", "offer"]);
    let requiring = beside_ours(requiring, &["--tls", "require"]);
    let (Some(offering), Some(requiring)) = (offering, requiring) else { return };
    let mut all = asked(&offering, |server| tls::codes(server.to, &server.who, "offered"));
    let more = asked(&requiring, |server| tls::codes(server.to, &server.who, "required"));
    all.iter_mut().zip(more).for_each(|(codes, more)| codes.extend(more));
    compare(tls::STATES, all);
}
