//! Install mode of a Catalyst 9300: an upgrade on trial, for good, undone; what it refuses; the ways back.

use crate::bench::{Person, SIZE, image_for};
use crate::models::{Model, fetch, reload, save};
use device::install::PACKAGES;
use device::{Attendant, Fault, Mode};
use ios_cli::text::install::{Asked, AutoAbort, Summary};
use ios_cli::text::version::{Layout, Version};
use std::time::{Duration, Instant};

const MAY_RELOAD: &str = "Do you want to proceed? [y/n]";

/// A C9300 in install mode whose boot loader was told packages.conf, with the new image in flash, at `R1#`.
fn upgraded() -> (Model, Person) {
    let model = Model::installed("c9300");
    model.lab.bench.put(&model.new, &image_for(&model.profile, model.new_version, SIZE));
    let p = told(&model);
    (model, p)
}

/// Starts it and tells its boot loader to boot packages.conf.
fn told(model: &Model) -> Person {
    let mut p = model.lab.bench.enabled();
    p.run("configure terminal");
    p.run("boot system flash:packages.conf");
    p.run("end");
    save(&mut p);
    p.run("terminal width 0");
    p
}

/// The image that runs, its release, and whether packages run.
fn runs(p: &mut Person) -> (String, bool) {
    let text = p.run("show version");
    let said = Version::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let Layout::XeSwitch(switch) = &said.layout else { panic!("{text}") };
    let install = switch.members[0].install;
    assert_eq!(install, said.image_file == "flash:packages.conf", "{text}");
    (said.version, install)
}

