use crate::net::subscriber;
use crate::{Caps, Config, Net, Why};
use std::net::IpAddr;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counted {
    /// Logged in.
    Sessions,
    /// Not logged in.
    HalfOpen,
    /// Transfers.
    Transfers,
}

/// Of whom.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// All.
    All,
    /// Those of a network.
    Network(Net),
    /// Those of an address.
    Address,
    /// Those of a user.
    User,
}

/// Somebody who has a place.
pub(crate) struct Holder {
    pub(crate) address: IpAddr,
    pub(crate) user: Option<String>,
}

fn most(caps: &Caps, counted: Counted) -> Option<usize> {
    match counted {
        Counted::Sessions => caps.sessions,
        Counted::HalfOpen => caps.half_open,
        Counted::Transfers => caps.transfers,
    }
}

/// The first of the networks with limits that holds an address.
pub(crate) fn network(config: &Config, address: IpAddr) -> Option<&(Net, Caps)> {
    config.limits.networks.iter().find(|(net, _)| net.holds(address))
}

/// Whether there is room for one more beside these: for all, in the network, from the address.
pub(crate) fn room(config: &Config, counted: Counted, held: &[Holder], address: IpAddr) -> Result<(), Why> {
    let full = |scope, caps: &Caps, count: usize| match most(caps, counted) {
        Some(most) if count >= most => Err(Why::TooMany(counted, scope, most)),
        Some(_) | None => Ok(()),
    };
    full(Scope::All, &config.limits.all, held.len())?;
    if let Some(row @ (net, caps)) = network(config, address) {
        let there = held.iter().filter(|h| network(config, h.address) == Some(row)).count();
        full(Scope::Network(*net), caps, there)?;
    }
    let there = held.iter().filter(|h| subscriber(address).holds(h.address)).count();
    full(Scope::Address, &config.limits.per_address, there)
}

/// The same for a user.
pub(crate) fn room_of_user(
    config: &Config,
    counted: Counted,
    held: &[Holder],
    user: &str,
) -> Result<(), Why> {
    let there = held.iter().filter(|h| h.user.as_deref() == Some(user)).count();
    match most(&config.limits.per_user, counted) {
        Some(most) if there >= most => Err(Why::TooMany(counted, Scope::User, most)),
        Some(_) | None => Ok(()),
    }
}
