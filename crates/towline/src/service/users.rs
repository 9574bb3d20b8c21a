//! Users of the configuration, with the passwords that their references lead to; the directory of users and the command
//! that knows others.

use crate::config::{Loaded, Secret};
use crate::exit::{Exit, Failure};
use crate::monitor::Privileged;
use crate::users::{Command, UsersDir, made, with_facts};
use gate::{Oracle, User};
use std::path::Path;
use std::sync::Arc;

/// Files of users that are complained of one by one; of more only the number is told.
const SHOWN: usize = 10;

/// All of `[[user]]`, in their order.
pub(crate) fn of(loaded: &Loaded) -> Result<Vec<User>, Failure> {
    let users = loaded.config.user.iter().enumerate();
    users.map(|(i, user)| one(loaded, i, user)).collect()
}

/// The directory of `identity.users-dir`.
pub(crate) fn directory(loaded: &Loaded) -> Result<Option<Arc<UsersDir>>, Failure> {
    let Some(at) = &loaded.config.identity.users_dir else { return Ok(None) };
    open(at).map(|dir| Some(Arc::new(dir)))
}

/// Opens a directory of users, and says on stderr which files are none.
pub(crate) fn open(at: &Path) -> Result<UsersDir, Failure> {
    let dir = UsersDir::open(at)?;
    if crate::users::is_writable_by_others(at) {
        let way_out = format!("chmod o-w {}", at.display());
        return Err(Failure::new(Exit::Usage, at.display(), "everybody can make users here", way_out));
    }
    let faults = dir.faults();
    for fault in faults.iter().take(SHOWN) {
        eprintln!("towline: {fault}");
    }
    if faults.len() > SHOWN {
        eprintln!("towline: {}: {} more files like these", at.display(), faults.len() - SHOWN);
    }
    Ok(dir)
}

/// What asks the command of `identity.command`.
pub(crate) fn oracle(loaded: &Loaded, ask: &Arc<dyn Privileged>) -> Option<Arc<dyn Oracle>> {
    let identity = &loaded.config.identity;
    let is_there = !identity.command.is_empty();
    is_there.then(|| Arc::new(Command::new(ask.clone(), identity.timeout)) as Arc<dyn Oracle>)
}

fn one(loaded: &Loaded, i: usize, user: &crate::config::user::User) -> Result<User, Failure> {
    let path = format!("user.{i}.password");
    match &user.password {
        None => made(user, None).map_err(|bad| {
            let way_out = "give the user keys = [\"ssh-ed25519 …\"], or a password";
            loaded.wrong(&format!("user.{i}.name"), bad, way_out)
        }),
        // A password in the place of a hash is not repeated in the message.
        Some(Secret::Literal(hash)) => made(user, Some(hash)).map_err(|bad| {
            let way_out = "towline user add makes the hash; or refer to the password: { file = … }";
            loaded.wrong(&path, bad, way_out)
        }),
        Some(
            secret @ (Secret::Ask
            | Secret::Plain(_)
            | Secret::File(_)
            | Secret::Environment(_)
            | Secret::Command(_)),
        ) => referred(loaded, &path, user, secret),
    }
}

/// A user whose password is elsewhere: there a hash may stand as well, of a tool that wrote the file, say.
fn referred(
    loaded: &Loaded,
    path: &str,
    user: &crate::config::user::User,
    secret: &Secret,
) -> Result<User, Failure> {
    // To find the line takes a while in a long file: of 10,000 users with their hashes it is not looked for.
    let thing = format!("{} {}", loaded.thing(path), user.name);
    let password = match secret {
        Secret::Ask => rpassword::prompt_password(format!("Password for {}: ", user.name))
            .map_err(|e| Failure::usage(&thing, e, "without a terminal use NAME:@FILE"))?,
        Secret::Plain(password) => {
            eprintln!(
                "towline: {thing}: warning: every user of this host sees a password on the command \
                 line; use {}:@FILE",
                user.name
            );
            password.clone()
        }
        Secret::Literal(_) | Secret::File(_) | Secret::Environment(_) | Secret::Command(_) => {
            secret.resolve(&thing)?
        }
    };
    if password.is_empty() {
        return Err(Failure::usage(thing, "the password is empty", "give one"));
    }
    let made = match User::new(&user.name, &password) {
        Ok(_) => made(user, Some(&password)),
        Err(_) => {
            let with_password = User::with_password(&user.name, &gate::Secret::new(password.into_bytes()));
            with_password.map_err(Into::into).and_then(|made| with_facts(made, user))
        }
    };
    made.map_err(|why| Failure::usage(thing, why, "correct it"))
}
