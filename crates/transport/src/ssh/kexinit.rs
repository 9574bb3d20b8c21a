//! What each side offers (RFC 4253 §7.1), and what comes of two offers.
//!
//! The library chooses by the same rule; this is for whoever tells what was chosen, and for the choice that is made
//! before it: what is offered to whom.

use std::fmt;

/// SSH_MSG_KEXINIT.
const KEXINIT: u8 = 20;
/// Octets of the cookie before the lists.
const COOKIE: usize = 16;
/// The longest name (RFC 4251 §6).
const LONGEST: usize = 64;
/// Names of a list that are read; OpenSSH has 20 at most.
const MANY: usize = 256;

/// Names in the list of key exchanges that are none: they say what a side can do.
const STRICT: [&str; 2] = ["kex-strict-c-v00@openssh.com", "kex-strict-s-v00@openssh.com"];
const WORDS: [&str; 4] = ["ext-info-c", "ext-info-s", STRICT[0], STRICT[1]];

/// The names that one side offers, those that it likes best first. Of the pairs the first is for what goes to the
/// server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// Key exchanges, and what else is said in their list.
    pub key_exchanges: Vec<String>,
    /// Kinds of host keys, and how they sign.
    pub host_keys: Vec<String>,
    /// Ciphers.
    pub ciphers: [Vec<String>; 2],
    /// MACs.
    pub macs: [Vec<String>; 2],
    /// Compressions.
    pub compressions: [Vec<String>; 2],
}

/// What is chosen of two offers. Of the pairs the first is for what goes to the server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// The key exchange.
    pub key_exchange: String,
    /// The kind of host key, and how it signs.
    pub host_key: String,
    /// Ciphers.
    pub ciphers: [String; 2],
    /// MACs; `None`: the cipher has its own.
    pub macs: [Option<String>; 2],
    /// Compressions.
    pub compressions: [String; 2],
    /// Both sides keep the strict order of the key exchange (OpenSSH's PROTOCOL, 1.9).
    pub is_strict: bool,
}

/// A kind of which two sides have nothing in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    KeyExchange,
    HostKey,
    Cipher,
    Mac,
    Compression,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::KeyExchange => "key exchange",
            Kind::HostKey => "host key",
            Kind::Cipher => "cipher",
            Kind::Mac => "MAC",
            Kind::Compression => "compression",
        })
    }
}

impl Offer {
    /// Of a packet's payload; `None`: it is none.
    pub(super) fn read(payload: &[u8]) -> Option<Offer> {
        let (kind, rest) = payload.split_first()?;
        let mut rest = (*kind == KEXINIT).then(|| rest.get(COOKIE..))??;
        let mut list = || names(&mut rest);
        Some(Offer {
            key_exchanges: list()?,
            host_keys: list()?,
            ciphers: [list()?, list()?],
            macs: [list()?, list()?],
            compressions: [list()?, list()?],
        })
    }

    /// A packet that says it, for who only looks: no key is made from its cookie, which is always the same.
    pub(super) fn packet(&self) -> Vec<u8> {
        let Offer { key_exchanges, host_keys, ciphers, macs, compressions } = self;
        let lists = [key_exchanges, host_keys].into_iter().chain(ciphers).chain(macs).chain(compressions);
        let mut lists: Vec<String> = lists.map(|names| names.join(",")).collect();
        // Languages: none.
        lists.resize(10, String::new());
        let lists: [&str; 10] = std::array::from_fn(|n| lists[n].as_str());
        made::packet(&made::payload(&lists))
    }

    /// The names of a kind, for what goes to the server.
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::KeyExchange => &self.key_exchanges,
            Kind::HostKey => &self.host_keys,
            Kind::Cipher => &self.ciphers[0],
            Kind::Mac => &self.macs[0],
            Kind::Compression => &self.compressions[0],
        }
    }

    /// The same without the words in the list of key exchanges that are none.
    pub fn names(&self, kind: Kind) -> Vec<String> {
        self.of(kind).iter().filter(|name| !WORDS.contains(&name.as_str())).cloned().collect()
    }

    /// Whether this side keeps the strict order of the key exchange.
    pub fn is_strict(&self) -> bool {
        self.key_exchanges.iter().any(|name| STRICT.contains(&name.as_str()))
    }
}

