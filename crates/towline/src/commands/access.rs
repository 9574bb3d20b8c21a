//! `towline access`: who may do what, and by which line of the configuration.

use crate::config::{Loaded, environment};
use crate::exit::{Exit, Failure};
use crate::service::{policy, users};
use clap::{Args, Subcommand};
use gate::{
    Account, Decision, Directory as _, Gate, Guise, Protocol, Refusal, Right, Security, Session, Why,
};
use serde_json::json;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use store::VPath;
use store::memory::Memory;
use store::mounts::{Mount, Mounts};

const EXAMPLES: &str = "\
Examples:
  towline access explain --from 10.0.0.2 --protocol tftp --path /images/a.bin
  towline access explain --user bob --from 10.0.0.2 --protocol ftp --path /configs --config towline.toml
  towline access explain --user bob --from 10.0.0.2 --protocol http --tls --path /a --verb read --json
";

/// See who may do what, and why (docs/access.md).
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Access {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Explain(Explain),
}

/// Print for each verb whether it is allowed, and the line that decides it.
///
/// Judges as the server does, by its code and its configuration; nobody is asked for a password, and no file
/// is looked at. Ends with 0 where the verb (without --verb: any of them) is allowed, with 4 where not.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
struct Explain {
    /// Who: a user of the configuration, or one in the groups of --group. Without it whoever does not log in.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// A group of a user whom the configuration does not name (a file of users, a command). May be repeated.
    #[arg(long, value_name = "NAME", requires = "user")]
    group: Vec<String>,
    /// From where.
    #[arg(long, value_name = "IP")]
    from: IpAddr,
    /// Over what: tftp, ftp, http, sftp or scp.
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Protocol,
    /// The connection is protected by TLS.
    #[arg(long)]
    tls: bool,
    /// On what, as the peer names it.
    #[arg(long, value_name = "PATH")]
    path: String,
    /// Only this: read, write, create, delete, list or rename.
    #[arg(long, value_name = "VERB")]
    verb: Option<Right>,
    /// The configuration. Without it /etc/towline/towline.toml.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl Access {
    /// Does what is asked.
    pub fn run(self) -> Result<(), Failure> {
        match self.what {
            What::Explain(explain) => explain.run(),
        }
    }
}

/// What would be.
struct Judged {
    session: Session,
    path: VPath,
    /// The same in the whole tree.
    tree: VPath,
    verbs: Vec<(Right, Decision)>,
}

impl Explain {
    fn run(self) -> Result<(), Failure> {
        let file = self.config.clone().unwrap_or_else(|| PathBuf::from(crate::config::DEFAULT_FILE));
        let loaded = Loaded::read(Some(&file), environment())?;
        loaded.check_rules()?;
        let judged = self.judge(&loaded)?;
        let text = match (&judged, self.json) {
            (Ok(judged), false) => self.text(judged),
            (Ok(judged), true) => self.object(judged),
            (Err(why), false) => format!("{}: is not let in: {why}\n", self.who()),
            (Err(why), true) => format!("{}\n", json!({ "let_in": false, "reason": why.to_string() })),
        };
        // A reader that went away has seen enough.
        let _gone = std::io::stdout().write_all(text.as_bytes());
        let refused = |what: String| Failure::new(Exit::Refused, &self.path, what, "");
        match judged {
            Err(why) => Err(refused(format!("{} is not let in: {why}", self.who()))),
            Ok(judged) if judged.verbs.iter().any(|(_, decision)| decision.allowed) => Ok(()),
            Ok(_) => Err(refused(format!("{} may not", self.who()))),
        }
    }

    /// What the server's own code says; the inner error: they are not let in.
    fn judge(&self, loaded: &Loaded) -> Result<Result<Judged, Refusal>, Failure> {
        let store = imagined_tree(loaded)?;
        let (gate, _events) = Gate::new(store, policy::without_users(loaded)?);
        let guise = Guise {
            account: self.account(loaded)?,
            peer: SocketAddr::new(self.from, 0),
            protocol: self.protocol,
            security: if self.tls { Security::Tls } else { Security::Clear },
        };
        if self.user.is_some() && self.protocol == Protocol::Tftp {
            let way_out = "leave --user out: devices are told apart by --from";
            return Err(Failure::usage("--user", "TFTP has no users", way_out));
        }
        let session = match gate.imagine(&guise) {
            Ok(session) => session,
            Err(why) => return Ok(Err(why)),
        };
        let wrong = |why: &dyn std::fmt::Display| Failure::usage("--path", why, "name a path of the tree");
        let path = VPath::parse(self.path.as_bytes()).map_err(|why| wrong(&why))?;
        let tree = session.in_tree(&path).map_err(|why| wrong(&why))?;
        let rights = self.verb.map_or_else(|| Right::ALL.to_vec(), |verb| vec![verb]);
        let decided = |right| Ok((right, session.decide(right, &path)?));
        let verbs = rights.into_iter().map(decided).collect::<Result<_, Refusal>>();
        let verbs = verbs.map_err(|why| wrong(&why))?;
        Ok(Ok(Judged { path, tree, verbs, session }))
    }

