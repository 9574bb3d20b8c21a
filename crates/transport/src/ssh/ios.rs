//! What the SSH server of IOS offers where nothing of it was configured, to the letter: an emulated device is met as a
//! real one is, by clients that refuse it too.
//!
//! What the library has not is left out of a list, whose order stays: `hmac-sha1-96`, `hmac-md5`, `hmac-md5-96`,
//! and the GCM ciphers by their names without `@openssh.com`. No client has only these. IOS says nothing of extensions, of the strict order of the key exchange, or of compression.

use super::kexinit::Offer;
use super::profile::{Side, offer};
use russh::keys::{Algorithm, HashAlg};
use russh::{Preferred, cipher, compression, kex, mac};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A generation of IOS, by the first release that offers this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Ios {
    /// IOS XE 17.16: nothing that is old.
    Xe17,
    /// 15.5(2)T and later, and IOS XE 16: no group1, no CBC.
    #[default]
    V15_5,
    /// 15.2 to 15.4: AES-CTR before CBC.
    V15_2,
    /// 12.4 to 15.1: CBC only.
    V12_4,
}

/// A generation's lists, in its order.
struct Lists {
    kex: &'static [kex::Name],
    keys: &'static [Algorithm],
    ciphers: &'static [cipher::Name],
    macs: &'static [mac::Name],
}

const SHA1: [Algorithm; 1] = [Algorithm::Rsa { hash: None }];
const CTR: [cipher::Name; 3] = [cipher::AES_128_CTR, cipher::AES_192_CTR, cipher::AES_256_CTR];
const CBC: [cipher::Name; 4] =
    [cipher::AES_128_CBC, cipher::TRIPLE_DES_CBC, cipher::AES_192_CBC, cipher::AES_256_CBC];
const BOTH: [cipher::Name; 7] = [CTR[0], CTR[1], CTR[2], CBC[0], CBC[1], CBC[2], CBC[3]];
const WITH_GROUP1: [kex::Name; 3] = [kex::DH_GEX_SHA1, kex::DH_G14_SHA1, kex::DH_G1_SHA1];

impl Ios {
    /// Each, the newest first.
    pub const ALL: [Ios; 4] = [Ios::Xe17, Ios::V15_5, Ios::V15_2, Ios::V12_4];

    fn lists(self) -> Lists {
        match self {
            // `show ip ssh` of an IOL with 17.16.1a. Its host key is one of RSA.
            Ios::Xe17 => Lists {
                kex: &[
                    kex::CURVE25519,
                    kex::CURVE25519_PRE_RFC_8731,
                    kex::ECDH_SHA2_NISTP256,
                    kex::ECDH_SHA2_NISTP384,
                    kex::ECDH_SHA2_NISTP521,
                    kex::DH_G14_SHA256,
                    kex::DH_G16_SHA512,
                ],
                keys: &[
                    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
                    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
                ],
                ciphers: &[
                    cipher::CHACHA20_POLY1305,
                    cipher::AES_128_GCM,
                    cipher::AES_256_GCM,
                    CTR[0],
                    CTR[1],
                    CTR[2],
                ],
                macs: &[mac::HMAC_SHA256_ETM, mac::HMAC_SHA512_ETM],
            },
            // `show ip ssh` of a C1941 with 15.x and of a Catalyst 9300 with 16.x; the offer of a C1111 with 16.x, as
            // OpenSSH shows it. A host key's kind is ssh-rsa alone there: x509v3-ssh-rsa needs a certificate.
            Ios::V15_5 => Lists {
                kex: &[kex::DH_GEX_SHA1, kex::DH_G14_SHA1],
                keys: &SHA1,
                ciphers: &CTR,
                // hmac-sha1-96 is the last.
                macs: &[mac::HMAC_SHA256, mac::HMAC_SHA512, mac::HMAC_SHA1],
            },
            // `show ip ssh` of a Catalyst 2960 with 15.2(4)E10; a router's offer of 364 octets has just these names
            // and hmac-sha1-96.
            Ios::V15_2 => Lists { kex: &WITH_GROUP1, keys: &SHA1, ciphers: &BOTH, macs: &[mac::HMAC_SHA1] },
            // Offers of 340 octets, as clients logged them; hmac-sha1-96, hmac-md5 and hmac-md5-96 are the last.
            Ios::V12_4 => Lists { kex: &WITH_GROUP1, keys: &SHA1, ciphers: &CBC, macs: &[mac::HMAC_SHA1] },
        }
    }

    /// What its server offers, of what we have.
    pub fn offer(self) -> Offer {
        offer(&self.preferred(), Side::Server)
    }

    /// For the library.
    pub(super) fn preferred(self) -> Preferred {
        let Lists { kex, keys, ciphers, macs } = self.lists();
        Preferred {
            kex: Cow::Borrowed(kex),
            key: Cow::Borrowed(keys),
            host_key_certificates: Cow::Borrowed(&[]),
            cipher: Cow::Borrowed(ciphers),
            mac: Cow::Borrowed(macs),
            compression: Cow::Borrowed(&[compression::NONE]),
        }
    }
}

impl fmt::Display for Ios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ios::Xe17 => "ios-xe-17",
            Ios::V15_5 => "ios-15.5",
            Ios::V15_2 => "ios-15.2",
            Ios::V12_4 => "ios-12.4",
        })
    }
}

impl FromStr for Ios {
    type Err = String;

    fn from_str(text: &str) -> Result<Ios, String> {
        let found = Ios::ALL.into_iter().find(|ios| ios.to_string() == text);
        found.ok_or_else(|| format!("'{text}': a generation is ios-xe-17, ios-15.5, ios-15.2 or ios-12.4"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_reads_what_it_is_called() {
        for ios in Ios::ALL {
            assert_eq!(ios.to_string().parse(), Ok(ios));
        }
        assert!("legacy-ios".parse::<Ios>().is_err());
    }
}
