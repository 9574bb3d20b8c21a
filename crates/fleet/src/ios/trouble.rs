use regex::Regex;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

/// Lines of the end that are shown.
const LINES: usize = 10;
/// Words behind which something secret stands in a configuration; so it does behind each that ends in `-key`.
const SECRET: [&str; 6] = ["password", "secret", "community", "key", "key-string", "wpa-psk"];

/// Why a conversation stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Why {
    /// Nobody is let in with what was given.
    Refused,
    /// It asks for what was not given: `a password`, `a user`, `an enable password`.
    Wanted(&'static str),
    /// It asks something that no table knows; nothing was answered.
    Unknown,
    /// It says nothing more.
    Silent(Duration),
    /// Its boot loader waits: no system runs.
    Loader,
    /// It has no configuration, and asks whether to make one.
    Setup,
    /// It says more than anybody asked for.
    Flood,
    /// The line ended.
    Gone,
}

/// A conversation that stopped, with all that is needed to see why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub struct Trouble {
    /// Why.
    pub why: Why,
    /// What was done: `the login`, `show version`.
    pub step: String,
    /// What was awaited.
    pub awaited: String,
    /// The last lines, without secrets.
    pub lines: Vec<String>,
}

impl Trouble {
    pub(super) fn new(why: Why, step: &str, awaited: &str, text: &str) -> Trouble {
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let from = lines.len().saturating_sub(LINES);
        let lines = lines[from..].iter().map(|line| redacted(line.trim_end())).collect();
        Trouble { why, step: step.to_owned(), awaited: awaited.to_owned(), lines }
    }
}

/// Of a URL: what stands before a secret, and the secret.
static IN_URL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(://[^/@: ]+:|://[^/ ]+/~)([^@/ ]+)").expect("a pattern of ours"));

/// Of commands that name no secret: what stands before it.
static LED: LazyLock<Regex> = LazyLock::new(|| {
    let host = r"snmp-server host [^ ]+(?: (?:vrf [^ ]+|traps|informs|version (?:1|2c|3(?: (?:auth|noauth|priv))?)))*";
    let user = r"snmp-server user .*? (?:md5|sha)[^ ]*";
    Regex::new(&format!("^( *(?:{host}|{user}) )[^ ].*$")).expect("a pattern of ours")
});

/// The line without what stands behind a word that announces a secret, and without those of a URL.
pub fn redacted(line: &str) -> String {
    let line = &*IN_URL.replace_all(line, "${1}****");
    let line = &*LED.replace(line, "${1}****");
    let mut at = 0;
    for word in line.split_inclusive(' ') {
        at += word.len();
        let word = word.trim().to_ascii_lowercase();
        if (SECRET.contains(&word.as_str()) || word.ends_with("-key")) && at < line.len() {
            return format!("{}****", &line[..at]);
        }
    }
    line.to_owned()
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Trouble { why, step, awaited, lines } = self;
        let last = lines.last().map_or("nothing", String::as_str);
        match why {
            Why::Refused => write!(f, "it lets nobody in with what was given ('{last}')")?,
            Why::Wanted(what) => write!(f, "it asks for {what}, and none was given")?,
            Why::Unknown => {
                write!(f, "in {step} it asks something that is not known, and got no answer: '{last}'")?
            }
            Why::Silent(for_long) => {
                write!(f, "in {step} {awaited} was awaited, and nothing came for {} s", for_long.as_secs())?;
            }
            Why::Loader => write!(f, "no IOS runs there, its boot loader waits ('{last}')")?,
            Why::Setup => write!(f, "it has no configuration, and asks whether to make one")?,
            Why::Flood => write!(f, "in {step} it says more than {} MiB", super::screen::MOST >> 20)?,
            Why::Gone => write!(f, "in {step} the line ended where {awaited} was awaited")?,
        }
        if lines.len() > 1 && matches!(why, Why::Unknown | Why::Silent(_) | Why::Gone | Why::Refused) {
            write!(f, "; the last lines were:")?;
            for line in lines {
                write!(f, "\n  | {line}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as Catalysts and routers have them.
    #[test]
    fn secrets_are_found_in_commands_that_do_not_name_them() {
        for (line, shown) in [
            (" client 10.10.20.20 server-key 7 AAAA", " client 10.10.20.20 server-key ****"),
            (
                "snmp-server host 10.42.0.33 version 2c AAAA  tty vtp",
                "snmp-server host 10.42.0.33 version 2c ****",
            ),
            (
                "snmp-server host 10.42.0.35 vrf Mgmt-vrf informs version 2c AAAA",
                "snmp-server host 10.42.0.35 vrf Mgmt-vrf informs version 2c ****",
            ),
            ("snmp-server host 10.0.0.1 public", "snmp-server host 10.0.0.1 ****"),
            (
                "snmp-server user bob ops v3 auth sha AAAA priv aes 128 BBBB",
                "snmp-server user bob ops v3 auth sha ****",
            ),
            (" ip ospf message-digest-key 1 md5 7 0822", " ip ospf message-digest-key ****"),
            ("ntp authentication-key 1 md5 0822 7", "ntp authentication-key ****"),
            (" wpa-psk ascii 0 AAAA", " wpa-psk ****"),
            ("verify /md5 (flash0:x.bin) = e1588a2b", "verify /md5 (flash0:x.bin) = e1588a2b"),
            ("snmp-server location Here and there", "snmp-server location Here and there"),
        ] {
            assert_eq!(redacted(line), shown);
        }
    }

    #[test]
    fn the_last_ten_lines_are_kept_without_secrets() {
        let mut text: String = (0..20).map(|n| format!("line {n}\n\n")).collect();
        text += "enable secret 5 $1$abcd\nsnmp-server community public RO\nusername bob password 7 0822\n";
        let trouble = Trouble::new(Why::Unknown, "x", "a prompt", &text);
        assert_eq!(trouble.lines.len(), 10);
        let shown = trouble.to_string();
        for secret in ["abcd", "public", "0822"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("  | line 19\n") && shown.contains("  | enable secret ****\n"), "{shown}");
    }
}
