//! `towline user list`.

use super::{Place, open};
use crate::config::user::{Require, User as Said};
use crate::config::{Loaded, Secret};
use crate::events::{Event, Events};
use crate::exit::Failure;
use crate::users::made;
use clap::Args;
use gate::NotNow;
use std::time::SystemTime;

const EXAMPLES: &str = "\
Examples:
  towline user list
  towline user list --users-dir users.d --json
";

/// List users, where each is written down, and who may not log in now.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub(super) struct List {
    #[command(flatten)]
    place: Place,
    /// Print an object for each, one a line (docs/events.md).
    #[arg(long)]
    pub(super) json: bool,
}

/// One user of the list.
struct Row {
    name: String,
    state: String,
    password: String,
    /// Fingerprints.
    keys: Vec<String>,
    require: String,
    groups: Vec<String>,
    place: String,
}

impl List {
    pub(super) fn run(self, events: &Events) -> Result<(), Failure> {
        let loaded = self.place.loaded()?;
        let mut rows = configured(&loaded);
        if let Some(dir) = open(&loaded)? {
            let names = dir.names().map_err(|e| Failure::local("the directory of users", &e))?;
            for name in names {
                let place = dir.path(&name).display().to_string();
                let hidden = rows.iter().any(|r| r.name == name);
                rows.push(match dir.look(&name) {
                    Ok(Some(_)) if hidden => Row::wrong(name, "hidden by the configuration's", place),
                    Ok(Some(user)) => Row::of(&user, kind(&user), place),
                    // It went between two looks.
                    Ok(None) => continue,
                    Err(_) => Row::wrong(name, "wrong file", place),
                });
            }
        }
        if self.json {
            for row in rows {
                let Row { name, state, password, keys, require, groups, place } = row;
                let (keys, groups) = (keys.join(","), groups.join(","));
                events.tell(&Event::User { name, state, password, keys, require, groups, place });
            }
        } else {
            print!("{}", table(&rows));
        }
        Ok(())
    }
}

fn configured(loaded: &Loaded) -> Vec<Row> {
    let one = |(i, said): (usize, &Said)| {
        let place = loaded.thing(&format!("user.{i}.name"));
        let (hash, word) = match &said.password {
            None => (None, None),
            Some(Secret::Literal(hash)) => (Some(hash.as_str()), None),
            // Where a password is elsewhere it is not looked up for a list.
            Some(other) => (Some(super::PLACEHOLDER), Some(other.reference())),
        };
        match made(said, hash) {
            Ok(user) => {
                let word = word.unwrap_or_else(|| kind(&user));
                Row::of(&user, word, place)
            }
            Err(_) => Row::wrong(said.name.clone(), "wrong", place),
        }
    };
    loaded.config.user.iter().enumerate().map(one).collect()
}

impl Row {
    fn of(user: &gate::User, password: String, place: String) -> Row {
        let state = match user.not_now(SystemTime::now()) {
            None => "may log in",
            Some(NotNow::Disabled) => "disabled",
            Some(NotNow::Expired) => "expired",
        };
        let groups = user.account().groups().to_vec();
        let keys = user.keys().iter().map(gate::AuthorizedKey::fingerprint).collect();
        let (name, require) = (user.name().to_owned(), Require::from(user.wants()).to_string());
        Row { name, state: state.to_owned(), password, keys, require, groups, place }
    }

    fn wrong(name: String, state: &str, place: String) -> Row {
        let password = String::from("-");
        let (state, require) = (state.to_owned(), password.clone());
        Row { name, state, password, keys: Vec::new(), require, groups: Vec::new(), place }
    }
}

/// How the password is hashed, if there is one.
fn kind(user: &gate::User) -> String {
    user.hash_kind().map_or_else(|| String::from("none"), |kind| kind.to_string())
}

fn table(rows: &[Row]) -> String {
    let width = |of: fn(&Row) -> usize, least| rows.iter().map(of).max().unwrap_or(0).max(least).min(40);
    let (name, state) = (width(|r| r.name.chars().count(), 4), width(|r| r.state.len(), 5));
    let password = width(|r| r.password.len(), 8);
    let mut out = format!("{:name$}  {:state$}  {:password$}  GROUPS, WHERE\n", "NAME", "STATE", "PASSWORD");
    for row in rows {
        let groups = if row.groups.is_empty() { String::from("-") } else { row.groups.join(",") };
        out.push_str(&format!(
            "{:name$}  {:state$}  {:password$}  {groups}  {}\n",
            row.name, row.state, row.password, row.place
        ));
        for key in &row.keys {
            out.push_str(&format!("{:name$}  {key}\n", ""));
        }
    }
    out
}
