//! Random settings, and random things that are done under them.

use crate::names::{join, last};
use crate::{
    Allow, Caps, Config, Credentials, Dice, Knock, Limits, Mode, Model, Mount, Moved, Name, Net, Offence,
    Overseer, Penalties, Protocol, Quota, Right, Root, RootUser, Rule, Security, Step, Upload, User,
};
use std::net::SocketAddr;

/// Peers: IPv4, the same mapped into IPv6, two of one /64 and one of another.
const PEERS: [&str; 8] = [
    "192.0.2.1:1001",
    "192.0.2.2:1002",
    "10.0.0.1:1003",
    "10.1.0.1:1004",
    "[::ffff:192.0.2.1]:1005",
    "[2001:db8::1]:1006",
    "[2001:db8::2]:1007",
    "[2001:db8:1::1]:1008",
];
const NETS: [&str; 7] = [
    "10.0.0.0/8",
    "10.1.0.0/16",
    "192.0.2.0/24",
    "192.0.2.1/32",
    "2001:db8::/32",
    "2001:db8::/64",
    "0.0.0.0/0",
];
const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const GROUPS: [&str; 2] = ["ops", "lab"];
const PROTOCOLS: [Protocol; 3] = [Protocol::Tftp, Protocol::Ftp, Protocol::Http];
const PATHS: [&str; 26] = [
    "/",
    "/a",
    "/b.cfg",
    "/.h",
    "/images",
    "/images/a",
    "/images/b.cfg",
    "/cfg",
    "/cfg/a",
    "/cfg/b.cfg",
    "/in",
    "/in/a",
    "/home",
    "/home/alice",
    "/home/alice/a",
    "/home/bob",
    "/home/bob/a",
    "/d",
    "/d/a",
    "/d/.h",
    "/d/e",
    "/d/e/a",
    "/x",
    "/x/y",
    "/x/y/a",
    "/d/a/b",
];
const PATTERNS: [&str; 14] = [
    "/**",
    "/images/**",
    "/images",
    "/cfg/*",
    "/**/*.cfg",
    "/in/**",
    "/home/*/a",
    "/home/**",
    "/d",
    "/d/e/**",
    "/?",
    "/x/**",
    "/a",
    "/**/a",
];
const UPLOAD_ROWS: [&str; 8] = ["/in", "*.cfg", "/", "a", "/home/*", "d/e", "/cfg/", "/x/**"];
const UPLOADS: [Upload; 5] =
    [Upload::Create, Upload::Overwrite, Upload::Version, Upload::Deny, Upload::DropBox];

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| String::from(*text)).collect()
}

fn nets() -> Vec<Net> {
    NETS.iter().map(|net| Net::new(net)).collect()
}

/// Settings of everything.
pub fn config(dice: &mut Dice) -> Config {
    let mut mounts = vec![mount(dice, "/", 6)];
    for at in ["/images", "/cfg", "/x/y"] {
        if dice.once_in(3) {
            mounts.push(mount(dice, at, 4));
        }
    }
    let files = dice.some(20, &PATHS).into_iter().filter(|path| ["a", "b.cfg", ".h"].contains(&last(path)));
    let mut files: Vec<_> = files.map(|path| (path.to_owned(), dice.below(60))).collect();
    files.sort();
    files.dedup_by(|a, b| a.0 == b.0);
    // What would be hidden by a mount, or lies in a file, is not put there.
    files.retain(|(path, _)| path != "/d/a/b" && mounts.iter().all(|m| m.at != *path));
    let anywhere =
        texts(&["/images", "/cfg", "/in", "/home", "/home/alice", "/home/bob", "/d", "/d/e", "/x"]);
    let mut directories = dice.some(20, &anywhere);
    directories.retain(|path| mounts.iter().all(|m| m.at != *path));
    Config {
        users: users(dice),
        anonymous: !dice.once_in(4),
        clear_login: dice.once_in(2),
        inbox: dice.once_in(20),
        show_hidden: dice.once_in(4),
        clients: if dice.once_in(8) { dice.some(3, &nets()) } else { Vec::new() },
        rules: if dice.once_in(3) { Vec::new() } else { (0..dice.below(6)).map(|_| rule(dice)).collect() },
        uploads: (0..dice.below(3).saturating_sub(usize::from(dice.once_in(2))))
            .map(|_| (dice.of(&UPLOAD_ROWS).to_owned(), dice.of(&UPLOADS)))
            .collect(),
        roots: if dice.once_in(2) {
            (0..1 + dice.below(3)).map(|_| root(dice)).collect()
        } else {
            Vec::new()
        },
        overseers: (0..dice.below(3)).map(|_| overseer(dice)).collect(),
        limits: limits(dice),
        penalties: dice.once_in(2).then(|| penalties(dice)),
        mounts,
        files,
        directories,
    }
}

