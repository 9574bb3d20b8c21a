//! Flags of commands that reach servers of FTP and HTTP under TLS.

use crate::config::ftp::Pin;
use clap::Args;
use client::Options;

/// How FTP is put under TLS.
#[derive(Debug, Args)]
pub(super) struct OverTls {
    /// FTP: under TLS (AUTH TLS), or not at all. `ftps://` is under TLS from the first octet without it.
    #[arg(long, help_heading = "TLS")]
    tls: bool,
    /// FTP and HTTP under TLS: the server's certificate is the one with this SHA-256, whoever signed it, as `towline serve` and
    /// `openssl x509 -fingerprint -sha256` print it. Without it: one that this host's authorities signed, for that name.
    #[arg(long, value_name = "SHA-256", value_parser = fingerprint, help_heading = "TLS")]
    cert_pin: Option<[u8; 32]>,
}

fn fingerprint(text: &str) -> Result<[u8; 32], String> {
    text.parse().map(|pin: Pin| pin.0)
}

impl OverTls {
    /// Sets what the flags say.
    pub(super) fn apply(&self, options: &mut Options) {
        options.ftp.tls = self.tls;
        options.ftp.pin = self.cert_pin;
        options.http.pin = self.cert_pin;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_others_print_it() {
        let plain = "00ff".repeat(16);
        let with_colons = vec!["00:FF"; 16].join(":");
        let octets: [u8; 32] = std::array::from_fn(|n| if n % 2 == 0 { 0 } else { 0xff });
        assert_eq!(fingerprint(&plain), Ok(octets));
        assert_eq!(fingerprint(&with_colons), Ok(octets));
        for bad in ["", "00", &plain[1..], &format!("{plain}0"), &plain.replace("ff", "fg")] {
            assert!(fingerprint(bad).is_err(), "{bad}");
        }
    }
}
