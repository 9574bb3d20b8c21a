//! A server, its clients, and the model beside them.

mod codes;
pub(crate) mod disk;
mod explain;

use super::ftp::Ftp;
use super::plain::{Packet, Tftp, get};
use super::settings::{self, PEERS};
use codes::{error, refused, status};
use e2e::poll::{PATIENCE, until};
use e2e::process::children;
use e2e::towline::{Serve, command};
use reference::{
    Answer, Config, Credentials, Dice, Knock, Mode, Model, Moved, Name, Protocol, Security, Step, Why,
};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use tempfile::TempDir;

/// Slots of FTP's clients: of connection, session and transfer.
const FTP: [usize; 4] = [0, 1, 2, 3];
/// Slots of TFTP's transfers, each a session.
const TFTP: [usize; 3] = [10, 11, 12];
/// The slot of HTTP's requests, which are over at once.
const HTTP: usize = 20;

pub(crate) struct House {
    dice: Dice,
    config: Config,
    model: Model,
    home: TempDir,
    rules: Vec<usize>,
    server: Option<Serve>,
    http: SocketAddr,
    admin: SocketAddr,
    ftp: BTreeMap<usize, Ftp>,
    tftp: BTreeMap<usize, (Tftp, IpAddr)>,
    /// Where the upload of each client of FTP began.
    starts: BTreeMap<usize, u64>,
    /// What was done, for whoever has to see why it fails.
    done: Vec<String>,
}

impl House {
    pub(crate) fn new(config: &Config, dice: Dice) -> House {
        let home = e2e::scratch();
        let tree = |nth: usize| home.path().join(format!("tree{nth}"));
        disk::seed(config, &tree);
        let (text, rules) = settings::toml(config, home.path(), &tree);
        let path = home.path().join("towline.toml");
        disk::write(&path, &text);
        println!("{text}");
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut house = House {
            dice,
            config: config.clone(),
            model: Model::new(config),
            home,
            rules,
            server: None,
            http: nowhere,
            admin: nowhere,
            ftp: BTreeMap::new(),
            tftp: BTreeMap::new(),
            starts: BTreeMap::new(),
            done: Vec::new(),
        };
        house.start();
        house
    }

    fn start(&mut self) {
        let mut c = command();
        c.args(["serve", "--json", "--http", "0", "--admin", "127.0.0.1:0", "--config"]);
        let mut server = Serve::start_command(c.arg(self.home.path().join("towline.toml")));
        (self.http, self.admin) = (server.listening("http"), server.listening("admin"));
        self.server = Some(server);
    }

    fn tree(&self, nth: usize) -> PathBuf {
        self.home.path().join(format!("tree{nth}"))
    }

    fn server(&self) -> &Serve {
        self.server.as_ref().expect("it runs")
    }

    /// Does so many things; how many were done.
    pub(crate) fn run(&mut self, many: usize) -> usize {
        for _ in 0..many {
            match self.dice.below(12) {
                0..5 => self.ftp(),
                5..8 => self.tftp(),
                8..10 => self.http(),
                10 if self.dice.once_in(3) => self.explain(),
                _ => self.ftp(),
            }
            self.counts();
        }
        many
    }

    // What is said.

    fn act(&mut self, step: Step) -> Answer {
        let answer = self.model.act(&step);
        self.done.push(format!("{step:?} -> {answer:?}"));
        assert_ne!(answer, Answer::Skipped, "{}", self.story());
        answer
    }

    fn same<T: PartialEq + std::fmt::Debug>(&self, what: &str, expected: T, found: T) {
        assert_eq!(expected, found, "{what}: the first is right, the second was said\n{}", self.story());
    }

    fn story(&self) -> String {
        let last = self.done.len().saturating_sub(60);
        let errors = self.server.as_ref().map(|s| s.process.said().err.join("\n")).unwrap_or_default();
        format!("{}\n{errors}", self.done[last..].join("\n"))
    }

    /// Sessions and transfers that are open, as the figures have them; what a reply was sent before is waited for.
    fn counts(&mut self) {
        let open = self.model.open();
        let expected = [open.sessions, open.half_open, open.transfers];
        let names = ["towline_sessions_open", "towline_half_open", "towline_transfers_open"];
        let here = IpAddr::from([127, 0, 0, 1]);
        let found = || {
            let page = String::from_utf8(get(here, self.admin, "/metrics", None).1).expect("text");
            names.map(|name| {
                let line = page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
                line.expect("a figure")
            })
        };
        let found =
            until(PATIENCE, || Some(found()).filter(|found| *found == expected)).unwrap_or_else(found);
        self.same("sessions, half-open ones and transfers", expected, found);
    }

