//! Files that are made for each client: `NAME.tmpl` with `{{ip}}` in it.

use super::client::{Client, Form};
use gate::Refusal;
use gate::store::VPath;

/// Why a template gives nothing: what is wrong, and in which line.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct BadTemplate {
    line: usize,
    what: String,
}

impl BadTemplate {
    /// The owner's fault: the client hears of a storage error, the audit the rest.
    pub(super) fn at(self, path: &VPath) -> Refusal {
        Refusal::Io(format!("{path}, line {}: {}", self.line, self.what))
    }
}

/// What a template gives for a client: at most `most` octets.
pub(super) fn fill(text: &[u8], asked: &[u8], client: &Client, most: usize) -> Result<Vec<u8>, BadTemplate> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = find(rest, b"{{") {
        let line = || text[..text.len() - rest.len() + open].iter().filter(|&&b| b == b'\n').count() + 1;
        let bad = |what: String| BadTemplate { line: line(), what };
        out.extend_from_slice(&rest[..open]);
        let inner = &rest[open + 2..];
        let close = find(inner, b"}}").ok_or_else(|| bad(String::from("'{{' is not closed by '}}'")))?;
        let value = value(&inner[..close], asked, client).map_err(bad)?;
        out.extend_from_slice(&value);
        if out.len() > most {
            return Err(bad(format!("it gives more than {most} octets")));
        }
        rest = &inner[close + 2..];
    }
    out.extend_from_slice(rest);
    if out.len() > most {
        Err(BadTemplate { line: 1, what: format!("it gives more than {most} octets") })
    } else {
        Ok(out)
    }
}

fn find(octets: &[u8], pair: &[u8; 2]) -> Option<usize> {
    octets.windows(2).position(|w| w == pair)
}

/// What `{{…}}` stands for: a fact of the client, or the name that it asked for.
fn value(inner: &[u8], asked: &[u8], client: &Client) -> Result<Vec<u8>, String> {
    let inner = inner.escape_ascii().to_string();
    let (name, case) = match inner.trim().split_once(':') {
        None => (inner.trim(), None),
        Some((name, case)) => (name, Some(case)),
    };
    let value = if name == "name" {
        // A line end in it would put lines of the client's into a configuration.
        if asked.iter().any(u8::is_ascii_control) {
            return Err(String::from("the name that was asked for has control characters"));
        }
        asked.to_vec()
    } else {
        let Some(form) = Form::named(name) else {
            return Err(format!("nothing is called '{name}': name, {}", Form::names()));
        };
        client.value(form).ok_or_else(|| format!("this client has no '{name}' that is known"))?.into_bytes()
    };
    match case {
        None => Ok(value),
        Some("lower") => Ok(value.to_ascii_lowercase()),
        Some("upper") => Ok(value.to_ascii_uppercase()),
        Some(other) => Err(format!("':{other}' is no case: write :lower or :upper")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::client::Macs;
    use super::*;

    fn filled(text: &str, asked: &str, most: usize) -> Result<String, String> {
        let client = Client::new("10.0.0.2".parse().unwrap(), "10.0.0.1".parse().unwrap(), Macs::Nowhere);
        fill(text.as_bytes(), asked.as_bytes(), &client, most)
            .map(|octets| String::from_utf8(octets).unwrap())
            .map_err(|why| format!("{}: {}", why.line, why.what))
    }

    #[test]
    fn facts_and_the_name_are_put_in() {
        let text = "hostname {{name:upper}}\nip address {{ ip }} 255.255.255.0 ! {{hex:lower}} { } } {x}\n";
        assert_eq!(
            filled(text, "r1-confg", 1_000).unwrap(),
            "hostname R1-CONFG\nip address 10.0.0.2 255.255.255.0 ! 0a000002 { } } {x}\n"
        );
        assert_eq!(filled("", "a", 0).unwrap(), "");
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        assert!(
            filled("a\n{{addr}}", "a", 99).unwrap_err().starts_with("2: nothing is called 'addr': name, ip,")
        );
        assert_eq!(filled("\n\n{{ip", "a", 99).unwrap_err(), "3: '{{' is not closed by '}}'");
        assert_eq!(filled("{{mac}}", "a", 99).unwrap_err(), "1: this client has no 'mac' that is known");
        assert!(filled("{{name}}", "a\nenable secret x", 99).unwrap_err().contains("control characters"));
        assert!(filled(&"{{name}}".repeat(3), &"a".repeat(40), 100).unwrap_err().contains("more than 100"));
        assert!(filled(&"a".repeat(101), "a", 100).unwrap_err().contains("more than 100"));
    }
}
