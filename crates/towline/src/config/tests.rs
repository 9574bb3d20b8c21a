mod bad;

use super::*;
use serve::listen::Want;
use std::sync::Arc;

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source { path: "/etc/towline/t.toml".into(), text: text.to_owned() })
}

fn variables(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

#[test]
fn options_win_over_variables_over_the_file_over_defaults() {
    let text = "[server]\nbind = [\"127.0.0.1\", \"::1\"]\n[tftp]\nport = 6969\nignore-case = true\n[ftp]\nport = 2121\n";
    let from = variables(&[
        ("TOWLINE_TFTP__PORT", "off"),
        ("TOWLINE_SERVER__BIND", "::1"),
        ("TOWLINE_CONTROL", "/x"),
        ("HOME", "/"),
    ]);
    let mut loaded = load::parse(Some(source(text)), from).unwrap();
    loaded.flag("ftp.port", "--ftp").ftp.port = Want::Exactly(0);
    let config = &loaded.config;
    // A list replaces the list below it.
    assert_eq!(config.server.bind, ["::1".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!((config.tftp.port, config.ftp.port), (Want::Off, Want::Exactly(0)));
    assert!(config.tftp.ignore_case && !config.tftp.templates);
    let from = |path| loaded.origins.of(path).to_string();
    assert_eq!(from("server.bind"), "TOWLINE_SERVER__BIND");
    assert_eq!(from("tftp.port"), "TOWLINE_TFTP__PORT");
    assert_eq!(from("ftp.port"), "--ftp");
    assert_eq!(from("tftp.ignore-case"), "/etc/towline/t.toml:5");
    assert_eq!(loaded.origins.set("tftp.templates"), None);
}

#[test]
fn all_faults_of_a_file_are_told_together_with_their_places() {
    let text =
        "[server]\nrooot = \"/srv\"\nwrite = \"yes\"\n[tftp]\nport = 70000\n[[user]]\nname = \"bob\"\n";
    let faults = load::parse(Some(source(text)), []).unwrap_err();
    let mut told: Vec<String> = faults.iter().map(Fault::picture).collect();
    told.sort();
    insta::assert_snapshot!(told.concat(), @r#"
    /etc/towline/t.toml:2:1: unknown key 'rooot' in [server]; did you mean 'root'?
      2 | rooot = "/srv"
        | ^^^^^
    /etc/towline/t.toml:3:9: 'write' cannot be the text "yes"; give true or false, without quotes
      3 | write = "yes"
        |         ^^^^^
    /etc/towline/t.toml:5:8: 'port' cannot be the number 70000; give a port from 0 to 65535, "default" or "off"
      5 | port = 70000
        |        ^^^^^
    "#);
}

/// Takes the `#` from every line of the file that `init` writes which is a setting.
fn uncommented(text: &str) -> String {
    let setting = |line: &&str| {
        line.strip_prefix('#').is_some_and(|rest| {
            rest.starts_with("[[") || rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '))
        })
    };
    text.lines()
        .map(|line| if setting(&line) { &line[1..] } else { line })
        .map(|l| format!("{l}\n"))
        .collect()
}

#[test]
fn the_file_that_init_writes_is_right_as_it_is_and_with_every_line_taken() {
    let dir = tempfile::tempdir().unwrap();
    let text = init(dir.path());
    let loaded = load::parse(Some(source(&text)), []).unwrap();
    assert_eq!(check::faults(&loaded), []);
    let mut plain = load::parse(None, []).unwrap();
    plain.flag("server.root", "DIR").server.root = Some(dir.path().to_owned());
    assert_eq!(show(&loaded, false), show(&plain, false), "what is commented out are the defaults");
    let all = uncommented(&text);
    let told = load::parse(Some(source(&all)), [])
        .map_err(|faults| faults.iter().map(Fault::picture).collect::<String>());
    let all = told.unwrap_or_else(|faults| panic!("{faults}"));
    assert!(all.origins.set("limits.network.0.rate-out").is_some() && all.config.user.len() == 1);
}

#[test]
fn what_is_shown_is_a_configuration_that_says_the_same() {
    let all = uncommented(&init(std::path::Path::new("/srv")));
    let loaded = load::parse(Some(source(&all)), []).unwrap();
    let shown = show(&loaded, false);
    let again =
        load::parse(Some(source(&shown)), []).unwrap_or_else(|faults| panic!("{faults:?} of\n{shown}"));
    assert_eq!(show(&again, false), shown);
    assert!(shown.contains("password = { file = ") && shown.contains("[[limits.network]]"), "{shown}");
    // Nor is it another one with the comments.
    let shown = show(&loaded, true);
    let again = load::parse(Some(source(&shown)), []).unwrap();
    assert_eq!(show(&again, false), show(&loaded, false));
}

#[test]
fn a_secret_in_the_file_is_never_shown() {
    let text = "[[user]]\nname = \"bob\"\npassword = \"$argon2id$hunter2\"\n";
    let loaded = load::parse(Some(source(text)), []).unwrap();
    let shown = show(&loaded, true);
    assert!(shown.contains("password = \"****\"") && !shown.contains("hunter2"), "{shown}");
    assert!(!format!("{:?}", loaded.config).contains("hunter2"));
}

#[test]
fn variables_are_judged_like_the_file() {
    for (name, value, words) in [
        (
            "TOWLINE_TFTP__PORT",
            "ninety",
            "TOWLINE_TFTP__PORT: 'port' cannot be the text \"ninety\"; give a port",
        ),
        ("TOWLINE_TFTP__PROT", "69", "unknown key 'prot' in [tftp]; did you mean 'port'?"),
        ("TOWLINE_TFPT__PORT", "69", "there is no section 'tfpt'; did you mean 'tftp'?"),
        ("TOWLINE_SERVER__BIND", "::1,here", "'bind' cannot be the text \"here\""),
    ] {
        let faults = load::parse(None, variables(&[(name, value)])).unwrap_err();
        let told: String = faults.iter().map(Fault::picture).collect();
        assert!(told.contains(words) && told.contains(&format!("  | {name}={value}")), "{told}");
    }
    let users = variables(&[("TOWLINE_LIMITS__PER_USER__SESSIONS", "7"), ("TOWLINE_TFTP__CLIENT_DIR", "12")]);
    let loaded = load::parse(None, users).unwrap();
    assert_eq!(loaded.config.limits.per_user.sessions, Some(7));
    assert_eq!(loaded.config.tftp.client_dir.as_deref(), Some("12"));
}
