//! `[limits]` and `[penalties]`.

use super::section::{entry, section};
use super::value::{Rate, Written};
use gate::Net;
use std::time::Duration;

section! {
    /// How much at once, how fast, and how long nothing may happen.
    Limits {
        /// Sessions in all.
        sessions: usize = gate::Limits::default().sessions,
        /// Connections that have not logged in.
        half_open: Option<usize> = None,
        /// Transfers in all, of every protocol.
        transfers: usize = gate::Limits::default().transfers,
        /// What comes in, octets a second.
        rate_in: Option<Rate> = None,
        /// What goes out, octets a second.
        rate_out: Option<Rate> = None,
        /// From the connection to the login.
        login_timeout: Duration = Duration::from_secs(60),
        /// A session without commands; never one with a transfer.
        idle_timeout: Duration = Duration::from_secs(300),
        /// A transfer in which nothing moves.
        stall_timeout: Duration = Duration::from_secs(900),
        /// For each address; IPv6 counts by /64.
        per_address: Share = Share::default(),
        /// For each user.
        per_user: Share = Share::default(),
        /// For all clients of a network together.
        network: Vec<Network> = Vec::new(),
    }
}

section! {
    /// A share of the limits.
    Share {
        /// Sessions.
        sessions: Option<usize> = None,
        /// Transfers.
        transfers: Option<usize> = None,
        /// What comes in, octets a second.
        rate_in: Option<Rate> = None,
        /// What goes out, octets a second.
        rate_out: Option<Rate> = None,
    }
}

entry! {
    /// The share of a network.
    Network {
        /// The network.
        net: Written<Net>,
        /// Sessions.
        sessions: Option<usize> = None,
        /// Transfers.
        transfers: Option<usize> = None,
        /// What comes in, octets a second.
        rate_in: Option<Rate> = None,
        /// What goes out, octets a second.
        rate_out: Option<Rate> = None,
    }
}

section! {
    /// What failed logins and abuse cost an address.
    Penalties {
        /// Networks that are never punished.
        exempt: Vec<Written<Net>> = Vec::new(),
    }
}
