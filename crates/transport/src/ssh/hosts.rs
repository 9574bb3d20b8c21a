//! Names of hosts that known_hosts hides.

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::known_hosts::HostPatterns;
use sha1::Sha1;

/// Whether `|1|SALT|HASH` (sshd(8), "ssh_known_hosts file format") is about this name, which is `HOST`, or
/// `[HOST]:PORT` where the port is not 22.
pub fn is_hidden_name(entry: &str, name: &str) -> bool {
    let Ok(HostPatterns::HashedName { salt, hash }) = entry.parse() else { return false };
    let Ok(mac) = Hmac::<Sha1>::new_from_slice(&salt) else { return false };
    mac.chain_update(name).verify_slice(&hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_name_is_known_to_whoever_knows_it() {
        // `ssh-keygen -H` of lines for these names, OpenSSH 9.2.
        let entry = "|1|NexTLKgLKxLbIlsJz4jQk7mstrs=|I4JPId3YZ1IDWSvehXXCm12+WYo=";
        assert!(is_hidden_name(entry, "host.example.com"));
        let entry = "|1|u0mWJuzWJHbhWpIRUzumE5+Meko=|otVq0YwwO9lCSPrvv2QRBD+Djcs=";
        assert!(is_hidden_name(entry, "[10.0.0.1]:2222"));
        assert!(!is_hidden_name(entry, "other.example.com"));
        assert!(!is_hidden_name("|1|x|y", "x"));
        assert!(!is_hidden_name("host.example.com", "host.example.com"), "that one is not hidden");
    }
}
