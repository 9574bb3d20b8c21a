//! Attacks from inside: each succeeds without the sandbox and is refused with it.
//!
//! `attacks` are those by bare system calls.
//!
//! A process of one thread for each column, so without libtest: this program starts itself.

mod attacks;

use attacks::{BARE, SOMETIMES};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{Pid, test_kill_process};
use sandbox::{Demand, Plan, Tcp};
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;

pub(crate) type Probe = (&'static str, fn(&Path, SocketAddr) -> io::Result<()>);

/// What is tried, and whether one process alone (which keeps TCP for FTP) may do it too.
const PROBES: &[Probe] = &[
    ("read outside", |_, _| fs::read("/etc/passwd").map(drop)),
    ("read by a link out of the root", |dir, _| fs::read(dir.join("root/link")).map(drop)),
    ("list outside", |dir, _| fs::read_dir(dir).map(drop)),
    ("write outside", |dir, _| fs::write(dir.join("escaped"), "")),
    ("rename out", |dir, _| {
        fs::write(dir.join("root/mine"), "")?;
        fs::rename(dir.join("root/mine"), dir.join("mine"))
    }),
    ("run a program", |_, _| Command::new("/bin/true").status().map(drop)),
    ("become root", |_, _| {
        let root = rustix::process::Uid::ROOT;
        Ok(rustix::thread::set_thread_res_uid(root, root, root)?)
    }),
    ("signal the parent", |_, _| {
        let parent = PARENT.get().copied().flatten().ok_or(Errno::SRCH)?;
        Ok(test_kill_process(parent)?)
    }),
    ("MPTCP", |_, _| socket(AddressFamily::INET, SocketType::STREAM, 262)),
    ("a raw socket", |_, _| socket(AddressFamily::INET, SocketType::RAW, 1)),
    ("a packet socket", |_, _| socket(AddressFamily::PACKET, SocketType::RAW, 0)),
    ("netlink", |_, _| socket(AddressFamily::NETLINK, SocketType::RAW, 0)),
    ("a local socket", |_, _| socket(AddressFamily::UNIX, SocketType::STREAM, 0)),
    (
        "a file in memory",
        |_, _| Ok(rustix::fs::memfd_create("x", rustix::fs::MemfdFlags::CLOEXEC).map(drop)?),
    ),
    ("listen on TCP elsewhere", |_, _| TcpListener::bind((Ipv4Addr::LOCALHOST, 45_871)).map(drop)),
    (CONNECT, |_, to| TcpStream::connect(to).map(drop)),
];

/// Who started this process; inside it cannot be asked for.
pub(crate) static PARENT: OnceLock<Option<Pid>> = OnceLock::new();

const CONNECT: &str = "connect over TCP";

/// What a server needs goes on.
const NEEDS: &[Probe] = &[
    ("read inside", |dir, _| fs::read(dir.join("root/a")).map(drop)),
    ("write inside", |dir, _| fs::write(dir.join("root/b"), "b")),
    ("rename inside", |dir, _| fs::rename(dir.join("root/b"), dir.join("root/d/b"))),
    ("a UDP socket with one peer", |_, to| {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(to)
    }),
    ("a thread", |_, _| {
        std::thread::Builder::new().spawn(|| ())?.join().map_err(|_| io::Error::other("died"))
    }),
];

fn socket(family: AddressFamily, kind: SocketType, protocol: u32) -> io::Result<()> {
    let protocol = std::num::NonZeroU32::new(protocol).map(rustix::net::Protocol::from_raw);
    Ok(rustix::net::socket(family, kind, protocol).map(drop)?)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, column, dir, to, secret] = &arguments[..]
        && flag == "--inside"
    {
        attacks::begin(secret.parse().expect("an address"));
        inside(column, Path::new(dir), to.parse().expect("an address"));
        return ExitCode::SUCCESS;
    }
    if !rustix::process::geteuid().is_root() {
        println!("probes: some of the attacks need root to succeed without the sandbox");
        return ExitCode::SUCCESS;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let to = listener.local_addr().expect("an address").to_string();
    let mut failed = false;
    for column in ["open", "alone", "worker"] {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("root/d")).expect("a root");
        fs::write(dir.path().join("root/a"), "a").expect("a file");
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("root/link")).expect("a link");
        let mut inside = Command::new(std::env::current_exe().expect("this program"));
        inside.args(["--inside", column]).arg(dir.path()).arg(&to).arg(attacks::secret().to_string());
        inside.stderr(Stdio::inherit());
        let out = inside.output().expect("starts");
        let text = String::from_utf8_lossy(&out.stdout);
        for (name, _) in PROBES.iter().chain(BARE).chain(NEEDS) {
            let needed = NEEDS.iter().any(|need| need.0 == *name);
            let may = needed || column == "open" || (column == "alone" && *name == CONNECT);
            let did =
                text.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or("not tried");
            // What this kernel has not, or gives nobody, cannot be taken away either.
            let missing = column == "open" && did != "done" && SOMETIMES.contains(name);
            let right = if may { did == "done" || missing } else { did != "done" && did != "not tried" };
            println!("{column:<7} {name:<32} {did}{}", if right { "" } else { "   WRONG" });
            failed |= !right;
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn inside(column: &str, dir: &Path, to: SocketAddr) {
    PARENT.get_or_init(rustix::process::getppid);
    let tcp = match column {
        "open" => None,
        "alone" => Some(Tcp::Own { listen: vec![0], connect: true }),
        _ => Some(Tcp::Nothing),
    };
    if let Some(tcp) = tcp {
        let plan = Plan { demand: Demand::Auto, writes: vec![dir.join("root")], tcp, ..Plan::default() };
        plan.enter().expect("the sandbox");
    }
    for (name, probe) in PROBES.iter().chain(BARE).chain(NEEDS) {
        match probe(dir, to) {
            Ok(()) => println!("{name}: done"),
            Err(e) => println!("{name}: {e}"),
        }
    }
}
