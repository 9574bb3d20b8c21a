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
    /etc/towline/t.toml:5:8: 'port' cannot be the number 70000; give a port from 0 to 65535, or "off"
      5 | port = 70000
        |        ^^^^^
    /etc/towline/t.toml:6:1: [[user]] has no 'password'; add password = … to it
      6 | [[user]]
        | ^^^^^^^^
    "#);
}
