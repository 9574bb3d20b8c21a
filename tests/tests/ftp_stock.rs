//! Other people's FTP clients in one table: both ways, passive and active, over IPv4 and IPv6, plain and under TLS, as far
//! as each of them can. What arrives is compared octet for octet.

use e2e::battery::{USER, user_flag};
use e2e::content::Content;
use e2e::matrix;
use e2e::peers::Peer;
use e2e::process::{Ended, Process};
use e2e::towline::Serve;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// The longest that one command may take on a loaded machine.
const ONE: Duration = Duration::from_secs(90);
const SIZES: &[u64] = &[0, 1, 65_537, 1_000_003];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Get,
    Put,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Passive,
    Active,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cover {
    Plain,
    Tls,
}

use Cover::{Plain, Tls};
use Mode::{Active, Passive};
use Way::{Get, Put};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// What a client can, and how it is told.
struct Client {
    /// As in the matrix.
    name: &'static str,
    peer: fn() -> Option<Peer>,
    ways: &'static [Way],
    modes: &'static [Mode],
    covers: &'static [Cover],
    families: &'static [IpAddr],
    /// What it cannot all the same, though it says that it can.
    fails: fn(Mode, Cover, IpAddr) -> bool,
    say: fn(&Turn) -> Words,
}

/// One file, one way.
struct Turn<'a> {
    way: Way,
    mode: Mode,
    cover: Cover,
    server: SocketAddr,
    remote: &'a str,
    local: PathBuf,
}

/// Arguments, and what is said on standard input.
struct Words {
    arguments: Vec<String>,
    input: Option<String>,
}

const CLIENTS: &[Client] = &[
    Client {
        name: "curl",
        peer: || Peer::find("curl", "curl"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain, Tls],
        families: &[V4, V6],
        // 7.88 ends with "sa_addr inet_ntop() failed": it looks at a socket that it has not connected.
        fails: |mode, cover, _| (mode, cover) == (Active, Tls),
        say: curl,
    },
    Client {
        name: "lftp",
        peer: || Peer::find("lftp", "lftp"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain, Tls],
        families: &[V4, V6],
        // It says EPRT |2|::|…|: no address of anybody's.
        fails: |mode, _, family| mode == Active && family == V6,
        say: lftp,
    },
    Client {
        name: "ftplib",
        peer: || Peer::find("ftplib", "python3"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain, Tls],
        families: &[V4, V6],
        fails: nothing,
        say: |turn| script(FTPLIB, turn),
    },
    Client {
        name: "ftputil",
        peer: || Peer::python("ftputil"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain, Tls],
        families: &[V4],
        fails: nothing,
        say: |turn| script(FTPUTIL, turn),
    },
    Client {
        name: "aioftp",
        peer: || Peer::python("aioftp"),
        ways: &[Get, Put],
        modes: &[Passive],
        // Its data connections begin TLS before it says what they are for; our server as most begins it afterwards.
        covers: &[Plain],
        families: &[V4, V6],
        fails: nothing,
        say: |turn| script(AIOFTP, turn),
    },
    Client {
        name: "basic-ftp",
        peer: || Peer::node("basic-ftp"),
        ways: &[Get, Put],
        modes: &[Passive],
        covers: &[Plain, Tls],
        families: &[V4, V6],
        fails: nothing,
        say: |turn| {
            let mut words = script(BASIC_FTP, turn);
            words.arguments[0] = String::from("-e");
            words
        },
    },
    Client {
        name: "wget",
        peer: || Peer::find("wget", "wget"),
        ways: &[Get],
        modes: &[Passive, Active],
        covers: &[Plain, Tls],
        families: &[V4, V6],
        fails: nothing,
        say: wget,
    },
    Client {
        name: "tnftp",
        peer: || Peer::find("tnftp", "tnftp"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain],
        families: &[V4, V6],
        fails: nothing,
        say: |turn| typed(turn, if turn.mode == Passive { "-p" } else { "-A" }),
    },
    Client {
        name: "inetutils-ftp",
        peer: || Peer::find("inetutils-ftp", "inetutils-ftp"),
        ways: &[Get, Put],
        modes: &[Passive, Active],
        covers: &[Plain],
        families: &[V4, V6],
        fails: nothing,
        say: |turn| typed(turn, if turn.mode == Passive { "-p" } else { "-A" }),
    },
    Client {
        name: "ncftp",
        peer: || Peer::find("ncftp", "ncftpget"),
        ways: &[Get],
        modes: &[Passive, Active],
        covers: &[Plain],
        families: &[V4],
        fails: nothing,
        say: |turn| ncftp(turn, &[turn.directory(), turn.remote]),
    },
    Client {
        name: "ncftp",
        peer: || Peer::find("ncftp", "ncftpput"),
        ways: &[Put],
        modes: &[Passive, Active],
        covers: &[Plain],
        families: &[V4],
        fails: nothing,
        say: |turn| ncftp(turn, &[".", turn.local()]),
    },
    Client {
        name: "busybox",
        peer: || Peer::find("busybox", "busybox"),
        ways: &[Get, Put],
        modes: &[Passive],
        covers: &[Plain],
        families: &[V4, V6],
        fails: nothing,
        say: busybox,
    },
];

