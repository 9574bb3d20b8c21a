//! Rules that say nothing, or nothing that can happen.

use super::super::rule;
use super::Check;
use gate::{Protocol, Security};

pub(super) fn check(check: &mut Check<'_>) {
    rule::faults(check.loaded, &mut check.faults);
    for (i, rule) in check.config.rule.iter().enumerate() {
        let happens = |protocol: &Protocol| rule.security.0.iter().any(|security| is(*protocol, *security));
        if !rule.security.0.is_empty() && !rule.protocol.0.is_empty() && !rule.protocol.0.iter().any(happens)
        {
            let what = "the rule never fits: its protocols are not protected so";
            check.fault(&format!("rule.{i}.security"), what, "take security or protocol away");
        }
    }
}

/// Whether a connection of this protocol is ever protected so.
fn is(protocol: Protocol, security: Security) -> bool {
    match (protocol, security) {
        (Protocol::Tftp, Security::Tls | Security::Ssh) => false,
        (Protocol::Ftp | Protocol::Http, Security::Ssh) => false,
        (Protocol::Tftp | Protocol::Ftp | Protocol::Http, Security::Clear) => true,
        (Protocol::Ftp | Protocol::Http, Security::Tls) => true,
        (Protocol::Sftp | Protocol::Scp, security) => security == Security::Ssh,
    }
}
