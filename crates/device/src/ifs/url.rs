use crate::profile::Prefix;
use client::Scheme;
use ios_cli::text::modem::Modem;
use std::fmt;
use store::VPath;

/// A local file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fs {
    /// `flash0:`, `flash:`
    Flash,
    /// `nvram:`
    Nvram,
    /// `system:`
    System,
    /// `null:`
    Null,
    /// `xmodem:`: the console's line itself.
    Xmodem,
    /// `ymodem:`
    Ymodem,
}

/// A file that a command names, as far as it names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Url {
    /// On this device. `prefix` is as typed (`flash:`), for texts; `path` is the root where none was
    /// given.
    Local {
        /// The file system.
        fs: Fs,
        /// As typed, colon included; `running-config` and `startup-config` have their file systems'.
        prefix: &'static str,
        /// The file or directory.
        path: VPath,
    },
    /// On another host.
    Net(Net),
}

/// A file of another host; what was not typed is asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Net {
    /// TFTP, FTP, SCP or HTTP.
    pub scheme: Scheme,
    /// User of the URL.
    pub user: Option<String>,
    /// Password of the URL.
    pub password: Option<String>,
    /// Name or address.
    pub host: Option<String>,
    /// Port of the URL.
    pub port: Option<u16>,
    /// The name on the host; a second slash after the host makes it absolute.
    pub path: Option<String>,
}

/// Why a text names no file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadUrl {
    /// No such prefix here.
    #[error("no file system '{0}'")]
    Prefix(String),
    /// The path cannot be one.
    #[error("{0}")]
    Path(#[from] store::BadPath),
    /// `ftp://h:port/`
    #[error("'{0}' is not a port")]
    Port(String),
}

impl Fs {
    const PREFIXES: &'static [(&'static str, Fs)] = &[
        ("nvram:", Fs::Nvram),
        ("system:", Fs::System),
        ("null:", Fs::Null),
        ("xmodem:", Fs::Xmodem),
        ("ymodem:", Fs::Ymodem),
    ];

    /// What is spoken, where it is a line over which a file comes.
    pub(crate) fn modem(self) -> Option<Modem> {
        match self {
            Fs::Xmodem => Some(Modem::X),
            Fs::Ymodem => Some(Modem::Y),
            Fs::Flash | Fs::Nvram | Fs::System | Fs::Null => None,
        }
    }
}

impl Url {
    /// The running configuration.
    pub fn running() -> Url {
        Url::keyword(Fs::System, "system:", "/running-config")
    }

    /// The startup configuration.
    pub fn startup() -> Url {
        Url::keyword(Fs::Nvram, "nvram:", "/startup-config")
    }

    fn keyword(fs: Fs, prefix: &'static str, path: &str) -> Url {
        let path = VPath::parse(path.as_bytes()).expect("a plain name");
        Url::Local { fs, prefix, path }
    }

    /// Reads what was typed. A name without a prefix is a file of flash, relative to `cwd` (a directory
    /// of flash); `flash` is what this device calls that.
    pub fn parse(text: &str, cwd: &VPath, flash: &[Prefix]) -> Result<Url, BadUrl> {
        match text.to_ascii_lowercase().as_str() {
            "running-config" => return Ok(Url::running()),
            "startup-config" => return Ok(Url::startup()),
            _ => {}
        }
        let Some((prefix, rest)) = text.split_once(':') else {
            let prefix = flash.first().map_or("flash:", |p| p.name());
            return Ok(Url::Local { fs: Fs::Flash, prefix, path: cwd.resolve(text.as_bytes())? });
        };
        let scheme = match prefix.to_ascii_lowercase().as_str() {
            "tftp" => Scheme::Tftp,
            "ftp" => Scheme::Ftp,
            "scp" => Scheme::Scp,
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            lower => {
                let ours = flash.iter().map(|p| (p.name(), Fs::Flash));
                let found = ours
                    .chain(Fs::PREFIXES.iter().copied())
                    .find(|(p, _)| p.strip_suffix(':') == Some(lower));
                let (prefix, fs) = found.ok_or_else(|| BadUrl::Prefix(format!("{prefix}:")))?;
                return Ok(Url::Local { fs, prefix, path: VPath::root().resolve(rest.as_bytes())? });
            }
        };
        Net::parse(scheme, rest).map(Url::Net)
    }

    /// Whether a local file (not only a file system) is named, or the whole set of a network file.
    pub fn is_complete(&self) -> bool {
        match self {
            Url::Local { fs: Fs::Null, .. } => true,
            Url::Local { path, .. } => !path.is_root(),
            Url::Net(net) => net.host.is_some() && net.path.is_some(),
        }
    }

    /// The last component of its path; empty where none was given.
    pub fn base(&self) -> String {
        match self {
            Url::Local { path, .. } => String::from_utf8_lossy(path.name()).into_owned(),
            Url::Net(net) => {
                net.path.as_deref().and_then(|p| p.rsplit('/').next()).unwrap_or_default().to_owned()
            }
        }
    }

    /// Whether this is the running configuration.
    pub fn is_running(&self) -> bool {
        *self == Url::running()
    }

