//! TFTP autoinstall: a device without a saved configuration looks for one.
//!
//! What a DHCP server would give to it is its [`Lease`]; without one it has no address, and asks nobody. With `service config`
//! in the saved configuration a device looks too, by the interfaces that it has.

use crate::commands::{fetch_at_boot, fetch_quietly};
use crate::config::Config;
use crate::device::Device;
use crate::ifs::Net;
use crate::netboot::{Limited, failed};
use crate::session::{Leave, Tty};
use client::{Remote, Scheme, Type};
use ios_cli::text::copy::{loading_tftp, ok_tftp};
use std::net::Ipv4Addr;
use std::str::FromStr;
use std::sync::Arc;

/// A configuration is no larger.
const ROOM: u64 = 4 << 20;

/// What a DHCP server would give: `10.0.0.2/24`, `10.0.0.2/24,10.0.0.1`, `10.0.0.2/24,10.0.0.1,r1.cfg`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The address of the interface that the device loads over the network by.
    pub address: Ipv4Addr,
    /// Its mask.
    pub mask: Ipv4Addr,
    /// The TFTP server (options 66, 150); without one everybody is asked.
    pub server: Option<Ipv4Addr>,
    /// The configuration's name (option 67); without one the names that autoinstall knows are.
    pub file: Option<String>,
}

/// Why a text is no lease.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is no lease: expected ADDRESS/LENGTH[,SERVER[,FILE]], as 10.0.0.2/24,10.0.0.1")]
pub struct BadLease(String);

impl FromStr for Lease {
    type Err = BadLease;

    fn from_str(text: &str) -> Result<Lease, BadLease> {
        let read = || {
            let mut parts = text.splitn(3, ',');
            let (address, length) = parts.next()?.split_once('/')?;
            let length = length.parse::<u32>().ok().filter(|n| (1..=32).contains(n))?;
            let mask = Ipv4Addr::from_bits(u32::MAX << (32 - length));
            let server = match parts.next() {
                Some(server) => Some(server.parse().ok()?),
                None => None,
            };
            let file = parts.next().map(str::to_owned).filter(|file| !file.is_empty());
            Some(Lease { address: address.parse().ok()?, mask, server, file })
        };
        read().ok_or_else(|| BadLease(text.to_owned()))
    }
}

/// The files that are looked for, of which the first that comes counts.
type Names = Vec<String>;

/// The configuration of a network: who has which name.
fn of_the_network() -> Names {
    vec!["network-confg".into(), "cisconet.cfg".into()]
}

/// The configuration of this device; of one whose name nobody knows, that of any.
fn of_the_device(name: Option<&str>) -> Names {
    match name {
        Some(name) => vec![format!("{name}-confg"), format!("{name}.cfg")],
        None => vec!["router-confg".into(), "ciscortr.cfg".into()],
    }
}

/// `service config`: a network's configuration counts beside the saved one.
pub(crate) fn is_served(config: &Config) -> bool {
    config.kept.iter().any(|line| line == "service config")
}

/// How one file is asked for: its text, or `None` where it does not come, which has been said.
type Fetch<'a> = dyn FnMut(&Net) -> Result<Option<String>, Leave> + 'a;

impl Device {
    /// Whether the running system is to look for a configuration.
    fn looks(&self) -> Option<Vec<Ipv4Addr>> {
        let serves = is_served(&self.running_config());
        match (&self.config.lease, self.running(|r| r.setup)) {
            (Some(lease), Some(true)) => {
                Some(lease.server.into_iter().chain([Ipv4Addr::BROADCAST]).collect())
            }
            (_, Some(false)) if serves => Some(vec![Ipv4Addr::BROADCAST]),
            (_, Some(_) | None) => None,
        }
    }

