//! What `serve` says when it listens: the addresses, and the lines to paste on a device.

use super::servers::Addresses;
use super::session_password::SessionPassword;
use ios_cli::image_name::ImageName;
use serve::listen::{FellBack, Reason};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use transport::Interface;

/// Everything the announcement is made from.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// `images (read-only)`: what is served, for people on this host.
    pub(crate) what: String,
    /// Each protocol's sockets.
    pub(crate) addresses: Addresses,
    /// Ports that are not the standard ones although they were wanted.
    pub(crate) fell_back: Vec<(&'static str, FellBack)>,
    /// This host's addresses.
    pub(crate) interfaces: Vec<Interface>,
    /// The device that the lines are for, or the address it reaches us at.
    pub(crate) best: Option<IpAddr>,
    /// A name to show in the lines: of the newest image, else of any file.
    pub(crate) file: Option<String>,
    /// A user for the FTP line; `None`: anonymous.
    pub(crate) user: Option<String>,
    /// The login of this run, where there is one.
    pub(crate) session_password: Option<SessionPassword>,
    /// What SSH shows: kind and fingerprint of each key.
    pub(crate) host_keys: Vec<(String, String)>,
    /// Whether files are only put in.
    pub(crate) inbox: bool,
    /// Our own program, for the setcap line.
    pub(crate) program: String,
}

/// The text, lines ended.
pub(crate) fn text(facts: &Facts) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    if facts.addresses.tftp.is_empty() {
        line(format!("Serving {}.", facts.what));
    } else {
        let may = if facts.inbox {
            "store files, and nobody without login fetches any"
        } else {
            "fetch every file"
        };
        line(format!("TFTP has no authentication: whoever reaches it may {may}. Serving {}.", facts.what));
    }
    for (protocol, sockets) in facts.addresses.each() {
        for (address, interface) in reachable(sockets, &facts.interfaces) {
            line(format!("  {protocol:<5} {address:<28} {interface}"));
        }
    }
    for (kind, fingerprint) in &facts.host_keys {
        line(format!("  host key {fingerprint} {kind}"));
    }
    explain(&facts.fell_back, &facts.program).into_iter().for_each(&mut line);
    if let Some(best) = facts.best {
        for text in paste(facts, best) {
            line(text);
        }
    }
    if let Some(SessionPassword { user, password }) = &facts.session_password {
        line(format!("Password of {user}, until this server ends: {password}"));
    }
    out
}

/// Each address that a socket answers at, with its interface; loopback last.
fn reachable(sockets: &[SocketAddr], interfaces: &[Interface]) -> Vec<(String, String)> {
    let mut rows: Vec<(bool, String, String)> = Vec::new();
    for socket in sockets {
        if !socket.ip().is_unspecified() {
            let on = interfaces.iter().find(|i| i.address == socket.ip());
            let loopback = socket.ip().is_loopback();
            rows.push((loopback, socket.to_string(), on.map(|i| i.name.clone()).unwrap_or_default()));
            continue;
        }
        let mine = interfaces
            .iter()
            .filter(|i| i.up && !i.is_link_local() && i.address.is_ipv4() == socket.is_ipv4());
        for i in mine {
            let address = SocketAddr::new(i.address, socket.port());
            rows.push((i.loopback, address.to_string(), i.name.clone()));
        }
    }
    rows.sort_by_key(|row| row.0);
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row.1.clone()));
    rows.into_iter().map(|(_, address, interface)| (address, interface)).collect()
}