    /// Whether this is the startup configuration.
    pub fn is_startup(&self) -> bool {
        *self == Url::startup()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // `flash:x`, and `flash:/dir/x` below the root.
            Url::Local { prefix, path, .. } => {
                write!(f, "{prefix}{}", String::from_utf8_lossy(path.relative()))
            }
            Url::Net(net) => write!(f, "{net}"),
        }
    }
}

impl Net {
    fn parse(scheme: Scheme, rest: &str) -> Result<Net, BadUrl> {
        let mut net = Net { scheme, user: None, password: None, host: None, port: None, path: None };
        let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let Some(rest) = rest.strip_prefix("//") else {
            // `tftp:name`, `tftp:/name`: a name without a host.
            net.path = some(rest.trim_start_matches('/'));
            return Ok(net);
        };
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, some(path)),
            None => (rest, None),
        };
        net.path = path;
        let host = match authority.rsplit_once('@') {
            Some((login, host)) => {
                let (user, password) = login.split_once(':').map_or((login, None), |(u, p)| (u, Some(p)));
                net.user = some(user);
                net.password = password.map(str::to_owned);
                host
            }
            None => authority,
        };
        // `;vrf` selects a routing table, of which this device has one.
        let host = host.split(';').next().unwrap_or(host);
        let (host, port) = match host.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
            _ => (host, None),
        };
        net.port = match port {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| BadUrl::Port(text.to_owned()))?),
        };
        net.host = some(host.trim_start_matches('[').trim_end_matches(']'));
        Ok(net)
    }

    /// `tftp`, `ftp`, `scp`, `https`.
    pub fn scheme_name(&self) -> &'static str {
        match self.scheme {
            Scheme::Tftp => "tftp",
            Scheme::Ftp | Scheme::Ftps => "ftp",
            Scheme::Sftp => "sftp",
            Scheme::Scp => "scp",
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// As the device prints it: credentials masked.
impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scheme_name())?;
        if let Some(host) = &self.host {
            write!(f, "//")?;
            if self.user.is_some() {
                write!(f, "*:*@")?;
            }
            write!(f, "{host}")?;
            if let Some(port) = self.port {
                write!(f, ":{port}")?;
            }
            write!(f, "/")?;
        }
        write!(f, "{}", self.path.as_deref().unwrap_or_default())
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::C2911;

    fn parse(text: &str) -> Url {
        Url::parse(text, &VPath::root(), &C2911.flash.prefixes).expect("a URL")
    }

    fn net(text: &str) -> Net {
        match parse(text) {
            Url::Net(net) => net,
            Url::Local { .. } => panic!("{text} is local"),
        }
    }

    #[test]
    fn local_names() {
        for (text, shown, complete) in [
            ("flash:", "flash:", false),
            ("flash0:", "flash0:", false),
            ("FLASH:/a.bin", "flash:a.bin", true),
            ("flash0:dir/a.bin", "flash0:dir/a.bin", true),
            ("a.bin", "flash0:a.bin", true),
            ("nvram:startup-config", "nvram:startup-config", true),
            ("null:", "null:", true),
            ("flash:/../../etc", "flash:etc", true),
        ] {
            let url = parse(text);
            assert_eq!((url.to_string().as_str(), url.is_complete()), (shown, complete), "{text}");
        }
        assert!(parse("running-config").is_running() && parse("system:running-config").is_running());
        assert!(parse("startup-config").is_startup() && parse("nvram:/startup-config").is_startup());
        let dir = VPath::parse(b"/dir").expect("a path");
        assert_eq!(Url::parse("x", &dir, &C2911.flash.prefixes).expect("a name").to_string(), "flash0:dir/x");
        assert_eq!(Url::parse("slot0:x", &dir, &C2911.flash.prefixes), Err(BadUrl::Prefix("slot0:".into())));
    }

    #[test]
    fn network_names() {
        let n = net("ftp://jeremy:p@ss:w@10.0.0.1:2121/dir/a.bin");
        assert_eq!((n.user.as_deref(), n.password.as_deref()), (Some("jeremy"), Some("p@ss:w")));
        assert_eq!(
            (n.host.as_deref(), n.port, n.path.as_deref()),
            (Some("10.0.0.1"), Some(2121), Some("dir/a.bin"))
        );
        assert_eq!(n.to_string(), "ftp://*:*@10.0.0.1:2121/dir/a.bin");
        let n = net("tftp://10.0.0.1//boot/a.bin");
        assert_eq!(n.path.as_deref(), Some("/boot/a.bin"));
        assert_eq!(n.to_string(), "tftp://10.0.0.1//boot/a.bin");
        for (text, complete, base) in [
            ("tftp:", false, ""),
            ("tftp://10.0.0.1", false, ""),
            ("tftp:a.bin", false, "a.bin"),
            ("tftp://h/d/a", true, "a"),
            ("scp:", false, ""),
            ("SCP://u@h/d/a", true, "a"),
            ("http:", false, ""),
            ("https://u:p@h:8443/d/a", true, "a"),
        ] {
            assert_eq!((parse(text).is_complete(), parse(text).base().as_str()), (complete, base), "{text}");
        }
        assert_eq!(Url::parse("ftp://h:x/y", &VPath::root(), &[]), Err(BadUrl::Port("x".into())));
        assert_eq!(net("tftp://[::1]:69/x").host.as_deref(), Some("::1"));
    }
}
