//! A directory as HTML or JSON, entry by entry, so that its length does not matter.

use crate::date;
use crate::target;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One name of a directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Octets.
    pub name: Vec<u8>,
    /// A directory; otherwise a file.
    pub directory: bool,
    /// Octets of a file.
    pub len: u64,
    /// Last modification, seconds since 1970.
    pub modified: i64,
}

/// The two forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Html,
    /// For programs: an array of objects.
    Json,
}

impl Form {
    /// Its content type.
    pub fn media(self) -> &'static str {
        match self {
            Form::Html => "text/html; charset=utf-8",
            Form::Json => "application/json",
        }
    }
}

/// A listing being written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listing {
    form: Form,
    any: bool,
}

impl Listing {
    /// Begins the listing of `path`, which is decoded.
    pub fn begin(form: Form, path: &[u8], out: &mut Vec<u8>) -> Listing {
        match form {
            Form::Html => {
                let title = escaped(path);
                out.extend_from_slice(
                    format!(
                        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
                         <body><h1>{title}</h1>\n<table>\n<tr><th>Name</th><th>Modified</th><th>Octets</th></tr>\n"
                    )
                    .as_bytes(),
                );
                if path != b"/" {
                    out.extend_from_slice(b"<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
                }
            }
            Form::Json => out.push(b'['),
        }
        Listing { form, any: false }
    }

    /// Adds an entry.
    pub fn entry(&mut self, entry: &Entry, out: &mut Vec<u8>) {
        let first = !core::mem::replace(&mut self.any, true);
        let slash = if entry.directory { "/" } else { "" };
        match self.form {
            Form::Html => {
                // `./` in front: a name with a colon is not to be read as a scheme (RFC 3986 §4.2).
                out.extend_from_slice(b"<tr><td><a href=\"./");
                target::encode(&entry.name, out);
                let len = if entry.directory { String::new() } else { format!("{}", entry.len) };
                let (name, when) = (escaped(&entry.name), date::write(entry.modified));
                out.extend_from_slice(
                    format!("{slash}\">{name}{slash}</a></td><td>{when}</td><td>{len}</td></tr>\n")
                        .as_bytes(),
                );
            }
            Form::Json => {
                out.extend_from_slice(if first { b"\n" } else { b",\n" });
                let mut href = Vec::new();
                target::encode(&entry.name, &mut href);
                let href = String::from_utf8_lossy(&href);
                let kind = if entry.directory { "directory" } else { "file" };
                let len = if entry.directory { String::new() } else { format!(",\"octets\":{}", entry.len) };
                out.extend_from_slice(
                    format!(
                        "{{\"name\":\"{}\",\"href\":\"{href}{slash}\",\"kind\":\"{kind}\"{len},\"modified\":{}}}",
                        quoted(&entry.name),
                        entry.modified
                    )
                    .as_bytes(),
                );
            }
        }
    }

    /// Ends it.
    pub fn end(self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self.form {
            Form::Html => b"</table></body></html>\n",
            Form::Json => b"\n]\n",
        });
    }
}

/// As text of HTML; what is not UTF-8 or not printed is shown as `\xNN`.
fn escaped(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for c in printable(name).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// As a string of JSON.
fn quoted(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for c in printable(name).chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn printable(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                let mut utf8 = [0; 4];
                for b in c.encode_utf8(&mut utf8).bytes() {
                    out.push_str(&format!("\\x{b:02x}"));
                }
            } else {
                out.push(c);
            }
        }
        for b in chunk.invalid() {
            out.push_str(&format!("\\x{b:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(form: Form, entries: &[Entry]) -> String {
        let mut out = Vec::new();
        let mut listing = Listing::begin(form, b"/a<b>", &mut out);
        for entry in entries {
            listing.entry(entry, &mut out);
        }
        listing.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn entry(name: &[u8], directory: bool) -> Entry {
        Entry { name: name.to_vec(), directory, len: 7, modified: 784_111_777 }
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let text = listing(Form::Html, &[entry(b"\"><script>'&.bin", false), entry(b"javascript:x", true)]);
        assert!(text.contains("<h1>/a&lt;b&gt;</h1>"), "{text}");
        assert!(
            text.contains(
                "<a href=\"./%22%3E%3Cscript%3E%27%26.bin\">&quot;&gt;&lt;script&gt;&#39;&amp;.bin</a>"
            ),
            "{text}"
        );
        assert!(text.contains("<a href=\"./javascript%3Ax/\">javascript:x/</a>"), "{text}");
        assert!(!text.contains("<script"));
    }

    #[test]
    fn the_json_form_is_an_array_of_objects() {
        assert_eq!(listing(Form::Json, &[]), "[\n]\n");
        let text = listing(Form::Json, &[entry(b"a\"\\\n\xff", false), entry(b"d", true)]);
        let expected = "[\n\
            {\"name\":\"a\\\"\\\\\\\\x0a\\\\xff\",\"href\":\"a%22%5C%0A%FF\",\"kind\":\"file\",\"octets\":7,\"modified\":784111777},\n\
            {\"name\":\"d\",\"href\":\"d/\",\"kind\":\"directory\",\"modified\":784111777}\n]\n";
        assert_eq!(text, expected);
    }
}