    /// Looks for a configuration, if it is to; whether one came.
    fn install(&self, fetch: &mut Fetch<'_>) -> Result<bool, Leave> {
        let Some(servers) = self.looks() else { return Ok(false) };
        let new = self.running(|r| r.setup).unwrap_or(false);
        let before = self.running_config();
        let lease = self.config.lease.as_ref().filter(|_| new);
        if let Some(lease) = lease {
            let port = self.profile().boot.port.clone();
            self.reconfigure("autoinstall", |config| {
                for interface in config.interfaces.iter_mut().filter(|i| i.name == port) {
                    interface.address = Some((lease.address, lease.mask));
                    interface.shutdown = false;
                }
            });
        }
        let mut came = false;
        let mut first_of = |names: Names| -> Result<(), Leave> {
            for name in names {
                for server in &servers {
                    let net = Net {
                        scheme: Scheme::Tftp,
                        user: None,
                        password: None,
                        host: Some(server.to_string()),
                        port: None,
                        path: Some(name.clone()),
                    };
                    if let Some(text) = fetch(&net)? {
                        self.take_configuration("autoinstall", &text);
                        self.log(&format!("%SYS-5-CONFIG_I: Configured from {net} by console"));
                        came = true;
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        match lease.and_then(|lease| lease.file.clone()) {
            Some(file) => first_of(vec![file])?,
            None => {
                first_of(of_the_network())?;
                let name = self.own_name(lease);
                first_of(of_the_device(name.as_deref()))?;
            }
        }
        match came {
            true => drop(self.running(|r| r.setup = false)),
            // Nothing came: it has no address either.
            false if new => drop(self.reconfigure("autoinstall", |config| *config = before)),
            false => {}
        }
        Ok(came)
    }

    /// What the device is called: by `ip host NAME ADDRESS` of its address, or by a configuration that named it.
    fn own_name(&self, lease: Option<&Lease>) -> Option<String> {
        let config = self.running_config();
        let address = lease.map(|lease| lease.address.to_string());
        let host = config.kept.iter().find_map(|line| {
            let (name, of) = line.strip_prefix("ip host ")?.split_once(' ')?;
            (Some(of.trim()) == address.as_deref()).then(|| name.to_owned())
        });
        host.or_else(|| Some(config.hostname).filter(|name| *name != *self.profile().hostname))
    }

    /// With nobody at the console.
    pub(crate) fn install_quietly(&self) {
        let done = self.install(&mut |net| {
            let Ok(mut memory) = Limited::new(ROOM) else { return Ok(None) };
            let fetched = fetch_quietly(self, &remote(net), &mut memory, Arc::clone(&self.wire));
            Ok(fetched.ok().and_then(|_| text_of(memory)))
        });
        debug_assert!(done.is_ok(), "nobody leaves who is not there");
    }
}

/// Looks for a configuration, if the device is to; whether one came.
pub(crate) fn install(tty: &mut Tty) -> Result<bool, Leave> {
    let device = Arc::clone(&tty.device);
    device.install(&mut |net| {
        let Ok(mut memory) = Limited::new(ROOM) else { return Ok(None) };
        let wire = Arc::clone(&device.wire);
        let remote = remote(net);
        // Of everybody it is told who answers.
        let asked = remote.host.parse().ok();
        let host = asked.map(|ip| wire.answering(ip).to_string()).unwrap_or_default();
        let via = asked.and_then(|ip| wire.via(ip)).map(|port| port.to_string()).unwrap_or_default();
        let file = net.path.clone().unwrap_or_default();
        let begin = loading_tftp(&file, &host, &via).trim_start().to_owned();
        tty.fresh_line()?;
        match fetch_at_boot(tty, &remote, &mut memory, wire, begin)? {
            Ok(done) => {
                tty.print(&ok_tftp(done.octets))?;
                Ok(text_of(memory))
            }
            Err(why) => {
                tty.fresh_line()?;
                tty.print(&failed(net, why))?;
                Ok(None)
            }
        }
    })
}

fn remote(net: &Net) -> Remote {
    Remote {
        scheme: net.scheme,
        user: None,
        password: None,
        host: net.host.clone().unwrap_or_default(),
        port: None,
        path: net.path.clone().unwrap_or_default().into_bytes(),
        kind: Type::Image,
    }
}

fn text_of(memory: Limited) -> Option<String> {
    let blob = memory.finish().ok()?;
    let mut octets = vec![0; usize::try_from(blob.len()).ok()?];
    let n = blob.read_at(0, &mut octets).ok()?;
    Some(String::from_utf8_lossy(&octets[..n]).replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_read() {
        let lease: Lease = "10.0.0.2/24,10.0.0.1,r1.cfg".parse().expect("a lease");
        assert_eq!(lease.mask, Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!((lease.server, lease.file.as_deref()), (Some(Ipv4Addr::new(10, 0, 0, 1)), Some("r1.cfg")));
        let lease: Lease = "10.0.0.2/32".parse().expect("a lease");
        assert_eq!((lease.mask, lease.server, lease.file), (Ipv4Addr::BROADCAST, None, None));
        for text in ["", "10.0.0.2", "10.0.0.2/0", "10.0.0.2/33", "10.0.0/8", "10.0.0.2/24,x"] {
            assert!(text.parse::<Lease>().is_err(), "{text}");
        }
    }
}
