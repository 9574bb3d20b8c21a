//! The model's settings as a configuration, with this host's own networks for networks.

use reference::{Allow, Caps, Config, Net, Protocol, Quota, Right, RootUser, Security, Upload};
use std::fmt::Write;
use std::path::Path;
use std::sync::OnceLock;

/// Where peers come from.
pub(crate) const PEERS: [&str; 5] = ["127.2.0.1", "127.2.0.2", "127.8.0.1", "127.9.0.1", "127.2.1.1"];

/// The networks of random settings, and what stands for each here: what lies in what stays so.
const NETS: [(&str, &str); 7] = [
    ("10.0.0.0/8", "127.8.0.0/13"),
    ("10.1.0.0/16", "127.9.0.0/16"),
    ("192.0.2.0/24", "127.2.0.0/24"),
    ("192.0.2.1/32", "127.2.0.1/32"),
    ("2001:db8::/32", "127.2.1.0/24"),
    ("2001:db8::/64", "127.2.1.1/32"),
    ("0.0.0.0/0", "127.0.0.0/8"),
];

/// Makes settings such as a server on this host takes.
pub(crate) fn fit(config: &mut Config) {
    let here = |net: &mut Net| {
        let (_, there) = NETS.iter().find(|(from, _)| *from == net.to_string()).expect("one of the list");
        *net = Net::new(there);
    };
    // TFTP tells strangers nothing at all.
    config.clients.clear();
    // What is put into a drop box is called by the time of day, which the model does not know.
    config.inbox = false;
    config.uploads.retain(|(_, upload)| *upload != Upload::DropBox);
    config.mounts.iter_mut().for_each(|mount| mount.upload = mount.upload.filter(|u| *u != Upload::DropBox));
    // This host is exempt in any case.
    config.penalties = None;
    config.rules.iter_mut().flat_map(|rule| &mut rule.from).for_each(here);
    config.roots.iter_mut().filter_map(|root| root.net.as_mut()).for_each(here);
    config.limits.networks.iter_mut().for_each(|(net, _)| here(net));
    // Those that are not logged in are nobody's.
    config.limits.per_user.half_open = None;
    // Somebody is in each group that a rule may name.
    config.users.iter_mut().for_each(|user| user.groups.dedup());
    config.users[2].groups = vec![String::from("ops"), String::from("lab")];
    // A row is for one user, one group or one network.
    for row in &mut config.roots {
        let has_user = row.user.is_some();
        row.group = row.group.take().filter(|_| !has_user);
        row.net = row.net.take().filter(|_| !has_user && row.group.is_none());
    }
    config.roots.retain(|row| row.user.is_some() || row.group.is_some() || row.net.is_some());
    // A root is made for who logs in.
    for row in &mut config.roots {
        let is_users = matches!(row.user, Some(RootUser::Any | RootUser::Named(_))) || row.group.is_some();
        row.create &= is_users;
    }
    // None may have more than all, nor more wait for a login than may log in.
    let all = config.limits.all;
    let less = |a: Option<usize>, b: Option<usize>| match b {
        Some(most) => a.map(|a| a.min(most)),
        None => a,
    };
    let limits = &mut config.limits;
    let scopes = limits.networks.iter_mut().map(|(_, caps)| caps);
    for caps in scopes.chain([&mut limits.all, &mut limits.per_address, &mut limits.per_user]) {
        caps.sessions = less(caps.sessions, all.sessions);
        caps.transfers = less(caps.transfers, all.transfers);
        caps.half_open =
            less(less(caps.half_open, all.half_open), less(caps.sessions, all.sessions).or(all.sessions));
    }
    // Two rows of one network: only the first could ever count.
    let mut seen: Vec<Net> = Vec::new();
    config.limits.networks.retain(|(net, _)| {
        !seen.contains(net) && {
            seen.push(*net);
            true
        }
    });
    // The root's own policy is a row of the server's.
    config.mounts[0].upload = None;
    for mount in &mut config.mounts {
        match mount.write {
            // A start waits until what is limited is counted, where octets are.
            true => drop(mount.quota.octets.get_or_insert(1 << 30)),
            false => (mount.quota, mount.upload) = (Quota::default(), None),
        }
    }
    // What is mounted is there.
    config.files.iter_mut().for_each(|(_, octets)| *octets = (*octets).min(60));
}

