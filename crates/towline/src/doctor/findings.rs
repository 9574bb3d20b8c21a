//! What the doctor can find, as one table; `docs/doctor.md` is made from it.

use crate::exit::Exit;

/// One row.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub id: Id,
    /// Its name in `--json` and in the documents.
    pub name: &'static str,
    /// What must have been seen.
    pub evidence: &'static str,
    /// What is said; `{…}` stands for what was seen.
    pub words: &'static str,
    /// What to set, with the same `{…}`.
    pub remedy: &'static str,
    /// What the command ends with; [`Exit::Done`]: worth knowing, nothing is wrong.
    pub exit: Exit,
}

/// Every finding, the gravest first, those of TFTP then those of SSH and those of FTP: the first one found decides the exit code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[allow(missing_docs, reason = "each is described by its row")]
pub enum Id {
    NothingListens,
    ListensElsewhere,
    PortClosed,
    Unreachable,
    OtherAddress,
    NatTid,
    DataPortFiltered,
    PortFiltered,
    NoAnswer,
    SilentForFile,
    TrailingJunk,
    WrongCase,
    OtherPath,
    Absent,
    Denied,
    Refused,
    BlackHole,
    FragmentsLost,
    IllegalOack,
    OptionsSilent,
    Apprentice,
    Loss,
    OptionsRefused,
    OptionsIgnored,
    Slow,
    Firewall,
    FirewallUnseen,
    ReversePath,
    Unreadable,
    SshClosed,
    SshUnreachable,
    SshSilent,
    NotSsh,
    SshOne,
    OfferUnread,
    NoProfile,
    NeedsProfile,
    HostRevoked,
    HostOther,
    HostUnknown,
    NoWayIn,
    LoginRefused,
    NoSftp,
    SshBroke,
    OldAlgorithms,
    NotStrict,
    FtpClosed,
    FtpUnreachable,
    NotFtp,
    FtpBusy,
    FtpCertificate,
    FtpLogin,
    FtpNoData,
    FtpWrongAddress,
    FtpRewritten,
    FtpNoPassive,
    FtpNoEpsv,
    FtpNoActive,
    FtpNoTls,
    FtpNotResumed,
    FtpNotBound,
    FtpCut,
}

/// The table: of TFTP, of SSH, and of FTP.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    FINDINGS.iter().chain(super::ssh_findings::FINDINGS).chain(super::ftp_findings::FINDINGS)
}

