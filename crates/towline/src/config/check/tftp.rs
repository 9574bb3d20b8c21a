//! TFTP's settings that go with each other or do not, and the rules in a file of their own.

use super::Check;
use super::secrecy::Content;
use serve::tftp::names::ClientDirs;
use serve::tftp::names::remap::Rules;

pub(super) fn check(check: &mut Check<'_>) {
    let tftp = &check.config.tftp;
    if tftp.single_port && tftp.ports.is_some() {
        let what = "transfers have ports of their own and one port";
        check.fault("tftp.ports", what, "take ports or single-port away");
    }
    match &tftp.client_dir {
        None if tftp.client_only && check.is_sure(&["tftp.client-dir"]) => {
            let what = "clients see nothing but a directory that none has";
            let remedy = "set client-dir = \"ip\" in [tftp] (--tftp-client-dir), or take this away";
            check.fault("tftp.client-only", what, remedy);
        }
        Some(dir) => {
            if let Err(why) = ClientDirs::new(dir, tftp.client_only) {
                check.fault("tftp.client-dir", format!("'{dir}': {why}"), "see docs/tftp-server.md");
            }
        }
        None => {}
    }
    rules(check);
}

/// Rules of options are judged where they are used, with a picture of their own.
fn rules(check: &mut Check<'_>) {
    let tftp = &check.config.tftp;
    for (i, rule) in tftp.map.iter().enumerate().filter(|_| check.is_written("tftp.map")).collect::<Vec<_>>()
    {
        if let Err(bad) = Rules::default().add("", rule) {
            check.fault(&format!("tftp.map.{i}"), format!("'{rule}': {}", bad.what), remedy(&bad.way_out));
        }
    }
    let Some(file) = tftp.remap.as_ref().filter(|_| check.is_written("tftp.remap")) else { return };
    check.file("tftp.remap", file, Content::Public);
    // What cannot be read has been told.
    let Some(text) = file.is_file().then(|| std::fs::read_to_string(file).ok()).flatten() else { return };
    if let Err(bad) = Rules::default().add(&file.display().to_string(), &text) {
        check.fault("tftp.remap", bad.to_string(), remedy(&bad.way_out));
    }
}

fn remedy(way_out: &str) -> String {
    if way_out.is_empty() { String::from("see docs/tftp-server.md") } else { way_out.to_owned() }
}
