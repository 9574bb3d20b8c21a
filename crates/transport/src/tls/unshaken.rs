//! Why there was no handshake, for the owner: which side ended it, and for what.

use rustls::{AlertDescription, CertificateError, Error};
use std::io;

/// In words, without an end; of an error of [`super::Tls`] before its handshake was over.
pub fn unshaken(e: &io::Error) -> String {
    let Some(why) = e.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match e.kind() {
            io::ErrorKind::UnexpectedEof => {
                String::from("the peer closed the connection within the handshake")
            }
            kind => format!("the connection broke within the handshake ({kind})"),
        };
    };
    match why {
        Error::AlertReceived(alert) => format!("the peer sent the alert {alert:?}{}", meaning(*alert)),
        Error::InvalidMessage(_) => String::from("what the peer sent is no TLS"),
        Error::PeerIncompatible(what) => format!("nothing in common with the peer: {what:?}"),
        Error::NoCertificatesPresented => String::from("the peer showed no certificate"),
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            String::from("no authority vouches for the peer's certificate")
        }
        Error::InvalidCertificate(what) => format!("the peer's certificate is no good: {what}"),
        Error::NoApplicationProtocol => String::from("the peer speaks another protocol (ALPN)"),
        other => other.to_string(),
    }
}

/// What a peer means by it.
fn meaning(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown => ": it does not trust our certificate",
        AlertDescription::CertificateExpired => ": it finds our certificate expired",
        AlertDescription::ProtocolVersion => ": it wants another version",
        AlertDescription::UserCanceled => ": it changed its mind",
        // They say it themselves, or nothing.
        _ => "",
    }
}
