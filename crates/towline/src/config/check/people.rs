//! Who logs in: no name twice, passwords that can be checked, groups and users that rules name.

use super::super::origin::Origin;
use super::super::secret::Secret;
use super::super::suggest::nearest;
use super::super::user::{Require, User};
use super::Check;
use super::secrecy::Content;
use crate::users::keys_file;

pub(super) fn check(check: &mut Check<'_>) {
    let config = check.config;
    hashes(check);
    let names: Vec<&str> = config.user.iter().map(|user| user.name.as_str()).collect();
    check.twice(&names, |i| format!("user.{i}.name"), |name| format!("the user '{name}'"));
    for (i, user) in config.user.iter().enumerate() {
        name(check, &format!("user.{i}.name"), &user.name);
        if let Some(password) = &user.password {
            secret(check, &format!("user.{i}.password"), &user.name, password);
        }
        keys(check, i, user);
    }
    if let Some(dir) = &config.identity.users_dir {
        check.directory("identity.users-dir", dir);
    }
    check.command("identity.command", &config.identity.command);
    if config.identity.timeout.is_zero() {
        check.fault("identity.timeout", "0 leaves the command no time", "give a time such as \"5s\"");
    }
    known(check);
}

/// The file itself, where the hash of a password stands in it: told at the first.
fn hashes(check: &mut Check<'_>) {
    let Some(file) = check.loaded.source.as_ref().map(|source| source.path.clone()) else { return };
    let in_it = |(i, user): (usize, &User)| {
        let path = format!("user.{i}.password");
        let is_here = matches!(check.loaded.origins.of(&path), Origin::File(_));
        (is_here && matches!(user.password, Some(Secret::Literal(_)))).then_some(path)
    };
    let Some(path) = check.config.user.iter().enumerate().find_map(in_it) else { return };
    let open = file.metadata().ok().and_then(|facts| check.open_to(&facts, Content::Password));
    if let Some(audience) = open {
        let what = audience.what("this file", ", which holds the hash of a password");
        check.fault(&path, what, audience.remedy(&file));
    }
}

fn name(check: &mut Check<'_>, path: &str, name: &str) {
    if !check.is_written(path) {
        return;
    }
    if name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp") {
        // RFC 1635 gives both to whoever has no account.
        check.fault(path, format!("'{name}' is FTP's name for everybody"), "choose another name");
    } else if let Err(why) = gate::Account::new(name) {
        check.fault(path, why.to_string(), "choose another name");
    }
}

/// The keys of one user, and that there is what has to be shown.
fn keys(check: &mut Check<'_>, i: usize, user: &User) {
    for (n, line) in user.keys.iter().enumerate() {
        if let Err(why) = line.parse::<gate::AuthorizedKey>() {
            let remedy =
                "write the line of the .pub file; what may stand before it: sshd(8), AUTHORIZED_KEYS";
            check.fault(&format!("user.{i}.keys.{n}"), why.to_string(), remedy);
        }
    }
    if let Some(Err(why)) = user.keys_file.as_deref().map(keys_file) {
        check.fault(&format!("user.{i}.keys-file"), why.to_string(), "correct the file");
    }
    let at = |key: &str| format!("user.{i}.{key}");
    if !check.is_sure(&[&at("password"), &at("keys"), &at("keys-file"), &at("require")]) {
        return;
    }
    let has_keys = !user.keys.is_empty() || user.keys_file.is_some();
    let (path, missing) = match (user.require, user.password.is_some(), has_keys) {
        (Require::Either, false, false) => (format!("user.{i}"), "has neither a password nor keys"),
        (Require::Password | Require::Both, false, _) => {
            (at("require"), "has to show a password and has none")
        }
        (Require::Key | Require::Both, _, false) => (at("require"), "has to show a key and has none"),
        (Require::Either | Require::Password | Require::Key | Require::Both, _, _) => return,
    };
    let remedy = "give the user password = \"…\" (towline user add makes it) or keys = [\"ssh-ed25519 …\"]";
    check.fault(&path, format!("'{}' {missing}", user.name), remedy);
}

fn secret(check: &mut Check<'_>, path: &str, user: &str, secret: &Secret) {
    match secret {
        Secret::Literal(hash) => {
            if gate::User::new(user, hash).is_err() && gate::Account::new(user).is_ok() {
                let what = format!("what '{user}' has as password is no hash of one");
                let remedy = "towline user add makes the hash; or say where it is: { file = … }, { env = … }";
                check.fault(path, what, remedy);
            }
        }
        Secret::File(file) => check.file(&format!("{path}.file"), file, Content::Password),
        Secret::Environment(variable) => {
            if std::env::var_os(variable).is_none() {
                let what = format!("the variable {variable} is not set");
                check.fault(
                    &format!("{path}.env"),
                    what,
                    "set it where the service is started, or use { file = … }",
                );
            }
        }
        Secret::Command(words) if words.is_empty() => {
            check.fault(&format!("{path}.cmd"), "the command is empty", "give a program and its arguments");
        }
        Secret::Command(words) => check.command(&format!("{path}.cmd"), words),
        Secret::Plain(_) | Secret::Ask => {}
    }
}

/// Users and groups that rules and roots name. Where some come from elsewhere, all names may be right.
fn known(check: &mut Check<'_>) {
    let config = check.config;
    let elsewhere = config.identity.users_dir.is_some() || !config.identity.command.is_empty();
    if elsewhere || !check.is_sure(&["user", "identity.users-dir", "identity.command"]) {
        return;
    }
    let users: Vec<String> = config.user.iter().map(|user| user.name.clone()).collect();
    let mut groups: Vec<String> = config.user.iter().flat_map(|user| user.groups.clone()).collect();
    groups.sort();
    groups.dedup();
    let mut named: Vec<(String, &String, bool)> = Vec::new();
    for (i, rule) in config.rule.iter().enumerate() {
        let users = rule.user.0.iter().filter(|user| *user != "*" && *user != "anonymous");
        named.extend(users.map(|user| (format!("rule.{i}.user"), user, true)));
        named.extend(rule.group.0.iter().map(|group| (format!("rule.{i}.group"), group, false)));
    }
    for (i, root) in config.root.iter().enumerate() {
        let user = match root.user.as_ref().map(|user| &user.value) {
            Some(gate::RootUser::Named(name)) => Some(name),
            Some(gate::RootUser::Any | gate::RootUser::Anonymous) | None => None,
        };
        named.extend(user.map(|user| (format!("root.{i}.user"), user, true)));
        named.extend(root.group.iter().map(|group| (format!("root.{i}.group"), group, false)));
    }
    for (at, name, is_user) in named {
        if is_user && !users.contains(name) {
            let remedy = near(name, &users, "add a [[user]] of this name");
            check.fault(&at, format!("there is no user '{name}'"), remedy);
        } else if !is_user && !groups.contains(name) {
            let remedy = near(name, &groups, "give somebody groups = [\"…\"] with it");
            check.fault(&at, format!("nobody is in the group '{name}'"), remedy);
        }
    }
}

fn near(word: &str, known: &[String], otherwise: &str) -> String {
    nearest(word, known).map_or_else(|| otherwise.to_owned(), |near| format!("did you mean '{near}'?"))
}