fn overseer(dice: &mut Dice) -> Overseer {
    Overseer {
        users: dice.some(3, &texts(&["alice", "bob", "anonymous"])),
        groups: dice.some(3, &texts(&GROUPS)),
        clients: dice.some(4, &nets()),
    }
}

fn users(dice: &mut Dice) -> Vec<User> {
    let user = |name: &str| User {
        name: name.to_owned(),
        groups: dice.some(2, &texts(&GROUPS)),
        home: dice.perhaps(6, &texts(&["/home/carol", "/d"])),
    };
    NAMES.map(user).into()
}

fn mount(dice: &mut Dice, at: &str, reads_only: usize) -> Mount {
    Mount {
        at: at.to_owned(),
        write: !dice.once_in(reads_only),
        upload: dice.perhaps(3, &UPLOADS),
        quota: if dice.once_in(2) { quota(dice) } else { Quota::default() },
    }
}

fn quota(dice: &mut Dice) -> Quota {
    Quota {
        octets: dice.once_in(2).then(|| 80 + dice.below(300) as u64),
        files: dice.once_in(2).then(|| 3 + dice.below(16) as u64),
    }
}

fn rule(dice: &mut Dice) -> Rule {
    let users = texts(&["*", "anonymous", "alice", "bob"]);
    let any = dice.once_in(4);
    let mut rights = if any { Right::ALL.to_vec() } else { dice.some(4, &Right::ALL) };
    if rights.is_empty() {
        rights = vec![Right::Read, Right::List];
    }
    Rule {
        allow: dice.of(&[Allow::Yes, Allow::No]),
        rights,
        users: if dice.once_in(2) { dice.some(2, &users) } else { Vec::new() },
        groups: if dice.once_in(5) { dice.some(2, &texts(&GROUPS)) } else { Vec::new() },
        from: if dice.once_in(4) { dice.some(2, &nets()) } else { Vec::new() },
        protocols: if dice.once_in(4) { dice.some(2, &PROTOCOLS) } else { Vec::new() },
        security: if dice.once_in(6) { vec![dice.of(&[Security::Clear, Security::Tls])] } else { Vec::new() },
        path: dice.of(&PATTERNS).to_owned(),
    }
}

fn root(dice: &mut Dice) -> Root {
    let (user, path) = dice.of(&[
        (Some(RootUser::Any), "/home/%u"),
        (Some(RootUser::Named(String::from("bob"))), "/d"),
        (Some(RootUser::Anonymous), "/in"),
        (None, "/home/%u"),
        (None, "/images"),
        (None, "/d/%i"),
    ]);
    Root {
        user,
        group: dice.perhaps(4, &texts(&GROUPS)),
        net: dice.perhaps(3, &nets()),
        path: path.to_owned(),
        create: dice.once_in(3),
        quota: if dice.once_in(2) { quota(dice) } else { Quota::default() },
    }
}

fn caps(dice: &mut Dice, most: usize) -> Caps {
    let mut cap = || dice.once_in(3).then(|| 1 + dice.below(most));
    Caps { sessions: cap(), half_open: cap(), transfers: cap() }
}

fn limits(dice: &mut Dice) -> Limits {
    if dice.once_in(3) {
        return Limits::default();
    }
    let networks = dice.some(2, &nets()).into_iter().map(|net| (net, caps(dice, 3))).collect();
    Limits { all: caps(dice, 5), networks, per_address: caps(dice, 3), per_user: caps(dice, 2) }
}

fn penalties(dice: &mut Dice) -> Penalties {
    Penalties {
        exempt: dice.some(1, &nets()),
        half_life: 600,
        delay_at: 3.0,
        longest_delay: 8,
        ban_at: 2.0 + dice.below(4) as f64,
        first_ban: 60,
        longest_ban: 3_600,
    }
}

/// So many steps, drawn as the model has come along: most name what is there.
pub fn steps(dice: &mut Dice, config: &Config, many: usize) -> Vec<Step> {
    let mut model = Model::new(config);
    let mut steps = Vec::new();
    for _ in 0..many {
        let step = Drawn { dice: &mut *dice, model: &model }.step();
        model.act(&step);
        steps.push(step);
    }
    steps
}

/// Slots of each kind.
const SLOTS: usize = 6;

struct Drawn<'a> {
    dice: &'a mut Dice,
    model: &'a Model,
}

