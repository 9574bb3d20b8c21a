//! The model's settings, as the door takes them.

use crate::tests::p;
use crate::{Net, Place, Policy, Rights, RootRule, Roots, Rule, Rules, Upload, UploadRule, Uploads, User};
use reference::{Allow, Config, RootUser, components, is_within, parent};
use std::sync::Arc;
use std::time::Duration;
use store::local::{Local, LocalOptions};
use store::memory::Memory;
use store::mounts::{Mount, Mounts};
use store::quota::{Limit, Quota, Ration};
use store::{Store, VPath};
use tempfile::TempDir;

/// Where files are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Backend {
    Memory,
    Local,
}

/// A mount, what counts in it, and the same without counting.
pub(super) struct Part {
    pub(super) at: String,
    pub(super) quota: Option<Quota>,
    pub(super) bare: Arc<dyn Store>,
    pub(super) rations: Vec<Ration>,
    _dir: Option<TempDir>,
}

pub(super) fn tree(config: &Config, backend: Backend) -> (Arc<Mounts>, Vec<Part>) {
    let mut parts = Vec::new();
    let mut mounts = Vec::new();
    for mount in &config.mounts {
        let is_here = |path: &str| {
            let inner = config.mounts.iter().any(|m| m.at.len() > mount.at.len() && is_within(path, &m.at));
            is_within(path, &mount.at) && !inner
        };
        let within = |path: &str| p(path).below(&p(&mount.at)).expect("it is here");
        let directories = config.directories.iter().filter(|path| is_here(path)).map(|path| within(path));
        let files = config.files.iter().filter(|(path, _)| is_here(path));
        let files = files.map(|(path, octets)| (within(path), vec![b'0'; *octets]));
        let (bare, dir): (Arc<dyn Store>, _) = match backend {
            Backend::Memory => (Arc::new(memory(directories, files)), None),
            Backend::Local => {
                let (local, dir) = local(directories, files, mount.write);
                (Arc::new(local), Some(dir))
            }
        };
        let rations = rations(config, &mount.at);
        let quota = (mount.write && !rations.is_empty()).then(|| Quota::new(bare.clone(), rations.clone()));
        if let Some(quota) = &quota {
            quota.walk(false, &|| true).expect("a walk of what is there");
        }
        let store: Arc<dyn Store> = match &quota {
            Some(quota) => Arc::new(quota.clone()),
            None => bare.clone(),
        };
        mounts.push(Mount { at: p(&mount.at), store, write: mount.write });
        parts.push(Part { at: mount.at.clone(), quota, bare, rations, _dir: dir });
    }
    (Arc::new(Mounts::new(mounts).expect("mounts with paths of their own")), parts)
}

fn memory(directories: impl Iterator<Item = VPath>, files: impl Iterator<Item = (VPath, Vec<u8>)>) -> Memory {
    let memory = Memory::new();
    for directory in directories {
        let mut at = VPath::root();
        for name in directory.components() {
            at = at.child(name).expect("a component");
            // It may be there by another.
            let _ = memory.make_dir(&at);
        }
    }
    for (path, content) in files {
        memory.seed(&path.to_string(), content);
    }
    memory
}

fn local(
    directories: impl Iterator<Item = VPath>,
    files: impl Iterator<Item = (VPath, Vec<u8>)>,
    write: bool,
) -> (Local, TempDir) {
    let dir = crate::tests::quick_dir();
    let host = |path: &VPath| dir.path().join(path.to_string().trim_start_matches('/'));
    directories.for_each(|path| std::fs::create_dir_all(host(&path)).unwrap());
    for (path, content) in files {
        std::fs::create_dir_all(host(&path.parent())).unwrap();
        std::fs::write(host(&path), content).unwrap();
    }
    let options = LocalOptions { write, ..LocalOptions::default() };
    (Local::open(dir.path(), options).unwrap(), dir)
}

/// The limits in one mount, as the service sets them.
fn rations(config: &Config, at: &str) -> Vec<Ration> {
    let limit = |quota: reference::Quota| Limit { octets: quota.octets, files: quota.files };
    let mount_of = |path: &str| {
        let holding = config.mounts.iter().filter(|m| is_within(path, &m.at));
        holding.max_by_key(|m| components(&m.at).len()).map(|m| m.at.clone())
    };
    let mut rations: Vec<Ration> = Vec::new();
    for root in config.roots.iter().filter(|root| root.quota != reference::Quota::default()) {
        let is_each = root.path.ends_with("/%u") || root.path.ends_with("/%i");
        let top = if is_each { parent(&root.path) } else { root.path.clone() };
        if mount_of(&top).as_deref() != Some(at) {
            continue;
        }
        let within = p(&top).below(&p(at)).expect("it is in this mount");
        if !rations.iter().any(|r| r.at == within && r.each == is_each) {
            rations.push(Ration { at: within, each: is_each, limit: limit(root.quota) });
        }
    }
    let own = config.mounts.iter().find(|m| m.at == at).expect("this mount").quota;
    if own != reference::Quota::default() {
        rations.push(Ration { at: VPath::root(), each: false, limit: limit(own) });
    }
    rations
}

fn overseer(row: &reference::Overseer) -> crate::Overseer {
    let clients = row.clients.iter().map(net).collect();
    crate::Overseer { users: row.users.clone(), groups: row.groups.clone(), clients }
}

