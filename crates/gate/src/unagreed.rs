//! Peers over SSH with which nothing of one kind is in common.

use std::fmt;

/// Names of an offer that are told; a peer says how many there are.
const TOLD: usize = 12;

/// What a peer and this server offer of a kind of which they have nothing in common.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unagreed {
    /// The peer's program, printable.
    pub ident: String,
    /// `key exchange`, `host key`, `cipher`, `MAC`, `compression`.
    pub kind: String,
    /// Names that the peer offers.
    pub theirs: Vec<String>,
    /// Names that this server offers.
    pub ours: Vec<String>,
    /// What the owner would have to allow, as the configuration calls that; `None`: nothing that is known here would do.
    pub profile: Option<String>,
}

impl fmt::Display for Unagreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unagreed { ident, kind, theirs, ours, profile } = self;
        let (theirs, ours) = (few(theirs), few(ours));
        write!(f, "no {kind} in common: {ident} offers {theirs}; we offer {ours}; ")?;
        match profile {
            Some(profile) => write!(f, "--ssh-profile {profile} (sftp.profile) lets it in"),
            None => f.write_str("no profile lets it in: the client needs an update"),
        }
    }
}

fn few(names: &[String]) -> String {
    match names {
        [] => String::from("nothing"),
        names if names.len() <= TOLD => names.join(","),
        names => format!("{} and {} more", names[..TOLD].join(","), names.len() - TOLD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_both_offers_and_what_to_do_and_is_bounded() {
        let mut unagreed = Unagreed {
            ident: "SSH-2.0-Cisco-1.25".into(),
            kind: "key exchange".into(),
            theirs: vec!["diffie-hellman-group1-sha1".into()],
            ours: vec!["curve25519-sha256".into(), "ecdh-sha2-nistp256".into()],
            profile: Some("legacy-ios".into()),
        };
        assert_eq!(
            unagreed.to_string(),
            "no key exchange in common: SSH-2.0-Cisco-1.25 offers diffie-hellman-group1-sha1; we offer \
             curve25519-sha256,ecdh-sha2-nistp256; --ssh-profile legacy-ios (sftp.profile) lets it in"
        );
        unagreed.theirs = (0..256).map(|n| format!("{n:064}")).collect();
        unagreed.profile = None;
        let text = unagreed.to_string();
        assert!(text.len() < 1_100 && text.contains(" and 244 more; we offer "), "{text}");
        assert!(text.ends_with("no profile lets it in: the client needs an update"));
    }
}