fn nothing(_: Mode, _: Cover, _: IpAddr) -> bool {
    false
}

impl Turn<'_> {
    fn local(&self) -> &str {
        self.local.to_str().expect("temporary directories are UTF-8")
    }

    fn directory(&self) -> &str {
        self.local.parent().and_then(Path::to_str).expect("temporary directories are UTF-8")
    }

    fn host(&self) -> String {
        self.server.ip().to_string()
    }

    fn port(&self) -> String {
        self.server.port().to_string()
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}/{}", self.server, self.remote)
    }
}

fn words(list: &[&str]) -> Words {
    Words { arguments: list.iter().map(|w| (*w).to_owned()).collect(), input: None }
}

fn curl(turn: &Turn) -> Words {
    let (login, host, url) = (format!("{}:{}", USER.0, USER.1), turn.host(), turn.url("ftp"));
    let mut list = vec!["-sS", "-g", "--max-time", "60", "-u", &login, &url];
    list.extend([if turn.way == Get { "-o" } else { "-T" }, turn.local()]);
    if turn.mode == Active {
        list.extend(["-P", &host]);
    }
    if turn.cover == Tls {
        list.extend(["--ssl-reqd", "-k"]);
    }
    words(&list)
}

fn lftp(turn: &Turn) -> Words {
    let on = |is: bool| if is { "on" } else { "off" };
    let verb = match turn.way {
        Get => format!("get {} -o {}", turn.remote, turn.local()),
        Put => format!("put {} -o {}", turn.local(), turn.remote),
    };
    let tls = on(turn.cover == Tls);
    let text = format!(
        "set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 30; set ssl:verify-certificate no; \
         set ftp:ssl-allow {tls}; set ftp:ssl-force {tls}; set ftp:ssl-protect-data {tls}; set ftp:passive-mode {}; \
         open -u '{}','{}' -p {} {}; {verb}",
        on(turn.mode == Passive),
        USER.0,
        USER.1,
        turn.port(),
        turn.host()
    );
    words(&["-c", &text])
}

/// A program in a language, with what it is to do as its arguments.
fn script(program: &str, turn: &Turn) -> Words {
    let way = if turn.way == Get { "get" } else { "put" };
    let mode = if turn.mode == Passive { "passive" } else { "active" };
    let cover = if turn.cover == Tls { "tls" } else { "plain" };
    let (host, port) = (turn.host(), turn.port());
    words(&["-c", program, way, mode, cover, &host, &port, USER.0, USER.1, turn.remote, turn.local()])
}

const FTPLIB: &str = "
import sys, ssl, ftplib
way, mode, cover, host, port, user, password, remote, local = sys.argv[1:]
if cover == 'tls':
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    ftp = ftplib.FTP_TLS(context=context)
else:
    ftp = ftplib.FTP()
ftp.connect(host, int(port), timeout=60)
ftp.login(user, password)
if cover == 'tls':
    ftp.prot_p()
ftp.set_pasv(mode == 'passive')
if way == 'get':
    with open(local, 'wb') as f:
        ftp.retrbinary('RETR ' + remote, f.write)
else:
    with open(local, 'rb') as f:
        ftp.storbinary('STOR ' + remote, f)
ftp.quit()
";

const FTPUTIL: &str = "
import sys, ssl, ftplib, ftputil, os
way, mode, cover, host, port, user, password, remote, local = sys.argv[1:]
def session(host, user, password):
    if cover == 'tls':
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        ftp = ftplib.FTP_TLS(context=context)
    else:
        ftp = ftplib.FTP()
    ftp.connect(host, int(port), timeout=60)
    ftp.login(user, password)
    if cover == 'tls':
        ftp.prot_p()
    ftp.set_pasv(mode == 'passive')
    return ftp
