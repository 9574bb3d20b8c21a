//! `[limits]` and `[penalties]`.

use super::section::{entry, section};
use super::value::{Rate, Written};
use gate::{Caps, Net, Rates};
use std::time::Duration;

section! {
    /// How much at once, how fast, and how long nothing may happen.
    Limits {
        /// Sessions in all that are logged in. A TFTP session is one transfer and counts as that.
        sessions: usize = 1_024,
        /// Connections in all that have not logged in.
        half_open: usize = 1_024,
        /// Transfers in all, of every protocol.
        transfers: usize = 32_768,
        /// All uploads together, octets a second.
        rate_in: Option<Rate> = None,
        /// All downloads together, octets a second.
        rate_out: Option<Rate> = None,
        /// From the connection to the login; of HTTP, from the first octet of a request to its last.
        login_timeout: Duration = Duration::from_secs(60),
        /// A session without commands, a connection of HTTP without requests; never one with a transfer. A device may erase its flash for 15 minutes first.
        idle_timeout: Duration = Duration::from_secs(16 * 60),
        /// A transfer over FTP or HTTP in which nothing moves; TFTP has its own patience.
        stall_timeout: Duration = Duration::from_secs(16 * 60),
        /// For each address; IPv6 counts by /64.
        per_address: PerAddress = PerAddress::default(),
        /// For each user.
        per_user: PerUser = PerUser::default(),
        /// For each transfer.
        per_transfer: PerTransfer = PerTransfer::default(),
        /// For all clients of a network together; of several that hold an address the first counts.
        network: Vec<Network> = Vec::new(),
    }
}

section! {
    /// What one address may have.
    PerAddress {
        /// Sessions that are logged in.
        sessions: usize = 64,
        /// Connections that have not logged in.
        half_open: usize = 64,
        /// Transfers.
        transfers: Option<usize> = None,
        /// Its uploads together, octets a second.
        rate_in: Option<Rate> = None,
        /// Its downloads together, octets a second.
        rate_out: Option<Rate> = None,
    }
}

section! {
    /// What one user may have.
    PerUser {
        /// Sessions.
        sessions: Option<usize> = None,
        /// Transfers.
        transfers: Option<usize> = None,
        /// Uploads together, octets a second.
        rate_in: Option<Rate> = None,
        /// Downloads together, octets a second.
        rate_out: Option<Rate> = None,
    }
}

section! {
    /// How fast one transfer may be.
    PerTransfer {
        /// An upload, octets a second.
        rate_in: Option<Rate> = None,
        /// A download, octets a second.
        rate_out: Option<Rate> = None,
    }
}

entry! {
    /// What the clients of a network may have together.
    Network {
        /// The network.
        net: Written<Net>,
        /// Sessions that are logged in.
        sessions: Option<usize> = None,
        /// Connections that have not logged in.
        half_open: Option<usize> = None,
        /// Transfers.
        transfers: Option<usize> = None,
        /// Uploads together, octets a second.
        rate_in: Option<Rate> = None,
        /// Downloads together, octets a second.
        rate_out: Option<Rate> = None,
    }
}

section! {
    /// What failed logins and abuse cost an address: a score, which fades; a high one delays logins, a higher one bans.
    Penalties {
        /// Whether anything is held against anybody. Without it for a service of a configuration file, and not for
        /// `serve DIR`.
        enabled: Option<bool> = None,
        /// Networks that nothing is held against; this host is one in any case.
        exempt: Vec<Written<Net>> = Vec::new(),
        /// A score is half of what it was after this time. A failed login counts 1.
        half_life: Duration = Duration::from_secs(600),
        /// From this score on logins are answered late: by a second, and twice that for each further point.
        delay_at: u32 = 3,
        /// The longest delay.
        longest_delay: Duration = Duration::from_secs(8),
        /// At this score the address is banned.
        ban_at: u32 = 10,
        /// How long the first time; each further ban is four times as long.
        first_ban: Duration = Duration::from_secs(600),
        /// How long at most. After as long without a ban the next is a first one again.
        longest_ban: Duration = Duration::from_secs(86_400),
    }
}

fn rates(inward: Option<Rate>, outward: Option<Rate>) -> Rates {
    Rates { inward: inward.map(|r| r.0), outward: outward.map(|r| r.0) }
}

impl Limits {
    /// As the gate has them.
    pub fn of_gate(&self) -> gate::Limits {
        let caps = |sessions, half_open, transfers, rates| Caps { sessions, half_open, transfers, rates };
        let (address, user) = (&self.per_address, &self.per_user);
        let network = |n: &Network| {
            (n.net.value, caps(n.sessions, n.half_open, n.transfers, rates(n.rate_in, n.rate_out)))
        };
        gate::Limits {
            all: caps(
                Some(self.sessions),
                Some(self.half_open),
                Some(self.transfers),
                rates(self.rate_in, self.rate_out),
            ),
            networks: self.network.iter().map(network).collect(),
            per_address: caps(
                Some(address.sessions),
                Some(address.half_open),
                address.transfers,
                rates(address.rate_in, address.rate_out),
            ),
            per_user: caps(user.sessions, None, user.transfers, rates(user.rate_in, user.rate_out)),
            per_transfer: rates(self.per_transfer.rate_in, self.per_transfer.rate_out),
        }
    }
}

impl Penalties {
    /// As the gate has them, for a server that has a configuration file or none; `None`: nothing is held against anybody.
    pub fn of_gate(&self, has_file: bool) -> Option<gate::Penalties> {
        let mut exempt = gate::Penalties::default().exempt;
        exempt.extend(self.exempt.iter().map(|net| net.value));
        self.enabled.unwrap_or(has_file).then(|| gate::Penalties {
            exempt,
            half_life: self.half_life,
            delay_at: f64::from(self.delay_at),
            longest_delay: self.longest_delay,
            ban_at: f64::from(self.ban_at.max(1)),
            first_ban: self.first_ban,
            longest_ban: self.longest_ban,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_limits_and_penalties_are_the_gate_s_own() {
        assert_eq!(Limits::default().of_gate(), gate::Limits::default());
        // A laptop's `serve DIR` holds nothing against anybody, a service does.
        assert_eq!(Penalties::default().of_gate(false), None);
        assert_eq!(Penalties::default().of_gate(true), Some(gate::Penalties::default()));
        let off = Penalties { enabled: Some(false), ..Penalties::default() };
        assert_eq!(off.of_gate(true), None);
        let (ftp, limits) = (serve::ftp::FtpConfig::default(), Limits::default());
        let http = serve::http::HttpConfig::default();
        let timeouts = (limits.login_timeout, limits.idle_timeout, limits.stall_timeout);
        assert_eq!((ftp.login_grace, ftp.idle, ftp.no_progress), timeouts);
        assert_eq!((http.head, http.idle, http.no_progress), timeouts);
    }
}
