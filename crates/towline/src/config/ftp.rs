//! `[ftp]` and `[ftps]`.

use super::section::section;
use super::words::words;
use serve::ftp::{Reuse, TlsEnd};
use serve::listen::Want;
use std::ops::RangeInclusive;
use std::path::PathBuf;

section! {
    /// FTP: its port, its data connections and its TLS.
    Ftp {
        /// The TCP port. Without it 21, and 2121 where 21 is not to be had.
        port: Want = Want::Default,
        /// Ports for passive data connections, for a firewall. Without it any free one.
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
