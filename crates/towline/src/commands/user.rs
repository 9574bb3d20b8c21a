//! `towline user`: users of the service.

mod list;
mod password;
mod test;

use crate::config::user::{Expiry, Require, User as Said};
use crate::config::{DEFAULT_FILE, Loaded, Secret, Written, environment};
use crate::events::Events;
use crate::exit::{Exit, Failure};
use crate::service::users;
use crate::users::{UsersDir, made, new_text};
use clap::{Args, Subcommand};
use password::Entry;
use std::path::PathBuf;
use std::str::FromStr as _;

const EXAMPLES: &str = "\
Examples:
  towline user add bob --group ops                asks for the password twice
  towline user add bob --users-dir users.d --password-stdin < secret
  towline user passwd bob                         another password, at once and without a restart
  towline user list                               who there is, and who may not log in now
  towline user test bob --from 10.0.0.2           would the login work, and why not?
";

/// Add, change, list and test users.
///
/// Users are files in the directory that the configuration names (identity.users-dir), one for each: NAME.toml,
/// which nobody but its owner may read. A running service sees a change at the next login. Without such a
/// directory the lines for the configuration are printed.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct User {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Add(Add),
    Passwd(Passwd),
    List(list::List),
    Test(test::Test),
}

/// Where users are written down.
#[derive(Debug, Args)]
struct Place {
    /// The configuration; without it /etc/towline/towline.toml, if that is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory of users, in place of the one that the configuration names.
    #[arg(long, value_name = "DIR")]
    users_dir: Option<PathBuf>,
}

impl Place {
    fn loaded(&self) -> Result<Loaded, Failure> {
        let default = PathBuf::from(DEFAULT_FILE);
        let file = match &self.config {
            Some(file) => Some(file),
            None => (self.users_dir.is_none() && default.exists()).then_some(&default),
        };
        let mut loaded = Loaded::read(file.map(PathBuf::as_path), environment())?;
        if let Some(dir) = &self.users_dir {
            loaded.flag("identity.users-dir", "--users-dir").identity.users_dir = Some(dir.clone());
        }
        Ok(loaded)
    }
}

const ADD: &str = "\
Examples:
  towline user add bob --group ops --group lab
  towline user add guest --expires 2027-12-31 --users-dir users.d
  towline user add bob --key bob.pub              logs in over SSH with this key, and has no password
  towline user add bob --key bob.pub --require both
  towline user add bob --password-stdin < secret >> towline.toml
";

/// Add a user.
#[derive(Debug, Args)]
#[command(before_help = ADD)]
struct Add {
    /// Letters, digits and . _ - @ + $ \
    name: String,
    #[command(flatten)]
    place: Place,
    /// A group that the user is in; may be repeated.
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// The last day, or the time, that the user logs in: 2027-12-31.
    #[arg(long, value_name = "WHEN", value_parser = Written::<Expiry>::parse)]
    expires: Option<Written<Expiry>>,
    /// What / is for the user: a directory of the served tree.
    #[arg(long, value_name = "PATH")]
    home: Option<String>,
    /// Nobody logs in with it yet.
    #[arg(long)]
    disabled: bool,
    /// A file with public keys to log in with over SSH (a .pub file, or authorized_keys); may be repeated. The user has
    /// no password then, unless --require says so.
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// What the user has to show: either, password, key or both.
    #[arg(long, value_name = "WHAT", value_parser = Require::from_str)]
    require: Option<Require>,
    #[command(flatten)]
    entry: Entry,
}

const PASSWD: &str = "\
Examples:
  towline user passwd bob
  towline user passwd bob --users-dir users.d --password-stdin < secret
";

/// Give a user another password; sessions that run go on.
#[derive(Debug, Args)]
#[command(before_help = PASSWD)]
struct Passwd {
    /// Whose.
    name: String,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    entry: Entry,
}

impl User {
    /// Whether it prints events.
    pub(super) fn json(&self) -> bool {
        match &self.verb {
            Verb::List(list) => list.json,
            Verb::Add(_) | Verb::Passwd(_) | Verb::Test(_) => false,
        }
    }

    /// Does it.
    pub fn run(self, events: &Events) -> Result<(), Failure> {
        match self.verb {
            Verb::Add(add) => add.run(),
            Verb::Passwd(passwd) => passwd.run(),
            Verb::List(list) => list.run(events),
            Verb::Test(test) => test.run(),
        }
    }
}

