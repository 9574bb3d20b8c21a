//! What Tab means where the cursor is.

use super::table::{self, COMMANDS, Names};
use super::words::{self, quoted};

/// What is to be completed.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Wanted {
    /// Where in the line the replaced part begins.
    pub(super) start: usize,
    /// The quote that is open there.
    pub(super) quote: Option<char>,
    pub(super) what: What,
}

#[derive(PartialEq, Eq, Debug)]
pub(super) enum What {
    /// These are all there is.
    Commands(Vec<&'static str>),
    /// A name in this directory that begins so.
    Name { names: Names, directory: String, prefix: String },
}

/// What the end of `line`, which is before the cursor, asks for.
pub(super) fn wanted(line: &str) -> Option<Wanted> {
    let read = words::read(line);
    let start = read.last.unwrap_or(line.len());
    let typed = match read.last {
        Some(_) => std::str::from_utf8(&read.words.last()?.octets).ok()?.to_owned(),
        None => String::new(),
    };
    let before = read.words.len() - usize::from(read.last.is_some());
    // A script's `-` before a command is no part of it.
    if before == 0 {
        let of = COMMANDS.iter().filter_map(|row| row.names.first().copied());
        let what = What::Commands(of.filter(|name| name.starts_with(&typed)).collect());
        return Some(Wanted { start, quote: read.quote, what });
    }
    let row = table::find(&read.words.first()?.octets)?;
    // Flags are no names.
    let flags = read.words[1..before].iter().filter(|word| word.octets.starts_with(b"-")).count();
    let nth = (before - 1).saturating_sub(flags);
    let names = *row.kinds.get(nth).or(row.kinds.last())?;
    if names == Names::Nothing || nth >= row.most {
        return None;
    }
    let (directory, prefix) = match typed.rfind('/') {
        Some(end) => (typed[..=end].to_owned(), typed[end + 1..].to_owned()),
        None => (String::new(), typed),
    };
    Some(Wanted { start, quote: read.quote, what: What::Name { names, directory, prefix } })
}

/// A name that fits.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) is_directory: bool,
}

/// What stands in the line instead, for each name that fits; what people see of it is the name.
pub(super) fn replacements(
    wanted: &Wanted,
    directory: &str,
    prefix: &str,
    names: impl Iterator<Item = Candidate>,
) -> Vec<(String, String)> {
    let fits = |candidate: &Candidate| {
        candidate.name.starts_with(prefix)
            && (!candidate.name.starts_with('.') || prefix.starts_with('.'))
            && !candidate.name.chars().any(char::is_control)
    };
    let mut found: Vec<Candidate> = names.filter(fits).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let open = wanted.quote.map(String::from).unwrap_or_default();
    let of = |candidate: Candidate| {
        let Candidate { name, is_directory } = candidate;
        // A directory goes on, a file is the whole word.
        let close = if is_directory { "/" } else { &open };
        let path = quoted(&format!("{directory}{name}"), wanted.quote);
        let shown = if is_directory { format!("{name}/") } else { name };
        (shown, format!("{open}{path}{close}"))
    };
    found.into_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(
        start: usize,
        quote: Option<char>,
        names: Names,
        directory: &str,
        prefix: &str,
    ) -> Option<Wanted> {
        let (directory, prefix) = (directory.to_owned(), prefix.to_owned());
        Some(Wanted { start, quote, what: What::Name { names, directory, prefix } })
    }

    #[test]
    fn a_word_is_a_command_or_a_name_of_one_side() {
        let commands = |start, of: &[&'static str]| {
            Some(Wanted { start, quote: None, what: What::Commands(of.to_vec()) })
        };
        assert_eq!(wanted("re"), commands(0, &["reget", "reput", "ren"]));
        assert_eq!(wanted("  cd"), commands(2, &["cd"]));
        assert_eq!(wanted("get "), name(4, None, Names::There, "", ""));
        assert_eq!(wanted("get a/b"), name(4, None, Names::There, "a/", "b"));
        assert_eq!(wanted("get a "), name(6, None, Names::Here, "", ""));
        assert_eq!(wanted("put x"), name(4, None, Names::Here, "", "x"));
        assert_eq!(wanted("put x y"), name(6, None, Names::There, "", "y"));
        assert_eq!(wanted("lcd /"), name(4, None, Names::Here, "/", ""));
        assert_eq!(wanted("ls -l d"), name(6, None, Names::There, "", "d"));
        assert_eq!(wanted("get 'a b"), name(4, Some('\''), Names::There, "", "a b"));
        assert_eq!(wanted("get a\\ b"), name(4, None, Names::There, "", "a b"));
        assert_eq!(wanted("chmod 6"), None);
        assert_eq!(wanted("chmod 644 f"), name(10, None, Names::There, "", "f"));
        assert_eq!((wanted("pwd "), wanted("nosuch a")), (None, None));
    }

    #[test]
    fn what_stands_in_the_line_is_read_as_the_name() {
        let names = || {
            let of = |(name, is_directory): &(&str, bool)| Candidate {
                name: (*name).to_owned(),
                is_directory: *is_directory,
            };
            [("a b", false), ("a'c", true), (".a", false), ("b", false), ("a\n", false)]
                .iter()
                .map(of)
                .collect::<Vec<_>>()
        };
        let found = |line: &str| {
            let wanted = wanted(line).unwrap();
            let What::Name { directory, prefix, .. } = &wanted.what else { panic!("a name") };
            let of = replacements(&wanted, directory, prefix, names().into_iter());
            of.into_iter().map(|(shown, text)| format!("{shown}={text}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("get a"), "a b=a\\ b a'c/=a\\'c/");
        assert_eq!(found("get d/a"), "a b=d/a\\ b a'c/=d/a\\'c/");
        assert_eq!(found("get \"a"), "a b=\"a b\" a'c/=\"a'c/");
        assert_eq!(found("get ."), ".a=.a");
        assert_eq!(found("get "), "a b=a\\ b a'c/=a\\'c/ b=b");
    }
}
