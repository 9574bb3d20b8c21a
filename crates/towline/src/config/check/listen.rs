//! Addresses and ports: none twice, none in a range that is used otherwise, certificates where TLS is.

use super::Check;
use super::secrecy::Content;
use crate::config::ftp;
use serve::listen::{FTP, Want};
use std::net::IpAddr;

pub(super) fn check(check: &mut Check<'_>) {
    let config = check.config;
    check.twice(&config.server.bind, |i| format!("server.bind.{i}"), |ip| format!("the address {ip}"));
    ports(check);
    passive(check);
    tls(check);
    hosts(check);
    let off = |want: Want| want == Want::Off;
    let all = [
        config.tftp.port,
        config.ftp.port,
        config.http.port,
        config.https.port,
        config.sftp.port,
        config.ftps.port,
    ];
    if all.into_iter().all(off) && check.is_sure(&["http.port", "https.port", "sftp.port", "ftps.port"]) {
        check.fault("tftp.port", "every protocol is off: nothing to serve with", "leave one of them on");
    }
}

/// TCP's listeners; one of UDP may have the same number.
fn tcp(check: &Check<'_>) -> Vec<(&'static str, u16, Option<IpAddr>)> {
    let config = check.config;
    let exact = |path, want: Want, default: Option<u16>| match want {
        Want::Default => default.map(|port| (path, port, None)),
        Want::Exactly(port) => Some((path, port, None)),
        Want::Off => None,
    };
    let admin = config.admin.listen.map(|at| ("admin.listen", at.port(), Some(at.ip())));
    let sure = |(path, ..): &(&'static str, u16, Option<IpAddr>)| check.is_sure(&[path]);
    [
        exact("ftp.port", config.ftp.port, Some(FTP.standard)),
        exact("ftps.port", config.ftps.port, None),
        exact("http.port", config.http.port, None),
        exact("https.port", config.https.port, None),
        exact("sftp.port", config.sftp.port, None),
        admin,
    ]
    .into_iter()
    .flatten()
    // 0 is any free one.
    .filter(|(_, port, _)| *port != 0)
    .filter(sure)
    .collect()
}

fn ports(check: &mut Check<'_>) {
    let listeners = tcp(check);
    for (i, (path, port, at)) in listeners.iter().enumerate() {
        let bind = &check.config.server.bind;
        // An address of its own is in the way of the others only where they are on it as well.
        let meets = |at: &Option<IpAddr>| {
            at.is_none_or(|ip| {
                let all = bind.is_empty() && check.is_sure(&["server.bind"]);
                all || bind.contains(&ip) || ip.is_unspecified()
            })
        };
        let clash =
            listeners[..i].iter().find(|(_, other, there)| other == port && meets(at) && meets(there));
        if let Some((other, ..)) = clash {
            let what = format!("the port {port} is that of '{other}' already");
            check.fault(path, what, "choose another port, or \"off\"");
        }
    }
}

fn passive(check: &mut Check<'_>) {
    let Some(range) = &check.config.ftp.passive_ports else { return };
    for (path, port, _) in tcp(check) {
        if range.contains(&port) {
            let what = format!(
                "the port {port} of '{path}' lies in the passive ports {}-{}",
                range.start(),
                range.end()
            );
            check.fault("ftp.passive-ports", what, "choose a range without it");
        }
    }
}

fn tls(check: &mut Check<'_>) {
    let (https, ftp) = (&check.config.https, &check.config.ftp);
    let ftp_has = ftp.tls != ftp::Tls::Off || check.config.ftps.port != Want::Off;
    for (section, has, cert, key, tells) in [
        ("https", https.port != Want::Off, &https.cert, &https.key, "https.port"),
        ("ftp", ftp_has, &ftp.cert, &ftp.key, "ftp.tls"),
    ] {
        for (name, file, content) in [("cert", cert, Content::Public), ("key", key, Content::Key)] {
            let path = format!("{section}.{name}");
            match file {
                Some(file) => check.file(&path, file, content),
                None if !check.is_sure(&[&path]) => {}
                // Without both one is made.
                None if has && (cert.is_some() || key.is_some()) => {
                    check.fault(
                        tells,
                        format!("{} has no '{name}'", section.to_uppercase()),
                        format!("set {name} = \"….pem\" in [{section}]"),
                    );
                }
                None => {}
            }
        }
    }
}

/// FTP's virtual hosts, whose certificates clients show, and what is otherwise for whom.
fn hosts(check: &mut Check<'_>) {
    let ftp = &check.config.ftp;
    if let Some(file) = &ftp.tls_clients {
        check.file("ftp.tls-clients", file, Content::Public);
    }
    if ftp.ccc && ftp.tls == ftp::Tls::Require {
        let what = "CCC is never there where TLS is required";
        check.fault("ftp.ccc", what, "leave it out, or tls = \"offer\"");
    }
    let nobody = |name: &&String| name.eq_ignore_ascii_case("anonymous") || name.eq_ignore_ascii_case("ftp");
    for (i, row) in ftp.overseer.iter().enumerate() {
        if row.user.0.is_empty() && row.group.0.is_empty() {
            let at = format!("ftp.overseer.{i}");
            if check.is_sure(&[&format!("{at}.user"), &format!("{at}.group")]) {
                check.fault(&at, "it names nobody", "add user = \"…\" or group = \"…\"");
            }
        }
        if let Some(name) = row.user.0.iter().find(nobody) {
            let what = format!("'{name}' is nobody in particular, who does not see others");
            check.fault(&format!("ftp.overseer.{i}.user"), what, "name users who log in");
        }
    }
    for (i, row) in ftp.fxp.iter().enumerate() {
        if let Some(name) = row.user.0.iter().find(nobody) {
            let what = format!("'{name}' is nobody in particular, who has no data connections with others");
            check.fault(&format!("ftp.fxp.{i}.user"), what, "name users who log in");
        }
    }
    for (i, profile) in ftp.profile.iter().enumerate() {
        if profile.clients.is_some() == profile.client.is_some() {
            let what = "it is for the clients of a network, or for those whose CLNT says so";
            check.fault(&format!("ftp.profile.{i}"), what, "give one of clients = … and client = …");
        }
    }
    let names: Vec<_> = ftp.host.iter().map(|host| &host.name.value).collect();
    check.twice(&names, |i| format!("ftp.host.{i}.name"), |name| format!("the host {}", name.0));
    for (i, host) in ftp.host.iter().enumerate() {
        let [cert, key] = ["cert", "key"].map(|name| format!("ftp.host.{i}.{name}"));
        match (&host.cert, &host.key) {
            (None, None) => {}
            (Some(file), Some(secret)) => {
                check.file(&cert, file, Content::Public);
                check.file(&key, secret, Content::Key);
            }
            (Some(_), None) => check.fault(&cert, "there is no key to it", "add key = \"….pem\" below it"),
            (None, Some(_)) => {
                check.fault(&key, "there is no certificate to it", "add cert = \"….pem\" below it");
            }
        }
    }
}
