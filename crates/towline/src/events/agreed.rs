//! What a connection of SSH is made of.

use super::document::{Field, Kind, Row};
use super::fields::{PEER, PROTOCOL, SESSION, USER, always, maybe};
use serde::Serialize;

/// As `login` and `agreed` have it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct Agreed {
    pub ident: String,
    pub key_exchange: String,
    pub host_key: String,
    pub cipher: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Agreed {
    /// Of a login at our server.
    pub(super) fn of(agreed: &gate::Agreed) -> Agreed {
        let gate::Agreed { ident, key_exchange, host_key, cipher, mac, profile } = agreed.clone();
        Agreed { ident, key_exchange, host_key, cipher, mac, profile }
    }
}

const MAC: Field = maybe("mac", Kind::Text, "SSH: the MAC; absent where the cipher has its own.");
const PROFILE: Field = maybe(
    "profile",
    Kind::OneOf(&["modern", "compat", "legacy-ios"]),
    "SSH: the strictest profile that has all of this.",
);

pub(super) const LOGIN: Row = Row {
    event: "login",
    by: "serve",
    doc: "A user, or anonymous, has logged in. Not of TFTP, which has no login.",
    fields: &[
        SESSION,
        PROTOCOL,
        PEER,
        USER,
        always("security", Kind::OneOf(&["clear", "tls", "ssh"]), "How its connection was protected."),
        maybe(
            "key",
            Kind::Text,
            "SSH: by which key, `SHA256:…`, and which certificate vouches for it. TLS: the certificate that was shown beside the login, its subject and `SHA256:…`.",
        ),
        maybe("ident", Kind::Text, "SSH: what the peer's program calls itself."),
        maybe("key_exchange", Kind::Text, "SSH: the key exchange that was agreed."),
        maybe("host_key", Kind::Text, "SSH: the kind of our host key, and how it signed."),
        maybe("cipher", Kind::Text, "SSH: the cipher; both, where each way has its own."),
        MAC,
        PROFILE,
    ],
};

pub(super) const EXAMINED: Row = Row {
    event: "ssh_examined",
    by: "doctor",
    doc: "The examination of a server over SSH is over; what it offers and what would be agreed. Lists have commas between, \
          the server's favourite first; where each way has its own, `;` between them, to the server first.",
    fields: &[
        always("url", Kind::Text, "What was asked about, password masked."),
        maybe("server", Kind::Text, "Address and port."),
        always("seconds", Kind::Number, "How long it took."),
        maybe("ident", Kind::Text, "What the server's program calls itself."),
        maybe("key_exchanges", Kind::Text, "Key exchanges that it offers."),
        maybe("host_keys", Kind::Text, "Kinds of host keys that it offers."),
        maybe("ciphers", Kind::Text, "Ciphers that it offers."),
        maybe("macs", Kind::Text, "MACs that it offers."),
        maybe("compressions", Kind::Text, "Compressions that it offers."),
        maybe("modern", Kind::Text, "What this profile would agree on, or why it does not connect."),
        maybe("compat", Kind::Text, "The same."),
        maybe("legacy_ios", Kind::Text, "The same."),
        maybe("keys", Kind::Text, "Its host keys: fingerprint, kind, what is known; `; ` between."),
        maybe("login", Kind::Text, "Ways to log in."),
        maybe("sftp_version", Kind::Count, "With --login: the version of SFTP."),
        maybe("sftp_extensions", Kind::Text, "With --login: its extensions."),
        maybe("sftp_limits", Kind::Text, "With --login: what `limits@openssh.com` says."),
    ],
};

pub(super) const AGREED: Row = Row {
    event: "agreed",
    by: "all that reach servers over SSH",
    doc: "A server of SSH was met, and is the right one; nobody is logged in yet.",
    fields: &[
        always("host", Kind::Text, "As the URL has it."),
        always("address", Kind::Text, "Address and port."),
        always("ident", Kind::Text, "What the server's program calls itself."),
        always("key_exchange", Kind::Text, "The key exchange that was agreed."),
        always("host_key", Kind::Text, "The kind of the server's key, and how it signed."),
        always("cipher", Kind::Text, "The cipher; both, where each way has its own."),
        MAC,
        PROFILE,
    ],
};