/// Why ports are other ones, what that means, and how to get the real ones.
fn explain(fell_back: &[(&'static str, FellBack)], program: &str) -> Vec<String> {
    let of = |why: Reason| fell_back.iter().filter(move |f| f.1.why == why);
    let list = |words: Vec<String>| words.join(" and ");
    let mut lines = Vec::new();
    for (why, reason) in
        [(Reason::Denied, "denied to this user"), (Reason::Taken, "taken by another program")]
    {
        if of(why).next().is_none() {
            continue;
        }
        let now = list(of(why).map(|(p, f)| format!("{} listens on {}", p.to_uppercase(), f.to)).collect());
        let wanted = list(of(why).map(|(_, f)| f.from.to_string()).collect());
        let (ports, are) = if of(why).count() > 1 { ("ports", "are") } else { ("port", "is") };
        lines.push(format!("{now}: {ports} {wanted} {are} {reason}."));
        // A URL of HTTP has its port in it.
        if of(why).any(|(p, _)| matches!(*p, "tftp" | "ftp" | "sftp")) {
            lines.push(String::from(
                "Devices reach only 69 (TFTP), 21 (FTP) and 22 (SCP): no line for a device works with another.",
            ));
        }
        match why {
            Reason::Denied => {
                let keys = of(why).map(|(p, f)| format!("{}={}", unit_key(p), f.from)).collect();
                lines.push(format!("To allow {wanted}, one of:"));
                lines.push(format!("  sudo setcap cap_net_bind_service=+ep {program}"));
                lines.push(format!("  socket activation: a systemd .socket unit with {}", list(keys)));
            }
            Reason::Taken => {
                lines.push(String::from("To find the other program:"));
                lines.extend(of(why).map(|(p, f)| format!("  {}", finder(p, f.from))));
            }
        }
    }
    lines
}

fn unit_key(protocol: &str) -> &'static str {
    if protocol == "tftp" { "ListenDatagram" } else { "ListenStream" }
}

fn finder(protocol: &str, port: u16) -> String {
    let kind = if protocol == "tftp" { 'u' } else { 't' };
    format!("sudo ss -l{kind}np 'sport = :{port}'")
}

/// The lines to paste.
fn paste(facts: &Facts, best: IpAddr) -> Vec<String> {
    let name = facts.file.as_deref().unwrap_or("FILE");
    let port = |sockets: &[SocketAddr]| {
        let at =
            |s: &&SocketAddr| s.ip() == best || (s.ip().is_unspecified() && s.is_ipv4() == best.is_ipv4());
        sockets.iter().find(at).map(SocketAddr::port)
    };
    let host = |port: u16, standard: u16| {
        let ip = if best.is_ipv6() { format!("[{best}]") } else { best.to_string() };
        if port == standard { ip } else { format!("{ip}:{port}") }
    };
    let at = &facts.addresses;
    let (tftp, ftp, http, https) = (port(&at.tftp), port(&at.ftp), port(&at.http), port(&at.https));
    let sftp = port(&at.sftp);
    let (ssh_user, ssh_password) = match (&facts.user, &facts.session_password) {
        (Some(user), _) => (user.as_str(), "PASSWORD"),
        (None, Some(session)) => (session.user, session.password.as_str()),
        (None, None) => ("USER", "PASSWORD"),
    };
    let login = facts.user.as_ref().map(|user| format!("{user}:PASSWORD@")).unwrap_or_default();
    let (mut device, mut here) = (Vec::new(), Vec::new());
    let mut lines = Vec::new();
    if facts.inbox {
        if tftp == Some(69) {
            lines.push(String::from("On the device:"));
            lines.push(format!("  copy running-config tftp://{}/HOSTNAME-confg", host(69, 69)));
        }
        here.extend(tftp.map(|port| format!("  curl -T FILE tftp://{}/", host(port, 69))));
        here.extend(ftp.map(|port| format!("  curl -T FILE ftp://{}/", host(port, 21))));
        lines.push(String::from("From a computer:"));
        lines.append(&mut here);
        return lines;
    }
    if tftp == Some(69) {
        device.push(format!("  copy tftp://{}/{} flash:", host(69, 69), escaped(name)));
    }
    if ftp == Some(21) {
        device.push(format!("  copy ftp://{login}{}/{} flash:", host(21, 21), escaped(name)));
    }
    // A URL of HTTP takes a port, on devices too.
    device.extend(http.map(|port| format!("  copy http://{}/{} flash:", host(port, 80), escaped(name))));
    if sftp == Some(22) {
        device.push(format!(
            "  copy scp://{ssh_user}:{ssh_password}@{}/{} flash:",
            host(22, 22),
            escaped(name)
        ));
    }
    if !device.is_empty() {
        lines.push(String::from("On the device:"));
        lines.append(&mut device);
        lines.push(format!("  verify /md5 flash:{name}"));
    }
    if let Some(port) = tftp {
        here.push(format!("  curl -O tftp://{}/{}", host(port, 69), escaped(name)));
    }
    if let Some(port) = ftp {
        here.push(format!("  curl -O ftp://{login}{}/{}", host(port, 21), escaped(name)));
    }
    here.extend(http.map(|port| format!("  curl -O http://{}/{}", host(port, 80), escaped(name))));
    here.extend(https.map(|port| format!("  curl -kO https://{login}{}/{}", host(port, 443), escaped(name))));
    if let Some(port) = sftp {
        let at = if best.is_ipv6() { format!("[{best}]") } else { best.to_string() };
        let flag = if port == 22 { String::new() } else { format!(" -P {port}") };
        here.push(format!("  sftp{flag} {ssh_user}@{at}"));
        here.push(format!("  scp -O{flag} {ssh_user}@{at}:{} .", quoted(name)));
    }
    if !here.is_empty() {
        lines.push(String::from("From a computer:"));
        lines.append(&mut here);
    }
    lines
}

/// A name as a shell wants it.
fn quoted(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._/+".contains(&b);
    if name.bytes().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

/// A name as a URL wants it.
fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for b in name.bytes() {
        if b.is_ascii_alphanumeric() || b"-._~/+()".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

/// One image: its decoded name, if it follows the scheme, and its digests.
pub(crate) fn image(name: &str, md5: &str, sha512: &str) -> String {
    let decoded = ImageName::parse(name).map(|i| format!(": {i}")).unwrap_or_default();
    format!("{name}{decoded}\n  MD5      {md5}\n  SHA-512  {sha512}\n")
}

/// The address of ours that others most probably reach: IPv4 before IPv6, no loopback, no bridge of
/// containers or virtual machines, if there is any other.
pub(crate) fn best(interfaces: &[Interface], bound: &[SocketAddr]) -> Option<IpAddr> {
    let serves = |ip: IpAddr| {
        bound.iter().any(|b| b.ip() == ip || (b.ip().is_unspecified() && b.is_ipv4() == ip.is_ipv4()))
    };
    const VIRTUAL: [&str; 6] = ["docker", "br-", "virbr", "veth", "vmnet", "tun"];
    let rank =
        |i: &&Interface| (i.loopback, VIRTUAL.iter().any(|v| i.name.starts_with(v)), i.address.is_ipv6());
    interfaces
        .iter()
        .filter(|i| i.up && !i.is_link_local() && serves(i.address))
        .min_by_key(rank)
        .map(|i| i.address)
        .or_else(|| bound.iter().map(SocketAddr::ip).find(|ip| !ip.is_unspecified()))
}

/// The address at which `device` reaches us: the one in its network, else the one the system would send
/// from. Sends nothing.
pub(crate) fn towards(interfaces: &[Interface], device: IpAddr) -> Option<IpAddr> {
    if let Some(i) = interfaces.iter().find(|i| i.up && i.prefix > 0 && i.reaches(device)) {
        return Some(i.address);
    }
    let any: IpAddr = if device.is_ipv4() { [0; 4].into() } else { [0u16; 8].into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    // connect(2) on a datagram socket only chooses the route.
    socket.connect((device, 9)).ok()?;
    socket.local_addr().ok().map(|a| a.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: &str, prefix: u8) -> Interface {
        let address: IpAddr = address.parse().unwrap();
        Interface { name: name.into(), address, prefix, up: true, loopback: address.is_loopback() }
    }

    fn host() -> Vec<Interface> {
        vec![
            interface("lo", "127.0.0.1", 8),
            interface("docker0", "172.17.0.1", 16),
            interface("eth0", "192.168.1.10", 24),
            interface("eth0", "fe80::1", 64),
            interface("eth0", "2001:db8::10", 64),
            interface("lo", "::1", 128),
        ]
    }

    fn facts(tftp: &str, ftp: &str) -> Facts {
        Facts {
            what: "images (read-only)".into(),
            addresses: Addresses {
                tftp: vec![tftp.parse().unwrap()],
                ftp: vec![ftp.parse().unwrap()],
                ..Addresses::default()
            },
            fell_back: Vec::new(),
            interfaces: host(),
            best: Some([192, 168, 1, 10].into()),
            file: Some("c2900-universalk9-mz.SPA.155-3.M4a.bin".into()),
            user: None,
            session_password: None,
            host_keys: Vec::new(),
            inbox: false,
            program: "/usr/bin/towline".into(),
        }
    }

    #[test]
    fn the_standard_ports_give_lines_for_a_device() {
        let text = text(&facts("0.0.0.0:69", "0.0.0.0:21"));
        let expected = "\
TFTP has no authentication: whoever reaches it may fetch every file. Serving images (read-only).
  tftp  172.17.0.1:69                docker0
  tftp  192.168.1.10:69              eth0
  tftp  127.0.0.1:69                 lo
  ftp   172.17.0.1:21                docker0
  ftp   192.168.1.10:21              eth0
  ftp   127.0.0.1:21                 lo
On the device:
  copy tftp://192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin flash:
  copy ftp://192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin flash:
  verify /md5 flash:c2900-universalk9-mz.SPA.155-3.M4a.bin
From a computer:
  curl -O tftp://192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin
  curl -O ftp://192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin
";
        assert_eq!(text, expected);
    }

    #[test]
    fn http_has_its_port_in_the_line() {
        let mut facts = facts("0.0.0.0:69", "0.0.0.0:21");
        facts.addresses.http = vec!["0.0.0.0:8080".parse().unwrap()];
        facts.addresses.https = vec!["0.0.0.0:443".parse().unwrap()];
        facts.fell_back = vec![("http", FellBack { from: 80, to: 8080, why: Reason::Taken })];
        let text = text(&facts);
        for line in [
            "  http  192.168.1.10:8080            eth0\n",
            "  https 192.168.1.10:443             eth0\n",
            "  copy http://192.168.1.10:8080/c2900-universalk9-mz.SPA.155-3.M4a.bin flash:\n",
            "  curl -O http://192.168.1.10:8080/c2900-universalk9-mz.SPA.155-3.M4a.bin\n",
            "  curl -kO https://192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin\n",
            "HTTP listens on 8080: port 80 is taken by another program.\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(!text.contains("Devices reach only"), "{text}");
    }

    #[test]
    fn sftp_has_lines_with_the_password_of_this_run() {
        let mut facts = facts("0.0.0.0:69", "0.0.0.0:21");
        facts.addresses.sftp = vec!["0.0.0.0:22".parse().unwrap()];
        facts.session_password = Some(SessionPassword { user: "towline", password: "abc234".into() });
        facts.host_keys = vec![("ssh-ed25519".into(), "SHA256:x".into())];
        let standard = text(&facts);
        for line in [
            "  sftp  192.168.1.10:22              eth0\n",
            "  host key SHA256:x ssh-ed25519\n",
            "  copy scp://towline:abc234@192.168.1.10/c2900-universalk9-mz.SPA.155-3.M4a.bin flash:\n",
            "  sftp towline@192.168.1.10\n",
            "  scp -O towline@192.168.1.10:c2900-universalk9-mz.SPA.155-3.M4a.bin .\n",
            "Password of towline, until this server ends: abc234\n",
        ] {
            assert!(standard.contains(line), "{line}{standard}");
        }
        facts.addresses.sftp = vec!["0.0.0.0:2222".parse().unwrap()];
        let other = text(&facts);
        assert!(other.contains("  sftp -P 2222 towline@192.168.1.10\n"), "{other}");
        assert!(!other.contains("copy scp:"), "devices take no port: {other}");
    }

    #[test]
    fn a_fallback_port_gives_no_line_that_cannot_work() {
        let mut facts = facts("0.0.0.0:6969", "0.0.0.0:21");
        facts.fell_back = vec![("tftp", FellBack { from: 69, to: 6969, why: Reason::Denied })];
        let text = text(&facts);
        assert!(!text.contains("copy tftp:"), "{text}");
        assert!(text.contains("copy ftp:") && text.contains("curl -O tftp://192.168.1.10:6969/"), "{text}");
        assert!(text.contains("sudo setcap cap_net_bind_service=+ep /usr/bin/towline"), "{text}");
        assert!(
            text.contains("socket activation: a systemd .socket unit with ListenDatagram=69\n"),
            "{text}"
        );
        let both = explain(
            &[
                ("tftp", FellBack { from: 69, to: 6969, why: Reason::Denied }),
                ("ftp", FellBack { from: 21, to: 2121, why: Reason::Denied }),
            ],
            "towline",
        );
        assert_eq!(
            both[0],
            "TFTP listens on 6969 and FTP listens on 2121: ports 69 and 21 are denied to this user."
        );
        assert_eq!(both.len(), 5, "said once: {both:?}");
    }

    #[test]
    fn the_best_address_is_one_that_others_reach() {
        let all = ["0.0.0.0:69".parse().unwrap(), "[::]:69".parse().unwrap()];
        assert_eq!(best(&host(), &all), Some([192, 168, 1, 10].into()));
        let only = ["[::]:69".parse().unwrap()];
        assert_eq!(best(&host(), &only), Some("2001:db8::10".parse().unwrap()));
        let loopback = ["127.0.0.1:69".parse().unwrap()];
        assert_eq!(best(&host(), &loopback), Some([127, 0, 0, 1].into()));
    }

    #[test]
    fn a_device_reaches_us_in_its_own_network() {
        assert_eq!(towards(&host(), [172, 17, 0, 9].into()), Some([172, 17, 0, 1].into()));
        assert_eq!(towards(&host(), [127, 0, 0, 2].into()), Some([127, 0, 0, 1].into()));
    }

    #[test]
    fn names_are_escaped_for_urls_and_decoded_for_people() {
        assert_eq!(escaped("a b%/c.bin"), "a%20b%25/c.bin");
        let text = image("c2900-universalk9-mz.SPA.155-3.M4a.bin", "0f", "ff");
        assert!(text.contains(": C2900, 15.5(3)M4a, runs from RAM, zipped\n  MD5      0f\n"), "{text}");
        assert!(image("notes.txt", "0", "0").starts_with("notes.txt\n"));
    }
}