    // FTP.

    fn ftp(&mut self) {
        let slot = self.dice.of(&FTP);
        if !self.ftp.contains_key(&slot) {
            return self.ftp_login(slot);
        }
        if self.ftp[&slot].data.is_some() {
            return self.ftp_upload_ends(slot);
        }
        match self.dice.below(20) {
            0..4 => self.ftp_retrieve(slot),
            4..9 => self.ftp_store(slot),
            9..12 => self.ftp_list(slot),
            12..14 => self.ftp_rename(slot),
            14 => self.ftp_leaves(slot),
            15 => self.ftp_size(slot),
            16 => {
                let path = self.file(slot);
                self.ftp_plain(slot, "DELE", &path, Step::Remove { session: slot, path: path.clone() });
            }
            17..19 => {
                let path = self.fresh(slot);
                self.ftp_plain(slot, "MKD", &path, Step::MakeDir { session: slot, path: path.clone() });
            }
            _ => {
                let path = self.directory(slot);
                self.ftp_plain(slot, "RMD", &path, Step::RemoveDir { session: slot, path: path.clone() });
            }
        }
    }

    fn ftp_login(&mut self, slot: usize) {
        let peer = self.peer();
        let connected = self.act(Step::Connect { connection: slot, peer });
        let (mut ftp, greeting) = Ftp::connect(peer.ip(), self.server().ftp);
        self.same("greeting", if connected == Answer::Done { 220 } else { 421 }, greeting);
        if connected != Answer::Done {
            return;
        }
        let credentials = self.credentials();
        let (name, password) = match &credentials {
            Credentials::User(name, true) => (name.clone(), name.clone()),
            Credentials::User(name, false) => (name.clone(), String::from("wrong")),
            Credentials::None | Credentials::Grant(_) => (String::from("anonymous"), String::from("me@")),
        };
        let knock = Knock { peer, protocol: Protocol::Ftp, security: Security::Clear, credentials };
        let admitted = self.act(Step::Admit { session: slot, knock });
        ftp.say(&format!("USER {name}"));
        let (code, text) = ftp.say(&format!("PASS {password}"));
        let expected = match &admitted {
            Answer::No(Why::TooMany(..) | Why::Banned(_)) => 421,
            Answer::No(_) => 530,
            _ => 230,
        };
        self.same(&format!("login ({text})"), expected, code);
        self.act(Step::Disconnect { connection: slot });
        if admitted == Answer::Done {
            self.same("TYPE I", 200, ftp.say("TYPE I").0);
            self.ftp.insert(slot, ftp);
        }
    }

    fn ftp_leaves(&mut self, slot: usize) {
        let mut ftp = self.ftp.remove(&slot).expect("it is there");
        self.same("QUIT", 221, ftp.say("QUIT").0);
        self.act(Step::Leave { session: slot });
    }

    /// A command without a data connection.
    fn ftp_plain(&mut self, slot: usize, verb: &str, path: &str, step: Step) {
        let answer = self.act(step);
        let (code, text) = self.ftp.get_mut(&slot).expect("it is there").say(&format!("{verb} {path}"));
        let expected = match &answer {
            Answer::No(why) => refused(why),
            _ if verb == "MKD" => 257,
            _ => 250,
        };
        self.same(&format!("{verb} {path} ({text})"), expected, code);
    }

    fn ftp_size(&mut self, slot: usize) {
        let path = self.file(slot);
        let answer = match self.act(Step::Stat { session: slot, name: Name::Path(path.clone()) }) {
            // What an upload of the same user's brought, which goes on from there.
            Answer::No(Why::Absent) => {
                match self.model.act(&Step::Partial { session: slot, path: path.clone() }) {
                    Answer::Partial(Some(octets)) => Answer::File(octets),
                    _ => Answer::No(Why::Absent),
                }
            }
            other => other,
        };
        let (code, text) = self.ftp.get_mut(&slot).expect("it is there").say(&format!("SIZE {path}"));
        let expected = match &answer {
            Answer::No(why) => refused(why),
            // RFC 3659 §4: a directory has no size.
            Answer::Directory => 550,
            _ => 213,
        };
        self.same(&format!("SIZE {path} ({text})"), expected, code);
        if let Answer::File(octets) = answer {
            self.same("SIZE", format!("213 {octets}"), text.trim_end().to_owned());
        }
    }

