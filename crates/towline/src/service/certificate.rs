//! The certificates that FTP and HTTPS show: files of the owner's, or one of our own.

use super::place::of_state;
use crate::config::ftp::{Asked, Tls};
use crate::config::{Config, Loaded};
use crate::exit::{Exit, Failure};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use transport::tls::{Authorities, ByName, Identity};

/// What is shown.
pub(super) struct Certificate {
    pub(super) identity: Identity,
    /// What virtual hosts show that have one of their own, by their place in the configuration.
    hosts: Vec<Option<Identity>>,
    from: From,
}

/// Whose it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The owner's files.
    Files,
    /// Made by us at an earlier start.
    Kept,
    /// Made now, and kept.
    MadeOnce,
    /// Made for this run.
    MadeNow,
}

impl Certificate {
    fn alone(identity: Identity, from: From) -> Certificate {
        Certificate { identity, hosts: Vec::new(), from }
    }

    /// What the nth virtual host shows.
    pub(super) fn of_host(&self, nth: usize) -> Option<Identity> {
        self.hosts.get(nth).cloned().flatten()
    }

    /// The sentence about one that nobody vouches for, when it is made.
    pub(super) fn told(&self, protocol: &str) -> Option<String> {
        let how = match self.from {
            From::Files | From::Kept => return None,
            From::MadeOnce => "from now on",
            From::MadeNow => "made for this run",
        };
        Some(format!("{protocol} shows a certificate {how}, SHA-256 {}", self.fingerprint()))
    }

    /// SHA-256 of the certificate, as browsers and `openssl x509 -fingerprint -sha256` show it.
    fn fingerprint(&self) -> String {
        let mut text = String::new();
        for (n, octet) in Sha256::digest(self.identity.certificate()).iter().enumerate() {
            let _ = write!(text, "{}{octet:02X}", if n > 0 { ":" } else { "" });
        }
        text
    }
}

/// One for a run that nobody configures, and the SHA-256 of it, for who is to believe it.
pub(crate) fn of_run() -> Result<(Identity, [u8; 32]), Failure> {
    let identity = Pair::made(&names())?.identity()?;
    let print = Sha256::digest(identity.certificate()).into();
    Ok((identity, print))
}

/// HTTPS's: the one of the configuration, or one that is made now.
pub(super) fn of_https(loaded: &Loaded) -> Result<Certificate, Failure> {
    let https = &loaded.config.https;
    match given(loaded, "https", https.cert.as_deref(), https.key.as_deref())? {
        Some(identity) => Ok(Certificate::alone(identity, From::Files)),
        None => Ok(Certificate::alone(Pair::made(&names())?.identity()?, From::MadeNow)),
    }
}

/// FTP's, where anything is to be under TLS: the one of the configuration, or one that is made once and kept.
pub(super) fn of_ftp(loaded: &Loaded, ftp: bool, ftps: bool) -> Result<Option<Certificate>, Failure> {
    let config = &loaded.config.ftp;
    if !ftps && (!ftp || config.tls == Tls::Off) {
        return Ok(None);
    }
    let given_one = given(loaded, "ftp", config.cert.as_deref(), config.key.as_deref())?;
    let (identity, from) = match (given_one, of_state(loaded, "tls")) {
        (Some(identity), _) => (identity, From::Files),
        (None, Some(dir)) => {
            let (pair, from) = kept(&dir)?;
            (pair.identity()?, from)
        }
        (None, None) => (Pair::made(&names())?.identity()?, From::MadeNow),
    };
    of_hosts(loaded, identity, from).map(Some)
}

/// The same with those of virtual hosts, and with whom clients have to show.
fn of_hosts(loaded: &Loaded, identity: Identity, from: From) -> Result<Certificate, Failure> {
    let config = &loaded.config.ftp;
    let (mut names, mut hosts) = (ByName::default(), Vec::new());
    for (i, host) in config.host.iter().enumerate() {
        let own = given(loaded, &format!("ftp.host.{i}"), host.cert.as_deref(), host.key.as_deref())?;
        if let Some(own) = &own {
            names = names.and(&host.name.value.0, own);
        }
        hosts.push(own);
    }
    let identity = identity.or_by_name(names).map_err(|e| broken(&e.to_string()))?;
    let Some(file) = &config.tls_clients else { return Ok(Certificate { identity, hosts, from }) };
    let authorities = Authorities::from_file(file).map_err(|e| {
        let way_out = "give the certificates of those who sign clients' certificates, as PEM";
        Failure::usage(loaded.thing("ftp.tls-clients"), e, way_out)
    })?;
    let required = config.tls_client == Asked::Require;
    let asking = |of: &Identity| of.asking(&authorities, required).map_err(|e| broken(&e.to_string()));
    let hosts = hosts.iter().map(|own| own.as_ref().map(asking).transpose()).collect::<Result<_, _>>()?;
    Ok(Certificate { identity: asking(&identity)?, hosts, from })
}

/// The files that certificates come from, and those of who vouches for clients.
pub(super) fn files(config: &Config) -> Vec<PathBuf> {
    let (ftp, https) = (&config.ftp, &config.https);
    let pairs = [(&ftp.cert, &ftp.key), (&https.cert, &https.key)];
    let all = pairs.into_iter().chain(ftp.host.iter().map(|host| (&host.cert, &host.key)));
    all.flat_map(|(cert, key)| [cert, key]).chain([&ftp.tls_clients]).flatten().cloned().collect()
}

