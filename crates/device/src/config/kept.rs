//! Lines that are kept as they are and never obeyed.

/// Of these heads the ones that are whole lines by themselves; any other head of one word wants more behind it.
pub(super) const WHOLE: &[&str] = &["control-plane", "gatekeeper", "mgcp"];

/// Whether another command of the global section begins with `word`, as that of a real device would: what this device
/// does not obey counts as well.
pub(crate) fn begins_another(word: &str, than: Option<&str>) -> usize {
    let first = |head: &&'static str| head.split(' ').next().unwrap_or(head);
    let mut heads: Vec<&str> = KEPT.iter().map(first).filter(|head| head.starts_with(word)).collect();
    heads.dedup();
    heads.iter().filter(|head| Some(**head) != than).count()
}

/// Kept lines that hold without being there: only their denial is shown.
pub(super) const BY_ITSELF: &[&str] =
    &["cdp run", "cdp enable", "lldp transmit", "lldp receive", "logging on"];

/// First words of global lines of real configurations that mean nothing to the emulated device. A line
/// that begins otherwise is a typing error.
pub(super) const KEPT: &[&str] = &[
    "aaa",
    "access-list",
    "alias",
    "archive",
    "arp",
    "boot auto-copy-sw",
    "boot auto-download-sw",
    "boot bootldr",
    "boot bootstrap",
    "boot buffersize",
    "boot config",
    "boot helper",
    "boot helper-config-file",
    "boot host",
    "boot network",
    "boot private-config-file",
    "boot time-out",
    "bridge",
    "cdp run",
    "clock",
    "control-plane",
    "crypto",
    "cts",
    "device-tracking",
    "dot11",
    "dot1x",
    "errdisable",
    "exception",
    "gatekeeper",
    "ip access-list",
    "ip arp",
    "ip bgp-community",
    "ip cef",
    "ip classless",
    "ip default-gateway",
    "ip default-network",
    "ip dhcp",
    "ip domain",
    "ip domain-name",
    "ip flow-export",
    "ip forward-protocol",
    "ip ftp source-interface",
    "ip host",
    "ip http",
    "ip igmp",
    "ip multicast-routing",
    "ip name-server",
    "ip nat",
    "ip nbar",
    "ip pim",
    "ip prefix-list",
    "ip radius",
    "ip route",
    "ip routing",
    "ip scp server",
    "ip sla",
    "ip source-route",
    "ip ssh",
    "ip subnet-zero",
    "ip tacacs",
    "ip tftp boot-interface",
    "ip tftp min-timeout",
    "ip tftp source-interface",
    "ip vrf",
    "ipv6",
    "lacp",
    "license",
    "lldp",
    "logging",
    "login block-for",
    "login on-failure",
    "login on-success",
    "mac",
    "memory-size",
    "mgcp",
    "mls",
    "mmi",
    "monitor",
    "multilink",
    "ntp",
    "parser",
    "port-channel",
    "power",
    "privilege",
    "scheduler",
    "sdm",
    "security",
    "service",
    "snmp-server",
    "spanning-tree",
    "switch",
    "system",
    "tftp-server",
    "udld",
    "voice",
    "voice-card",
    "vtp",
];

/// The same inside an interface.
pub(super) const KEPT_IN_INTERFACE: &[&str] = &[
    "arp",
    "authentication",
    "auto",
    "bandwidth",
    "bfd",
    "bridge-group",
    "carrier-delay",
    "cdp enable",
    "channel-group",
    "channel-protocol",
    "clock rate",
    "crypto map",
    "delay",
    "dialer",
    "dot1x",
    "duplex",
    "encapsulation",
    "fair-queue",
    "flowcontrol",
    "hold-queue",
    "ip access-group",
    "ip arp",
    "ip dhcp",
    "ip directed-broadcast",
    "ip flow",
    "ip helper-address",
    "ip igmp",
    "ip local-proxy-arp",
    "ip mtu",
    "ip nat",
    "ip nbar",
    "ip nhrp",
    "ip ospf",
    "ip pim",
    "ip policy",
    "ip proxy-arp",
    "ip redirects",
    "ip rip",
    "ip route-cache",
    "ip summary-address",
    "ip tcp",
    "ip unreachables",
    "ip verify",
    "ip virtual-reassembly",
    "ip vrf",
    "ipv6",
    "keepalive",
    "lldp",
    "load-interval",
    "logging event",
    "mab",
    "mac-address",
    "mdix",
    "media-type",
    "mls",
    "mop",
    "mtu",
    "negotiation",
    "power",
    "ppp",
    "pppoe",
    "priority-queue",
    "random-detect",
    "rate-limit",
    "service-policy",
    "snmp",
    "spanning-tree",
    "speed",
    "srr-queue",
    "standby",
    "storm-control",
    "switchport",
    "traffic-shape",
    "trust",
    "tunnel",
    "tx-ring-limit",
    "udld",
    "vrf",
];

