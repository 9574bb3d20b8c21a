//! `show ip ssh` and `show ssh`.

use super::exec::Exec;
use crate::profile::Layout;
use crate::ssh::{Offered, retries, time_out};
use std::fmt::Write;
use transport::ssh::Ios;

/// Octets of a key on a line.
const WIDE: usize = 80;

impl Exec<'_> {
    /// The SSH server. A release says as much as it does; of algorithms what is offered.
    pub(super) fn show_ip_ssh(&self) -> String {
        let config = self.tty.device.running_config();
        let set = format!(
            "Authentication timeout: {} secs; Authentication retries: {}\n",
            time_out(&config),
            retries(&config)
        );
        let Some((name, key)) = self.tty.device.shown_key() else {
            return format!(
                "SSH Disabled - version 1.99\n\
                 %Please create RSA keys to enable SSH (and of atleast 768 bits for SSH v2).\n{set}"
            );
        };
        // Without lines of SSH: what such a release has.
        let offered = self.tty.device.ssh.get().map(|Offered { ios, .. }| *ios);
        let ios = offered.unwrap_or(match self.tty.device.profile().version.layout {
            Layout::Ios12(_) => Ios::V12_4,
            Layout::IsrG2(_) | Layout::Catalyst(_) => Ios::V15_5,
            Layout::Xe(_) | Layout::XeSwitch(_) => Ios::Xe17,
        });
        let mut out = String::from("SSH Enabled - version 2.0\n");
        if ios == Ios::V12_4 {
            return out + &set;
        }
        let offer = ios.offer();
        let mut list = |what: &str, names: &[String]| {
            out.push_str(&format!("{what} Algorithms:{}\n", names.join(",")));
        };
        list("Hostkey", &offer.host_keys);
        list("Encryption", &offer.ciphers[0]);
        list("MAC", &offer.macs[0]);
        if ios != Ios::V15_2 {
            list("KEX", &offer.key_exchanges);
        }
        let out = out.replacen('\n', "\nAuthentication methods:publickey,keyboard-interactive,password\n", 1);
        let bits = if ios == Ios::V15_2 { 1_024 } else { 2_048 };
        let mut out = format!(
            "{out}{set}Minimum expected Diffie Hellman key size : {bits} bits\n\
             IOS Keys in SECSH format(ssh-rsa, base64 encoded): {name}\n"
        );
        for line in key.text().trim_end().as_bytes().chunks(WIDE) {
            out.push_str(&String::from_utf8_lossy(line));
            out.push('\n');
        }
        out
    }

    /// Who is there over SSH, and with which algorithms each way.
    pub(super) fn show_ssh(&self) -> String {
        let mut rows = String::new();
        for (number, sitting) in self.tty.device.vtys.taken() {
            let (Some(agreed), Some(user)) = (sitting.ssh, sitting.user) else { continue };
            for (mode, way) in [("IN", 0), ("OUT", 1)] {
                let mac = agreed.macs[way].as_deref().unwrap_or("-");
                let _ = writeln!(
                    rows,
                    "{number:<10} 2.0     {mode:<4} {:<11} {mac:<12} Session started       {user}",
                    agreed.ciphers[way]
                );
            }
        }
        if rows.is_empty() {
            rows.push_str("%No SSHv2 server connections running.\n");
        } else {
            let head = "Connection Version Mode Encryption  Hmac         State                 Username\n";
            rows.insert_str(0, head);
        }
        rows + "%No SSHv1 server connections running.\n"
    }
}
