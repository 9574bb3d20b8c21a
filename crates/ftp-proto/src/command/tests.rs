extern crate std;

use super::*;

fn command(line: &str) -> Result<Command, BadCommand> {
    parse(line.as_bytes()).map(|(_, c)| c)
}

#[test]
fn verbs_are_case_insensitive_and_unique() {
    assert_eq!(command("noop"), Ok(Command::Noop));
    assert_eq!(command("rEtR x"), Ok(Command::Retr(b"x".to_vec())));
    let mut names: Vec<&str> = ROWS.iter().flat_map(|r| [Some(r.verb), r.alias]).flatten().collect();
    names.extend(ABSENT.iter().map(|(n, _)| n));
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "a verb stands in two rows");
}

#[test]
fn old_names_are_understood() {
    for (old, new) in [("XPWD", "PWD"), ("XCWD a", "CWD a"), ("XMKD a", "MKD a"), ("XRMD a", "RMD a")] {
        assert_eq!(command(old), command(new));
    }
}

#[test]
fn a_name_keeps_its_spaces() {
    assert_eq!(command("RETR  a  b "), Ok(Command::Retr(b" a  b ".to_vec())));
    assert_eq!(command("RETR"), Err(BadCommand::Syntax));
    assert_eq!(command("RETR "), Err(BadCommand::Syntax));
}

#[test]
fn what_is_not_implemented_says_so() {
    assert_eq!(command("SMNT x"), Err(BadCommand::Absent("SMNT")));
    assert_eq!(command("smnt x"), Err(BadCommand::Absent("SMNT")));
    assert_eq!(command("GET / HTTP/1.1"), Err(BadCommand::Http));
    assert_eq!(command("GETX"), Err(BadCommand::Unknown));
}

#[test]
fn type_a_n_and_l_8_are_legal_and_others_are_504() {
    assert_eq!(command("TYPE A"), command("TYPE A N"));
    assert_eq!(command("TYPE a"), Ok(Command::Type(Representation::Ascii)));
    assert_eq!(command("TYPE L 8"), Ok(Command::Type(Representation::Image)));
    assert_eq!(command("TYPE E"), command("type e n"));
    assert_eq!(command("TYPE E"), Ok(Command::Type(Representation::Ebcdic)));
    for t in ["TYPE A T", "TYPE A C", "TYPE E T", "TYPE E C", "TYPE L 36", "TYPE X"] {
        assert!(matches!(command(t), Err(BadCommand::Parameter(_))), "{t}");
    }
    for t in ["TYPE", "TYPE L", "TYPE A N N"] {
        assert_eq!(command(t), Err(BadCommand::Syntax), "{t}");
    }
}

#[test]
fn structure_and_mode_know_what_is_missing_from_what_is_other() {
    for (letter, structure) in [('F', Structure::File), ('r', Structure::Record), ('P', Structure::Page)] {
        assert_eq!(command(&alloc::format!("STRU {letter}")), Ok(Command::Stru(structure)));
    }
    for (letter, mode) in
        [('s', TransferMode::Stream), ('B', TransferMode::Block), ('c', TransferMode::Compressed)]
    {
        assert_eq!(command(&alloc::format!("MODE {letter}")), Ok(Command::Mode(mode)));
    }
    for t in ["STRU X", "STRU FR", "MODE X", "MODE 1"] {
        assert!(matches!(command(t), Err(BadCommand::Parameter(_))), "{t}");
    }
    assert_eq!(command("STRU"), Err(BadCommand::Syntax));
    assert_eq!(command("MODE"), Err(BadCommand::Syntax));
}

#[test]
fn mode_z_has_nine_levels() {
    assert_eq!(command("MODE Z"), Ok(Command::Mode(TransferMode::Deflate(Level::default()))));
    assert_eq!(command("OPTS MODE Z LEVEL 9"), Ok(Command::Opts(Opts::Deflate(Level::new(9)))));
    assert_eq!(command("opts mode z"), Ok(Command::Opts(Opts::Deflate(None))));
    for t in ["OPTS MODE Z LEVEL 0", "OPTS MODE Z LEVEL 10", "OPTS MODE Z ENGINE zlib", "OPTS MODE B"] {
        assert!(matches!(command(t), Err(BadCommand::Parameter(_))), "{t}");
    }
    assert_eq!(command("OPTS MODE"), Err(BadCommand::Syntax));
    assert_eq!(command("OPTS MODE Z LEVEL x"), Err(BadCommand::Syntax));
}

#[test]
fn rest_takes_an_offset_and_nothing_else() {
    assert_eq!(command("REST 0"), Ok(Command::Rest(0)));
    assert_eq!(command("REST 9223372036854775807"), Ok(Command::Rest(i64::MAX as u64)));
    for t in
        ["REST", "REST abc", "REST -1", "REST 9223372036854775808", "REST 73786976294838206464", "REST 1 2"]
    {
        assert_eq!(command(t), Err(BadCommand::Syntax), "{t}");
    }
}

#[test]
fn allo_takes_a_record_size() {
    assert_eq!(command("ALLO 100"), Ok(Command::Allo(100)));
    assert_eq!(command("ALLO 100 R 10"), Ok(Command::Allo(100)));
    for t in ["ALLO", "ALLO x", "ALLO 1 R", "ALLO 1 Q 2"] {
        assert_eq!(command(t), Err(BadCommand::Syntax), "{t}");
    }
}

