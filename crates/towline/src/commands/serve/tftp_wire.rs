//! How TFTP's datagrams travel: ports, sizes, what is tried for old clients.

use super::ports;
use crate::config::{Loaded, Within};
use clap::Args;
use std::ops::RangeInclusive;

/// TFTP's flags about ports and packets.
#[derive(Debug, Args)]
pub(crate) struct WireFlags {
    /// UDP ports of transfers, for a firewall: 50000-50100. Without it any free one.
    #[arg(long, value_name = "A-B", value_parser = ports, conflicts_with = "tftp_single_port")]
    tftp_ports: Option<RangeInclusive<u16>>,
    /// Answer from TFTP's own port, for firewalls, NAT and containers that pass no other one.
    #[arg(long)]
    tftp_single_port: bool,
    /// Agree to blocks of at most so many octets, 512 to 65464.
    #[arg(long, value_name = "OCTETS", value_parser = clap::value_parser!(u16).range(512..=65_464))]
    tftp_max_blksize: Option<u16>,
    /// Agree to blocks that the path cannot take in one piece. Without it a block is at most what the
    /// path's MTU holds (1,468 on Ethernet): some devices do not put fragments together.
    #[arg(long)]
    tftp_fragments: bool,
    /// Send some blocks ahead to clients that know no windows, which makes copies over long paths faster.
    /// It ends at the first sign that a client does not like it, and is remembered for its address.
    #[arg(long)]
    tftp_send_ahead: bool,
    /// Transfers at once; more are refused. Without it as many as there are descriptors for, 32,768 at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32_768))]
    tftp_max_transfers: Option<u32>,
    /// Answer requests sent to a broadcast address, as routers without a configuration send them.
    #[arg(long)]
    autoinstall: bool,
}

impl WireFlags {
    /// Sets what the flags say.
    pub(super) fn apply(&self, loaded: &mut Loaded) {
        if let Some(ports) = &self.tftp_ports {
            loaded.flag("tftp.ports", "--tftp-ports").tftp.ports = Some(ports.clone());
        }
        if self.tftp_single_port {
            loaded.flag("tftp.single-port", "--tftp-single-port").tftp.single_port = true;
        }
        if let Some(octets) = self.tftp_max_blksize {
            loaded.flag("tftp.max-blksize", "--tftp-max-blksize").tftp.max_blksize =
                Some(Within(octets.into()));
        }
        if self.tftp_fragments {
            loaded.flag("tftp.fragments", "--tftp-fragments").tftp.fragments = true;
        }
        if self.tftp_send_ahead {
            loaded.flag("tftp.send-ahead", "--tftp-send-ahead").tftp.send_ahead = true;
        }
        if let Some(most) = self.tftp_max_transfers {
            loaded.flag("tftp.max-transfers", "--tftp-max-transfers").tftp.max_transfers = Some(Within(most));
        }
        if self.autoinstall {
            loaded.flag("tftp.autoinstall", "--autoinstall").tftp.autoinstall = true;
        }
    }
}