/// The owner's files, where there are any.
fn given(
    loaded: &Loaded,
    section: &str,
    cert: Option<&Path>,
    key: Option<&Path>,
) -> Result<Option<Identity>, Failure> {
    match (cert, key) {
        (Some(cert), Some(key)) => {
            not_for_others(key)?;
            let identity = Identity::from_files(cert, key).map_err(|e| {
                let way_out = "give a certificate and its own key as PEM, or leave both out";
                Failure::usage(loaded.thing(&format!("{section}.cert")), e, way_out)
            })?;
            Ok(Some(identity))
        }
        (None, None) => Ok(None),
        (Some(_), None) => {
            let path = format!("{section}.cert");
            Err(half(loaded, &path, "there is no key to it", "add key = \"FILE\""))
        }
        (None, Some(_)) => {
            let path = format!("{section}.key");
            Err(half(loaded, &path, "there is no certificate to it", "add cert = \"FILE\""))
        }
    }
}

fn half(loaded: &Loaded, path: &str, what: &str, way_out: &str) -> Failure {
    Failure::usage(loaded.thing(path), what, way_out)
}

/// A private key that others can read is none.
fn not_for_others(key: &Path) -> Result<(), Failure> {
    let facts = std::fs::metadata(key).map_err(|e| Failure::local(key.display(), &e))?;
    if facts.permissions().mode() & 0o007 != 0 {
        let way_out = format!("chmod o= {}", key.display());
        return Err(Failure::usage(
            key.display(),
            "a private key that every user of this host can read",
            way_out,
        ));
    }
    Ok(())
}

/// What a made certificate is for: this host's addresses and names.
fn names() -> Vec<SanType> {
    let interfaces = transport::interfaces().unwrap_or_default();
    let mut addresses: Vec<IpAddr> =
        interfaces.iter().filter(|i| !i.is_link_local()).map(|i| i.address).collect();
    addresses.sort();
    addresses.dedup();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    [String::from("localhost"), host]
        .into_iter()
        .filter_map(|name| name.try_into().ok().map(SanType::DnsName))
        .chain(addresses.into_iter().map(SanType::IpAddress))
        .collect()
}

/// A certificate that signs itself, with its key; DER.
struct Pair {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Pair {
    fn made(names: &[SanType]) -> Result<Pair, Failure> {
        let key = KeyPair::generate().map_err(|e| broken(&e.to_string()))?;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "towline, signed by itself");
        params.subject_alt_names = names.to_vec();
        let cert = params.self_signed(&key).map_err(|e| broken(&e.to_string()))?;
        Ok(Pair { cert: cert.der().to_vec(), key: key.serialize_der() })
    }

    fn identity(&self) -> Result<Identity, Failure> {
        Identity::from_der(self.cert.clone(), self.key.clone()).map_err(|e| broken(&e.to_string()))
    }
}

impl Pair {
    fn keep(&self, dir: &Path, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        // Made with 0600.
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        let len = u32::try_from(self.key.len()).map_err(io::Error::other)?.to_be_bytes();
        file.write_all(&[&len[..], &self.key, &self.cert].concat())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        Ok(())
    }
}

fn broken(e: &str) -> Failure {
    Failure::new(Exit::Local, "a certificate of our own", e, "give --cert and --key")
}

/// The certificate in a directory with its key, made where there is none; where it cannot be kept it is for this run.
fn kept(dir: &Path) -> Result<(Pair, From), Failure> {
    // One file, so that there is never half of it: the key's length, the key, the certificate; DER.
    let path = dir.join("self-signed");
    match fs::read(&path) {
        Ok(octets) => {
            not_for_others(&path)?;
            return taken_apart(&octets).map(|pair| (pair, From::Kept)).ok_or_else(|| {
                let way_out = "take the file away, and a new one is made";
                Failure::usage(path.display(), "no certificate of ours", way_out)
            });
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(Failure::local(path.display(), &e)),
    }
    let pair = Pair::made(&names())?;
    match pair.keep(dir, &path) {
        Ok(()) => Ok((pair, From::MadeOnce)),
        // Another server that starts here was first: its certificate is the host's.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.exists() => kept(dir),
        Err(_) => Ok((pair, From::MadeNow)),
    }
}

fn taken_apart(octets: &[u8]) -> Option<Pair> {
    let (len, rest) = octets.split_first_chunk()?;
    let (key, cert) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    Some(Pair { cert: cert.to_vec(), key: key.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(dir: &Path) -> (String, bool) {
        let (pair, from) = kept(dir).unwrap();
        let certificate = Certificate::alone(pair.identity().unwrap(), from);
        (certificate.fingerprint(), certificate.told("FTP").is_some())
    }

    #[test]
    fn a_certificate_is_made_once_and_told_then() {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("state/tls");
        let (first, told) = shown(&at);
        assert!(told && first.len() == 32 * 3 - 1, "{first}");
        assert_eq!(shown(&at), (first.clone(), false));
        let mode = fs::metadata(at.join("self-signed")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(at.join("self-signed"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(kept(&at).is_err(), "others can read its key");
        fs::remove_file(at.join("self-signed")).unwrap();
        assert_ne!(shown(&at).0, first);
        fs::write(at.join("self-signed"), "no certificate").unwrap();
        fs::set_permissions(at.join("self-signed"), fs::Permissions::from_mode(0o600)).unwrap();
        assert!(kept(&at).and_then(|(pair, _)| pair.identity()).is_err());
    }
}