pub(super) fn policy(config: &Config) -> Policy {
    Policy {
        users: config.users.iter().map(user).collect(),
        anonymous: config.anonymous,
        clear_login: config.clear_login,
        write: config.is_written(),
        inbox: config.inbox,
        show_hidden: config.show_hidden,
        clients: config.clients.iter().map(net).collect(),
        rules: Rules::new(config.rules.iter().enumerate().map(|(n, r)| rule(n + 1, r)).collect()).unwrap(),
        uploads: uploads(config),
        roots: Roots(config.roots.iter().map(root).collect()),
        overseers: config.overseers.iter().map(overseer).collect(),
        limits: limits(config),
        penalties: config.penalties.as_ref().map(|penalties| crate::Penalties {
            exempt: penalties.exempt.iter().map(net).collect(),
            half_life: Duration::from_secs(penalties.half_life),
            delay_at: penalties.delay_at,
            longest_delay: Duration::from_secs(penalties.longest_delay),
            ban_at: penalties.ban_at,
            first_ban: Duration::from_secs(penalties.first_ban),
            longest_ban: Duration::from_secs(penalties.longest_ban),
        }),
        ..Policy::default()
    }
}

pub(super) fn net(net: &reference::Net) -> Net {
    net.to_string().parse().unwrap()
}

pub(super) fn right(right: reference::Right) -> crate::Right {
    right.word().parse().unwrap()
}

pub(super) fn protocol(protocol: reference::Protocol) -> crate::Protocol {
    match protocol {
        reference::Protocol::Tftp => crate::Protocol::Tftp,
        reference::Protocol::Ftp => crate::Protocol::Ftp,
        reference::Protocol::Http => crate::Protocol::Http,
    }
}

pub(super) fn security(security: reference::Security) -> crate::Security {
    match security {
        reference::Security::Clear => crate::Security::Clear,
        reference::Security::Tls => crate::Security::Tls,
    }
}

fn user(user: &reference::User) -> User {
    use argon2::password_hash::PasswordHasher;
    let argon2 = argon2::Argon2::from(argon2::Params::new(8, 1, 1, None).unwrap());
    let hash: argon2::password_hash::phc::PasswordHash = argon2.hash_password(user.name.as_bytes()).unwrap();
    let made = User::new(&user.name, &hash.to_string()).unwrap().in_groups(user.groups.clone()).unwrap();
    made.at_home(user.home.as_ref().map(|home| p(home)))
}

fn rule(line: usize, rule: &reference::Rule) -> Rule {
    Rule {
        effect: match rule.allow {
            Allow::Yes => crate::Effect::Allow,
            Allow::No => crate::Effect::Deny,
        },
        rights: rule.rights.iter().map(|r| right(*r)).collect::<Rights>(),
        users: rule.users.clone(),
        groups: rule.groups.clone(),
        from: rule.from.iter().map(net).collect(),
        protocols: rule.protocols.iter().map(|p| protocol(*p)).collect(),
        security: rule.security.iter().map(|s| security(*s)).collect(),
        path: rule.path.parse().unwrap(),
        place: Place { file: Arc::from("towline.toml"), line },
    }
}

/// The server's rows, then what the mounts say, the innermost first.
fn uploads(config: &Config) -> Uploads {
    let mut rows: Vec<UploadRule> =
        config.uploads.iter().map(|(path, upload)| format!("{path}={upload}").parse().unwrap()).collect();
    let mut mounts: Vec<_> = config.mounts.iter().collect();
    mounts.sort_by_key(|mount| std::cmp::Reverse(mount.at.len()));
    rows.extend(mounts.iter().filter_map(|m| Some(UploadRule::below(p(&m.at), upload(m.upload?)))));
    Uploads(rows)
}

fn upload(upload: reference::Upload) -> Upload {
    match upload {
        reference::Upload::Create => Upload::Create,
        reference::Upload::Overwrite => Upload::Overwrite,
        reference::Upload::Version => Upload::Version,
        reference::Upload::Deny => Upload::Deny,
        reference::Upload::DropBox => Upload::DropBox,
    }
}

fn root(root: &reference::Root) -> RootRule {
    RootRule {
        host: None,
        user: root.user.as_ref().map(|user| match user {
            RootUser::Any => crate::RootUser::Any,
            RootUser::Anonymous => crate::RootUser::Anonymous,
            RootUser::Named(name) => crate::RootUser::Named(name.clone()),
        }),
        group: root.group.clone(),
        network: root.net.as_ref().map(net),
        path: root.path.parse().unwrap(),
        create: root.create,
    }
}

fn limits(config: &Config) -> crate::Limits {
    let caps = |caps: &reference::Caps| crate::Caps {
        sessions: caps.sessions,
        half_open: caps.half_open,
        transfers: caps.transfers,
        rates: crate::Rates::default(),
    };
    let limits = &config.limits;
    crate::Limits {
        all: caps(&limits.all),
        networks: limits.networks.iter().map(|(n, c)| (net(n), caps(c))).collect(),
        per_address: caps(&limits.per_address),
        per_user: caps(&limits.per_user),
        per_transfer: crate::Rates::default(),
    }
}
