//! `copy xmodem:` and `copy ymodem:` over the console: the questions, what comes, and what is left of what does not. And
//! `copy xmodem:` of a Catalyst's boot loader.

use crate::bench::{Bench, NEW, NEW_VERSION, OLD, Person, SIZE, image, image_for};
use crate::models::{Model, runs};
use crate::xmodem::{block, lrzsz, send};
use device::Profile;
use e2e::matrix::compared_streams;
use e2e::peers::Peer;

const READY: &str = "Ready to receive file...........";

/// Types the command and answers up to where a sender may begin: with a CRC, without validation.
fn begin(p: &mut Person, line: &str, name: &str) {
    p.answer(line, "Proceed? [confirm]");
    p.keys("y");
    p.until("Source filename []? ");
    p.answer("whatever", &format!("Destination filename [{name}]? "));
    p.keys("\r");
    if line.starts_with("copy xmodem:") {
        p.until("Use crc block checksumming? [confirm]");
        p.keys("y");
    }
    p.until("Max Retry Count [10]: ");
    p.keys("\r");
    p.until("Perform image validation checks? [confirm]");
    p.keys("n");
    p.until("Continue? [confirm]");
    p.keys("y");
    p.until(READY);
}

fn names(p: &Person) -> Vec<String> {
    p.device.facts().flash.into_iter().map(|f| f.name).collect()
}

#[test]
fn a_router_warns_and_asks_as_it_does() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let warned = p.answer("copy xmodem: flash0:/staging", "Proceed? [confirm]");
    assert_eq!(
        warned,
        "\t\t\t**** WARNING ****
x/ymodem is a slow transfer protocol limited to the current speed
settings of the auxiliary/console ports. The use of the auxilary
port for this download is strongly recommended.
During the course of the download no exec input/output will be
available.
\t\t\t---- ******* ----


"
    );
    p.keys("n");
    p.until("R1#");
    begin(&mut p, "copy xmodem: flash0:/staging", "staging");
    let file: Vec<u8> = (0..5_200_u32).map(|n| b'a' + (n % 23).to_le_bytes()[0]).collect();
    send(&mut p, &file);
    let said = p.until("R1#");
    assert!(p.screen().contains("Xmodem download using crc checksumming with NO image validation\n"));
    // What fills up the last block stays, as it does on a device: nobody says how long a file is.
    assert!(said.contains("\n6144 bytes copied in "), "{said}");
    let kept = std::fs::read(bench.flash("staging")).expect("there");
    assert_eq!((&kept[..5_200], &kept[5_200..]), (&file[..], &[0x1a; 944][..]));
}

#[test]
fn what_breaks_off_leaves_nothing_and_the_prompt_is_back() {
    let bench = Bench { patience: 0.005, ..Bench::r1() };
    let mut p = bench.enabled();
    // Nobody sends, or no longer.
    begin(&mut p, "copy xmodem: flash:x.bin", "x.bin");
    assert!(p.until("R1#").contains("%Error reading xmodem:whatever (Timed out)\n"), "{}", p.screen());
    begin(&mut p, "copy xmodem: flash:x.bin", "x.bin");
    p.until("C");
    p.octets(&block(1, &[7; 1_024]));
    p.until("\u{6}");
    assert!(p.until("R1#").contains("%Error reading xmodem:whatever (Timed out)\n"), "{}", p.screen());
    assert_eq!(names(&p), [OLD]);
    drop(p);

    let bench = Bench { patience: 1.0, ..bench };
    let mut p = bench.enabled();
    // Ctrl-C before the first block; a break; a no to the last question.
    begin(&mut p, "copy ymodem: flash:x.bin", "x.bin");
    p.until("C");
    p.octets(&[3]);
    assert!(p.until("R1#").contains("%Error reading ymodem:whatever (User interrupt)\n"), "{}", p.screen());
    begin(&mut p, "copy xmodem: flash:x.bin", "x.bin");
    p.until("C");
    p.break_key();
    p.until("(User interrupt)\r\n");
    p.until("R1#");
    p.answer("copy xmodem: flash:x.bin", "Proceed? [confirm]");
    p.keys("y");
    p.until("[]? ");
    p.answer("x", "]? ");
    p.keys("\r");
    p.until("Use crc block checksumming? [confirm]");
    p.keys("n");
    p.until("Max Retry Count [10]: ");
    p.keys("none\r");
    p.until("Max Retry Count [10]: ");
    p.keys("3\r");
    p.until("[confirm]");
    p.keys("y");
    p.until("Xmodem download using simple checksumming with image validation\r\n");
    p.until("Continue? [confirm]");
    p.keys("n");
    p.until("R1#");
    assert_eq!(names(&p), [OLD]);
    assert!(p.run("show clock").contains(" UTC "), "the line is the person's again: {}", p.screen());
}