const FINDINGS: &[Row] = &[
    Row {
        id: Id::NothingListens,
        name: "nothing-listens",
        evidence: "The address is one of this host's, and `/proc/net/udp` has no socket on the port.",
        words: "nobody on this host listens on UDP port {port}",
        remedy: "start a server: `towline serve DIR` (port 69 wants root or CAP_NET_BIND_SERVICE)",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::ListensElsewhere,
        name: "listens-elsewhere",
        evidence: "This host's sockets on the port are bound to other addresses than the one that was asked.",
        words: "UDP port {port} is served on {addresses} only, not on {asked}",
        remedy: "bind the server to {asked}, or to all addresses (`towline serve` without --bind)",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::PortClosed,
        name: "port-closed",
        evidence: "ICMP port unreachable in answer to the request.",
        words: "{server} is up and its UDP port {port} is closed (ICMP port unreachable)",
        remedy: "start the TFTP server there, or name its port: tftp://HOST:PORT/FILE",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::Unreachable,
        name: "unreachable",
        evidence: "Another ICMP error in answer to the request, or this host has no route.",
        words: "the network says of {server}: {error}",
        remedy: "check the address, the routes, and a firewall between that rejects UDP port {port}",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::OtherAddress,
        name: "other-address",
        evidence: "Answers came, but from another address than the one that was asked.",
        words: "{server} was asked and {others} answered: clients and firewalls drop such answers",
        remedy: "ask {others} directly, or have the server answer from the asked address (towline serve does; \
                 others: bind the server to one address, or undo the NAT between)",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::NatTid,
        name: "nat-tid",
        evidence: "ERROR 5 in answer to our ACK, or blocks of one transfer from several ports.",
        words: "the transfer's ports changed on the way ({seen}): a NAT translates request and transfer apart",
        remedy: "give the NAT its TFTP helper (Linux: modprobe nf_nat_tftp, and a ct helper rule for UDP port {port}), \
                 or a server that answers from its request port alone",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::DataPortFiltered,
        name: "data-port-filtered",
        evidence: "The request is answered, the transfer is not: DATA 1 or the OACK comes again although it was \
                   acknowledged, or an ERROR comes from the request port while DATA never does.",
        words: "requests reach the server and the transfer's own port does not work: {seen}",
        remedy: "the server answers from a new port (RFC 1350 §4): a firewall between needs its TFTP helper (Linux: \
                 modprobe nf_conntrack_tftp, and a ct helper rule for UDP port {port}), or UDP above 1023 open both ways",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::PortFiltered,
        name: "port-filtered",
        evidence: "No answer to the request, but the host answers an echo or says that another port is closed.",
        words: "{server} is up ({alive}), and neither an answer nor an error comes for UDP port {port}: the request \
                or the answer, which comes from a new port, is filtered",
        remedy: "let UDP port {port} in at the server and its answers back: Linux' firewalls need nf_conntrack_tftp \
                 and a ct helper rule; look whether the server's log shows the request",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::NoAnswer,
        name: "no-answer",
        evidence: "Nothing came back at all: no answer, no ICMP error, no echo.",
        words: "nothing at all comes back from {server}",
        remedy: "check the address, that the host is on, the route there and back, and firewalls between",
        exit: Exit::Unreachable,
    },
    Row {
        id: Id::SilentForFile,
        name: "silent-for-file",
        evidence: "The server answers for a name that does not exist, and not for this one.",
        words: "the server answers other requests and says nothing about this file",
        remedy: "look into the server's log: it hangs at opening or reading the file, or drops what it does not allow",
        exit: Exit::Failed,
    },
    Row {
        id: Id::TrailingJunk,
        name: "trailing-junk",
        evidence: "The name ends in octets that do not belong to it, and exists without them.",
        words: "the name ends in {junk}; '{name}' without that is there",
        remedy: "correct the name in the device or the DHCP option: its length must not count padding, and no CR, \
                 space or 0xff may end it",
        exit: Exit::Absent,
    },
    Row {
        id: Id::WrongCase,
        name: "wrong-case",
        evidence: "The name is absent, and the same name in other letters is there.",
        words: "there is no '{asked}', but '{name}': upper and lower case count",
        remedy: "ask for '{name}', or rename the file on the server",
        exit: Exit::Absent,
    },
    Row {
        id: Id::OtherPath,
        name: "other-path",
        evidence: "The name is absent, and the same file is there under another path.",
        words: "there is no '{asked}', but '{name}': names count from the server's own root",
        remedy: "ask for '{name}'",
        exit: Exit::Absent,
    },
    Row {
        id: Id::Absent,
        name: "absent",
        evidence: "ERROR 1, also for the name in other letters and paths.",
        words: "the server has no such file ({text})",
        remedy: "check the name and the directory that the server serves",
        exit: Exit::Absent,
    },
    Row {
        id: Id::Denied,
        name: "denied",
        evidence: "ERROR 2.",
        words: "the server does not give this file ({text})",
        remedy: "check its permissions (in.tftpd wants files that everybody may read) and that it is inside the \
                 served directory",
        exit: Exit::Refused,
    },
    Row {
        id: Id::Refused,
        name: "refused",
        evidence: "Any other ERROR.",
        words: "the server refuses with ERROR {code} ({text})",
        remedy: "look into the server's log",
        exit: Exit::Refused,
    },
    Row {
        id: Id::BlackHole,
        name: "mtu-black-hole",
        evidence: "Blocks of 512 octets pass; larger ones that fit into an Ethernet frame are agreed to and never arrive.",
        words: "blocks of {works} octets arrive and blocks of {fails} do not: the path drops larger packets in silence",
        remedy: "use blocks of at most {works} octets (IOS: ip tftp blocksize {works}; towline copy --blksize {works}), \
                 or correct the MTU of the tunnel or link between",
        exit: Exit::Failed,
    },
    Row {
        id: Id::FragmentsLost,
        name: "fragments-lost",
        evidence: "Blocks that fit into a frame arrive; larger ones, which IP cuts into fragments, never do.",
        words: "blocks of {works} octets arrive and blocks of {fails}, which go as fragments, do not",
        remedy: "use blocks of at most {works} octets (IOS: ip tftp blocksize {works}), or let fragments through the \
                 firewall",
        exit: Exit::Failed,
    },
    Row {
        id: Id::IllegalOack,
        name: "illegal-oack",
        evidence: "An OACK with an option or value that was not asked for, one twice, one renamed, or octets behind the last.",
        words: "the server's OACK is not lawful (RFC 2347): {faults}",
        remedy: "strict clients refuse it (iPXE what it did not ask for, Cisco switches octets behind the last option): \
                 update the server, or have the client ask without options",
        exit: Exit::Failed,
    },
    Row {
        id: Id::OptionsSilent,
        name: "options-silent",
        evidence: "A plain request is answered, one with an option gets silence.",
        words: "requests with {options} get no answer, plain ones do",
        remedy: "ask without options (towline copy --blksize 512 --windowsize 1), or update the server or the firewall \
                 that drops longer requests",
        exit: Exit::Failed,
    },
    Row {
        id: Id::Apprentice,
        name: "sorcerers-apprentice",
        evidence: "A repeated ACK brings the next block again at once, each time; without it none comes.",
        words: "the server sends a block again for each repeated ACK: one delayed packet doubles all that follow \
                (RFC 1123 §4.2.3.1)",
        remedy: "update the server (atftpd: --prevent-sas)",
        exit: Exit::Done,
    },
    Row {
        id: Id::Loss,
        name: "loss",
        evidence: "Of a hundred packets or more in the timed reads more than one of a hundred was lost, three at least.",
        words: "{lost} of {of} packets were lost",
        remedy: "look for a duplex mismatch, errors on an interface, or a full queue; a window recovers faster than \
                 lock-step",
        exit: Exit::Done,
    },
    Row {
        id: Id::OptionsRefused,
        name: "options-refused",
        evidence: "An ERROR in answer to an option that a plain request does not get.",
        words: "the server refuses {options}",
        remedy: "good clients ask again without (RFC 2347); others need the option switched off",
        exit: Exit::Done,
    },
    Row {
        id: Id::OptionsIgnored,
        name: "options-ignored",
        evidence: "An option by itself is answered as if it had not been there.",
        words: "the server ignores {options}",
        remedy: "nothing is wrong with that; blksize and windowsize make transfers fast, tsize shows sizes beforehand",
        exit: Exit::Done,
    },
    Row {
        id: Id::Slow,
        name: "slow",
        evidence: "No window, and a round trip of 5 ms or more.",
        words: "one block for each round trip of {rtt}: at most {rate} with blocks of {blksize}",
        remedy: "larger blocks (IOS: ip tftp blocksize 8192), a server with windowsize (RFC 7440), or FTP",
        exit: Exit::Done,
    },
    Row {
        id: Id::Firewall,
        name: "firewall",
        evidence: "The kernel has packet filter rules (nftables by netlink, `/proc/net/ip_tables_names`).",
        words: "this host filters packets: {rules}",
        remedy: "a server must let in UDP port {port} and what belongs to its own transfers (ct state established); a \
                 client's host needs nf_conntrack_tftp and a ct helper rule, for the answer comes from a new port",
        exit: Exit::Done,
    },
    Row {
        id: Id::FirewallUnseen,
        name: "firewall-unseen",
        evidence: "The kernel does not show its packet filter to this user.",
        words: "whether this host filters packets cannot be seen: {error}",
        remedy: "run the same command as root",
        exit: Exit::Done,
    },
    Row {
        id: Id::ReversePath,
        name: "reverse-path-filter",
        evidence: "`net.ipv4.conf.*.rp_filter` is 1 on an interface, and several interfaces are up.",
        words: "packets that come in on {interfaces} are dropped where the way back is another interface (rp_filter 1)",
        remedy: "where devices are reached by two ways: sysctl net.ipv4.conf.{first}.rp_filter=2",
        exit: Exit::Done,
    },
    Row {
        id: Id::Unreadable,
        name: "unreadable-files",
        evidence: "Files of the directory that not everybody may read.",
        words: "{count} of {of} files may not be read by everybody, {example} for one",
        remedy: "chmod o+r where the server runs as another user; in.tftpd refuses such files to all",
        exit: Exit::Done,
    },
];