/// By the rule of RFC 4253 §7.1: the first of the client's that the server has too.
///
/// # Errors
/// The first kind of which there is none.
pub fn agree(client: &Offer, server: &Offer) -> Result<Agreed, Kind> {
    let is_word = |name: &String| WORDS.contains(&name.as_str());
    let first = |kind, client: &[String], server: &[String]| {
        let both = client.iter().find(|name| !is_word(name) && server.contains(name));
        both.cloned().ok_or(kind)
    };
    let key_exchange = first(Kind::KeyExchange, &client.key_exchanges, &server.key_exchanges)?;
    let host_key = first(Kind::HostKey, &client.host_keys, &server.host_keys)?;
    let way = |n: usize| {
        let cipher = first(Kind::Cipher, &client.ciphers[n], &server.ciphers[n])?;
        let mac = match has_mac(&cipher) {
            true => None,
            false => Some(first(Kind::Mac, &client.macs[n], &server.macs[n])?),
        };
        let compression = first(Kind::Compression, &client.compressions[n], &server.compressions[n])?;
        Ok((cipher, mac, compression))
    };
    let (up, down) = (way(0)?, way(1)?);
    let has = |offer: &Offer, word: &str| offer.key_exchanges.iter().any(|name| name == word);
    Ok(Agreed {
        key_exchange,
        host_key,
        ciphers: [up.0, down.0],
        macs: [up.1, down.1],
        compressions: [up.2, down.2],
        is_strict: has(client, STRICT[0]) && has(server, STRICT[1]),
    })
}

impl Agreed {
    /// Whether somebody between could cut the beginning off, unnoticed (CVE-2023-48795).
    pub fn is_open_to_terrapin(&self) -> bool {
        let mut ways = self.ciphers.iter().zip(&self.macs);
        !self.is_strict
            && ways.any(|(cipher, mac)| {
                is_chacha(cipher) || is_cbc(cipher) && mac.as_deref().is_some_and(encrypts_first)
            })
    }

    /// The cipher; both, where each way has its own.
    pub fn cipher(&self) -> String {
        of_both(&self.ciphers)
    }

    /// The MAC, where the cipher has none of its own; both, where each way has its own.
    pub fn mac(&self) -> Option<String> {
        match &self.macs {
            [None, None] => None,
            macs => Some(of_both(&macs.clone().map(|mac| mac.unwrap_or_else(|| String::from("none"))))),
        }
    }
}

/// `key exchange X, host key Y, cipher Z, MAC W`.
impl fmt::Display for Agreed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}, {}", self.key_exchange, self.host_key, self.cipher())?;
        self.mac().map_or(Ok(()), |mac| write!(f, ", {mac}"))
    }
}

fn of_both([up, down]: &[String; 2]) -> String {
    if up == down { up.clone() } else { format!("{up} to the server, {down} from it") }
}

/// Ciphers that have their own MAC: what was agreed of the others is not used (RFC 5647 §5.1, OpenSSH's PROTOCOL).
fn has_mac(cipher: &str) -> bool {
    is_chacha(cipher) || cipher.contains("-gcm")
}

fn is_chacha(cipher: &str) -> bool {
    cipher == "chacha20-poly1305@openssh.com"
}

fn is_cbc(cipher: &str) -> bool {
    cipher.ends_with("-cbc")
}

fn encrypts_first(mac: &str) -> bool {
    mac.ends_with("-etm@openssh.com")
}

/// A name-list (RFC 4251 §5): names of printable US-ASCII with commas between.
fn names(rest: &mut &[u8]) -> Option<Vec<String>> {
    let (len, after) = rest.split_first_chunk::<4>()?;
    let (list, after) = after.split_at_checked(u32::from_be_bytes(*len) as usize)?;
    *rest = after;
    if list.is_empty() {
        return Some(Vec::new());
    }
    let name = |octets: &[u8]| {
        let is_name = (1..=LONGEST).contains(&octets.len()) && octets.iter().all(u8::is_ascii_graphic);
        is_name.then(|| octets.iter().map(|b| char::from(*b)).collect())
    };
    let mut names = list.split(|b| *b == b',');
    let read = names.by_ref().take(MANY).map(name).collect::<Option<Vec<String>>>()?;
    names.next().is_none().then_some(read)
}

/// Offers as they are on the wire.
pub(super) mod made {
    /// A payload with a cookie and these lists; nothing follows.
    pub(in crate::ssh) fn payload(lists: &[&str; 10]) -> Vec<u8> {
        let mut payload = [&[super::KEXINIT][..], &[7; super::COOKIE]].concat();
        for list in lists {
            payload.extend(u32::try_from(list.len()).unwrap_or_default().to_be_bytes());
            payload.extend(list.as_bytes());
        }
        payload.extend([0; 5]);
        payload
    }

