//! Servers over SSH: who they are, who we are.
//!
//! | file | its one idea |
//! |---|---|
//! | `options` | what the caller decides |
//! | `known_hosts` | the files that say which host has which key |
//! | `profiles` | the file that says which older profile is allowed for which host |
//! | `trust` | whether a host is the one that was meant |
//! | `login` | what is shown to be let in, and in which order |
//! | `link` | a connection with somebody logged in |
//! | `look` | what a server says before a login |

mod known_hosts;
mod link;
mod login;
pub(crate) mod look;
mod options;
mod profiles;
mod trust;

pub(crate) use link::{Link, runtime, way};
pub use options::{Ask, HostKeys, Jump, Met, Nobody, OnMet, Question, SshOptions};
pub use transport::ssh::client::Fault as SshFault;
pub use transport::ssh::client::Greeting;
pub use transport::ssh::{Agreed, Hello, Kind as AlgorithmKind, Offer, Profile};
