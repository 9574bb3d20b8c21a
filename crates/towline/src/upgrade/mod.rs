//! What is kept of upgrades, and how it is told: between the machine of `upgrade` and the journal of `db`, which do not
//! know each other; and where the image comes from.
//!
//! | file | its one idea |
//! |---|---|
//! | [`abandon`] | whether a device that was left may be given up |
//! | [`plan_file`], [`kept_facts`] | a plan as a file, and the facts that it rests on |
//! | [`drift`] | whether it still holds |
//! | [`record`] | an entry of the journal as text, and back |
//! | [`story`] | what the entries of a device say together |
//! | [`text`], [`page`] | that for people: at a terminal, in a browser or on paper |
//! | `over`, `depot` | what an image is copied over, and servers of this process for one: a path of its own for each copy |
//! | `from` | where one device gets the image from, copy by copy, over what is fastest for it |
//! | [`tolerance`] | what may stay away behind a restart, as it is written |
//! | [`watched`] | what was watched, before and after |
//! | `order` | what is to be done, as a run keeps it |
//! | `together` | devices of one run that restart at the same time |
//! | `keeper` | what happens to a device, written into the journal and told |

pub mod abandon;
mod depot;
pub mod drift;
mod from;
mod keeper;
pub mod kept_facts;
mod order;
mod over;
pub mod page;
pub mod plan_file;
#[cfg(test)]
mod plan_tests;
pub mod record;
pub mod story;
#[cfg(test)]
mod tests;
pub mod text;
mod together;
pub mod tolerance;
pub mod watched;

pub(crate) use depot::Depot;
pub(crate) use from::From;
pub(crate) use keeper::Keeper;
pub(crate) use order::Order;
pub(crate) use over::Over;
pub(crate) use together::Together;

use crate::exit::{Exit, Failure};
use db::Fault as Database;
use db::journal::Fault;
use std::path::Path;

/// A fault of the journal at `path` as a failure.
pub fn failure(path: &Path, fault: &Fault) -> Failure {
    let thing = path.display();
    let (exit, way_out) = match fault {
        Fault::Database(Database::Unusable(_)) if !path.exists() => {
            let way_out = "apply begins one; another one is named with --journal";
            return Failure::new(Exit::Absent, thing, "there is no journal of upgrades", way_out);
        }
        Fault::Database(Database::Locked | Database::Gone(_)) => (Exit::Local, "try again"),
        Fault::Database(Database::Damaged(_)) => (
            Exit::Integrity,
            "it is left as it is, for it says what was done to devices: look at them, then name another one with --journal",
        ),
        Fault::Database(Database::Empty) => (Exit::Absent, "apply begins a run"),
        Fault::Database(Database::Foreign) => (Exit::Usage, "name another one with --journal"),
        Fault::Database(Database::Newer { .. }) => (Exit::Local, ""),
        Fault::Database(Database::Unusable(_)) => {
            (Exit::Local, "check who may read and write it and its directory")
        }
        Fault::Fenced { .. } => (Exit::Refused, "nothing more was done to it from here"),
        Fault::Held { .. } => (Exit::Refused, "wait for it, or stop it"),
        Fault::Ended { .. } => (Exit::Refused, "begin a new run"),
        Fault::Absent { .. } => (Exit::Absent, "towline upgrade list shows the runs there are"),
        Fault::Unfinished { .. } => {
            (Exit::Refused, "'towline upgrade resume' goes on with it, 'abort' gives it up")
        }
        Fault::Twice(_) => (Exit::Usage, "name each device once"),
    };
    Failure::new(exit, thing, fault, way_out)
}