with ftputil.FTPHost(host, user, password, session_factory=session) as there:
    if way == 'get':
        assert there.path.isfile(remote), there.listdir('.')
        there.download(remote, local)
        assert there.path.getsize(remote) == os.path.getsize(local)
    else:
        there.upload(local, remote)
        assert remote in there.listdir('.')
";

const AIOFTP: &str = "
import sys, asyncio, aioftp
way, mode, cover, host, port, user, password, remote, local = sys.argv[1:]
async def main():
    client = aioftp.Client(socket_timeout=60)
    await client.connect(host, int(port))
    await client.login(user, password)
    if way == 'get':
        await client.download(remote, local, write_into=True)
        assert await client.is_file(remote)
    else:
        await client.upload(local, remote, write_into=True)
        names = [str(path) for path, facts in await client.list()]
        assert remote in names, names
    await client.quit()
asyncio.run(main())
";

const BASIC_FTP: &str = "
const { Client } = require('basic-ftp');
const [way, mode, cover, host, port, user, password, remote, local] = process.argv.slice(1);
(async () => {
    const client = new Client(60000);
    await client.access({ host, port: Number(port), user, password, secure: cover === 'tls',
        secureOptions: { rejectUnauthorized: false } });
    if (way === 'get') {
        await client.downloadTo(local, remote);
    } else {
        await client.uploadFrom(local, remote);
        const names = (await client.list()).map((entry) => entry.name);
        if (!names.includes(remote)) throw new Error(names.join(' '));
    }
    client.close();
})().catch((e) => { console.error(e); process.exit(1); });
";

fn wget(turn: &Turn) -> Words {
    let scheme = if turn.cover == Tls { "ftps" } else { "ftp" };
    let (user, password, url) =
        (format!("--user={}", USER.0), format!("--password={}", USER.1), turn.url(scheme));
    let mut list = vec!["-q", "--tries=1", "--timeout=60", &user, &password, "-O", turn.local(), &url];
    if turn.mode == Active {
        list.push("--no-passive-ftp");
    }
    if turn.cover == Tls {
        list.push("--no-check-certificate");
    }
    words(&list)
}

/// For those that are typed to.
fn typed(turn: &Turn, mode: &str) -> Words {
    let verb = match turn.way {
        Get => format!("get {} {}", turn.remote, turn.local()),
        Put => format!("put {} {}", turn.local(), turn.remote),
    };
    let input = format!(
        "open {} {}\nuser {} \"{}\"\nbinary\n{verb}\nquit\n",
        turn.host(),
        turn.port(),
        USER.0,
        USER.1
    );
    Words { input: Some(input), ..words(&["-n", "-v", mode]) }
}

fn ncftp(turn: &Turn, what: &[&str]) -> Words {
    let (port, host) = (turn.port(), turn.host());
    let mode = if turn.mode == Passive { "-F" } else { "-E" };
    let mut list = vec!["-V", mode, "-u", USER.0, "-p", USER.1, "-P", &port, &host];
    list.extend(what);
    words(&list)
}

fn busybox(turn: &Turn) -> Words {
    let (verb, names) = match turn.way {
        Get => ("ftpget", [turn.local(), turn.remote]),
        Put => ("ftpput", [turn.remote, turn.local()]),
    };
    let (port, host) = (turn.port(), turn.host());
    words(&[verb, "-u", USER.0, "-p", USER.1, "-P", &port, &host, names[0], names[1]])
}

fn run(peer: &Peer, words: &Words, home: &Path) -> Ended {
    let mut c = peer.command();
    c.args(&words.arguments).current_dir(home).env("HOME", home);
    let mut process = match &words.input {
        None => return Process::start(&mut c).wait(ONE),
        Some(_) => Process::start_with(&mut c, Stdio::piped()),
    };
    let mut input = process.input().expect("it is piped");
    // It may end before it has read all.
    let _ = input.write_all(words.input.as_deref().unwrap_or_default().as_bytes());
    drop(input);
    process.wait(ONE)
}

