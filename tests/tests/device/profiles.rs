//! Models: those that are compiled in, one's own, and texts laid over them.

use crate::bench::{Bench, Person};
use device::{C2911, Device, DeviceConfig, Profile};
use e2e::process::run;
use e2e::towline::command;
use std::sync::Arc;

#[test]
fn a_profile_of_one_s_own_is_a_device_of_its_own() {
    let (_, text) = Profile::all().find(|(p, _)| p.name == C2911.name).expect("c2911");
    let mine = text
        .replace("name = \"c2911\"", "name = \"lab1\"")
        .replace("model = \"CISCO2911/K9\"", "model = \"LAB-1\"")
        .replace("serial = \"FTX152400KS\"", "serial = \"LAB0001\"")
        .replace("prefixes = [\"flash0:\", \"flash:\"]", "prefixes = [\"bootflash:\"]")
        .replace("[\"disk\", \"rw\", \"flash0:\"]", "[\"disk\", \"rw\", \"bootflash:\"]");
    let bench = Bench::bare();
    let mut config = DeviceConfig::new(bench.dir.path());
    config.pace = 0.0;
    config.profile = Arc::new(Profile::parse(&mine).expect("a profile"));
    let mut p = Person::at(Device::open(config).expect("opened"));
    // There is no image for it.
    p.until("boot: cannot determine first executable file name on device \"bootflash:\"");
    p.until("rommon 1 > ");
    let mut octets = Vec::new();
    let profile = p.device.profile().clone();
    device::image::make(
        &device::image::Recipe { profile: &profile, version: "15.5(3)M4a", size: 65_536, seed: 1 },
        &mut octets,
    )
    .expect("made");
    bench.put("lab.bin", &octets);
    bench.startup(crate::bench::R1);
    p.keys("boot\r");
    p.started();
    let version = p.run("show version");
    for line in
        ["System image file is \"bootflash:lab.bin\"", "Cisco LAB-1 (revision", "Processor board ID LAB0001"]
    {
        assert!(version.contains(line), "{line}: {version}");
    }
    assert!(p.run("dir").starts_with("Directory of bootflash:/"));
    assert!(p.run("show file systems").contains("disk     rw   bootflash:#\n"));
    assert!(p.run("dir flash0:").contains("% Invalid input"), "this model has no flash0:");
}

#[test]
fn a_directory_answers_show_commands() {
    let bench = Bench::r1();
    let shows = tempfile::tempdir().expect("a directory");
    std::fs::write(shows.path().join("show_inventory_raw.txt"), "NAME: \"lab\"\r\nPID: LAB-1")
        .expect("written");
    std::fs::write(shows.path().join("show_lacp_sys-id.txt"), "none\n").expect("written");
    std::fs::write(shows.path().join("show_version.txt"), "mine\n").expect("written");
    std::fs::write(shows.path().join("show_running-config.txt"), "secret\n").expect("written");
    let port = "show_running-config_interface_gigabitethernet0_0.txt";
    std::fs::write(shows.path().join(port), "a port\n").expect("written");
    let mut config = DeviceConfig::new(bench.dir.path());
    config.pace = 0.0;
    config.overlay = Some(shows.path().to_owned());
    let mut p = Person::at(Device::open(config).expect("opened"));
    p.started();
    assert_eq!(p.run("show inventory raw"), "NAME: \"lab\"\nPID: LAB-1\n");
    assert_eq!(p.run("sh inventory raw | include PID"), "PID: LAB-1\n");
    assert_eq!(p.run("sh ver"), "mine\n");
    assert_eq!(p.run("show run int g0/0"), "a port\n");
    assert_eq!(p.run("sh lacp sys-id"), "none\n");
    assert!(p.run("show lacp").contains("% Invalid input"));
    assert!(p.run("show inventory").contains("PID: CISCO2911/K9"));
    // The device's own where no file stands in.
    assert!(p.run("show bootvar").contains("BOOT variable"));
    p.run("configure terminal");
    assert_eq!(p.run("do show inventory raw"), "NAME: \"lab\"\nPID: LAB-1\n");
    assert!(p.run("show inventory raw").contains("% Invalid input"), "not without do");
    p.run("end");
    // Who may not ask gets no file instead.
    let refused = {
        p.answer("disable", "R1>");
        p.answer("show running-config", "R1>")
    };
    assert!(refused.contains("% Invalid input") && !refused.contains("secret"), "{refused}");
}

#[test]
fn models_are_listed_printed_and_read_from_files() {
    let listed = run(command().args(["device", "--list-profiles"]));
    assert_eq!(listed.code(), 0, "{listed:?}");
    assert!(listed.out.lines().any(|l| l.starts_with("c2911 ")), "{listed:?}");
    for (profile, text) in Profile::all() {
        let printed = run(command().args(["device", "--print-profile", &profile.name]));
        assert_eq!((printed.code(), printed.out.as_str()), (0, text), "{}", profile.name);
    }
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("mine.toml");
    let (_, text) = Profile::all().next().expect("one");
    std::fs::write(&file, text.replace("platform = \"c2900\"", "platform = \"lab\"")).expect("written");
    let line = ["image", "make", "--version", "15.5(3)M4a", "--size", "64K", "--profile"];
    let made = run(command().args(line).arg(&file).arg(dir.path()));
    assert_eq!(made.code(), 0, "{made:?}");
    assert!(dir.path().join("lab-universalk9-mz.SPA.155-3.M4a.bin").exists(), "{made:?}");
    std::fs::write(&file, text.replace("total = 262_136", "total = 0")).expect("written");
    let bad = run(command().args(line).arg(&file).arg(dir.path()));
    assert_eq!(bad.code(), 2, "{bad:?}");
    for part in ["TOML parse error at line", "expected a number of octets above 0", "--print-profile"] {
        assert!(bad.err.contains(part), "{part}: {bad:?}");
    }
    let absent = run(command().args(line).arg(dir.path().join("absent.toml")).arg(dir.path()));
    assert_eq!(absent.code(), 5, "{absent:?}");
}
