//! `[ftp]` and `[ftps]`.

use super::rule::Several;
use super::section::{entry, section};
use super::value::{Wanted, Written};
use super::words::words;
use gate::{Net, RootPath};
use serve::ftp::{Look, Reuse, TlsEnd};
use serve::listen::Want;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

section! {
    /// FTP: its port, its data connections and its TLS.
    Ftp {
        /// The TCP port. Without it 21, and 2121 where 21 is not to be had.
        port: Want = Want::Default,
        /// Ports for passive data connections, for a firewall; where they are fewer than sessions clients of different addresses
        /// share them. Without it any free one.
        passive_ports: Option<RangeInclusive<u16>> = None,
        /// Whether clients may put a connection under TLS (AUTH TLS), or have to.
        tls: Tls = Tls::Offer,
        /// The certificate that FTP shows under TLS, with its chain, PEM. Without it and its key one is made at the first
        /// start and kept: in server.state, or in the state directory of the user who starts the server.
        cert: Option<PathBuf> = None,
        /// Its private key, PEM; nobody else may read it.
        key: Option<PathBuf> = None,
        /// Whether an upload under TLS counts that ends without close_notify, which a cut looks like too.
        tls_end: End = End::Require,
        /// Whether data connections have to go on from the TLS session of their control connection.
        tls_reuse: Resumption = Resumption::Optional,
        /// The authorities that vouch for clients, PEM: who shows a certificate of another is turned away, and the log
        /// says who showed which. Without it nobody is asked for one. It is shown beside the login, not in its place.
        tls_clients: Option<PathBuf> = None,
        /// Where there are `tls-clients`: whether each client has to have a certificate of theirs.
        tls_client: Asked = Asked::Require,
        /// Let clients take the control connection out of TLS again (CCC), for a firewall that has to read PASV. Whoever is
        /// between can write commands then. Never where `tls` is "require".
        ccc: bool = false,
        /// What is otherwise for old clients.
        profile: Vec<Profile> = Vec::new(),
        /// Several servers at one address.
        host: Vec<Host> = Vec::new(),
        /// Which address passive replies tell whom.
        passive: Vec<Passive> = Vec::new(),
        /// Who may have files go from server to server.
        fxp: Vec<Fxp> = Vec::new(),
        /// Who sees the sessions of others.
        overseer: Vec<Overseer> = Vec::new(),
        /// Proxies that say before anything else for whom they come (the PROXY protocol, versions 1 and 2): from these
        /// networks the header has to come, from others it is none.
        proxy: Vec<Written<Net>> = Vec::new(),
    }
}

entry! {
    /// What is otherwise for old clients and devices: of a network, or that say by CLNT what they are. The first that fits
    /// counts; what CLNT says goes before the network.
    Profile {
        /// Clients of this network.
        clients: Option<Written<Net>> = None,
        /// Clients whose CLNT begins with this, in any case; in place of `clients`.
        client: Option<String> = None,
        /// How lines of LIST look.
        list: ListLook = ListLook::Unix,
        /// Whether there is EPSV; without it they are left with PASV.
        epsv: bool = true,
        /// Whether "MDTM YYYYMMDDHHMMSS name" sets the time of a file.
        mdtm_sets: bool = false,
    }
}

entry! {
    /// The address that PASV tells clients of a network, for servers behind address translation. The first that fits counts;
    /// whom none fits is told the address that it came to.
    Passive {
        /// The clients.
        clients: Written<Net>,
        /// An IPv4 address or a name; a name is looked up at the start and at each reload.
        address: Written<Told>,
    }
}

entry! {
    /// Users who may have data connections with other hosts than their own, so that files go from server to server (FXP). Without
    /// a row nobody may: PORT and EPRT to another host are refused, and passive ports serve the client's address alone.
    Fxp {
        /// Those who may; without it every user. Anonymous never.
        user: Several<String> = Several::default(),
        /// If they come from this network.
        clients: Option<Written<Net>> = None,
        /// The other servers.
        hosts: Written<Net>,
        /// SHA-256 of the certificate that they show where this server is the client of TLS (SSCN, CPSV). Without it any is
        /// taken: the octets are encrypted, and who is at the other end the address alone says.
        cert_pin: Option<Written<Pin>> = None,
    }
}

entry! {
    /// Users to whom SITE WHO shows all sessions of the server, of every protocol, with who that is. Without a row it shows each
    /// its own.
    Overseer {
        /// These. Anonymous is none.
        user: Several<String> = Several::default(),
        /// And members of these groups.
        group: Several<String> = Several::default(),
        /// If they come from one of these networks.
        clients: Several<Written<Net>> = Several::default(),
    }
}

entry! {
    /// One of several FTP servers at one address: the client says which by HOST, or by the name that it asks TLS for. Where
    /// there is any, other names are refused; who says none gets what is there without it.
    Host {
        /// Its name: "ftp.example.net".
        name: Written<HostName>,
        /// What `/` is there: a directory of the tree, as in `[[root]]`, before whose rows it comes.
        root: Option<Written<RootPath>> = None,
        /// The text of its greeting.
        banner: Option<String> = None,
        /// The certificate that it shows under TLS, with its chain, PEM. Without it and its key it shows FTP's.
        cert: Option<PathBuf> = None,
        /// Its private key, PEM; nobody else may read it.
        key: Option<PathBuf> = None,
    }
}