/// All that this client can, over one family.
fn compare(client: &Client, family: IpAddr) {
    let Some(peer) = (client.peer)() else { return };
    let (root, home) = (e2e::scratch(), e2e::scratch());
    let serve = Serve::start_on(family, root.path(), &["--write", "--user", &user_flag(home.path())]);
    for &cover in client.covers {
        for &mode in client.modes.iter().filter(|mode| !(client.fails)(**mode, cover, family)) {
            for &way in client.ways {
                let over = if family.is_ipv4() { "IPv4" } else { "IPv6" };
                let scheme = if cover == Tls { "ftps" } else { "ftp" };
                let (verb, how) = (format!("{way:?}").to_lowercase(), format!("{mode:?}").to_lowercase());
                let operation = format!("{scheme} {verb} {how} over {over}");
                for &len in SIZES {
                    if is_too_hasty(client, way, cover, len) {
                        continue;
                    }
                    let content = Content::random(len);
                    let remote = format!("{scheme}-{verb}-{how}-{len}.bin");
                    let (there, local) = (root.path().join(&remote), home.path().join(&remote));
                    let (begin, end) = if way == Get { (&there, &local) } else { (&local, &there) };
                    content.write(begin).expect("room for a file");
                    let turn =
                        Turn { way, mode, cover, server: serve.ftp, remote: &remote, local: local.clone() };
                    let words = (client.say)(&turn);
                    let ended = run(&peer, &words, home.path());
                    let arrived = end.exists();
                    assert!(arrived && ended.code() == 0, "{} {operation} {len}: {ended:?}", client.name);
                    matrix::compared(client.name, &operation, content, end);
                }
            }
        }
    }
}

/// basic-ftp ends its data connection when it has nothing to send, be its handshake over or not: an upload of nothing is
/// lost with any server that wants to know who sends it.
fn is_too_hasty(client: &Client, way: Way, cover: Cover, len: u64) -> bool {
    client.name == "basic-ftp" && way == Put && cover == Tls && len == 0
}

/// Each client and family as a test of its own, so that they run side by side.
macro_rules! clients {
    ($($test:ident: $name:literal $family:ident;)*) => { $(
        #[test]
        fn $test() {
            let rows = CLIENTS.iter().filter(|c| c.name == $name && c.families.contains(&$family));
            let rows: Vec<&Client> = rows.collect();
            assert!(!rows.is_empty());
            rows.into_iter().for_each(|client| compare(client, $family));
        }
    )* };
}
clients! {
    curl_over_ipv4: "curl" V4;
    curl_over_ipv6: "curl" V6;
    lftp_over_ipv4: "lftp" V4;
    lftp_over_ipv6: "lftp" V6;
    ftplib_over_ipv4: "ftplib" V4;
    ftplib_over_ipv6: "ftplib" V6;
    ftputil_over_ipv4: "ftputil" V4;
    aioftp_over_ipv4: "aioftp" V4;
    aioftp_over_ipv6: "aioftp" V6;
    basic_ftp_over_ipv4: "basic-ftp" V4;
    basic_ftp_over_ipv6: "basic-ftp" V6;
    wget_over_ipv4: "wget" V4;
    wget_over_ipv6: "wget" V6;
    tnftp_over_ipv4: "tnftp" V4;
    tnftp_over_ipv6: "tnftp" V6;
    inetutils_ftp_over_ipv4: "inetutils-ftp" V4;
    inetutils_ftp_over_ipv6: "inetutils-ftp" V6;
    ncftp_over_ipv4: "ncftp" V4;
    busybox_over_ipv4: "busybox" V4;
    busybox_over_ipv6: "busybox" V6;
}

#[test]
fn nmap_finds_an_anonymous_server_that_bounces_nothing() {
    let Some(peer) = Peer::find("nmap", "nmap") else { return };
    let root = e2e::scratch();
    std::fs::write(root.path().join("running-config"), "x").expect("room");
    let serve = Serve::start(root.path(), &[]);
    let data = e2e::target().join("peers/root/usr");
    let mut c = peer.command();
    if data.join("share/nmap").is_dir() {
        c.env("NMAPDIR", data.join("share/nmap"));
        c.env("LUA_CPATH", data.join("lib/x86_64-linux-gnu/lua/5.3/?.so"));
    }
    let port = serve.ftp.port().to_string();
    c.args(["-Pn", "-n", "--unprivileged", "-p", &port, "-d", "--script"]);
    // +: whatever the port is called.
    c.args(["+ftp-anon,+ftp-bounce,+ftp-syst", "--script-args", "ftp-bounce.checkhost=127.0.0.2"]);
    let ended = Process::start(c.arg("127.0.0.1")).wait(ONE);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let said = &ended.out;
    assert!(
        said.contains("ftp-anon: Anonymous FTP login allowed") && said.contains("running-config"),
        "{said}"
    );
    // What it found is what every server says, and that is not told.
    assert!(said.contains("Finished ftp-syst against"), "{said}");
    assert!(said.contains("PORT response: 501") && !said.contains("bounce working"), "{said}");
}