    fn ftp_rename(&mut self, slot: usize) {
        let from = if self.dice.once_in(2) { self.file(slot) } else { self.directory(slot) };
        let to = self.fresh(slot);
        // RNFR looks whether there is such a thing.
        let looked = self.act(Step::Stat { session: slot, name: Name::Path(from.clone()) });
        let ftp = self.ftp.get_mut(&slot).expect("it is there");
        let (code, text) = ftp.say(&format!("RNFR {from}"));
        if let Answer::No(why) = looked {
            return self.same(&format!("RNFR {from} ({text})"), refused(&why), code);
        }
        self.same(&format!("RNFR {from} ({text})"), 350, code);
        self.ftp_plain(slot, "RNTO", &to, Step::Rename { session: slot, from, to: to.clone() });
    }

    fn ftp_retrieve(&mut self, slot: usize) {
        let path = self.file(slot);
        let name = Name::Path(path.clone());
        let answer = self.act(Step::Read { transfer: slot, session: slot, name, looks: false });
        let ftp = self.ftp.get_mut(&slot).expect("it is there");
        let ((code, text), data) = ftp.transfer(&format!("RETR {path}"));
        match answer {
            Answer::Content(content) => {
                let (found, end) = ftp.all_of(data);
                self.same(&format!("RETR {path} ({text})"), (150, content, 226), (code, found, end));
                self.act(Step::Sent { transfer: slot });
            }
            Answer::No(why) => self.same(&format!("RETR {path} ({text})"), refused(&why), code),
            other => panic!("{other:?}"),
        }
    }

    fn ftp_list(&mut self, slot: usize) {
        let path = self.directory(slot);
        let name = || Name::Path(path.clone());
        let looked = self.act(Step::Stat { session: slot, name: name() });
        let listed = match looked {
            Answer::No(why) => Err(refused(&why)),
            // RFC 3659 §7.2.1.
            Answer::File(_) => Err(501),
            _ => match self.act(Step::List { session: slot, name: name() }) {
                Answer::No(why) => Err(refused(&why)),
                Answer::Names(names) => Ok(names),
                other => panic!("{other:?}"),
            },
        };
        let ftp = self.ftp.get_mut(&slot).expect("it is there");
        let ((code, text), data) = ftp.transfer(&format!("MLSD {path}"));
        let found = if code == 150 {
            let (lines, end) = ftp.all_of(data);
            assert_eq!(end, 226);
            let lines = String::from_utf8(lines).expect("names of letters");
            let name = |line: &str| line.split_once(' ').map(|(_, name)| name.to_owned());
            let is_entry = |line: &&str| !line.contains("type=cdir") && !line.contains("type=pdir");
            let mut names: Vec<String> = lines.lines().filter(is_entry).filter_map(name).collect();
            names.sort();
            Ok(names)
        } else {
            Err(code)
        };
        self.same(&format!("MLSD {path} ({text})"), listed, found);
    }

    /// Begins an upload, which runs until another time.
    fn ftp_store(&mut self, slot: usize) {
        let path = if self.dice.once_in(2) { self.file(slot) } else { self.fresh(slot) };
        let (verb, mode) =
            self.dice.of(&[("STOR", Mode::Overwrite), ("STOR", Mode::Overwrite), ("APPE", Mode::Append)]);
        let name = Name::Path(path.clone());
        let answer = self.act(Step::Write { transfer: slot, session: slot, name, mode, expected: None });
        let ftp = self.ftp.get_mut(&slot).expect("it is there");
        let ((code, text), data) = ftp.transfer(&format!("{verb} {path}"));
        let expected = match &answer {
            Answer::No(why) => refused(why),
            _ => 150,
        };
        if code == 150 {
            ftp.data = Some(data);
        }
        self.same(&format!("{verb} {path} ({text})"), expected, code);
        if let Answer::From(start) = answer {
            self.starts.insert(slot, start);
        }
    }

