//! `[tftp]`.

use super::section::section;
use super::value::Within;
use serve::listen::Want;
use std::ops::RangeInclusive;
use std::path::PathBuf;

section! {
    /// TFTP: its port, what names stand for, how datagrams travel.
    Tftp {
        /// The UDP port. Without it 69, and 6969 where 69 is not to be had.
        port: Want = Want::Default,
        /// Find a name also in another case; the exact name wins, two that fit are refused.
        ignore_case: bool = false,
        /// A file of rules that turn names into others, one a line: "PATTERN => NAME" and flags.
        remap: Option<PathBuf> = None,
        /// Rules before those of the file.
        map: Vec<String> = Vec::new(),
        /// Look into a directory of the client's own first: "ip", "hex", "mac-dash", … or "clients/{ip}".
        client_dir: Option<String> = None,
        /// Clients see nothing but their own directory; one without gets nothing.
        client_only: bool = false,
        /// Where NAME is not there, send NAME.tmpl with {{ip}}, {{name}}, … filled in for the client.
        templates: bool = false,
        /// UDP ports of transfers, for a firewall. Without it any free one.
        ports: Option<RangeInclusive<u16>> = None,
        /// Answer from TFTP's own port, for firewalls, NAT and containers that pass no other one.
        single_port: bool = false,
        /// Agree to blocks of at most so many octets.
        max_blksize: Option<Within<512, 65_464>> = None,
        /// Agree to blocks that the path cannot take in one piece.
        fragments: bool = false,
        /// Send some blocks ahead to clients that know no windows.
        send_ahead: bool = false,
        /// Transfers at once; more are refused. Without it as many as there are descriptors for.
        max_transfers: Option<Within<1, 32_768>> = None,
        /// Answer requests sent to a broadcast address, as routers without a configuration send them.
        autoinstall: bool = false,
    }
}