/// The configuration, and the line of each rule.
pub(crate) fn toml(
    config: &Config,
    home: &Path,
    tree: &dyn Fn(usize) -> std::path::PathBuf,
) -> (String, Vec<usize>) {
    let mut out = String::new();
    let root = &config.mounts[0];
    let rows: Vec<String> = config.uploads.iter().map(|(path, upload)| format!("{path}={upload}")).collect();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
        out.lines().count()
    };
    line(format!("[server]\nroot = {:?}\nbind = [\"127.0.0.1\"]\nwrite = {}", tree(0), root.write));
    line(format!(
        "anonymous = {}\nshow-hidden = {}\nupload = {rows:?}",
        config.anonymous, config.show_hidden
    ));
    line(format!("control = {:?}{}", home.join("control.sock"), quota(root.quota)));
    line(String::from("[tftp]\nport = 0\n[ftp]\nport = 0\n[penalties]\nenabled = false"));
    line(format!("[http]\nclear-login = {}", config.clear_login));
    line(format!("[limits]{}", caps(&config.limits.all, "\n")));
    line(format!("per-address = {{ {} }}", caps(&config.limits.per_address, ", ").trim_start_matches(", ")));
    line(format!("per-user = {{ {} }}", caps(&config.limits.per_user, ", ").trim_start_matches(", ")));
    for (net, of) in &config.limits.networks {
        line(format!("[[limits.network]]\nnet = \"{net}\"{}", caps(of, "\n")));
    }
    for (nth, mount) in config.mounts.iter().enumerate().skip(1) {
        let upload = mount.upload.map_or_else(String::new, |u| format!("\nupload = \"{u}\""));
        line(format!("[[mount]]\npath = {:?}\ndir = {:?}\nwrite = {}", mount.at, tree(nth), mount.write));
        line(format!("{upload}{}", quota(mount.quota)));
    }
    for row in &config.roots {
        line(format!("[[root]]\npath = {:?}\ncreate = {}{}", row.path, row.create, quota(row.quota)));
        let user = row.user.as_ref().map(|user| match user {
            RootUser::Any => "*",
            RootUser::Anonymous => "anonymous",
            RootUser::Named(name) => name,
        });
        user.map(|user| line(format!("user = {user:?}")));
        row.group.as_ref().map(|group| line(format!("group = {group:?}")));
        row.net.map(|net| line(format!("network = \"{net}\"")));
    }
    for user in &config.users {
        line(format!(
            "[[user]]\nname = {:?}\npassword = {:?}\ngroups = {:?}",
            user.name,
            hash(&user.name),
            user.groups
        ));
        user.home.as_ref().map(|home| line(format!("home = {home:?}")));
    }
    let mut lines = Vec::new();
    for rule in &config.rules {
        let effect = match rule.allow {
            Allow::Yes => "allow",
            Allow::No => "deny",
        };
        let rights: Vec<&str> = rule.rights.iter().map(|r| r.word()).collect();
        lines.push(line(String::from("[[rule]]")));
        line(format!("{effect} = {rights:?}"));
        line(format!("path = {:?}", rule.path));
        let mut list = |key: &str, of: Vec<String>| {
            if !of.is_empty() {
                line(format!("{key} = {of:?}"));
            }
        };
        list("user", rule.users.clone());
        list("group", rule.groups.clone());
        list("from", rule.from.iter().map(Net::to_string).collect());
        list("protocol", rule.protocols.iter().map(|p| word(*p).to_owned()).collect());
        list("security", rule.security.iter().map(|s| of_security(*s).to_owned()).collect());
    }
    (out, lines)
}

pub(crate) fn word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tftp => "tftp",
        Protocol::Ftp => "ftp",
        Protocol::Http => "http",
    }
}

fn of_security(security: Security) -> &'static str {
    match security {
        Security::Clear => "clear",
        Security::Tls => "tls",
    }
}

fn quota(quota: Quota) -> String {
    let octets = quota.octets.map_or_else(String::new, |octets| format!("\nquota = {octets}"));
    let files = quota.files.map_or_else(String::new, |files| format!("\nquota-files = {files}"));
    octets + &files
}

fn caps(caps: &Caps, before: &str) -> String {
    let mut text = String::new();
    for (key, most) in
        [("sessions", caps.sessions), ("half-open", caps.half_open), ("transfers", caps.transfers)]
    {
        if let Some(most) = most {
            let _ = write!(text, "{before}{key} = {most}");
        }
    }
    text
}

/// Of a password that is the name; hashed once.
fn hash(name: &str) -> &'static str {
    static HASHES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let all = HASHES.get_or_init(|| {
        let hash = |name: &str| (name.to_owned(), gate::hash_password(&gate::Secret::new(name)));
        ["alice", "bob", "carol"].map(hash).into()
    });
    &all.iter().find(|(known, _)| known == name).expect("one of the three").1
}

/// The rights in the words of `--verb`.
pub(crate) fn right(right: Right) -> &'static str {
    right.word()
}