    /// The user as the configuration or the directory of users has it, with the groups that are given besides.
    fn account(&self, loaded: &Loaded) -> Result<Option<Arc<Account>>, Failure> {
        let Some(name) = &self.user else { return Ok(None) };
        let wrong = |why: &dyn std::fmt::Display| Failure::usage("--user", why, "give a user's name");
        let written = loaded.config.user.iter().find(|user| user.name == *name);
        let (mut groups, home) = match written {
            Some(user) => (user.groups.clone(), user.home.clone().map(String::into_bytes)),
            None => {
                let known = users::directory(loaded)?.map(|dir| dir.user(name)).transpose();
                let known = known.map_err(|why| wrong(&why))?.flatten();
                if known.is_none() && self.group.is_empty() {
                    eprintln!("towline: {name} is in no file: judged as a user without groups; see --group");
                }
                let account = known.map(|user| user.account().clone());
                account.map_or_else(Default::default, |a| {
                    (a.groups().to_vec(), a.home().map(|home| home.as_bytes().to_vec()))
                })
            }
        };
        groups.extend(self.group.iter().cloned());
        let home = home.map(|home| VPath::parse(&home)).transpose().map_err(|why| wrong(&why))?;
        let account = Account::new(name).and_then(|account| account.in_groups(groups));
        account.map(|account| Some(Arc::new(account.at_home(home)))).map_err(|why| wrong(&why))
    }

    fn who(&self) -> String {
        let user = self.user.as_deref().unwrap_or("nobody in particular");
        let security = if self.tls { Security::Tls } else { Security::Clear };
        format!("{user} from {} over {} ({security})", self.from, self.protocol)
    }

    fn text(&self, judged: &Judged) -> String {
        let mut text = format!("{}: {}", self.who(), judged.path);
        if judged.tree != judged.path {
            text.push_str(&format!(" (in the tree: {})", judged.tree));
        }
        text.push('\n');
        for (right, decision) in &judged.verbs {
            let word = if decision.allowed { "allow" } else { "deny" };
            text.push_str(&format!("  {:<7} {word:<6} {}\n", right.word(), decision.why));
        }
        text
    }

    fn object(&self, judged: &Judged) -> String {
        let verb = |(right, decision): &(Right, Decision)| {
            let rule = match &decision.why {
                Why::Rule(place) => Some(place.to_string()),
                Why::ReadOnly
                | Why::Hidden
                | Why::DropBox
                | Why::Upload(_)
                | Why::Grant(_)
                | Why::NotGranted(_)
                | Why::Everybody
                | Why::User
                | Why::NoUser => None,
            };
            json!({
                "verb": right.word(),
                "allowed": decision.allowed,
                "by": decision.why.word(),
                "rule": rule,
                "text": decision.why.to_string(),
            })
        };
        let object = json!({
            "let_in": true,
            "user": judged.session.user(),
            "from": self.from.to_string(),
            "protocol": self.protocol.to_string(),
            "security": if self.tls { "tls" } else { "clear" },
            "path": judged.path.to_string(),
            "tree_path": judged.tree.to_string(),
            "verbs": judged.verbs.iter().map(verb).collect::<Vec<_>>(),
        });
        format!("{object}\n")
    }
}

/// A tree without files of which the same parts are written to.
fn imagined_tree(loaded: &Loaded) -> Result<Arc<dyn store::Store>, Failure> {
    let part = |at: VPath, write| Mount { at, store: Arc::new(Memory::new()), write };
    let config = &loaded.config;
    let writes = config.server.write || config.server.inbox.is_some();
    let mut parts = vec![part(VPath::root(), writes)];
    parts.extend(config.mount.iter().map(|mount| part(mount.path.value.0.clone(), mount.write)));
    let mounts = Mounts::new(parts).map_err(|why| loaded.wrong("mount", why, ""))?;
    Ok(Arc::new(mounts))
}