fn shown(p: &mut Person, view: &str) -> Summary {
    let text = p.run(&format!("show install {view}"));
    let said = Summary::parse(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(Summary::parse(&said.render()).as_ref(), Ok(&said));
    said
}

/// `I 17.09.04 C 17.06.01`: what the summary says, without the numbers of builds.
fn summary(p: &mut Person) -> String {
    let said = shown(p, "summary");
    assert_eq!((said.member.as_str(), said.asked), ("Switch 1", Asked::Installed));
    let row = |row: &ios_cli::text::install::Row| {
        let (release, build) = row.name.split_once(".0.").expect("a build");
        assert!(build.parse::<u16>().is_ok(), "{}", row.name);
        format!("{} {release}", row.state)
    };
    said.rows.iter().map(row).collect::<Vec<_>>().join(" ")
}

/// Types a command that restarts, and yes to its question; from there to `R1#` again.
fn restarts(p: &mut Person, line: &str) -> String {
    p.keys(&format!("{line}\r"));
    let mut said = p.until(MAY_RELOAD);
    p.keys("y\r");
    said += &p.until("Press RETURN to get started!");
    back_at_prompt(p);
    said
}

fn back_at_prompt(p: &mut Person) {
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    p.run("terminal width 0");
}

#[test]
fn an_upgrade_in_three_steps_is_on_trial_until_it_is_committed() {
    let (model, mut p) = upgraded();
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.6.1".into(), true), "C 17.06.01".into()));
    let text = p.run(&format!("install add file flash:{}", model.new));
    for part in [
        "install_add: START ",
        "install_add: Adding IMG\n--- Starting initial file syncing ---\nCopying flash:cat9k_iosxe.17.09.04.SPA.bin from Switch 1 to Switch 1\nInfo: Finished copying to the selected Switch\n",
        " [1] Finished Add package(s) on Switch 1\nChecking status of Add on [1]\nAdd: Passed on [1]\nFinished Add\n\nImage added. Version: 17.09.04.0.",
        "SUCCESS: install_add /flash/cat9k_iosxe.17.09.04.SPA.bin ",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(summary(&mut p), "I 17.09.04 C 17.06.01");
    let files = p.run("dir flash:");
    for file in
        ["cat9k-rpbase.17.09.04.SPA.pkg", "cat9k_iosxe.17.09.04.SPA.conf", "cat9k-rpbase.17.06.01.SPA.pkg"]
    {
        assert!(files.contains(file), "{file}: {files}");
    }
    // Nothing runs otherwise yet, nor would it.
    assert!(
        std::fs::read_to_string(model.lab.bench.flash(PACKAGES)).expect("there").contains("rpbase.17.06.01")
    );
    let said = restarts(&mut p, "install activate");
    for part in [
        "install_activate: START ",
        "install_activate: Activating IMG\nFollowing packages shall be activated:\n/flash/cat9k-cc_srdriver.17.09.04.SPA.pkg\n",
        "This operation may require a reload of the system. Do you want to proceed? [y/n]",
        " [1] Finished Activate on Switch 1\nChecking status of Activate on [1]\nActivate: Passed on [1]\nFinished Activate\n",
        "SUCCESS: install_activate ",
        "boot: attempting to boot from [flash:packages.conf]",
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.9.4".into(), true), "U 17.09.04".into()));
    let version = p.run("show version");
    assert!(version.contains("System returned to ROM by Install\n"), "{version}");
    let AutoAbort::Active(by, left) = shown(&mut p, "summary").timer else { panic!("{}", p.screen()) };
    assert!(by == "install_activate" && (7_000..=7_200).contains(&left), "{by} {left}");
    assert_eq!(shown(&mut p, "committed").rows, []);
    assert_eq!(shown(&mut p, "uncommitted").rows.len(), 1);
    let text = p.run("install commit");
    assert!(
        text.contains("[1] Commit packages(s) on Switch 1\n") && text.contains("SUCCESS: install_commit "),
        "{text}"
    );
    assert_eq!((summary(&mut p), shown(&mut p, "summary").timer), ("C 17.09.04".into(), AutoAbort::Inactive));
    // It stays, whatever restarts.
    reload(&mut p);
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.9.4".into(), true), "C 17.09.04".into()));
    let log = p.run("show install log");
    let order =
        ["|install_op_boot]", "|install_add]", "|install_activate]", "|install_op_boot]", "|install_commit]"];
    let mut rest = log.as_str();
    for operation in order {
        let at = rest.find(operation).unwrap_or_else(|| panic!("{operation} is not in order in\n{log}"));
        rest = &rest[at + operation.len()..];
    }
    assert!(!log.contains("FAILED"), "{log}");
}

#[test]
fn a_trial_that_nobody_commits_ends_by_itself_in_what_was_before() {
    let (model, mut p) = upgraded();
    let line = format!("install add file flash:{} activate auto-abort-timer 30", model.new);
    restarts(&mut p, &line);
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.9.4".into(), true), "U 17.09.04".into()));
    // Half an hour in a moment.
    p.device.set_fault(Fault::Haste(100_000));
    let console = p.until("Press RETURN to get started!");
    assert!(console.contains("Install auto abort timer has expired"), "{console}");
    p.device.clear_faults();
    back_at_prompt(&mut p);
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.6.1".into(), true), "C 17.06.01".into()));
    assert!(p.run("show install log").contains("install_auto_abort]: END SUCCESS"));
}

#[test]
fn a_trial_ends_without_anybody_at_the_console_too() {
    let (model, mut p) = upgraded();
    restarts(&mut p, &format!("install add file flash:{} activate", model.new));
    let device = p.leave();
    let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
    device.set_fault(Fault::Haste(100_000));
    let end = Instant::now() + Duration::from_secs(30);
    while !matches!(device.facts().mode, Mode::Ios { version, .. } if version == "17.6.1") {
        assert!(Instant::now() < end, "{:?}", device.facts().mode);
        std::thread::yield_now();
    }
}

#[test]
fn a_trial_is_aborted_stopped_or_rolled_back_on_request() {
    let (model, mut p) = upgraded();
    let line = format!("install add file flash:{} activate", model.new);
    restarts(&mut p, &line);
    // No is no.
    p.answer("install abort", MAY_RELOAD);
    p.keys("n\r");
    assert!(p.until("R1#").contains("FAILED: install_abort "));
    assert_eq!(runs(&mut p).0, "17.9.4");
    let said = restarts(&mut p, "install abort");
    assert!(
        said.contains(" [1] Abort packages(s) on Switch 1\n") && said.contains("SUCCESS: install_abort "),
        "{said}"
    );
    assert_eq!((runs(&mut p).0.as_str(), summary(&mut p)), ("17.6.1", "C 17.06.01".into()));
    // The packages are still there: adding is quick, and what is on trial may stay so without an end.
    restarts(&mut p, &line);
    assert!(p.run("install auto-abort-timer stop").contains("SUCCESS"));
    assert_eq!((summary(&mut p), shown(&mut p, "summary").timer), ("U 17.09.04".into(), AutoAbort::Inactive));
    restarts(&mut p, "install rollback to committed");
    assert_eq!((runs(&mut p).0.as_str(), summary(&mut p)), ("17.6.1", "C 17.06.01".into()));
}

#[test]
fn what_was_committed_once_is_a_point_to_roll_back_to() {
    let (model, mut p) = upgraded();
    let said = restarts(&mut p, &format!("install add file flash:{} activate commit", model.new));
    assert!(said.contains("SUCCESS: install_add_activate_commit "), "{said}");
    assert_eq!((runs(&mut p).0.as_str(), summary(&mut p)), ("17.9.4", "C 17.09.04".into()));
    let points = p.run("show install rollback");
    let ids: Vec<&str> = points.lines().skip(2).filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(ids, ["2", "1"], "{points}");
    assert!(p.run("show install rollback id 1").contains("IMG   C    17.06.01.0."), "{}", p.screen());
    assert!(p.run("install rollback to id 9").contains("FAILED: install_rollback"));
    // What runs already needs no restart.
    let text = p.run("install rollback to id 2");
    assert!(
        text.contains("install_rollback: Rolling back to id 2\n")
            && text.contains("SUCCESS: install_rollback "),
        "{text}"
    );
    restarts(&mut p, "install rollback to base");
    assert_eq!((runs(&mut p).0.as_str(), summary(&mut p)), ("17.6.1", "C 17.06.01".into()));
    restarts(&mut p, "install rollback to id 2");
    assert_eq!(runs(&mut p).0, "17.9.4");
    // Without its packages there is no way back to it.
    p.run("delete /force flash:cat9k-webui.17.06.01.SPA.pkg");
    p.answer("install rollback to id 1", MAY_RELOAD);
    p.keys("y\r");
    let text = p.until("R1#");
    assert!(
        text.contains("cat9k-webui.17.06.01.SPA.pkg is not there")
            && text.contains("FAILED: install_rollback"),
        "{text}"
    );
    assert_eq!(runs(&mut p).0, "17.9.4");
}

#[test]
fn a_whole_image_is_converted_in_one_go_if_the_boot_loader_is_told() {
    let model = Model::of("c9300");
    let mut p = model.lab.bench.enabled();
    p.run("terminal width 0");
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.6.1".into(), false), "C 17.06.01".into()));
    let (add, convert) = (
        format!("install add file flash:{}", model.old),
        format!("install add file flash:{} activate commit", model.old),
    );
    let text = p.run(&add);
    assert!(
        text.contains(" [1] Switch 1 FAILED: Booted in bundle mode.")
            && text.contains("FAILED: install_add "),
        "{text}"
    );
    // Whoever has not told the boot loader is asked, and believed.
    p.run("configure terminal");
    p.run(&format!("boot system flash:{}", model.old));
    p.run("end");
    save(&mut p);
    p.answer(&convert, "changed boot config to flash:packages.conf [y/n]");
    p.keys("y\r");
    p.until(MAY_RELOAD);
    p.keys("y\r");
    p.until("Press RETURN to get started!");
    back_at_prompt(&mut p);
    assert_eq!(runs(&mut p), ("17.6.1".into(), false), "the variable named the image");
    // The way back: packages.conf is there already.
    p.run("configure terminal");
    p.run("boot system flash:packages.conf");
    p.run("end");
    save(&mut p);
    reload(&mut p);
    assert_eq!((runs(&mut p), summary(&mut p)), (("17.6.1".into(), true), "C 17.06.01".into()));
    let text = p.run(&convert);
    assert!(
        text.contains("Add succeed with reason: Same Image File-No Change")
            && text.contains("SUCCESS: install_add_activate_commit"),
        "{text}"
    );
}

#[test]
fn what_cannot_be_installed_is_refused_and_leaves_nothing() {
    let (model, mut p) = upgraded();
    let add = |file: &str| format!("install add file flash:{file}");
    let before = p.run("dir flash:").lines().count();
    let mut damaged = std::fs::read(model.lab.bench.flash(&model.new)).expect("there");
    let at = damaged.len() / 2;
    damaged[at] ^= 4;
    model.lab.bench.put("damaged.bin", &damaged);
    model
        .lab
        .bench
        .put("isr.bin", &image_for(&device::Profile::named("isr4331").expect("a profile"), "16.9.3", SIZE));
    model.lab.bench.put("notes.txt", b"no image");
    for (file, why) in [
        ("nix.bin", "No such file or directory"),
        ("damaged.bin", "Package verification failed: embedded MD5"),
        ("isr.bin", "is not a valid image for this system"),
        ("notes.txt", "bad file magic number"),
        ("cat9k-rpbase.17.06.01.SPA.pkg", "is not a valid image for this system"),
    ] {
        let text = p.run(&add(file));
        assert!(text.contains(" [1] Switch 1 FAILED: ") && text.contains(why), "{file}: {text}");
        assert!(text.contains(&format!("FAILED: install_add /flash/{file} ")), "{file}: {text}");
    }
    assert_eq!((summary(&mut p).as_str(), p.run("dir flash:").lines().count()), ("C 17.06.01", before + 3));
    // Not enough room, and the way back.
    let free = p.device.facts().free;
    std::fs::File::create(model.lab.bench.flash("filler"))
        .expect("made")
        .set_len(free - 20_000)
        .expect("sparse");
    let text = p.run(&format!("{} activate commit", add(&model.new)));
    assert!(
        text.contains("[1] Switch 1 FAILED: /flash requires ")
            && text.contains(" KB of free space, but only "),
        "{text}"
    );
    assert!(text.contains("FAILED: add_activate_commit /flash/cat9k_iosxe.17.09.04.SPA.bin "), "{text}");
    assert!(!p.run("dir flash:").contains("17.09.04.SPA.pkg"));
    p.run("delete /force flash:filler");
    assert!(p.run(&add(&model.new)).contains("SUCCESS: install_add "));
    // A second one has to wait.
    let text = p.run(&add(&model.new));
    assert!(text.contains("Super package already added. Add operation not allowed."), "{text}");
    for (line, why) in [
        ("install commit", "No uncommitted package"),
        ("install abort", "No uncommitted package"),
        ("install rollback to committed", "No uncommitted package"),
        ("install auto-abort-timer stop", "No uncommitted package"),
        ("install deactivate file flash:x.smu.bin", "Only SMU packages"),
        ("install activate file flash:x.smu.bin", "Only SMU packages"),
        ("install activate issu", "ISSU is not supported"),
    ] {
        let text = p.run(line);
        assert!(text.contains("FAILED: install_") && text.contains(why), "{line}: {text}");
    }
    assert!(p.run("show install log").contains("|install_commit]: END FAILED"));
    assert!(p.run("install activate auto-abort-timer 5").contains("% Invalid input"));
    // On trial nothing else is begun.
    restarts(&mut p, "install activate");
    let text = p.run(&add("nix.bin"));
    assert!(text.contains("Uncommitted packages are active."), "{text}");
}

#[test]
fn flash_that_fails_in_the_middle_leaves_no_package() {
    let (model, mut p) = upgraded();
    // One of the packages is not what was written: the trial does not begin.
    p.device.set_fault(Fault::BadSectors(1));
    p.run(&format!("install add file flash:{}", model.new));
    p.device.clear_faults();
    p.answer("install activate", MAY_RELOAD);
    p.keys("y\r");
    let text = p.until("R1#");
    assert!(
        text.contains("Package verification failed: the package cat9k-")
            && text.contains("FAILED: install_activate"),
        "{text}"
    );
    assert_eq!((runs(&mut p).0.as_str(), summary(&mut p)), ("17.6.1", "I 17.09.04 C 17.06.01".into()));
    // The way back: what was added goes, and is added again.
    p.answer("install remove inactive", "Do you want to remove the above files? [y/n]");
    p.keys("y\r");
    p.until("R1#");
    assert_eq!(summary(&mut p), "C 17.06.01");
    assert!(fetch(&mut p, &model).contains("bytes copied in"));
    restarts(&mut p, &format!("install add file flash:{} activate commit", model.new));
    assert_eq!(runs(&mut p).0, "17.9.4");
}

#[test]
fn files_that_are_not_in_use_are_removed_and_the_image_with_them() {
    let (model, mut p) = upgraded();
    p.keys(&format!("install add file flash:{} activate commit prompt-level none\r", model.new));
    p.until("Press RETURN to get started!");
    back_at_prompt(&mut p);
    model.lab.bench.put("notes.txt", b"mine");
    let question = "Do you want to remove the above files? [y/n]";
    let listed = p.answer("install remove inactive", question);
    for part in [
        "    packages.conf\n      File is in use, will not delete.\n",
        "    cat9k-rpbase.17.09.04.SPA.pkg\n      File is in use",
        "The following files will be deleted:\n[Switch 1]:\n",
        "/flash/cat9k-rpbase.17.06.01.SPA.pkg\n",
        "/flash/cat9k_iosxe.17.09.04.SPA.bin\n",
    ] {
        assert!(listed.contains(part), "{part} is not in\n{listed}");
    }
    assert!(!listed.contains("notes.txt"), "{listed}");
    p.keys("n\r");
    assert!(p.until("R1#").contains("User Rejected Deletion"));
    assert!(model.lab.bench.flash(&model.new).exists());
    p.answer("install remove inactive", question);
    p.keys("y\r");
    let text = p.until("R1#");
    assert!(
        text.contains("Deleting file /flash/cat9k_iosxe.17.09.04.SPA.bin ... done.\n")
            && text.contains("SUCCESS: Files deleted.\n"),
        "{text}"
    );
    let files = p.run("dir flash:");
    assert!(!files.contains("17.06.01") && !files.contains(".bin") && files.contains("notes.txt"), "{files}");
    assert!(p.run("install remove inactive").contains("Nothing to clean"));
    reload(&mut p);
    assert_eq!(runs(&mut p), ("17.9.4".into(), true));
    // One file, with what came of it.
    model.lab.bench.put(&model.old, &image_for(&model.profile, model.old_version, SIZE));
    p.run(&format!("install add file flash:{}", model.old));
    assert_eq!(summary(&mut p), "I 17.06.01 C 17.09.04");
    assert!(
        p.run("install remove file flash:cat9k-rpboot.17.09.04.SPA.pkg")
            .contains("is in use, will not delete")
    );
    p.answer(&format!("install remove file flash:{}", model.old), question);
    p.keys("y\r");
    p.until("R1#");
    assert_eq!(summary(&mut p), "C 17.09.04");
    assert!(!p.run("dir flash:").contains("17.06.01"), "{}", p.screen());
}

#[test]
fn what_is_not_saved_is_asked_for_before_a_restart() {
    let (model, mut p) = upgraded();
    let question = "re-enter the command. [y/n/q]";
    let line = format!("install add file flash:{} activate commit", model.new);
    let change = |p: &mut Person, name: &str| {
        p.run("configure terminal");
        p.run("interface GigabitEthernet1/0/1");
        p.run(&format!("description {name}"));
        p.run("end");
    };
    change(&mut p, "ONE");
    let text = p.run(&format!("{line} prompt-level none"));
    assert!(text.contains("FAILED: System configuration has been modified. Please save configuration and resubmit command.\n"), "{text}");
    p.answer(&line, question);
    p.keys("q\r");
    assert!(p.until("R1#").contains("FAILED: add_activate_commit "));
    assert_eq!(summary(&mut p), "C 17.06.01");
    p.answer(&line, question);
    p.keys("y\r");
    p.until("Building configuration...");
    p.until(MAY_RELOAD);
    p.keys("y\r");
    p.until("Press RETURN to get started!");
    back_at_prompt(&mut p);
    assert_eq!(runs(&mut p).0, "17.9.4");
    assert!(p.run("show running-config").contains(" description ONE\n"));
    // Without saving, the change is lost.
    change(&mut p, "TWO");
    p.answer("install rollback to base", MAY_RELOAD);
    p.keys("y\r");
    p.until("Press RETURN to get started!");
    back_at_prompt(&mut p);
    assert!(!p.run("show running-config").contains("TWO"));
}

#[test]
fn an_image_and_its_packages_say_what_they_are() {
    let (model, mut p) = upgraded();
    let text = p.run(&format!("show install package flash:{}", model.new));
    for part in [
        "  Package: cat9k_iosxe.17.09.04.SPA.bin\n    Size: 65700\n",
        "  Canonical path: /flash/cat9k_iosxe.17.09.04.SPA.bin\n",
        "    Name: rp_super\n    Platform: CAT9K\n    Build: 17.09.04\n",
        "  Package: cat9k-rpbase.17.09.04.SPA.pkg\n",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(
        p.run("show install package flash:cat9k-rpbase.17.06.01.SPA.pkg")
            .contains("  Package is not bootable.\n")
    );
    assert!(p.run("show install package flash:nix").contains("No such file or directory"));
    // A router knows nothing of it.
    let mut router = Model::of("c2911").lab.bench.enabled();
    for line in ["install commit", "show install summary"] {
        assert!(router.run(line).contains("% Invalid input"), "{line}");
    }
}

#[test]
fn an_image_of_a_server_is_copied_to_flash_first() {
    let model = Model::installed("c9300");
    let mut p = told(&model);
    let url = format!("tftp://10.0.0.1/{}", model.new);
    let text = p.run(&format!("install add file {url}"));
    // On a console messages come between.
    let begins = text.find(&format!("Downloading file {url}\n")).expect("it begins");
    let moved = format!("\n\nFinished downloading file {url} to flash:{}\n", model.new);
    assert!(text[begins..].contains(&moved) && text.contains("SUCCESS: install_add"), "{text}");
    assert_eq!(summary(&mut p), "I 17.09.04 C 17.06.01");
    assert_eq!(std::fs::metadata(model.lab.bench.flash(&model.new)).expect("there").len(), SIZE);
    p.keys("install remove inactive\r");
    p.until("[y/n]");
    p.keys("y\r");
    p.until("SUCCESS: install_remove");
    p.until("R1#");
    let before = p.device.facts().flash.len();
    let text = p.run("install add file tftp://10.0.0.1/none.bin");
    assert!(text.contains("(No such file or directory)") && text.contains("FAILED: install_add"), "{text}");
    assert_eq!(p.device.facts().flash.len(), before, "nothing of it is left");
}