#[test]
fn listings_leave_options_of_ls_out() {
    assert_eq!(command("LIST -la"), Ok(Command::List(Vec::new())));
    assert_eq!(command("LIST -l -a dir name"), Ok(Command::List(b"dir name".to_vec())));
    assert_eq!(command("NLST"), Ok(Command::Nlst(Vec::new())));
    assert_eq!(command("STAT"), Ok(Command::Stat(None)));
    assert_eq!(command("STAT -l"), Ok(Command::Stat(Some(Vec::new()))));
}

#[test]
fn comb_takes_names_with_spaces_in_quotes() {
    let parts = |parts: &[&str]| parts.iter().map(|p| p.as_bytes().to_vec()).collect();
    let read = |line| match command(line) {
        Ok(Command::Combine { target, parts }) => Ok((target, parts)),
        other => Err(other),
    };
    assert_eq!(read("COMB all a b"), Ok((b"all".to_vec(), parts(&["a", "b"]))));
    assert_eq!(
        read("COMB \"all of it\" \"part 1\"  b"),
        Ok((b"all of it".to_vec(), parts(&["part 1", "b"])))
    );
    for t in ["COMB", "COMB all", "COMB \"all a", "COMB all \"\""] {
        assert_eq!(command(t), Err(BadCommand::Syntax), "{t}");
    }
    let many = String::from("COMB") + &" x".repeat(66);
    assert!(matches!(command(&many), Err(BadCommand::Parameter(_))));
}

#[test]
fn pret_is_for_what_moves_data() {
    assert_eq!(command("PRET RETR f"), Ok(Command::Pret));
    assert_eq!(command("PRET list -a"), Ok(Command::Pret));
    assert!(matches!(command("PRET CWD d"), Err(BadCommand::Parameter(_))));
    assert_eq!(command("PRET"), Err(BadCommand::Syntax));
}

#[test]
fn epsv_and_eprt_name_the_family() {
    assert_eq!(command("EPSV"), Ok(Command::Epsv(Epsv::Any)));
    assert_eq!(command("EPSV all"), Ok(Command::Epsv(Epsv::All)));
    assert_eq!(command("EPSV 3"), Ok(Command::Epsv(Epsv::Unknown)));
    assert_eq!(command("EPSV x"), Err(BadCommand::Syntax));
    assert_eq!(command("EPRT |3|x|1|"), Err(BadCommand::Family));
}

#[test]
fn passwords_are_shown_nowhere() {
    assert_eq!(masked(b"pass s3cret word"), b"pass ****");
    assert_eq!(masked(b"PASS"), b"PASS ****");
    assert_eq!(masked(b"USER x"), b"USER x");
    let shown = alloc::format!("{:?}", command("PASS s3cret").unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
}

/// The docs page holds the tables that the rows make.
#[test]
fn the_docs_show_this_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocols/ftp.md");
    let page = std::fs::read_to_string(path).unwrap();
    let [begin, end] = ["<!-- the tables of verbs -->\n", "\n<!-- end of the tables of verbs -->"];
    let (before, rest) = page.split_once(begin).expect("the page says where they begin");
    let (shown, after) = rest.split_once(end).expect("the page says where they end");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, [before, begin, &markdown(), end, after].concat()).unwrap();
    } else {
        assert!(shown == markdown(), "UPDATE_DOCS=1 cargo test -p ftp-proto the_docs_show_this_table");
    }
}

#[test]
fn every_row_explains_itself() {
    for row in ROWS {
        assert!(!row.help.is_empty() && !row.rfc.is_empty(), "{}", row.verb);
        assert!(!row.data || row.login, "{}: data moves only after a login", row.verb);
    }
}

#[test]
fn every_row_names_its_replies() {
    let verbs: Vec<&str> = ROWS.iter().map(|row| row.verb).collect();
    let proved: Vec<&str> = proof::PROOFS.iter().map(|proof| proof.verb).collect();
    assert_eq!(verbs, proved, "command/proof.rs has one line for each row, in the same order");
    for row in ROWS {
        let answers = |code| Proof::of(row.verb).allows(State::Busy, code);
        let busy = (200..=599).any(|code| code != 421 && answers(code));
        assert_eq!(busy, row.during == During::Answers, "{}: {:?}", row.verb, row.during);
    }
}

/// The names of all tests under a directory.
fn tests_in(directory: &std::path::Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_in(&path, names);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut lines = text.lines().map(str::trim);
            while lines.any(|line| line == "#[test]") {
                let name = lines.find_map(|line| line.strip_prefix("fn "));
                names.extend(name.and_then(|n| n.split('(').next()).map(String::from));
            }
        }
    }
}

#[test]
fn every_row_names_tests_that_there_are() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut names = Vec::new();
    for directory in ["crates/ftp-proto/src", "crates/serve/src/ftp", "tests/tests"] {
        tests_in(&root.join(directory), &mut names);
    }
    let page = std::fs::read_to_string(root.join("docs/protocols/ftp.md")).unwrap();
    let statements = page.split_once("<!-- statements -->").expect("they are there").1;
    let statements = statements.split_once("<!-- end of statements -->").expect("they end").0;
    let mut rows = statements.lines().filter(|line| line.starts_with("| ")).skip(1).peekable();
    assert!(rows.peek().is_some());
    for row in rows {
        let named = row.trim_end_matches(" |").rsplit(" | ").next().expect("a cell");
        for test in named.split(", ").map(|name| name.trim_matches('`')) {
            assert!(names.iter().any(|name| name == test), "the page: there is no test {test}");
        }
    }
    for proof in proof::PROOFS {
        assert!(!proof.tests.is_empty(), "{} has no test", proof.verb);
        for test in proof.tests {
            assert!(names.iter().any(|name| name == test), "{}: there is no test {test}", proof.verb);
        }
    }
}
