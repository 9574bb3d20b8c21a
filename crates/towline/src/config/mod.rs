//! The configuration: one TOML file, variables and options become one typed [`Config`].
//!
//! What this does *not* do: it opens nothing of what it names but to look whether it is there.
//!
//! Options win over variables (`TOWLINE_SECTION__KEY`), these over the file, that over defaults; lists replace.
//! A section is one file here, declared by `section!` (every key has a default) or `entry!` (an item of a list, with
//! keys that must be there): **one row for each key**. Reading, `show`, the document, the schema and the file that
//! `init` writes come from these rows.
//!
//! - `section` what a row is, `value` kinds of values, `secret` references; `node` TOML before it means anything;
//!   `origin` where a setting comes from, `fault` what is wrong with it, `suggest` "did you mean".
//! - sections: `server`, `tftp`, `ftp` (and `[ftps]`), `http` (and `[https]`, `[admin]`), `sftp`, `mount` (and `[[root]]`), `user` (and
//!   `[identity]`), `rule`, `limits` (and `[penalties]`), `audit` (and `[[hook]]`).
//! - `show`, `init`, `schema`, `document`: what is made from the rows.
//! - `load` brings the layers together (`variable`s over the file), `check` judges what a single value cannot show;
//!   what could not be read leaves `doubt` about what is not there.

pub mod audit;
mod check;
mod document;
mod doubt;
pub(crate) mod fault;
pub mod ftp;
pub mod http;
mod init;
pub mod limits;
mod load;
mod measure;
pub mod mount;
pub(crate) mod node;
pub(crate) mod origin;
pub mod rule;
mod schema;
mod secret;
pub(crate) mod section;
pub mod server;
pub mod sftp;
mod show;
mod suggest;
#[cfg(test)]
mod tests;
pub mod tftp;
pub mod user;
pub(crate) mod value;
mod variable;
pub(crate) mod words;

pub use document::document;
pub(crate) use document::tables;
pub use fault::Fault;
pub(crate) use fault::sounds_secret;
pub use init::init;
pub use load::{Draft, Loaded, PREFIX};
pub(crate) use load::{environment, failure, failure_of};
pub use origin::{Origin, Origins, Place, Source};
pub use schema::schema;
pub use secret::Secret;
pub(crate) use section::Reading;
pub use section::{Key, Setting, Shape, Shown};
pub use show::show;
pub(crate) use suggest::{did_you_mean, nearest};
pub(crate) use value::quoted;
pub use value::{Rate, Size, Wanted, Within, Written, parse_time};

use section::section;

/// The file that is meant where none is named.
pub const DEFAULT_FILE: &str = "/etc/towline/towline.toml";

section! {
    /// Everything that the server can be told.
    Config {
        /// What is served, where it listens and as whom.
        server: server::Server = server::Server::default(),
        /// TFTP.
        tftp: tftp::Tftp = tftp::Tftp::default(),
        /// FTP.
        ftp: ftp::Ftp = ftp::Ftp::default(),
        /// HTTP.
        http: http::Http = http::Http::default(),
        /// HTTPS.
        https: http::Https = http::Https::default(),
        /// FTP under TLS from the first octet.
        ftps: ftp::Ftps = ftp::Ftps::default(),
        /// SFTP and SCP.
        sftp: sftp::Sftp = sftp::Sftp::default(),
        /// The listener for figures.
        admin: http::Admin = http::Admin::default(),
        /// Directories of this host in the tree.
        mount: Vec<mount::Mount> = Vec::new(),
        /// What `/` is for whom.
        root: Vec<mount::Root> = Vec::new(),
        /// Who logs in.
        user: Vec<user::User> = Vec::new(),
        /// Where users come from besides.
        identity: user::Identity = user::Identity::default(),
        /// Who may do what.
        rule: Vec<rule::Rule> = Vec::new(),
        /// How much, how fast, how long.
        limits: limits::Limits = limits::Limits::default(),
        /// What abuse costs.
        penalties: limits::Penalties = limits::Penalties::default(),
        /// What is recorded.
        audit: audit::Audit = audit::Audit::default(),
        /// What is done on events.
        hook: Vec<audit::Hook> = Vec::new(),
    }
}
