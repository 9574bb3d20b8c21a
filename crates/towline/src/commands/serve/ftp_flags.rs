//! The flags of FTP's TLS.

use super::want;
use crate::config::Loaded;
use crate::config::ftp::Tls;
use clap::Args;
use serve::listen::Want;
use std::path::PathBuf;

/// TLS of FTP: offered unless it is switched off.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct FtpFlags {
    /// Whether FTP's clients may use TLS (AUTH TLS), or have to. Without it offer.
    #[arg(long, value_name = "off|offer|require", value_parser = tls)]
    tls: Option<Tls>,
    /// Serve FTPS too, under TLS from the first octet: a port, or default: 990, and 9990 where 990 is not to be had.
    #[arg(long, value_name = "PORT|default|off", value_parser = want)]
    ftps: Option<Want>,
    /// The certificate for FTP and HTTPS with its chain, PEM; read again when it has changed, and by SIGHUP. Without it FTP
    /// shows one that is made at the first start and kept.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The certificate's private key, PEM; nobody else may read it.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

fn tls(text: &str) -> Result<Tls, String> {
    let row = Tls::ALL.iter().find(|(_, word)| *word == text);
    row.map(|(tls, _)| *tls).ok_or_else(|| String::from("give off, offer or require"))
}

impl FtpFlags {
    /// Sets what the flags say.
    pub(super) fn apply(&self, loaded: &mut Loaded) {
        if let Some(tls) = self.tls {
            loaded.flag("ftp.tls", "--tls").ftp.tls = tls;
        }
        if let Some(want) = self.ftps {
            loaded.flag("ftps.port", "--ftps").ftps.port = want;
        }
        if let Some(cert) = &self.cert {
            loaded.flag("ftp.cert", "--cert").ftp.cert = Some(cert.clone());
            loaded.flag("https.cert", "--cert").https.cert = Some(cert.clone());
        }
        if let Some(key) = &self.key {
            loaded.flag("ftp.key", "--key").ftp.key = Some(key.clone());
            loaded.flag("https.key", "--key").https.key = Some(key.clone());
        }
    }
}