/// A head, and whether a line that begins so is the interface's, by its words behind the head.
type Row = (&'static str, fn(&[&str]) -> bool);

/// Heads that lines of an interface share with lines of the device.
const SHARED: &[Row] = &[
    ("arp", |rest| begins_with(rest, &["arpa", "frame-relay", "probe", "snap", "timeout"])),
    ("crypto map", |rest| rest.len() == 1),
    ("dot1x", |rest| !begins_with(rest, &["credentials", "guest-vlan", "supplicant", "system-auth-control"])),
    ("ip dhcp", |rest| begins_with(rest, &["client", "relay"]) || is_trust(rest)),
    ("ip arp", |rest| begins_with(rest, &["gratuitous"]) || is_trust(rest)),
    ("ip igmp", |rest| !begins_with(rest, &["profile", "snooping", "ssm-map", "vrf"])),
    ("ip nat", |rest| rest.len() == 1),
    ("ip nbar", |rest| begins_with(rest, &["protocol-discovery"])),
    ("ip pim", |rest| {
        !begins_with(rest, &["autorp", "bsr-candidate", "rp-address", "rp-candidate", "ssm", "vrf"])
    }),
    ("ip vrf", |rest| begins_with(rest, &["forwarding", "receive", "select", "sitemap"])),
    ("ipv6", |rest| !begins_with(rest, IPV6_OF_THE_DEVICE)),
    ("lldp", |rest| begins_with(rest, &["med-tlv-select", "receive", "tlv-select", "transmit"])),
    ("logging event", |rest| begins_with(rest, EVENTS)),
    ("mls", |rest| matches!(rest, ["qos", "cos" | "trust" | "vlan-based", ..])),
    ("power", |rest| begins_with(rest, &["inline"])),
    ("spanning-tree", |rest| begins_with(rest, OF_A_PORT) && !matches!(rest, [.., "default"])),
    ("udld", |rest| begins_with(rest, &["port"])),
    ("vrf", |rest| begins_with(rest, &["forwarding"])),
];

/// What `ipv6` says of the whole device.
const IPV6_OF_THE_DEVICE: &[&str] = &[
    "access-list",
    "cef",
    "general-prefix",
    "host",
    "local",
    "multicast-routing",
    "prefix-list",
    "route",
    "router",
    "source-route",
    "unicast-routing",
];

/// Events of an interface that may be logged or not.
const EVENTS: &[&str] =
    &["bundle-status", "link-status", "spanning-tree", "status", "subif-link-status", "trunk-status"];

/// What `spanning-tree` says of a port.
const OF_A_PORT: &[&str] =
    &["bpdufilter", "bpduguard", "cost", "guard", "link-type", "port-priority", "portfast"];

fn begins_with(rest: &[&str], words: &[&str]) -> bool {
    rest.first().is_some_and(|first| words.contains(first))
}

/// `snooping trust`, `inspection limit rate 10`: a port's.
fn is_trust(rest: &[&str]) -> bool {
    matches!(rest, ["snooping" | "inspection", "trust" | "limit", ..])
}

/// Whether an interface keeps a line.
pub(super) fn is_of_interface(words: &[&str]) -> bool {
    let behind = |head: &str| super::apply::behind(words, head);
    KEPT_IN_INTERFACE.iter().any(|head| behind(head).is_some())
        && SHARED.iter().all(|(head, is)| behind(head).is_none_or(is))
}

/// The same inside a line.
pub(super) const KEPT_IN_LINE: &[&str] = &[
    "absolute-timeout",
    "access-class",
    "accounting",
    "activation-character",
    "authorization",
    "autocommand",
    "autohangup",
    "autoselect",
    "buffer-length",
    "callback",
    "databits",
    "disconnect-character",
    "dispatch-character",
    "domain-lookup",
    "editing",
    "escape-character",
    "exec",
    "exec-banner",
    "exec-timeout",
    "flowcontrol",
    "full-help",
    "history",
    "international",
    "ip netmask-format",
    "length",
    "location",
    "lockable",
    "logging synchronous",
    "login authentication",
    "media-type",
    "modem",
    "monitor",
    "motd-banner",
    "no-exec",
    "notify",
    "padding",
    "parity",
    "ppp",
    "refuse-message",
    "rotary",
    "rxspeed",
    "session-limit",
    "session-timeout",
    "speed",
    "start-character",
    "stop-character",
    "stopbits",
    "telnet",
    "terminal-type",
    "timeout",
    "transport",
    "txspeed",
    "usb-inactivity-timeout",
    "vacant-message",
    "width",
];