#[test]
fn with_validation_only_an_image_for_this_device_stays() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let other = Profile::named("c3640").expect("c3640");
    for (octets, stays) in [
        (image(NEW_VERSION, SIZE), true),
        (image_for(&other, "12.2(26)", SIZE), false),
        (vec![7; 3_000], false),
    ] {
        p.answer("copy xmodem: flash:v.bin", "Proceed? [confirm]");
        p.keys("\r");
        p.until("[]? ");
        p.answer("v.bin", "]? ");
        p.keys("\r");
        if !stays && names(&p).contains(&"v.bin".to_owned()) {
            p.until("Do you want to over write? [confirm]");
            p.keys("\r");
        }
        p.until("Use crc block checksumming? [confirm]");
        p.keys("\r");
        p.until("Max Retry Count [10]: ");
        p.keys("\r");
        p.until("Perform image validation checks? [confirm]");
        p.keys("\r");
        p.until("Continue? [confirm]");
        p.keys("\r");
        p.until(READY);
        send(&mut p, &octets);
        let said = p.until("R1#");
        assert_eq!(said.contains("%Image validation failed"), !stays, "{said}");
        assert_eq!(said.contains(&format!("{SIZE} bytes copied in ")), stays, "{said}");
    }
    assert_eq!(std::fs::read(bench.flash("v.bin")).expect("there").len() as u64, SIZE, "the first one");
}

#[test]
fn a_configuration_comes_without_what_fills_it_up() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    begin(&mut p, "copy ymodem: running-config", "running-config");
    p.until("C");
    let text = b"hostname R9\ninterface GigabitEthernet0/1\n description over the console\nend\n";
    // YMODEM's block 0: the name, and no length.
    let mut name = vec![0_u8; 1_024];
    name[..3].copy_from_slice(b"r9\0");
    p.octets(&block(0, &name));
    p.until("\u{6}C");
    p.octets(&block(1, text));
    p.until("\u{6}");
    p.octets(&[4]);
    p.until("\u{6}C");
    p.octets(&block(0, &[0; 1_024]));
    p.until("bytes copied in ");
    p.until("R9#");
    let config = p.run("show running-config interface g0/1");
    assert!(config.contains(" description over the console\n"), "{config}");
    assert!(!p.screen().contains("% Invalid input"), "{}", p.screen());
}

#[test]
fn only_the_console_can_and_only_where_the_model_has_it() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    let refused = |scheme: &str| format!("%Error opening {scheme} (Operation not supported)\n");
    // Nothing goes out over the console.
    assert_eq!(p.run(&format!("copy flash:{OLD} xmodem:")), refused("xmodem:"));
    for line in ["dir ymodem:", "delete xmodem:x"] {
        assert!(p.run(line).contains("% Invalid input"), "{line}");
    }
    // `more` takes names of servers too: nothing of this kind is one.
    let said = p.run("more xmodem:x");
    assert!(said.starts_with("%Error opening xmodem:x ("), "{said}");
    p.run("configure terminal");
    p.run("line vty 0 4");
    p.run("privilege level 15");
    p.run("no login");
    p.run("end");
    let mut far = Person::at_vty(p.device.clone());
    far.until("R1#");
    assert_eq!(far.run("copy xmodem: flash:x.bin"), refused("xmodem:"));
    assert_eq!(far.run("copy ymodem:x flash:"), refused("ymodem:x"));
    for name in ["isr4331", "c9300"] {
        let model = Model::of(name);
        let mut p = model.lab.bench.enabled();
        assert!(p.run("copy xmodem: flash:x.bin").contains("% Invalid input"), "{name}");
    }
}

