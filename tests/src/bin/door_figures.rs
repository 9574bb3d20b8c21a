//! What the door costs: the same load on a server without a rule and with few users, and on one with 1,000 rules
//! and 10,000 users, in turns. Prints the medians and their ratio (docs/access.md).
//!
//! In a network of its own, where the ports of ended connections are free again at once (tens of thousands of them in
//! TIME_WAIT make each bind take a millisecond):
//!
//! ```text
//! cargo build --release --bin towline && cargo build -p e2e --bin door_figures
//! E2E_TOWLINE=target/release/towline unshare -n sh -c 'ip link set lo up;
//!   sysctl -qw net.ipv4.tcp_max_tw_buckets=100; exec target/debug/door_figures [REPETITIONS [SECONDS]]'
//! ```

use e2e::load::{self, Client, Found, family, here, measure, median};
use e2e::poll::{PATIENCE, until};
use e2e::ports::Port;
use e2e::towline::command;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

const RULES: usize = 1_000;
const USERS: usize = 10_000;
/// Users that both have.
const FEW: usize = 400;
const PASSWORD: &str = "hunter2";
/// Who fetches files over FTP and HTTP: one in the middle.
const FETCHER: &str = "user5000";

/// A server under load.
struct House {
    child: Child,
    ports: [Port; 3],
    _home: tempfile::TempDir,
}

impl House {
    fn start(hash: &str, users: usize, rules: usize) -> House {
        let home = e2e::scratch();
        std::fs::create_dir_all(home.path().join("root/images")).expect("own directory");
        std::fs::write(home.path().join("root/images/small"), [7; 4_096]).expect("room");
        let ports = [Port::take(), Port::take(), Port::take()];
        let file = home.path().join("towline.toml");
        let config = configuration(home.path(), &ports, hash, users, rules);
        let mut options = std::fs::OpenOptions::new();
        let mut out = options.write(true).create(true).mode(0o600).open(&file).expect("own directory");
        std::io::Write::write_all(&mut out, config.as_bytes()).expect("room");
        let mut c = command();
        c.args(["serve", "--config"]).arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
        let child = c.spawn().expect("it starts");
        let house = House { child, ports, _home: home };
        let up = until(PATIENCE, || TcpStream::connect(house.at(1)).ok().map(drop));
        assert!(up.is_some(), "it listens");
        house
    }

