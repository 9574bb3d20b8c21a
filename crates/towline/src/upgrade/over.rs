//! What an image is copied over.

/// A protocol that devices copy with.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Over {
    /// At any free port: the URL says it.
    Http,
    /// At port 21, else a free one.
    Ftp,
    /// At port 22, else a free one.
    Scp,
    /// At port 69, else a free one.
    Tftp,
}

impl Over {
    /// Why it is offered before those behind it.
    pub(crate) fn why(self) -> &'static str {
        match self {
            Over::Http => "TCP, and any port of ours will do",
            Over::Ftp => "TCP, and most devices know it",
            Over::Scp => "TCP, and nobody reads it on the way",
            Over::Tftp => "every device knows it",
        }
    }

    /// As in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Over::Http => "http",
            Over::Ftp => "ftp",
            Over::Scp => "scp",
            Over::Tftp => "tftp",
        }
    }

    /// The port that a device takes where the URL says none; some devices have no word for another one.
    pub(crate) fn port(self) -> u16 {
        match self {
            Over::Http => 80,
            Over::Ftp => 21,
            Over::Scp => 22,
            Over::Tftp => 69,
        }
    }
}