    fn ftp_upload_ends(&mut self, slot: usize) {
        let start = self.starts.remove(&slot).expect("it began");
        let octets = self.dice.below(60);
        let ftp = self.ftp.get_mut(&slot).expect("it is there");
        let mut data = ftp.data.take().expect("it runs");
        if self.dice.once_in(4) {
            // Broken off: 426 for the transfer, 226 for ABOR (RFC 959 §4.1.3).
            let codes = (ftp.say("ABOR").0, ftp.reply().0);
            // What is nothing is not kept.
            let step = match start {
                0 => Step::Break { transfer: slot, moved: Moved::Nothing },
                _ => Step::Suspend { transfer: slot },
            };
            self.act(step);
            return self.same("ABOR", (426, 226), codes);
        }
        let content = vec![b'0' + (slot % 10) as u8; octets];
        std::io::Write::write_all(&mut data, &content).expect("it is sent");
        drop(data);
        let (code, text) = ftp.reply();
        let expected = match self.act(Step::Put { transfer: slot, octets }) {
            Answer::No(why) => {
                let step = match start {
                    0 => Step::Break { transfer: slot, moved: Moved::Nothing },
                    _ => Step::Suspend { transfer: slot },
                };
                self.act(step);
                refused(&why)
            }
            _ => match self.act(Step::Commit { transfer: slot }) {
                Answer::No(why) => refused(&why),
                _ => 226,
            },
        };
        self.same(&format!("the end of an upload ({text})"), expected, code);
    }

    // TFTP.

    fn tftp(&mut self) {
        let slot = self.dice.of(&TFTP);
        match self.tftp.contains_key(&slot) {
            true => self.tftp_ends(slot),
            false => self.tftp_begins(slot),
        }
    }

    fn tftp_ends(&mut self, slot: usize) {
        let (mut tftp, _) = self.tftp.remove(&slot).expect("it runs");
        let gives_up = self.dice.once_in(4);
        match tftp.last {
            // One block is all that is taken here.
            Packet::Data(_, ref block) if gives_up || block.len() == 512 => {
                tftp.give_up();
                self.act(Step::Break { transfer: slot, moved: Moved::Some });
            }
            Packet::Data(..) => {
                tftp.acknowledge();
                self.act(Step::Sent { transfer: slot });
            }
            Packet::Ack(_) if gives_up => {
                tftp.give_up();
                self.act(Step::Break { transfer: slot, moved: Moved::Nothing });
            }
            Packet::Ack(_) => {
                let octets = self.dice.below(60);
                let said = tftp.put(&vec![b'0' + (slot % 10) as u8; octets]);
                let expected = match self.act(Step::Put { transfer: slot, octets }) {
                    Answer::No(why) => {
                        self.act(Step::Break { transfer: slot, moved: Moved::Nothing });
                        Packet::Error(error(&why))
                    }
                    _ => match self.act(Step::Commit { transfer: slot }) {
                        Answer::No(why) => Packet::Error(error(&why)),
                        _ => Packet::Ack(1),
                    },
                };
                self.same("the end of an upload over TFTP", expected, said);
            }
            Packet::Error(_) => unreachable!("it would not run"),
        }
        self.act(Step::Leave { session: slot });
    }

    fn tftp_begins(&mut self, slot: usize) {
        let peer = self.peer();
        let (protocol, security, credentials) = (Protocol::Tftp, Security::Clear, Credentials::None);
        let admitted =
            self.act(Step::Admit { session: slot, knock: Knock { peer, protocol, security, credentials } });
        assert_eq!(admitted, Answer::Done, "nobody is banned");
        let writes = self.dice.once_in(2);
        let path = if writes && self.dice.once_in(2) { self.fresh(slot) } else { self.file(slot) };
        let (transfer, session, name) = (slot, slot, Name::Path(path.clone()));
        let step = match writes {
            true => Step::Write { transfer, session, name, mode: Mode::Overwrite, expected: None },
            false => Step::Read { transfer, session, name, looks: false },
        };
        let answer = self.act(step);
        let tftp = Tftp::ask(peer.ip(), self.server().tftp, if writes { 2 } else { 1 }, &path);
        let expected = match &answer {
            Answer::Content(content) => Packet::Data(1, content[..content.len().min(512)].to_vec()),
            Answer::From(_) => Packet::Ack(0),
            Answer::No(why) => Packet::Error(error(why)),
            other => panic!("{other:?}"),
        };
        self.same(&format!("{path} over TFTP"), expected, tftp.last.clone());
        if let Answer::No(_) = answer {
            self.act(Step::Leave { session: slot });
        } else {
            self.tftp.insert(slot, (tftp, peer.ip()));
        }
    }

    // HTTP.

