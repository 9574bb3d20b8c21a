//! Two configurations, compared line by line with the modes that the lines stand in.
//!
//! The order of lines counts for nothing here, as it does for a device but for lists; comments, blank lines, `end` and what `show`
//! puts before a configuration are no lines. Sources: outputs of a C892 and of IOS XE that are quoted in public.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// What stands before differences.
const HEAD: &str = "!Contextual Config Diffs:\n";
/// What stands before the commands of a merge.
const COMMANDS: &str = "!List of Commands:\n";
/// Where there is nothing to say.
const NONE: &str = "!No changes were found\n";

/// A line, and the lines of the mode that it opens.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Node {
    line: String,
    under: Vec<Node>,
}

/// What `to` has and `from` has not, with `+`, then what `from` has and `to` has not, with `-`; modes they share stand
/// above as they are.
pub fn differences(from: &str, to: &str) -> String {
    let (from, to) = (tree(from), tree(to));
    let mut out = HEAD.to_owned();
    missing(&from, &to, "+", 0, &mut out, &same);
    missing(&to, &from, "-", 0, &mut out, &same);
    if out == HEAD {
        out.push_str(NONE);
    }
    out
}

/// The commands of `file` that a merge into `running` would change something with.
pub fn incremental(running: &str, file: &str, ignore_case: bool) -> String {
    let (running, mut file) = (tree(running), tree(file));
    let alike = |a: &str, b: &str| if ignore_case { a.eq_ignore_ascii_case(b) } else { a == b };
    without_effect(&running, &mut file, &alike);
    let mut out = COMMANDS.to_owned();
    missing(&[], &file, "", 0, &mut out, &alike);
    let nothing = out == COMMANDS;
    out.push_str("end\n");
    if nothing {
        out.push_str(NONE);
    }
    out
}

fn same(a: &str, b: &str) -> bool {
    a == b
}

/// Prints what `wanted` has beyond `there`.
fn missing(
    there: &[Node],
    wanted: &[Node],
    mark: &str,
    depth: usize,
    out: &mut String,
    alike: &impl Fn(&str, &str) -> bool,
) {
    let indent = " ".repeat(depth);
    for node in wanted {
        let Some(old) = there.iter().find(|old| alike(&old.line, &node.line)) else {
            out.push_str(&format!("{indent}{mark}{}\n", node.line));
            missing(&[], &node.under, mark, depth + 1, out, alike);
            continue;
        };
        let mut inner = String::new();
        missing(&old.under, &node.under, mark, depth + 1, &mut inner, alike);
        if !inner.is_empty() {
            out.push_str(&format!("{indent}{}\n{inner}", node.line));
        }
    }
}

/// Takes out what is so already, and a `no` of what is not there.
fn without_effect(there: &[Node], file: &mut Vec<Node>, alike: &impl Fn(&str, &str) -> bool) {
    file.retain_mut(|node| {
        if let Some(denied) = node.line.strip_prefix("no ")
            && !there.iter().any(|old| alike(&old.line, &node.line))
        {
            let begins = |old: &Node| {
                old.line.get(..denied.len()).is_some_and(|head| alike(head, denied))
                    && matches!(old.line.as_bytes().get(denied.len()), None | Some(b' '))
            };
            return there.iter().any(begins);
        }
        let Some(old) = there.iter().find(|old| alike(&old.line, &node.line)) else { return true };
        without_effect(&old.under, &mut node.under, alike);
        !node.under.is_empty()
    });
}

/// Lines by their indentation.
fn tree(text: &str) -> Vec<Node> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut rest = text.lines();
    while let Some(line) = rest.next() {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        let is_none = trimmed.is_empty()
            || trimmed.starts_with('!')
            || line == "end"
            || line.starts_with("Building configuration")
            || line.starts_with("Current configuration :")
            || line.starts_with("Using ");
        if is_none {
            continue;
        }
        let mut whole = trimmed.to_owned();
        // A banner is one line, however many it has.
        if trimmed.starts_with("banner ") && trimmed.matches("^C").count() == 1 {
            for more in rest.by_ref() {
                whole.push('\n');
                whole.push_str(more.trim_end());
                if more.contains("^C") {
                    break;
                }
            }
        }
        lines.push((line.len() - trimmed.len(), whole));
    }
    let mut lines = lines.into_iter().peekable();
    let mut nodes = Vec::new();
    while let Some((indent, line)) = lines.next() {
        let mut under = Vec::new();
        while let Some((_, line)) = lines.next_if(|(next, _)| *next > indent) {
            // Modes in modes are one mode: what is nested deeper keeps its order below its head.
            under.push(Node { line, under: Vec::new() });
        }
        nodes.push(Node { line, under });
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "!\nversion 15.1\nhostname R1\n!\ninterface FastEthernet0\n ip address 192.168.1.1 255.255.255.0\n shutdown\nline vty 0 4\n login\nbanner motd ^C\nhands\noff ^C\nend\n";
    const AFTER: &str = "version 15.1\nhostname R2\ninterface FastEthernet0\n no ip address\n shutdown\ninterface Vlan10\n ip address 192.168.1.1 255.255.255.0\nline vty 0 4\n login local\nbanner motd ^C\nhands\noff ^C\nend\n";

    #[test]
    fn differences_stand_in_their_modes_first_what_comes_then_what_goes() {
        assert_eq!(
            differences(BEFORE, AFTER),
            "!Contextual Config Diffs:\n\
             +hostname R2\n\
             interface FastEthernet0\n \
             +no ip address\n\
             +interface Vlan10\n \
             +ip address 192.168.1.1 255.255.255.0\n\
             line vty 0 4\n \
             +login local\n\
             -hostname R1\n\
             interface FastEthernet0\n \
             -ip address 192.168.1.1 255.255.255.0\n\
             line vty 0 4\n \
             -login\n"
        );
        let with_head =
            alloc::format!("Building configuration...\n\nCurrent configuration : 9 bytes\n{BEFORE}");
        assert_eq!(differences(BEFORE, &with_head), "!Contextual Config Diffs:\n!No changes were found\n");
    }

    #[test]
    fn a_merge_is_what_it_would_change() {
        let file = "HOSTNAME r1\ninterface FastEthernet0\n shutdown\n description new\nno ip ftp passive\nno banner motd\nend\n";
        assert_eq!(
            incremental(BEFORE, file, true),
            "!List of Commands:\ninterface FastEthernet0\n description new\nno banner motd\nend\n"
        );
        assert!(incremental(BEFORE, file, false).contains("\nHOSTNAME r1\n"));
        assert_eq!(
            incremental(BEFORE, "hostname R1\n", false),
            "!List of Commands:\nend\n!No changes were found\n"
        );
    }

    #[test]
    fn an_unfinished_banner_and_odd_indents_are_taken_as_they_come() {
        assert!(differences("", "banner motd ^C\nx").ends_with("+banner motd ^C\nx\n"));
        assert_eq!(differences("  a\n b\n", " b\n  a\n").lines().count(), 4);
    }
}
