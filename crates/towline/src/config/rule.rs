//! `[[rule]]`: who may do what; the first that fits counts.

use super::node::{Kind, Node};
use super::section::{Reading, Setting, Shape, Shown, entry};
use super::value::{Written, quoted, words};
use gate::Net;
use serde_json::json;

entry! {
    /// Who may do what where. Has `allow` or `deny`; what it does not name, it does not ask for.
    Rule {
        /// What is allowed: "all", or a list of "read", "write", "create", "delete", "list", "rename".
        allow: Option<Verbs> = None,
        /// What is refused, likewise.
        deny: Option<Verbs> = None,
        /// For this user.
        user: Option<String> = None,
        /// For members of this group.
        group: Option<String> = None,
        /// For clients of this network.
        from: Option<Written<Net>> = None,
        /// For this protocol.
        protocol: Option<Protocol> = None,
        /// For connections of this kind.
        security: Option<Security> = None,
        /// For names that this pattern fits: "/images/**".
        path: Option<String> = None,
    }
}

words! {
    /// What somebody does.
    Verb {
        /// Fetches a file.
        Read = "read",
        /// Writes over a file.
        Write = "write",
        /// Makes a file or a directory.
        Create = "create",
        /// Removes one.
        Delete = "delete",
        /// Asks what is there.
        List = "list",
        /// Gives it another name.
        Rename = "rename",
    }
}

words! {
    /// What somebody speaks.
    Protocol {
        /// TFTP.
        Tftp = "tftp",
        /// FTP.
        Ftp = "ftp",
        /// HTTP and HTTPS.
        Http = "http",
    }
}

words! {
    /// How a connection is protected.
    Security {
        /// Not at all.
        Clear = "clear",
        /// By TLS.
        Tls = "tls",
        /// By SSH.
        Ssh = "ssh",
    }
}

/// Verbs of a rule, in the order of [`Verb::ALL`] where it says "all".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verbs(pub Vec<Verb>);

impl Setting for Verbs {
    fn shape() -> Shape {
        let words: Vec<&str> = Verb::ALL.iter().map(|row| row.1).collect();
        let list = json!({ "type": "array", "minItems": 1, "items": { "enum": words } });
        let wants = format!("\"all\" or a list of {}", words.join(", "));
        Shape::Value { wants, schema: json!({ "anyOf": [{ "const": "all" }, list] }) }
    }

    fn read(node: &Node, reading: &mut Reading) -> Option<Self> {
        match &node.kind {
            Kind::Text(text) if text == "all" => Some(Verbs(Verb::ALL.iter().map(|row| row.0).collect())),
            Kind::List(items) if !items.is_empty() => Vec::read(node, reading).map(Verbs),
            _ => {
                reading.wrong(node, "\"all\", or a list such as [\"read\", \"list\"]");
                None
            }
        }
    }

    fn shown(&self) -> Shown {
        if self.0.len() == Verb::ALL.len() { Shown::Value(quoted("all")) } else { self.0.shown() }
    }
}