    fn http(&mut self) {
        let (peer, credentials) = (self.peer(), self.credentials());
        let login = match &credentials {
            Credentials::User(name, is_right) => {
                Some(format!("{name}:{}", if *is_right { name } else { "wrong" }))
            }
            Credentials::None | Credentials::Grant(_) => None,
        };
        let may_ask = login.is_none() && self.config.clear_login;
        // Who is nobody is asked who it is, where a password is taken.
        let invited = |status: u16| if status == 403 && may_ask { 401 } else { status };
        let knock = Knock { peer, protocol: Protocol::Http, security: Security::Clear, credentials };
        let mut path = None;
        let expected = match self.act(Step::Connect { connection: HTTP, peer }) {
            Answer::No(why) => Err(status(&why)),
            _ => {
                let admitted = self.act(Step::Admit { session: HTTP, knock });
                self.act(Step::Disconnect { connection: HTTP });
                match admitted {
                    Answer::No(Why::Login) if !self.config.clear_login => Err(403),
                    Answer::No(why) => Err(status(&why)),
                    _ => {
                        let asked = self.file(HTTP);
                        path = Some(asked.clone());
                        let name = || Name::Path(asked.clone());
                        let read = Step::Read { transfer: HTTP, session: HTTP, name: name(), looks: true };
                        match self.act(read) {
                            Answer::Content(content) => {
                                self.act(Step::Sent { transfer: HTTP });
                                Ok(content)
                            }
                            Answer::No(Why::IsDirectory) => {
                                match self.act(Step::Stat { session: HTTP, name: name() }) {
                                    Answer::Directory => Err(301),
                                    _ => Err(404),
                                }
                            }
                            Answer::No(why) => Err(invited(status(&why))),
                            other => panic!("{other:?}"),
                        }
                    }
                }
            }
        };
        if path.is_some() {
            self.act(Step::Leave { session: HTTP });
        }
        let path = path.unwrap_or_else(|| String::from("/a"));
        let (code, content) = get(peer.ip(), self.http, &path, login.as_deref());
        let found = if code == 200 { Ok(content) } else { Err(code) };
        self.same(&format!("GET {path} from {peer}"), expected, found);
    }

    // The end.

    /// Kills the server while uploads run, and starts it again.
    pub(crate) fn kill(&mut self) {
        for (slot, ftp) in &mut self.ftp {
            if let Some(data) = &mut ftp.data {
                std::io::Write::write_all(data, &vec![b'x'; 10 + slot]).expect("it is sent");
            }
        }
        let server = self.server.take().expect("it runs");
        let workers = children(server.process.id());
        drop(server);
        for worker in workers {
            let worker = Pid::from_raw(worker).expect("a number");
            // One that is alone ends by itself, but not before the uploads that it has.
            let _gone = kill_process(worker, Signal::KILL);
        }
        let socket = self.home.path().join("control.sock");
        until(PATIENCE, || UnixStream::connect(&socket).is_err().then_some(())).expect("the worker ended");
        self.done.push(String::from("killed"));
        (self.ftp, self.tftp, self.starts) = Default::default();
        self.model.restart();
        self.look(false);
        self.start();
    }

    /// Ends everything that runs, and looks at what is left.
    pub(crate) fn over(&mut self) {
        let slots: Vec<usize> = self.ftp.keys().copied().collect();
        for slot in slots {
            if self.ftp[&slot].data.is_some() {
                self.ftp_upload_ends(slot);
            }
            self.ftp_leaves(slot);
            self.counts();
        }
        let slots: Vec<usize> = self.tftp.keys().copied().collect();
        for slot in slots {
            self.tftp_ends(slot);
            self.counts();
        }
        drop(self.server.take());
        self.look(true);
    }

    // What is asked for.

    fn peer(&mut self) -> SocketAddr {
        SocketAddr::new(self.dice.of(&PEERS).parse().expect("written so above"), 1)
    }

    fn credentials(&mut self) -> Credentials {
        match self.dice.below(10) {
            0..2 => Credentials::None,
            2 => Credentials::User(String::from("alice"), false),
            3 => Credentials::User(String::from("mallory"), true),
            _ => Credentials::User(self.dice.of(&["alice", "bob", "carol"]).to_owned(), true),
        }
    }

    fn file(&mut self, session: usize) -> String {
        let known = self.model.known(session, false);
        if known.is_empty() || self.dice.once_in(6) { self.fresh(session) } else { self.dice.of(&known) }
    }

    fn directory(&mut self, session: usize) -> String {
        let known = self.model.known(session, true);
        if known.is_empty() || self.dice.once_in(6) { self.fresh(session) } else { self.dice.of(&known) }
    }

    fn fresh(&mut self, session: usize) -> String {
        let known = self.model.known(session, true);
        let name = self.dice.of(&["a", "b.cfg", ".h", "d", "e"]);
        let directory = if known.is_empty() { String::from("/") } else { self.dice.of(&known) };
        reference::join(&directory, name)
    }
}
