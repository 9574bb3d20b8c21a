//! `towline backup` against devices of each model.

use crate::models::Model;
use crate::ssh::lines;
use crate::surveyed::{running, value_of};
use e2e::process::{Ended, Process};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use transport::ssh::Ios;

fn backup(home: &Path, place: &str, words: &[&str]) -> Ended {
    let mut c = e2e::towline::command();
    c.args(["backup", place, "--to", "kept", "--host-key", "accept-new", "--ssh-profile", "legacy-ios"])
        .args(words);
    c.current_dir(home).env("HOME", home).env_remove("XDG_STATE_HOME").env_remove("SSH_AUTH_SOCK");
    Process::start(&mut c).wait(Duration::from_secs(60))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    let mut names: Vec<_> =
        entries.map(|e| e.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

#[test]
fn each_version_of_a_configuration_is_kept_and_what_changed_is_told_without_secrets() {
    for model in Model::all() {
        let (mut p, device) = running(&model);
        let home = e2e::scratch();
        let (kept, name) = (home.path().join("kept"), &model.profile.name);
        let ssh = lines(&device, Ios::V15_2);
        let place = format!("bob:s3cret@{}", ssh.address());
        let ended = backup(home.path(), &place, &["--json"]);
        assert_eq!(
            (ended.code(), value_of(&ended.out, "backed_up", "state")),
            (0, "first"),
            "{name}: {ended:?}"
        );
        let first = std::fs::read_to_string(kept.join("R1.cfg")).expect("there");
        // What the device itself says, but for what stands before it.
        let whole = device.configuration();
        let body = |text: &str| {
            text.lines()
                .filter(|l| !l.starts_with('!') && !l.is_empty())
                .map(|l| l.trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        assert!(body(&whole).ends_with(&body(&first)[1..]), "{name}: {first}");
        assert!(first.starts_with('!') || first.starts_with("version"), "{name}: {first}");
        let mode = std::fs::metadata(kept.join("R1.cfg")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        // Saving changes lines that do not count.
        p.run("write memory");
        let ended = backup(home.path(), &place, &["--json"]);
        assert_eq!(value_of(&ended.out, "backed_up", "state"), "same", "{name}: {ended:?}");
        assert_eq!(names(&kept), ["R1.cfg"], "{name}");
        p.run("conf t");
        p.run("enable secret an0ther");
        p.run("ip host other 10.0.0.9");
        p.run("end");
        let ended = backup(home.path(), &place, &[]);
        assert_eq!(ended.code(), 0, "{name}: {ended:?}");
        assert!(ended.out.contains("  +ip host other 10.0.0.9\n"), "{name}: {ended:?}");
        let second = std::fs::read_to_string(kept.join("R1.cfg")).expect("there");
        let secret = second
            .lines()
            .find(|l| l.starts_with("enable secret"))
            .expect("there")
            .rsplit(' ')
            .next()
            .expect("a word");
        assert!(!ended.out.contains(secret) && !ended.err.contains("s3cret"), "{name}: {ended:?}");
        let both = names(&kept);
        assert!(both.len() == 2 && both[1].starts_with("R1.cfg.20"), "{name}: {both:?}");
        assert_eq!(std::fs::read_to_string(kept.join(&both[1])).expect("there"), first, "{name}");
    }
}

#[test]
fn what_is_not_whole_is_not_taken() {
    let model = Model::of("c2911");
    let (_p, device) = running(&model);
    let home = e2e::scratch();
    let ssh = lines(&device, Ios::V15_2);
    // Somebody without the right to see it all.
    let ended = backup(home.path(), &format!("eve:s3cret@{}", ssh.address()), &[]);
    assert_eq!(ended.code(), 4, "{ended:?}");
    assert_eq!(names(&home.path().join("kept")), [] as [&str; 0]);
}
