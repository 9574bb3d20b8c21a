//! Every command of the shell.

/// A command.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Command {
    Ls,
    Cd,
    Lcd,
    Pwd,
    Lpwd,
    Get,
    Put,
    Reget,
    Reput,
    Mget,
    Mput,
    Rm,
    Ren,
    Mkdir,
    Rmdir,
    Chmod,
    Hash,
    Passive,
    Binary,
    Ascii,
    Site,
    Quote,
    Help,
    Exit,
}

/// What a word names, for completion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Names {
    /// Something of the server.
    There,
    /// Something of this machine.
    Here,
    /// Neither.
    Nothing,
}

/// One row.
pub(super) struct Row {
    pub(super) command: Command,
    /// What is typed, the name first.
    pub(super) names: &'static [&'static str],
    /// Words behind it, for people.
    pub(super) words: &'static str,
    /// How few and how many of them.
    pub(super) least: usize,
    pub(super) most: usize,
    /// What they name; the last one counts for all that follow.
    pub(super) kinds: &'static [Names],
    pub(super) doc: &'static str,
}

use Command as C;
use Names::{Here, Nothing, There};

/// As many as there are.
const MANY: usize = usize::MAX;

const fn row(
    command: Command,
    names: &'static [&'static str],
    words: &'static str,
    (least, most): (usize, usize),
    kinds: &'static [Names],
    doc: &'static str,
) -> Row {
    Row { command, names, words, least, most, kinds, doc }
}

pub(super) const COMMANDS: &[Row] = &[
    row(
        C::Ls,
        &["ls", "dir"],
        "[-l] [PATH...]",
        (0, MANY),
        &[There],
        "names of the server; -l: octets and time too",
    ),
    row(C::Cd, &["cd"], "[PATH]", (0, 1), &[There], "go to a directory; without PATH where the login began"),
    row(C::Lcd, &["lcd"], "[PATH]", (0, 1), &[Here], "the same on this machine; without PATH home"),
    row(C::Pwd, &["pwd"], "", (0, 0), &[], "where we are on the server"),
    row(C::Lpwd, &["lpwd"], "", (0, 0), &[], "where we are on this machine"),
    row(C::Get, &["get"], "THERE [HERE]", (1, 2), &[There, Here], "fetch a file"),
    row(C::Put, &["put"], "HERE [THERE]", (1, 2), &[Here, There], "store a file"),
    row(
        C::Reget,
        &["reget"],
        "THERE [HERE]",
        (1, 2),
        &[There, Here],
        "go on with HERE.part, which a broken get left",
    ),
    row(
        C::Reput,
        &["reput"],
        "HERE [THERE]",
        (1, 2),
        &[Here, There],
        "go on behind what a broken put left there",
    ),
    row(C::Mget, &["mget"], "THERE...", (1, MANY), &[There], "fetch files by their names"),
    row(C::Mput, &["mput"], "HERE...", (1, MANY), &[Here], "store files by their names"),
    row(C::Rm, &["rm", "del"], "PATH...", (1, MANY), &[There], "remove files of the server"),
    row(
        C::Ren,
        &["ren", "rename", "mv"],
        "OLD NEW",
        (2, 2),
        &[There],
        "give a file of the server another name",
    ),
    row(C::Mkdir, &["mkdir"], "PATH...", (1, MANY), &[There], "make directories there"),
    row(C::Rmdir, &["rmdir"], "PATH...", (1, MANY), &[There], "remove empty directories there"),
    row(C::Chmod, &["chmod"], "MODE PATH...", (2, MANY), &[Nothing, There], "set permissions, octal"),
    row(
        C::Hash,
        &["hash"],
        "[-a md5|sha256|sha512] PATH...",
        (1, MANY),
        &[There],
        "digests, as sha256sum prints them",
    ),
    row(
        C::Passive,
        &["passive"],
        "[on|off]",
        (0, 1),
        &[Nothing],
        "FTP: who opens data connections: we (on), or the server",
    ),
    row(C::Binary, &["binary"], "", (0, 0), &[], "FTP: files as they are, which they are without it"),
    row(C::Ascii, &["ascii"], "", (0, 0), &[], "FTP: files are text, with the line ends of each side"),
    row(
        C::Site,
        &["site"],
        "WORD...",
        (1, MANY),
        &[Nothing],
        "FTP: say SITE and these words, print the reply",
    ),
    row(C::Quote, &["quote"], "WORD...", (1, MANY), &[Nothing], "FTP: say these words, print the reply"),
    row(C::Help, &["help", "?"], "", (0, 0), &[], "this"),
    row(C::Exit, &["exit", "quit", "bye"], "", (0, 0), &[], "leave; so does Ctrl-D"),
];

/// By what is typed.
pub(super) fn find(name: &[u8]) -> Option<&'static Row> {
    COMMANDS.iter().find(|row| row.names.iter().any(|of| of.as_bytes() == name))
}

/// What `help` prints.
pub(super) fn help() -> String {
    let mut out = String::new();
    for row in COMMANDS {
        let usage = format!("{} {}", row.names.join("|"), row.words);
        out.push_str(&format!("{usage:<38} {}\n", row.doc));
    }
    out.push_str(&format!("{:<38} {}\n", "!COMMAND", "run a command of this machine"));
    out.push_str("Names have * ? [...], and quotes as in a shell. In a script a line stops it when it fails, unless it begins with -.\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_command() {
        let mut names: Vec<&str> = COMMANDS.iter().flat_map(|row| row.names).copied().collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        for row in COMMANDS {
            assert!(row.least <= row.most && (row.most == 0) == row.kinds.is_empty(), "{:?}", row.command);
        }
    }
}
