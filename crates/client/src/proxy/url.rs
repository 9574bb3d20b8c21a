//! Which proxy, and for which hosts.

use super::{Account, Goal, Words, connect::Connect, socks::Socks};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use store::locator::{Locator, Remote};

/// A proxy, and the hosts that are reached without it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    kind: Kind,
    /// Name or address of the proxy itself.
    pub(super) host: String,
    pub(super) port: u16,
    account: Option<Account>,
    except: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Socks5,
    Http,
}

/// What the text is that names no proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadProxy {
    /// No URL of one.
    #[error("is no proxy: write socks5://[USER:PASSWORD@]HOST[:PORT] or http://[USER:PASSWORD@]HOST[:PORT]")]
    Text,
    /// Another kind of proxy.
    #[error("is of a kind that is not known: socks5:// and http:// are")]
    Kind,
    /// RFC 1929 has an octet for each length.
    #[error("has a user or password that SOCKS5 has no room for: 1 to 255 octets each")]
    Login,
}

impl FromStr for Proxy {
    type Err = BadProxy;

    fn from_str(text: &str) -> Result<Proxy, BadProxy> {
        let (scheme, place) = text.split_once("://").ok_or(BadProxy::Text)?;
        let (kind, own_port) = match scheme.to_ascii_lowercase().as_str() {
            "socks5" | "socks5h" => (Kind::Socks5, 1080),
            "http" => (Kind::Http, 8080),
            _other => return Err(BadProxy::Kind),
        };
        // User, password, host and port are written as in any URL.
        let place = place.strip_suffix('/').unwrap_or(place);
        let parsed = Locator::parse(format!("ftp://{place}/"));
        let Ok(Locator::Remote(Remote { user, password, host, port, path, .. })) = parsed else {
            return Err(BadProxy::Text);
        };
        if !path.is_empty() {
            return Err(BadProxy::Text);
        }
        let account = user.map(|user| Account { user, password: password.unwrap_or_default() });
        if let (Kind::Socks5, Some(Account { user, password })) = (kind, &account)
            && [user, password].iter().any(|text| !(1..=255).contains(&text.len()))
        {
            return Err(BadProxy::Login);
        }
        Ok(Proxy { kind, host, port: port.unwrap_or(own_port), account, except: Vec::new() })
    }
}

impl Proxy {
    /// All but these hosts, as `NO_PROXY` of curl has them: names with what is below them, addresses, networks
    /// (`10.0.0.0/8`), or `*`; with commas or spaces between.
    #[must_use]
    pub fn except(self, hosts: &str) -> Proxy {
        let words = hosts.split([',', ' ']).filter(|word| !word.is_empty());
        Proxy { except: words.map(str::to_ascii_lowercase).collect(), ..self }
    }

    /// Whether a server is reached by way of it.
    pub fn is_for(&self, host: &str) -> bool {
        let name = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = name.parse().ok();
        !self.except.iter().any(|word| match address {
            Some(address) => word == "*" || holds(word, address),
            None => {
                let word = word.trim_matches('.');
                let below = name.strip_suffix(word).and_then(|rest| rest.strip_suffix('.'));
                word == "*" || name == word || (below.is_some() && !word.is_empty())
            }
        })
    }

    pub(super) fn words(&self, goal: Goal) -> Words {
        match self.kind {
            Kind::Socks5 => Words::Socks(Socks::new(goal, self.account.clone())),
            Kind::Http => Words::Connect(Connect::new(goal, self.account.as_ref())),
        }
    }
}

/// Whether a word is this address, or a network that has it.
fn holds(word: &str, address: IpAddr) -> bool {
    let (network, length) = match word.split_once('/') {
        Some((network, length)) => (network, length.parse::<u32>().ok()),
        None => (word, Some(128)),
    };
    let network = network.trim_start_matches('[').trim_end_matches(']');
    let (Ok(network), Some(length)) = (network.parse::<IpAddr>(), length) else { return false };
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(u32::from(network)), u128::from(u32::from(address)), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (u128::from(network), u128::from(address), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    // A shift by all of them is none that a machine has.
    (network ^ address).checked_shr(width - length.min(width)).unwrap_or(0) == 0
}

/// Without the login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Socks5 => "socks5",
            Kind::Http => "http",
        };
        match self.host.contains(':') {
            true => write!(f, "{kind}://[{}]:{}", self.host, self.port),
            false => write!(f, "{kind}://{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
