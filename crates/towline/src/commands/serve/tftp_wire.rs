//! How TFTP's datagrams travel: ports, sizes, what is tried for old clients.

use super::ports;
use clap::Args;
use serve::tftp::TftpConfig;
use std::ops::RangeInclusive;

/// Descriptors that transfers leave to the rest: FTP's connections, files, the program itself.
const RESERVE: u64 = 1_500;
/// At least so many transfers, whatever the limit says.
const FEW: u64 = 64;

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
    pub(super) fn apply(&self, config: TftpConfig) -> TftpConfig {
        TftpConfig {
            port_range: self.tftp_ports.clone(),
            single_port: self.tftp_single_port,
            clamp_to_mtu: !self.tftp_fragments,
            max_blksize: self.tftp_max_blksize.unwrap_or(config.max_blksize),
            send_ahead: self.tftp_send_ahead,
            autoinstall: self.autoinstall,
            max_transfers: match self.tftp_max_transfers {
                Some(most) => usize::try_from(most).unwrap_or(usize::MAX),
                None => transfers().min(config.max_transfers),
            },
            ..config
        }
    }
}

/// As many transfers as there are descriptors for: each has one, and files are shared.
fn transfers() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.current.map_or(u64::MAX, |n| n.saturating_sub(RESERVE).max(FEW));
    usize::try_from(most).unwrap_or(usize::MAX)
}
