use super::interface::DHCP;
use super::{Config, FilePrompt, Login, Password};
use std::fmt::Write;

impl Config {
    /// The lines of the configuration, `version` (of the running image, `15.5`) first and `end` last,
    /// each ended by a line feed. [`Config::merge`] of the result into a new configuration gives this
    /// one again.
    pub fn render(&self, version: &str) -> String {
        let mut out = String::with_capacity(2_048);
        self.write(&mut out, version).expect("a String takes every write");
        out
    }

    fn write(&self, out: &mut String, version: &str) -> std::fmt::Result {
        writeln!(out, "version {version}")?;
        out.push_str("service timestamps debug datetime msec\nservice timestamps log datetime msec\n");
        out.push_str("no service password-encryption\n!\n");
        writeln!(out, "hostname {}\n!", self.hostname)?;
        out.push_str("boot-start-marker\n");
        for line in &self.boot {
            writeln!(out, "boot system {}", line.0)?;
        }
        out.push_str("boot-end-marker\n!\n!\n");
        if let Some(enable) = &self.enable {
            match enable {
                Password::Type5(hash) => writeln!(out, "enable secret 5 {hash}\n!")?,
                Password::Other(hash) => writeln!(out, "enable secret {hash}\n!")?,
                other => writeln!(out, "enable password {}\n!", typed(other))?,
            }
        }
        self.logging.render(out)?;
        if !self.domain_lookup {
            out.push_str("no ip domain lookup\n");
        }
        for line in &self.kept {
            writeln!(out, "{line}")?;
        }
        for (what, seconds) in [("timer", self.cdp_timer), ("holdtime", self.cdp_holdtime)] {
            if let Some(seconds) = seconds {
                writeln!(out, "cdp {what} {seconds}")?;
            }
        }
        match self.file_prompt {
            FilePrompt::Alert => {}
            FilePrompt::Noisy => out.push_str("file prompt noisy\n"),
            FilePrompt::Quiet => out.push_str("file prompt quiet\n"),
        }
        if !self.users.is_empty() {
            out.push_str("!\n");
        }
        for user in &self.users {
            write!(out, "username {}", user.name)?;
            if user.privilege != 1 {
                write!(out, " privilege {}", user.privilege)?;
            }
            match &user.password {
                None => {}
                Some(Password::Type5(hash)) => write!(out, " secret 5 {hash}")?,
                Some(Password::Other(hash)) => write!(out, " secret {hash}")?,
                Some(p) => write!(out, " password {}", typed(p))?,
            }
            out.push('\n');
        }
        out.push_str("!\n");
        for i in self.interfaces.iter().filter(|i| !i.deleted) {
            writeln!(out, "interface {}", i.name)?;
            if let Some(text) = &i.description {
                writeln!(out, " description {text}")?;
            }
            if let Some(dot1q) = &i.dot1q {
                let native = if dot1q.native { " native" } else { "" };
                writeln!(out, " encapsulation dot1Q {}{native}", dot1q.vlan)?;
            }
            // Further addresses stand before the first.
            let (addresses, kept): (Vec<_>, Vec<_>) =
                i.kept.iter().partition(|l| l.starts_with("ip address "));
            for line in addresses {
                writeln!(out, " {line}")?;
            }
            match i.address {
                Some((address, mask)) => writeln!(out, " ip address {address} {mask}")?,
                None if i.switched || i.kept.iter().any(|l| l.starts_with(DHCP)) => {}
                None => out.push_str(" no ip address\n"),
            }
            if i.shutdown {
                out.push_str(" shutdown\n");
            }
            for line in &i.defaults {
                let word = line.split(' ').next().unwrap_or_default();
                if !i.kept.iter().any(|l| l.strip_prefix("no ").unwrap_or(l).starts_with(word)) {
                    writeln!(out, " {line}")?;
                }
            }
            for line in kept {
                writeln!(out, " {line}")?;
            }
            out.push_str("!\n");
        }
        for block in &self.blocks {
            writeln!(out, "{}", block.head)?;
            for line in &block.body {
                writeln!(out, " {line}")?;
            }
            out.push_str("!\n");
        }
        match self.ftp_passive {
            Some(true) => out.push_str("ip ftp passive\n"),
            Some(false) => out.push_str("no ip ftp passive\n"),
            None => {}
        }
        if let Some(user) = &self.ftp_username {
            writeln!(out, "ip ftp username {user}")?;
        }
        if let Some(password) = &self.ftp_password {
            writeln!(out, "ip ftp password {}", typed(password))?;
        }
        if let Some(size) = self.tftp_blocksize {
            writeln!(out, "ip tftp blocksize {size}")?;
        }
        if let Some(seconds) = self.ssh_time_out {
            writeln!(out, "ip ssh time-out {seconds}")?;
        }
        if let Some(tries) = self.ssh_retries {
            writeln!(out, "ip ssh authentication-retries {tries}")?;
        }
        if let Some(text) = &self.banner_exec {
            writeln!(out, "banner exec ^C{text}^C")?;
        }
        if let Some(text) = &self.banner_login {
            writeln!(out, "banner login ^C{text}^C")?;
        }
        if let Some(text) = &self.banner_motd {
            writeln!(out, "banner motd ^C{text}^C")?;
        }
        out.push_str("!\n");
        for line in &self.lines {
            writeln!(out, "line {}", line.name)?;
            if let Some(level) = line.privilege {
                writeln!(out, " privilege level {level}")?;
            }
            if let Some(password) = &line.password {
                writeln!(out, " password {}", typed(password))?;
            }
            match (line.login, line.name.starts_with("vty")) {
                (Login::Line, _) => out.push_str(" login\n"),
                (Login::Local, _) => out.push_str(" login local\n"),
                (Login::No, true) => out.push_str(" no login\n"),
                (Login::No, false) => {}
            }
            for kept in &line.kept {
                writeln!(out, " {kept}")?;
            }
        }
        out.push_str("!\nend\n");
        Ok(())
    }
}

/// A password with its type, as it is typed and shown.
fn typed(password: &Password) -> String {
    match password {
        Password::Clear(text) => text.clone(),
        Password::Type5(hash) => format!("5 {hash}"),
        Password::Other(hash) => hash.clone(),
        Password::Type7(text) => format!("7 {text}"),
    }
}