#[test]
fn lrzsz_sends_images_to_ios() {
    let Some(sx) = Peer::find("lrzsz", "sx") else { return };
    let dir = tempfile::tempdir().expect("a directory");
    for (program, flags, line, operation) in [
        ("sx", &[][..], "copy xmodem: flash:", "device copy xmodem"),
        ("sx", &["-k"], "copy xmodem: flash:", "device copy xmodem 1k"),
        ("sb", &["-k"], "copy ymodem: flash:", "device copy ymodem"),
    ] {
        let bench = Bench::r1();
        let octets = image(NEW_VERSION, SIZE);
        let file = dir.path().join(NEW);
        std::fs::write(&file, &octets).expect("written");
        let mut p = bench.enabled();
        begin(&mut p, &format!("{line}{NEW}"), NEW);
        lrzsz(&mut p, &sx, program, flags, &file);
        p.state("it is copied", |f| f.flash.iter().any(|file| file.name == NEW));
        let said = p.run(&format!("verify flash:{NEW}"));
        assert!(said.contains("Signature Verified"), "{said}");
        let written = std::fs::File::open(bench.flash(NEW)).expect("there");
        assert_eq!(compared_streams("lrzsz", operation, written, &octets[..]), SIZE);
    }
    // A Catalyst asks for the destination only, and says when to begin.
    let model = Model::of("c2960x");
    let octets = image_for(&model.profile, model.new_version, SIZE);
    let file = dir.path().join(&model.new);
    std::fs::write(&file, &octets).expect("written");
    let mut p = model.lab.bench.enabled();
    p.answer(
        &format!("copy xmodem: flash:{}", model.new),
        &format!("Destination filename [{}]? ", model.new),
    );
    p.keys("\r");
    p.until("Begin the Xmodem or Xmodem-1K transfer now...\r\n");
    lrzsz(&mut p, &sx, "sx", &[], &file);
    p.state("it is copied", |f| f.flash.iter().any(|file| file.name == model.new));
    let written = std::fs::File::open(model.lab.bench.flash(&model.new)).expect("there");
    assert_eq!(compared_streams("lrzsz", "device copy xmodem on a switch", written, &octets[..]), SIZE);
}

const BEGIN: &str = "Begin the Xmodem or Xmodem-1K transfer now...\r\n";

/// At `switch:`, with flash looked at, and a file `old.bin` there; `room` octets are free besides.
fn loader(room: Option<&str>, patience: f64) -> (Bench, Person) {
    let bench = Bench { profile: Profile::named("c2960x").expect("a profile"), patience, ..Bench::bare() };
    bench.put("old.bin", &[1; 9_000]);
    let device = bench.device();
    if let Some(room) = room {
        device.set_fault(room.parse().expect("a fault"));
    }
    let mut p = Person::at(device);
    p.until("Boot process failed...");
    p.until("switch: ");
    (bench, p)
}

