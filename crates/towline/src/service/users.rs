//! Users of the configuration, with the passwords that their references lead to.

use crate::config::{Loaded, Secret};
use crate::exit::Failure;
use gate::User;

/// All of them, in their order.
pub(super) fn of(loaded: &Loaded) -> Result<Vec<User>, Failure> {
    let users = loaded.config.user.iter().enumerate();
    users.map(|(i, user)| one(loaded, i, user)).collect()
}

fn one(loaded: &Loaded, i: usize, user: &crate::config::user::User) -> Result<User, Failure> {
    let path = format!("user.{i}.password");
    let thing = format!("{} {}", loaded.thing(&path), user.name);
    let password = match &user.password {
        Secret::Literal(hash) => {
            // A password in the place of a hash is not repeated in the message.
            return User::new(&user.name, hash).map_err(|bad| {
                let way_out = "towline user add makes the hash; or refer to the password: { file = … }";
                loaded.wrong(&path, bad, way_out)
            });
        }
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
        Secret::File(_) | Secret::Environment(_) | Secret::Command(_) => user.password.resolve(&thing)?,
    };
    if password.is_empty() {
        return Err(Failure::usage(thing, "the password is empty", "give one"));
    }
    if password.starts_with("$argon2id$") {
        return User::new(&user.name, &password)
            .map_err(|bad| Failure::usage(&thing, bad, "towline user add makes it"));
    }
    User::with_password(&user.name, &gate::Secret::new(password.into_bytes()))
        .map_err(|why| Failure::usage(thing, why, "choose another name"))
}
