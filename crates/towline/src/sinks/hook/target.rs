//! Where a hook's POST goes: a web address, taken apart.

/// `http://HOST[:PORT][/PATH]`, or https.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Over TLS.
    pub is_tls: bool,
    /// The name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query, as the request's first line has them.
    pub path: String,
}

impl Target {
    /// Takes it apart; the error says what is wrong with it.
    pub fn parse(url: &str) -> Result<Target, &'static str> {
        // RFC 3986 §2: anything else is percent-encoded. No line of the request can be broken by it.
        if !url.bytes().all(|b| b.is_ascii_graphic()) {
            return Err("it has characters that are not printable ASCII");
        }
        let (scheme, rest) = url.split_once("://").ok_or("it does not begin with http:// or https://")?;
        let (is_tls, standard) = match scheme {
            "http" => (false, 80),
            "https" => (true, 443),
            _ => return Err("it does not begin with http:// or https://"),
        };
        // RFC 9110 §7.1: a fragment is not sent.
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err("it has a user or a password, which everybody sees who sees the configuration");
        }
        let after_bracket = authority.rfind(']').unwrap_or(0);
        let (host, port) = match authority[after_bracket..].rsplit_once(':') {
            None => (authority, standard),
            Some((_, port)) => {
                let host = &authority[..authority.len() - port.len() - 1];
                (host, port.parse().ok().filter(|port| *port > 0).ok_or("its port is none")?)
            }
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '[', ']']),
        };
        if !is_host {
            return Err("it has no host");
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Target { is_tls, host: bare.unwrap_or(host).to_owned(), port, path })
    }

    /// Host and port, as a resolver takes them.
    pub fn address(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// What the `Host` field says (RFC 9110 §7.2): the port only where it is not the scheme's own.
    pub(super) fn authority(&self) -> String {
        match (self.is_tls, self.port) {
            (false, 80) | (true, 443) => self.bracketed(),
            (false | true, _) => self.address(),
        }
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        for (url, address, authority, path) in [
            ("http://a/b", "a:80", "a", "/b"),
            ("https://a", "a:443", "a", "/"),
            ("https://a:8443/b?c=d#e", "a:8443", "a:8443", "/b?c=d"),
            ("http://[2001:db8::1]:81/", "[2001:db8::1]:81", "[2001:db8::1]:81", "/"),
            ("https://[::1]?x", "[::1]:443", "[::1]", "/?x"),
        ] {
            let target = Target::parse(url).unwrap();
            let got = (target.address(), target.authority(), target.path);
            assert_eq!(got, (address.into(), authority.into(), path.into()), "{url}");
        }
    }

    #[test]
    fn what_is_none_is_refused_with_its_reason() {
        for (url, why) in [
            ("ftp://a", "http:// or https://"),
            ("a", "http:// or https://"),
            ("http:///x", "no host"),
            ("http://:80/", "no host"),
            ("http://[a]/", "no host"),
            ("http://::1/", "no host"),
            ("http://a:0/", "its port"),
            ("http://a:x/", "its port"),
            ("http://u:p@a/", "a password"),
            ("http://a/b\r\nX: y", "printable"),
            ("http://a/b c", "printable"),
        ] {
            let told = Target::parse(url).unwrap_err();
            assert!(told.contains(why), "{url}: {told}");
        }
    }
}
