//! The file that `towline config init` writes: every setting with its meaning, as a comment with its default.

use super::Config;
use super::section::{Key, Setting, Shape};
use super::value::quoted;
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "\
# towline's configuration. Lines that begin with `#` and a key are the defaults, or
# examples where nothing is set; take the `#` away to change one.
#
#   towline config check FILE         says what is wrong with it, before a service is told
#   towline config show --origin FILE what holds, and where it comes from
#   towline serve --config FILE       serves
#
# Options win over variables (TOWLINE_SERVER__ROOT), these over this file. A list replaces the one below it. Relative
# paths count from this file's directory. Every key: docs/configuration.md.
";

/// What items of lists look like; each is a comment in the file.
pub(super) const EXAMPLES: &[(&str, &str)] = &[
    ("mount", "[[mount]]\npath = \"/images\"\ndir = \"/srv/images\"\n"),
    ("root", "[[root]]\nnetwork = \"10.1.0.0/16\"\npath = \"/configs/site1\"\n"),
    ("user", "[[user]]\nname = \"bob\"\npassword = { file = \"/etc/towline/bob.password\" }\n"),
    ("rule", "[[rule]]\ndeny = [\"delete\", \"rename\"]\ngroup = \"interns\"\npath = \"/images/**\"\n"),
    ("limits.network", "[[limits.network]]\nnet = \"10.1.0.0/16\"\nrate-out = \"10M\"\n"),
    ("ftp.host", "[[ftp.host]]\nname = \"ftp.example.net\"\nroot = \"/sites/example\"\n"),
    ("ftp.profile", "[[ftp.profile]]\nclients = \"10.9.0.0/16\"\nlist = \"dos\"\nepsv = false\n"),
    ("ftp.passive", "[[ftp.passive]]\nclients = \"0.0.0.0/0\"\naddress = \"203.0.113.7\"\n"),
    ("hook", "[[hook]]\non = [\"ended\"]\nrun = [\"/usr/local/bin/uploaded\"]\n"),
];

/// The file, which serves `root`.
pub fn init(root: &Path) -> String {
    let mut out = String::from(HEAD);
    for key in Config::shape().keys() {
        section(&mut out, &key.name, &key, root);
    }
    out
}

fn section(out: &mut String, name: &str, key: &Key, root: &Path) {
    let _ = write!(out, "\n# {}\n", key.meaning());
    match &key.shape {
        Shape::Table(keys) => {
            let _ = writeln!(out, "[{name}]");
            rows(out, name, "", keys, root);
            for below in keys.iter().filter(|k| matches!(k.shape, Shape::Tables(_))) {
                section(out, &format!("{name}.{}", below.name), below, root);
            }
        }
        Shape::Tables(keys) => {
            for key in keys {
                let must = if key.default.is_none() { ", must be there" } else { "" };
                let wants = match &key.shape {
                    Shape::Value { wants, .. } => format!(" ({wants}{must})"),
                    Shape::Table(_) | Shape::Tables(_) => String::new(),
                };
                let _ = writeln!(out, "#   {}: {}{wants}", key.name, key.meaning());
            }
            for (_, example) in EXAMPLES.iter().filter(|row| row.0 == name) {
                example.lines().for_each(|line| {
                    let _ = writeln!(out, "#{line}");
                });
            }
        }
        Shape::Value { .. } => {}
    }
}

fn rows(out: &mut String, section: &str, prefix: &str, keys: &[Key], root: &Path) {
    for key in keys {
        let name = format!("{prefix}{}", key.name);
        match &key.shape {
            Shape::Value { wants, schema } => {
                let _ = writeln!(out, "# {}", key.meaning());
                let _ = match &key.default {
                    _ if section == "server" && name == "root" => {
                        writeln!(out, "{name} = {}", quoted(&root.display().to_string()))
                    }
                    Some(Some(default)) => writeln!(out, "#{name} = {default}"),
                    Some(None) | None => {
                        let example = schema["examples"][0].to_string();
                        writeln!(out, "#{name} = {example}    # not set; {wants}")
                    }
                };
            }
            Shape::Table(below) => rows(out, section, &format!("{name}."), below, root),
            Shape::Tables(_) => {}
        }
    }
}