/// A finding with what was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Which.
    pub id: Id,
    /// The row's words, filled in.
    pub words: String,
    /// The row's remedy, filled in.
    pub remedy: String,
}

impl Id {
    /// Its row.
    pub fn row(self) -> &'static Row {
        rows().find(|r| r.id == self).expect("a test holds that every finding has a row")
    }
}

impl Found {
    /// Fills the row's texts.
    pub fn new(id: Id, seen: &[(&str, String)]) -> Found {
        let row = id.row();
        Found { id, words: fill(row.words, seen), remedy: fill(row.remedy, seen) }
    }

    /// What the command ends with for this.
    pub fn exit(&self) -> Exit {
        self.id.row().exit
    }
}

/// Puts values in. What they contain is not looked at again: a server's text may have braces.
fn fill(text: &str, seen: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len() + 40);
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once('{') {
        let (key, tail) = tail.split_once('}').expect("a test holds that braces are closed");
        out.push_str(head);
        match seen.iter().find(|(name, _)| *name == key) {
            Some((_, value)) => out.push_str(value),
            None => debug_assert!(false, "no value for {{{key}}} in '{text}'"),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The table of `docs/doctor.md`.
pub fn document() -> String {
    let mut out =
        String::from("| finding | evidence | what is said | what to set | exit |\n|---|---|---|---|---:|\n");
    for r in rows() {
        let exit = r.exit.code();
        out.push_str(&format!("| `{}` | {} | {} | {} | {exit} |\n", r.name, r.evidence, r.words, r.remedy));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_gravity_each_once() {
        for (one, next) in rows().zip(rows().skip(1)) {
            assert!(one.id < next.id, "{} before {}", one.name, next.name);
        }
        // The last variant: the enum has no row missing behind it, and the order above has no gap before it.
        assert_eq!(Id::FtpCut as usize + 1, rows().count());
    }

    #[test]
    fn what_was_seen_is_filled_in_and_never_read_again() {
        let seen = [("code", String::from("0")), ("text", String::from("{code} {x"))];
        assert_eq!(fill("ERROR {code} ({text})", &seen), "ERROR 0 ({code} {x)");
        for row in rows() {
            for text in [row.words, row.remedy] {
                assert_eq!(text.matches('{').count(), text.matches('}').count(), "{}", row.name);
                assert!(!text.contains('|'), "{}: a table cell", row.name);
            }
        }
    }
}