    /// A packet around it, not encrypted (RFC 4253 §6).
    pub(in crate::ssh) fn packet(payload: &[u8]) -> Vec<u8> {
        // Four octets at least, and all of it a multiple of eight.
        let padding = 4 + 7 - (payload.len() + 5 + 3) % 8;
        let len = u32::try_from(1 + payload.len() + padding).unwrap_or_default();
        [&len.to_be_bytes()[..], &[padding as u8], payload, &vec![0; padding]].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::made::payload;
    use super::*;
    use crate::ssh::Profile;

    fn made(kex: &str, keys: &str, ciphers: &str, macs: &str) -> Offer {
        Offer::read(&payload(&[kex, keys, ciphers, ciphers, macs, macs, "none", "none", "", ""])).unwrap()
    }

    #[test]
    fn the_first_of_the_client_s_that_the_server_has_is_chosen() {
        let client = made("x,a,b,ext-info-c", "k,l", "aes128-ctr,aes128-gcm@openssh.com", "m,n");
        let server = made("b,a,ext-info-c", "l,k", "aes128-gcm@openssh.com,aes128-ctr", "n,m");
        let agreed = agree(&client, &server).unwrap();
        assert_eq!(agreed.to_string(), "a, k, aes128-ctr, m");
        assert_eq!(agree(&server, &client).unwrap().to_string(), "b, l, aes128-gcm@openssh.com");
        assert_eq!(agree(&made("x,ext-info-c", "k", "c", "m"), &server), Err(Kind::KeyExchange));
        assert_eq!(agree(&made("a", "x", "c", "m"), &server), Err(Kind::HostKey));
        assert_eq!(agree(&made("a", "k", "c", "m"), &server), Err(Kind::Cipher));
        assert_eq!(agree(&made("a", "k", "aes128-ctr", "x"), &server), Err(Kind::Mac));
        // One with a MAC of its own needs none.
        assert!(agree(&made("a", "k", "aes128-gcm@openssh.com", "x"), &server).is_ok());
    }

    #[test]
    fn each_way_has_its_own() {
        let both = ["a", "k", "aes128-ctr,aes256-ctr", "aes256-ctr", "m", "n", "none", "none", "", ""];
        let offer = Offer::read(&payload(&both)).unwrap();
        let agreed = agree(&offer, &offer).unwrap();
        assert_eq!(
            agreed.to_string(),
            "a, k, aes128-ctr to the server, aes256-ctr from it, m to the server, n from it"
        );
    }

    #[test]
    fn terrapin_wants_chacha_or_cbc_encrypted_first_and_a_side_that_is_not_strict() {
        let [c, s] = STRICT;
        let chacha = "chacha20-poly1305@openssh.com";
        for (client, server, cipher, mac, is_open) in [
            ("", "", chacha, "m", true),
            (c, "", chacha, "m", true),
            ("", s, chacha, "m", true),
            (c, s, chacha, "m", false),
            // A word that is the other side's says nothing.
            (s, c, chacha, "m", true),
            ("", "", "aes128-cbc", "hmac-sha1-etm@openssh.com", true),
            ("", "", "aes128-cbc", "hmac-sha1", false),
            ("", "", "aes128-ctr", "hmac-sha1-etm@openssh.com", false),
            ("", "", "aes128-gcm@openssh.com", "hmac-sha1-etm@openssh.com", false),
        ] {
            let side = |word: &str| {
                made(&format!("a,b{}{word}", if word.is_empty() { "" } else { "," }), "k", cipher, mac)
            };
            let agreed = agree(&side(client), &side(server)).unwrap();
            assert_eq!(agreed.is_open_to_terrapin(), is_open, "{client:?} {server:?} {cipher} {mac}");
        }
    }

    #[test]
    fn an_offer_that_is_written_is_read_as_the_same() {
        for profile in Profile::ALL {
            let packet = profile.offer().packet();
            assert_eq!(packet.len() % 8, 0);
            assert_eq!(Offer::read(&packet[5..]), Some(profile.offer()));
        }
    }

    #[test]
    fn what_is_no_list_of_names_is_no_offer() {
        let whole = payload(&["a", "k", "c", "c", "m", "m", "none", "none", "", ""]);
        assert!(Offer::read(&whole).is_some());
        for cut in [0, 1, 17, 20, whole.len() - 20] {
            assert_eq!(Offer::read(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(Offer::read(&[&[21], &whole[1..]].concat()), None, "another message");
        for bad in ["a,,b", ",", "a b", "a\u{e9}", &"x".repeat(65), &vec!["a"; 257].join(",")] {
            assert_eq!(
                Offer::read(&payload(&[bad, "k", "c", "c", "m", "m", "none", "none", "", ""])),
                None,
                "{bad}"
            );
        }
    }
}