impl Add {
    fn run(self) -> Result<(), Failure> {
        let Add { name, place, group: groups, expires, home, disabled, key, require, entry } = self;
        let loaded = place.loaded()?;
        let dir = open(&loaded)?;
        let thing = format!("user {name}");
        let keys = lines_of(&thing, &key)?;
        let has_password = keys.is_empty() || matches!(require, Some(Require::Password | Require::Both));
        let said = Said {
            name: name.clone(),
            password: has_password.then(|| Secret::Literal(String::new())),
            keys,
            keys_file: None,
            require: require.unwrap_or(Require::Either),
            groups,
            disabled,
            expires,
            home,
        };
        if loaded.config.user.iter().any(|u| u.name == name) {
            let what = "is in the configuration already";
            return Err(Failure::usage(thing, what, "towline user passwd changes the password"));
        }
        // Whatever is wrong is said before anybody is asked for a password.
        made(&said, has_password.then_some(PLACEHOLDER))
            .map_err(|why| Failure::usage(&thing, why, "correct it"))?;
        let hash = has_password.then(|| entry.new_password(&thing)).transpose()?;
        let hash = hash.map(|password| gate::hash_password(&password));
        match dir {
            Some(dir) => {
                dir.add(&name, &new_text(&said, hash.as_deref())).map_err(|e| match e.kind() {
                    std::io::ErrorKind::AlreadyExists => {
                        Failure::usage(&thing, "is there already", "towline user passwd changes the password")
                    }
                    _ => Failure::local(dir.path(&name).display(), &e),
                })?;
                println!("{} is there: {}", name, dir.path(&name).display());
            }
            None => {
                eprintln!(
                    "There is no directory of users (identity.users-dir): put these lines into the configuration."
                );
                print!(
                    "\n[[user]]\nname = {}\n{}",
                    crate::config::quoted(&name),
                    new_text(&said, hash.as_deref())
                );
            }
        }
        Ok(())
    }
}

/// The lines of files of keys, each of which is one.
fn lines_of(thing: &str, files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut lines = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|e| Failure::local(file.display(), &e))?;
        let wrong = |why: &dyn std::fmt::Display| {
            Failure::usage(
                thing,
                format!("{}: {why}", file.display()),
                "give a .pub file, or authorized_keys",
            )
        };
        let keys = gate::Keys::parse(&text).map_err(|why| wrong(&why))?;
        if keys.is_empty() {
            return Err(wrong(&"there is no key in it"));
        }
        let is_key = |line: &&str| line.parse::<gate::AuthorizedKey>().is_ok();
        lines.extend(text.lines().map(str::trim).filter(is_key).map(str::to_owned));
    }
    Ok(lines)
}

/// A hash of nothing in particular: stands for the one that is made when everything else is right.
const PLACEHOLDER: &str = "$1$ab$rn6aQS/o7141mj179E/zA.";

impl Passwd {
    fn run(self) -> Result<(), Failure> {
        let Passwd { name, place, entry } = self;
        let loaded = place.loaded()?;
        let thing = format!("user {name}");
        if let Some(i) = loaded.config.user.iter().position(|u| u.name == name) {
            let hash = gate::hash_password(&entry.new_password(&thing)?);
            let at = loaded.thing(&format!("user.{i}.password"));
            eprintln!(
                "{name} is in the configuration, which is yours to write: put this line at {at} and reload."
            );
            println!("password = {}", crate::config::quoted(&hash));
            return Ok(());
        }
        let dir = open(&loaded)?.ok_or_else(|| absent(&name))?;
        let failed = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::Local, &thing, why, "correct the file or remove it")
        };
        dir.look(&name).map_err(|bad| failed(&bad))?.ok_or_else(|| absent(&name))?;
        let hash = gate::hash_password(&entry.new_password(&thing)?);
        // Somebody may have changed or removed the file while the password was typed.
        if !dir.set_password(&name, &hash).map_err(|why| failed(&why))? {
            return Err(absent(&name));
        }
        println!("{name} has the new password.");
        Ok(())
    }
}

/// The directory of users, if the configuration has one.
fn open(loaded: &Loaded) -> Result<Option<UsersDir>, Failure> {
    loaded.config.identity.users_dir.as_deref().map(users::open).transpose()
}

fn absent(name: &str) -> Failure {
    let way_out = "towline user list shows who there is; towline user add adds one";
    Failure::new(Exit::Absent, format!("user {name}"), "there is no such user", way_out)
}