#[test]
fn a_switch_s_boot_loader_takes_an_image_over_the_console_and_boots_it() {
    let model = Model::of("c2960x");
    let bench = &model.lab.bench;
    std::fs::remove_file(bench.flash(&model.old)).expect("there");
    let octets = image_for(&model.profile, model.new_version, SIZE);
    let device = bench.device();
    device.send_break();
    let mut p = Person::at(device);
    p.until("switch: ");
    let line = format!("copy xmodem: flash:{}", model.new);
    // Flash was not looked at yet.
    p.keys(&format!("{line}\r"));
    p.until(&format!("unable to stat flash:{}: invalid argument\r\n\r\nswitch: ", model.new));
    p.answer("flash_init", "switch: ");
    p.keys(&format!("{line}\r"));
    p.until(BEGIN);
    send(&mut p, &octets);
    let said = p.until("switch: ");
    // 65,700 octets: 17 of 4,096.
    let copied = format!("\nFile \"xmodem:\" successfully copied to \"flash:{}\"\n\nswitch: ", model.new);
    assert_eq!(said, format!("{}{copied}", ".".repeat(17)));
    assert_eq!(std::fs::read(bench.flash(&model.new)).expect("there"), octets, "without what filled it up");
    p.answer(&format!("set BOOT flash:{}", model.new), "switch: ");
    p.keys("boot\r");
    p.started();
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn what_breaks_off_at_the_boot_loader_is_a_damaged_file() {
    let (bench, mut p) = loader(None, 0.005);
    // Nobody sends: nothing has changed.
    p.keys("copy xmodem: flash:old.bin\r");
    p.until(BEGIN);
    assert!(p.until("switch: ").ends_with("xmodem:: I/O error\n\nswitch: "), "{}", p.screen());
    assert_eq!(std::fs::read(bench.flash("old.bin")).expect("there"), [1; 9_000]);
    // A sender falls silent behind its first block.
    p.keys("copy xmodem: flash:old.bin\r");
    p.until(BEGIN);
    p.until("C");
    p.octets(&block(1, &[7; 1_024]));
    p.until("\u{6}");
    assert!(p.until("switch: ").ends_with("xmodem:: I/O error\n\nswitch: "), "{}", p.screen());
    assert_eq!(std::fs::read(bench.flash("old.bin")).expect("there"), [7; 1_024]);
    let said = p.answer("boot flash:old.bin", "switch: ");
    assert!(said.contains("flash:old.bin: magic number mismatch: bad mzip file"), "{said}");
    drop(p);
    // Ctrl-C before the first block, and a break.
    let (bench, mut p) = loader(None, 1.0);
    for by_break in [false, true] {
        p.keys("copy xmodem: flash:new.bin\r");
        p.until(BEGIN);
        p.until("C");
        if by_break {
            p.break_key();
        } else {
            p.octets(&[3]);
        }
        p.until("xmodem:: I/O error\r\n\r\nswitch: ");
    }
    assert!(!bench.flash("new.bin").exists());
    for line in ["copy xmodem:", "copy xmodem: tftp:x", "copy xmodem: flash:"] {
        let said = p.answer(line, "switch: ");
        assert!(!said.contains("Begin the"), "{line}: {said}");
    }
}

#[test]
fn the_boot_loader_takes_no_more_than_flash_has_room_for() {
    let (bench, mut p) = loader(Some("full-flash 3000"), 1.0);
    p.keys("copy xmodem: flash:new.bin\r");
    p.until(BEGIN);
    p.until("C");
    for n in 1..=4 {
        p.octets(&block(n, &[7; 1_024]));
        if n < 4 {
            p.until("\u{6}");
        }
    }
    p.until("flash:new.bin: no space left on device\r\n\r\nswitch: ");
    assert!(!bench.flash("new.bin").exists());
    // What it replaces makes room.
    p.keys("copy xmodem: flash:old.bin\r");
    p.until(BEGIN);
    send(&mut p, &[8; 9_000]);
    p.until("successfully copied to \"flash:old.bin\"\r\n\r\nswitch: ");
    assert_eq!(std::fs::read(bench.flash("old.bin")).expect("there")[..9_000], [8; 9_000]);
    // One with IOS-XE knows nothing of it.
    let bench = Bench { profile: Profile::named("c9300").expect("a profile"), ..Bench::bare() };
    let mut p = bench.person();
    p.until("switch: ");
    let said = p.answer("copy xmodem: flash:x.bin", "switch: ");
    assert!(said.contains("unable to stat xmodem:"), "{said}");
}

#[test]
fn lrzsz_sends_an_image_to_a_switch_s_boot_loader() {
    let Some(sx) = Peer::find("lrzsz", "sx") else { return };
    let profile = Profile::named("c2960x").expect("a profile");
    let octets = image_for(&profile, "15.2(7)E8", SIZE);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("n.bin");
    std::fs::write(&file, &octets).expect("written");
    for (flags, operation) in
        [(&[][..], "device switch: copy xmodem"), (&["-k"], "device switch: copy xmodem 1k")]
    {
        let (bench, mut p) = loader(None, 1.0);
        p.keys("copy xmodem: flash:n.bin\r");
        p.until(BEGIN);
        lrzsz(&mut p, &sx, "sx", flags, &file);
        p.state("it is copied", |f| f.flash.iter().any(|file| file.name == "n.bin"));
        let written = std::fs::File::open(bench.flash("n.bin")).expect("there");
        assert_eq!(compared_streams("lrzsz", operation, written, &octets[..]), SIZE);
    }
}