section! {
    /// FTP that is under TLS from the first octet.
    Ftps {
        /// The TCP port; "default" is 990, and 9990 where 990 is not to be had. Without it there is no FTPS; AUTH TLS on
        /// FTP's own port is there all the same.
        port: Want = Want::Off,
    }
}

words! {
    /// Whether there is TLS on FTP's port.
    Tls {
        /// There is none.
        Off = "off",
        /// Who wants it has it.
        Offer = "offer",
        /// Nobody logs in without it, nothing is moved without it.
        Require = "require",
    }
}

words! {
    /// When an upload under TLS is whole.
    End {
        /// When the client says so with close_notify.
        Require = "require",
        /// Also when it has the length that ALLO announced.
        SizeKnown = "size-known",
        /// However it ends.
        Accept = "accept",
    }
}

words! {
    /// Whether a data connection proves who made it.
    Resumption {
        /// The client's address does.
        Optional = "optional",
        /// It has to go on from the control connection's TLS session.
        Require = "require",
    }
}

words! {
    /// Whether clients are asked for a certificate.
    Asked {
        /// Who has none is let in.
        Ask = "ask",
        /// Who has none is turned away.
        Require = "require",
    }
}

words! {
    /// How lines of LIST look.
    ListLook {
        /// As `ls -l`.
        Unix = "unix",
        /// As DOS's `dir`, and IIS.
        Dos = "dos",
    }
}

impl Fxp {
    /// What it grants.
    pub fn granted(&self) -> gate::ThirdParty {
        let clients = self.clients.as_ref().map(|net| net.value);
        gate::ThirdParty { users: self.user.0.clone(), clients, hosts: self.hosts.value }
    }

    /// Which certificate is shown there.
    pub fn pinned(&self) -> Option<(Net, [u8; 32])> {
        Some((self.hosts.value, self.cert_pin.as_ref()?.value.0))
    }
}

impl Overseer {
    /// As the gate has it.
    pub fn named(&self) -> gate::Overseer {
        gate::Overseer {
            users: self.user.0.clone(),
            groups: self.group.0.clone(),
            clients: self.clients.values(),
        }
    }
}

impl Profile {
    /// What is otherwise.
    pub fn otherwise(&self) -> serve::ftp::Profile {
        let list = match self.list {
            ListLook::Unix => Look::Unix,
            ListLook::Dos => Look::Dos,
        };
        serve::ftp::Profile { list, no_epsv: !self.epsv, mdtm_sets: self.mdtm_sets }
    }
}

/// What passive replies tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// This address.
    Address(IpAddr),
    /// That of this host.
    Name(HostName),
}

impl FromStr for Told {
    type Err = String;

    fn from_str(text: &str) -> Result<Told, String> {
        text.parse().map(Told::Address).or_else(|_| text.parse().map(Told::Name))
    }
}

impl Wanted for Told {
    const WANTS: &'static str = "an address or a host's name";
    const EXAMPLE: &'static str = "203.0.113.7";
}

/// SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pin(pub [u8; 32]);

/// 64 hexadecimal digits, with or without colons between the octets.
impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Pin, String> {
        let wrong = || {
            String::from(
                "64 hexadecimal digits, with or without colons, as openssl x509 -fingerprint -sha256 prints them",
            )
        };
        let digits: Vec<u8> = text
            .bytes()
            .filter(|b| *b != b':')
            .map(|b| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(wrong))
            .collect::<Result<_, _>>()?;
        let octets: Vec<u8> =
            digits.chunks(2).filter(|pair| pair.len() == 2).map(|pair| pair[0] << 4 | pair[1]).collect();
        if digits.len() == 64 { octets.try_into().map(Pin).map_err(|_| wrong()) } else { Err(wrong()) }
    }
}

impl Wanted for Pin {
    const WANTS: &'static str = "the SHA-256 of a certificate, 64 hexadecimal digits";
}

/// The name of a host, in small letters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HostName(pub String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<HostName, String> {
        let is_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
        if text.is_empty() || !text.bytes().all(is_name) {
            return Err(String::from("a host's name has letters, digits, dots and hyphens; no port"));
        }
        Ok(HostName(text.to_ascii_lowercase()))
    }
}

impl Wanted for HostName {
    const WANTS: &'static str = "a host's name, such as \"ftp.example.net\"";
    const EXAMPLE: &'static str = "ftp.example.net";
}

impl From<End> for TlsEnd {
    fn from(end: End) -> TlsEnd {
        match end {
            End::Require => TlsEnd::Require,
            End::SizeKnown => TlsEnd::SizeKnown,
            End::Accept => TlsEnd::Accept,
        }
    }
}

impl From<Resumption> for Reuse {
    fn from(resumption: Resumption) -> Reuse {
        match resumption {
            Resumption::Optional => Reuse::Optional,
            Resumption::Require => Reuse::Require,
        }
    }
}