    fn at(&self, nth: usize) -> SocketAddr {
        here(self.ports[nth].number)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn configuration(home: &Path, ports: &[Port; 3], hash: &str, users: usize, rules: usize) -> String {
    let [tftp, ftp, http] = ports.each_ref().map(|p| p.number);
    let mut out = format!(
        "[server]\nbind = [\"127.0.0.1\"]\nroot = \"{}/root\"\nanonymous = true\n[tftp]\nport = {tftp}\n[ftp]\nport = {ftp}\n\
         [http]\nport = {http}\nclear-login = true\n",
        home.display()
    );
    // The fetcher, those that log in, and as many more as there are to be.
    let few = (0..FEW).map(|n| n * (USERS / FEW));
    let all = if users > FEW { (0..users).collect() } else { few.collect::<Vec<_>>() };
    for n in all {
        let site = n % 50;
        write!(
            out,
            "[[user]]\nname = \"user{n}\"\npassword = \"{hash}\"\ngroups = [\"ops\", \"site{site}\"]\n"
        )
        .expect("a string grows");
    }
    for n in 0..rules {
        // Of every kind, some of which concern those who ask and none the file that they ask for.
        let rule = match n % 5 {
            0 => {
                format!("deny = \"all\"\nuser = \"user{}\"\npath = \"/configs/{n}/**\"", n * (USERS / RULES))
            }
            1 => {
                format!("allow = [\"read\", \"list\"]\ngroup = \"site{}\"\npath = \"/sites/{n}/**\"", n % 50)
            }
            2 => format!("deny = \"all\"\nfrom = \"10.{}.{}.0/24\"", n / 250, n % 250),
            3 => format!("deny = [\"read\"]\npath = \"/images/vendor{n}/**\""),
            _ => format!("allow = [\"read\"]\nprotocol = [\"tftp\", \"http\"]\npath = \"/**/*.cfg{n}\""),
        };
        write!(out, "[[rule]]\n{rule}\n").expect("a string grows");
    }
    if rules > 0 {
        out.push_str(
            "[[rule]]\nallow = [\"read\", \"list\"]\npath = \"/images/**\"\n[[rule]]\ndeny = \"all\"\n",
        );
    }
    out
}

/// One kind of load: its name, and the clients for a server.
type Load = (&'static str, fn(&House) -> Vec<Client>);

const LOADS: [Load; 6] = [
    ("TFTP, 4 KiB files, four clients", |house| {
        (0..4).map(|_| load::tftp(house.at(0), "images/small")).collect()
    }),
    ("HTTP, 4 KiB files, four clients kept", |house| {
        let login = e2e::basic(&format!("{FETCHER}:{PASSWORD}"));
        (0..4).map(|_| load::http(house.at(2), "/images/small", &login).expect("it connects")).collect()
    }),
    ("FTP, 4 KiB files, four clients", |house| {
        let one = || load::ftp(house.at(1), FETCHER, PASSWORD, "/images/small").expect("it logs in");
        (0..4).map(|_| one()).collect()
    }),
    ("FTP, whole sessions, one user remembered", |house| {
        (0..4).map(|_| load::logins(house.at(1), vec![String::from(FETCHER)], PASSWORD)).collect()
    }),
    ("FTP, whole sessions, 400 users remembered", |house| {
        (0..4).map(|_| load::logins(house.at(1), few(), PASSWORD)).collect()
    }),
    ("HTTP, 4 KiB files, a connection each", |house| {
        let at = house.at(2);
        let once = move || load::http(at, "/images/small", "Connection: close\r\n")?();
        (0..4).map(|_| Box::new(once) as Client).collect()
    }),
];

fn few() -> Vec<String> {
    (0..FEW).map(|n| format!("user{}", n * (USERS / FEW))).collect()
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<u32>().expect("a number"));
    let repetitions = numbers.next().unwrap_or(7);
    let time = Duration::from_secs(numbers.next().unwrap_or(2).into());
    let hash = gate::hash_password(&gate::Secret::new(PASSWORD));
    let houses = [House::start(&hash, FEW, 0), House::start(&hash, USERS, RULES)];
    println!("{}, {repetitions} repetitions of {} s", load::machine(), time.as_secs());
    // The first login of each is hashed: measured once, for a second time it is remembered.
    let first = houses.each_ref().map(|house| {
        let each = |users: Vec<String>| {
            let mut client = load::logins(house.at(1), users.clone(), PASSWORD);
            let began = std::time::Instant::now();
            users.iter().for_each(|_| client().expect("a login"));
            users.len() as f64 / began.elapsed().as_secs_f64()
        };
        each(few())
    });
    line("FTP, whole sessions, first logins one by one", &first.map(|rate| vec![rate]), None);
    for (name, clients) in LOADS {
        let mut found: [Vec<Found>; 2] = [Vec::new(), Vec::new()];
        for nth in 0..repetitions as usize {
            // In turns, and the turns change.
            for which in [nth % 2, 1 - nth % 2] {
                let house = &houses[which];
                found[which].push(measure(&family(house.child.id()), time, clients(house)));
            }
        }
        let rates = found.each_ref().map(|all| all.iter().map(|f| f.rate).collect());
        let each =
            found.each_ref().map(|all| median(all.iter().map(|f| f.each.as_secs_f64() * 1e6).collect()));
        line(name, &rates, Some(each));
    }
    println!("{}", load::machine());
}

fn line(name: &str, rates: &[Vec<f64>; 2], each: Option<[f64; 2]>) {
    let [none, all] = rates.each_ref().map(|r| median(r.clone()));
    print!("{name}: {none:.0} /s without, {all:.0} /s with, ratio {:.3}", all / none);
    match each {
        Some([none, all]) => println!("; {none:.1} us and {all:.1} us of processor, ratio {:.3}", all / none),
        None => println!(),
    }
}