impl Drawn<'_> {
    /// Mostly one of these; now and then any.
    fn slot(&mut self, used: &[usize]) -> usize {
        let any = used.is_empty() || self.dice.once_in(30);
        if any { self.dice.below(SLOTS) } else { self.dice.of(used) }
    }

    fn free(&mut self, used: &[usize]) -> usize {
        let free: Vec<usize> = (0..SLOTS).filter(|slot| !used.contains(slot)).collect();
        self.slot(&free)
    }

    fn session(&mut self) -> usize {
        let used = self.model.slots().sessions;
        self.slot(&used)
    }

    fn new_transfer(&mut self) -> usize {
        let slots = self.model.slots();
        self.free(&[slots.reads, slots.writes].concat())
    }

    fn write(&mut self) -> usize {
        let used = self.model.slots().writes;
        self.slot(&used)
    }

    fn peer(&mut self) -> SocketAddr {
        self.dice.of(&PEERS).parse().expect("written so above")
    }

    /// Mostly a file that is there.
    fn file(&mut self, session: usize) -> String {
        let files = self.model.known(session, false);
        if files.is_empty() || self.dice.once_in(6) { self.fresh(session) } else { self.dice.of(&files) }
    }

    /// Mostly a directory that is there.
    fn directory(&mut self, session: usize) -> String {
        let directories = self.model.known(session, true);
        if directories.is_empty() || self.dice.once_in(6) {
            self.any(session)
        } else {
            self.dice.of(&directories)
        }
    }

    /// A name in a directory that is there.
    fn fresh(&mut self, session: usize) -> String {
        let directories = self.model.known(session, true);
        if directories.is_empty() || self.dice.once_in(6) {
            return self.dice.of(&PATHS).to_owned();
        }
        let (directory, name) = (self.dice.of(&directories), self.dice.of(&["a", "b.cfg", ".h", "d", "e"]));
        join(&directory, name)
    }

    fn any(&mut self, session: usize) -> String {
        match self.dice.below(8) {
            0..3 => self.file(session),
            3..5 => self.fresh(session),
            5..7 if !self.model.known(session, true).is_empty() => self.directory(session),
            _ => self.dice.of(&PATHS).to_owned(),
        }
    }

    /// A path, or now and then one behind a secret.
    fn name(&mut self, path: String) -> Name {
        if !self.dice.once_in(8) {
            return Name::Path(path);
        }
        let grant = self.grant();
        let behind = ["a", "b.cfg", "images/a", "cfg/a", "in/a", "d/e", "d/e/a"];
        let given = self.model.given(grant).filter(|_| !self.dice.once_in(4));
        let rest = given.map_or_else(|| self.dice.of(&behind).to_owned(), |path| last(&path).to_owned());
        let deeper = self.dice.once_in(3);
        Name::Behind(grant, if deeper { format!("{rest}/a") } else { rest })
    }

    fn grant(&mut self) -> usize {
        let used = self.model.slots().grants;
        self.slot(&used)
    }

    fn knock(&mut self) -> Knock {
        let protocol = self.dice.of(&PROTOCOLS);
        let credentials = match (protocol, self.dice.below(7)) {
            (Protocol::Tftp, _) | (Protocol::Ftp | Protocol::Http, 0) => Credentials::None,
            (Protocol::Ftp | Protocol::Http, 1) => Credentials::Grant(self.grant()),
            (Protocol::Ftp | Protocol::Http, 2) => Credentials::User(String::from("mallory"), true),
            (Protocol::Ftp | Protocol::Http, _) => {
                Credentials::User(self.dice.of(&NAMES).to_owned(), !self.dice.once_in(10))
            }
        };
        let security = match protocol {
            Protocol::Tftp => Security::Clear,
            Protocol::Ftp | Protocol::Http => self.dice.of(&[Security::Clear, Security::Tls]),
        };
        Knock { peer: self.peer(), protocol, security, credentials }
    }

    fn step(&mut self) -> Step {
        if self.model.slots().sessions.is_empty() {
            let session = self.dice.below(SLOTS);
            return if self.dice.once_in(4) {
                self.owner()
            } else {
                Step::Admit { session, knock: self.knock() }
            };
        }
        let session = self.session();
        match self.dice.below(100) {
            0..8 => self.comes_or_goes(),
            8..13 => self.owner(),
            13..27 => self.looks(session),
            27..38 => {
                let (transfer, looks) = (self.new_transfer(), self.dice.once_in(4));
                let path = self.file(session);
                Step::Read { transfer, session, name: self.name(path), looks }
            }
            38..44 => {
                let used = self.model.slots().reads;
                Step::Sent { transfer: self.slot(&used) }
            }
            44..57 => {
                let mode = match self.dice.below(6) {
                    0 => Mode::New,
                    1..4 => Mode::Overwrite,
                    4 => Mode::Resume(self.dice.below(30) as u64),
                    _ => Mode::Append,
                };
                let expected = self.dice.once_in(4).then(|| self.dice.below(120) as u64);
                let path = if self.dice.once_in(2) { self.file(session) } else { self.fresh(session) };
                Step::Write { transfer: self.new_transfer(), session, name: self.name(path), mode, expected }
            }
            57..66 => Step::Put { transfer: self.write(), octets: self.dice.below(50) },
            66..73 => Step::Commit { transfer: self.write() },
            73..77 => {
                let slots = self.model.slots();
                let transfer = self.slot(&[slots.reads, slots.writes].concat());
                Step::Break { transfer, moved: self.dice.of(&[Moved::Some, Moved::Nothing, Moved::Dropped]) }
            }
            77..80 => Step::Suspend { transfer: self.write() },
            80..84 => Step::Rename { session, from: self.file(session), to: self.any(session) },
            84..87 => Step::Rename { session, from: self.directory(session), to: self.any(session) },
            87..90 => Step::Remove { session, path: self.file(session) },
            90..94 => Step::MakeDir { session, path: self.fresh(session) },
            94..98 => Step::RemoveDir { session, path: self.directory(session) },
            98 => Step::Touch { session, path: self.any(session) },
            _ => Step::Walk,
        }
    }

    fn comes_or_goes(&mut self) -> Step {
        let slots = self.model.slots();
        match self.dice.below(10) {
            0..6 => Step::Admit { session: self.free(&slots.sessions), knock: self.knock() },
            6..8 => Step::Connect { connection: self.free(&slots.connections), peer: self.peer() },
            8 => Step::Disconnect { connection: self.slot(&slots.connections) },
            _ => Step::Leave { session: self.session() },
        }
    }

    /// What the owner does, and what time does.
    fn owner(&mut self) -> Step {
        let net = Net::new(self.dice.of(&NETS));
        let slots = self.model.slots();
        match self.dice.below(16) {
            0 => Step::Delay { peer: self.peer() },
            1 => Step::Kick { session: self.session() },
            2 => Step::KickFrom { net },
            3 => match self.dice.once_in(2) {
                true => Step::IsKicked { session: self.session() },
                false => Step::Fellows { session: self.session() },
            },
            4 => {
                let forever = self.dice.once_in(4);
                Step::Ban { net, lasts: (!forever).then_some(1 + self.dice.below(60) as u64) }
            }
            5..7 => {
                let banned: Vec<Net> = self.model.bans().into_iter().map(|(net, _)| net).collect();
                Step::Unban { net: if banned.is_empty() { net } else { self.dice.of(&banned) } }
            }
            7..9 => {
                let (protocol, offence) = (self.dice.of(&PROTOCOLS), self.dice.of(&Offence::ALL));
                Step::Offend { peer: self.peer(), protocol, offence }
            }
            9..12 => self.give(),
            12 => Step::Revoke { grant: self.slot(&slots.grants) },
            _ => Step::Pass(1 + self.dice.below(40) as u64),
        }
    }

    fn give(&mut self) -> Step {
        let dice = &mut *self.dice;
        let mut rights = dice.some(3, &[Right::Read, Right::Write, Right::Create, Right::List]);
        if rights.is_empty() {
            rights = vec![Right::Read];
        }
        let mut from = dice.some(2, &nets());
        if from.is_empty() || dice.once_in(2) {
            from = vec![Net::new("0.0.0.0/0"), Net::new("::/0")];
        }
        let mut known: Vec<String> = self.model.files().into_keys().collect();
        known.extend(texts(&["/images/a", "/a", "/cfg", "/in", "/d/e", "/", "/home/alice"]));
        known.retain(|path| !path.contains("/."));
        let path = dice.of(&known);
        let uses = (!dice.once_in(4)).then(|| 1 + dice.below(3));
        let lasts = 10 + dice.below(200) as u64;
        let grants = self.model.slots().grants;
        Step::Give { grant: self.free(&grants), path, rights, from, lasts, uses }
    }

    fn looks(&mut self, session: usize) -> Step {
        let path = self.any(session);
        match self.dice.below(7) {
            0 => Step::Stat { session, name: self.name(path) },
            1 => Step::Has { session, name: self.name(path) },
            2 => Step::Offers { session, name: self.name(path) },
            3 => {
                let path = self.directory(session);
                Step::List { session, name: self.name(path) }
            }
            4 => Step::Partial { session, path },
            _ => Step::Decide { session, right: self.dice.of(&Right::ALL), path },
        }
    }
}
