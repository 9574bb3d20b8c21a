//! RANCID's collector, `rancid -t ios`, with its whole table of commands and its own reading of every answer.

use crate::models::Model;
use crate::tools;
use e2e::peers::Peer;
use e2e::process::Process;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

/// Has rancid.pm look for its tables where the package is unpacked, and runs the collector as it is.
const RUN: &str = r#"
unshift @INC, sub {
    my (undef, $file) = @_;
    return unless $file eq "rancid.pm";
    open(my $module, "<", "$ENV{RANCID_ROOT}/usr/share/perl5/rancid/rancid.pm") or return;
    local $/;
    my $text = <$module>;
    $text =~ s{"/etc/rancid/}{"$ENV{RANCID_ROOT}/etc/rancid/}g;
    return \$text;
};
$0 = "$ENV{RANCID_ROOT}/usr/lib/rancid/bin/rancid";
do $0;
die $@ if $@;
"#;

fn script(path: &Path, text: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("room");
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("ours");
}

/// What it has collected of a device, with all that it said. `None`: skipped.
fn collected(model: &Model, home: &Path) -> Option<(String, String)> {
    let (clogin, expect) = (Peer::find("rancid", "clogin")?, Peer::find("expect", "expect")?);
    let (telnet, perl) =
        (Peer::find("inetutils-telnet", "inetutils-telnet")?, Peer::perl("rancid", "rancid/rancid.pm")?);
    let (root, library) =
        (Peer::part("rancid", "etc/rancid")?, Peer::part("expect", "usr/share/tcltk/tcl8.6")?);
    let root = root.parent().and_then(Path::parent).expect("in the root").to_owned();
    let device = model.lab.bench.device();
    device.power_on();
    let port = tools::telnet(&device);
    let bin = home.join("bin");
    std::fs::create_dir_all(&bin).expect("room");
    script(&bin.join("telnet"), &format!("exec '{}' \"$@\"", telnet.path().display()));
    let login = format!("exec '{}' -- '{}' \"$@\"", expect.path().display(), clogin.path().display());
    script(&bin.join("clogin"), &login);
    let rc = home.join(".cloginrc");
    let text = format!(
        "add method * {{telnet:{port}}}\nadd user * bob\nadd password * {{{0}}} {{{0}}}\nadd autoenable * 1\n",
        tools::PASSWORD
    );
    std::fs::write(&rc, text).expect("room");
    std::fs::set_permissions(&rc, PermissionsExt::from_mode(0o600)).expect("ours");
    let mut c = perl.command();
    let libraries = expect.command();
    c.envs(libraries.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{}:{path}", bin.display(), root.join("usr/lib/rancid/bin").display());
    c.env("PATH", path).env("HOME", home).env("RANCID_ROOT", &root).env("TCL_LIBRARY", library);
    c.arg("-I").arg(root.join("usr/share/perl5/rancid")).args(["-e", RUN, "--", "-t", "ios", "127.0.0.1"]);
    let ended = Process::start(c.current_dir(home)).wait(Duration::from_secs(120));
    let kept = std::fs::read_to_string(home.join("127.0.0.1.new")).unwrap_or_default();
    Some((kept, format!("{ended:?}")))
}

#[test]
fn rancid_collects_every_model_whole() {
    for model in Model::all() {
        tools::let_bob_in(&model);
        let home = e2e::scratch();
        let Some((kept, said)) = collected(&model, home.path()) else { return };
        let name = &model.profile.name;
        // What it does not find it says, and keeps nothing.
        assert!(!said.contains("missed cmd") && !said.contains("End of run not found"), "{name}: {said}");
        for text in ["!RANCID-CONTENT-TYPE: ios", "!Image: Software: ", "\nhostname R1\n", "\nend\n"] {
            assert!(kept.contains(text), "{name}: {text} in {kept}\n{said}");
        }
        assert!(kept.contains(model.old_version), "{name}: {kept}");
        assert!(kept.contains(&model.profile.serial.to_string()), "{name}: {kept}");
    }
}
