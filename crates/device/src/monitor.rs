//! What the boot loader keeps: the configuration register and its variables.

use crate::Profile;
use std::fmt::Write;

/// Register, variables, and how the device came to boot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Monitor {
    /// The register of the next boot.
    pub register: u16,
    /// Variables in the order they were set.
    pub variables: Vec<(String, String)>,
    /// `System returned to ROM by …`.
    pub returned_by: String,
}

impl Monitor {
    /// That of a new device.
    pub fn new(profile: &Profile) -> Monitor {
        Monitor { register: profile.boot.register, variables: Vec::new(), returned_by: "power-on".into() }
    }

    /// Reads what [`Monitor::render`] wrote; lines that are not understood are dropped.
    pub fn parse(profile: &Profile, text: &str) -> Monitor {
        let mut monitor = Monitor::new(profile);
        for line in text.lines() {
            match line.split_once('=') {
                Some(("confreg", value)) => {
                    monitor.register = crate::config::register(value).unwrap_or(profile.boot.register);
                }
                Some(("returned-by", value)) => monitor.returned_by = value.to_owned(),
                Some((name, value)) => {
                    if let Some(name) = name.strip_prefix("var ") {
                        monitor.set(name, value);
                    }
                }
                None => {}
            }
        }
        monitor
    }

    /// A line for each value.
    pub fn render(&self) -> String {
        let mut out = format!("confreg={:#06x}\nreturned-by={}\n", self.register, self.returned_by);
        for (name, value) in &self.variables {
            writeln!(out, "var {name}={value}").expect("a String takes every write");
        }
        out
    }

    /// The value of a variable; names are case-sensitive.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.variables.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.variables.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Forgets a variable.
    pub fn unset(&mut self, name: &str) {
        self.variables.retain(|(n, _)| n != name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::C2911;

    #[test]
    fn a_monitor_round_trips() {
        let mut m = Monitor::new(&C2911);
        m.register = 0x2142;
        m.set("IP_ADDRESS", "10.0.0.2");
        m.set("PS1", "rommon ! > ");
        m.set("IP_ADDRESS", "10.0.0.3");
        m.unset("ip_address");
        assert_eq!(Monitor::parse(&C2911, &m.render()), m);
        assert_eq!(m.get("IP_ADDRESS"), Some("10.0.0.3"));
        assert_eq!(m.get("Ip_Address"), None);
    }
}
