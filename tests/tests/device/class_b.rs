//! A 3640: flash of class B, which is erased before it is written and keeps what is deleted.

use crate::bench::{Bench, Person, SIZE, image_for};
use crate::models::{Model, reload, runs, save};
use device::{Mode, Profile};
use ios_cli::text::dir::Listing;
use ios_cli::text::flash::{Flash, Layout};
use ios_cli::text::version::Version;
use std::sync::Arc;

/// Octets that a file takes besides its own.
const HEADER: u64 = 64;

fn free(p: &mut Person) -> u64 {
    Listing::parse(&p.run("dir")).expect("a listing").free
}

/// The transcript of a 3640, `copy tftp: flash:` from the last answer on; runs of marks are shortened.
#[test]
fn flash_is_erased_behind_accessing_and_the_file_comes_then() {
    let model = Model::of("c3640");
    let mut p = model.lab.bench.enabled();
    let url = format!("tftp://10.0.0.1/{}", model.new);
    p.answer(&format!("copy {url} flash:"), &format!("Destination filename [{}]? ", model.new));
    p.keys("\r");
    let asked = p.until("before copying? [confirm]");
    assert_eq!(asked, format!("\nAccessing {url}...\nErase flash: before copying? [confirm]"));
    p.keys("\r");
    let asked = p.until("Continue? [confirm]");
    assert_eq!(asked, "\nErasing the flash filesystem will remove all files! Continue? [confirm]");
    p.keys("\r");
    let text = p.until("R1#");
    let mut rest = text.as_str();
    for part in [
        "\nErasing device... eeeeeeeeee",
        " ...erased\nErase of flash: complete\nLoading ",
        &format!("{} from 10.0.0.1 (via FastEthernet0/0): !!!", model.new),
        "\n[OK - 65700 bytes]\n\nVerifying checksum...  OK (0x",
        ")\n65700 bytes copied in ",
    ] {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing or out of order in\n{text}"));
        rest = &rest[at + part.len()..];
    }
    let (_, marks) = text.split_once("Erasing device... ").expect("it was erased");
    let marks = marks.split(" ...erased").next().expect("the marks").replace('\n', "");
    assert_eq!(marks, "e".repeat(126), "one for each 256 KiB");
    let listing = Listing::parse(&p.run("dir")).expect("a listing");
    assert_eq!(listing.directory, "flash:/");
    assert_eq!(listing.entries.len(), 1, "the old image is gone");
    assert_eq!((listing.entries[0].name.as_str(), listing.entries[0].size), (model.new.as_str(), SIZE));
    assert_eq!(listing.free, listing.total - SIZE - HEADER);
    assert_eq!(p.run(&format!("verify flash:{}", model.new)), format!("Verified flash:{}\n", model.new));
    p.run("configure terminal");
    p.run(&format!("boot system flash {}", model.new));
    p.run("end");
    save(&mut p);
    reload(&mut p);
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn a_3640_says_what_it_is() {
    let model = Model::of("c3640");
    let mut p = model.lab.bench.person();
    let console = p.until("Press RETURN to get started!");
    for line in [
        "System Bootstrap, Version 11.1(20)AA2, EARLY DEPLOYMENT RELEASE SOFTWARE (fc1)\n",
        "C3600 processor with 131072 Kbytes of main memory\n",
        "program load complete, entry point: 0x80008000, size: 0x100a4\nSelf decompressing the image : #",
        "Cisco Internetwork Operating System Software \nIOS (tm) 3600 Software (C3640-IK9S-M), Version 12.2(23a), RELEASE SOFTWARE (fc2)\n",
    ] {
        assert!(console.contains(line), "{line}: {console}");
    }
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    let said = Version::parse(&p.run("show version")).expect("a version");
    assert_eq!((said.model.as_str(), said.image_id.as_str()), ("3640", "C3640-IK9S-M"));
    assert_eq!(said.rom, "System Bootstrap, Version 11.1(20)AA2, EARLY DEPLOYMENT RELEASE SOFTWARE (fc1)");
    assert_eq!(said.image_file, format!("flash:{}", model.old));
    let shown = Flash::parse(&p.run("show flash")).expect("a flash");
    assert_eq!(shown.layout, Layout::LowEnd(32_768));
    assert_eq!((shown.used, shown.used + shown.available), (SIZE + HEADER, 33_030_144));
    assert!(p.run("show file systems").contains("flash     rw   flash:"), "{}", p.screen());
}

#[test]
fn deleting_makes_no_room_squeezing_does_and_what_is_marked_comes_back() {
    let model = Model::of("c3640");
    model.lab.bench.put("notes.txt", b"four");
    let mut p = model.lab.bench.enabled();
    let before = free(&mut p);
    p.answer("delete flash:notes.txt", "Delete filename [notes.txt]? ");
    p.keys("\r");
    p.until("Delete flash:/notes.txt? [confirm]");
    p.keys("\r");
    p.until("R1#");
    assert!(!p.run("dir").contains("notes.txt"));
    assert_eq!(free(&mut p), before, "its space is taken");
    let all = Listing::parse(&p.run("dir /all")).expect("a listing");
    let marked = all.entries.iter().find(|e| e.name == "[notes.txt]").expect("it is marked");
    let number = marked.index;
    let deleted = Listing::parse(&p.run("dir /deleted")).expect("a listing");
    assert_eq!(deleted.entries.len(), 1);
    assert!(p.run("show flash").contains("notes.txt [deleted]\n"), "{}", p.screen());
    let there = all.entries.iter().find(|e| e.name == model.old).expect("the image").index;
    assert!(p.run(&format!("undelete {there}")).contains("(No such file or directory)"), "{}", p.screen());
    assert_eq!(p.run(&format!("undelete {number} flash:")), "");
    assert_eq!(p.run("more flash:notes.txt").trim_end(), "four");
    p.run("delete /force flash:notes.txt");
    // Any key but Enter and y ends it.
    p.keys("squeeze flash:\r");
    p.until("Squeeze operation may take a while. Continue? [confirm]");
    p.keys("n");
    p.until("R1#");
    assert_eq!(free(&mut p), before);
    p.keys("squeeze flash:\r");
    p.until("Continue? [confirm]");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(
        text.contains("squeeze in progress...\nRebuild file system directory...\nSqueeze complete\n"),
        "{text}"
    );
    assert_eq!(free(&mut p), before + 4 + HEADER);
    assert!(p.run(&format!("undelete {number}")).contains("%Error undeleting flash:"), "it is gone");
}

#[test]
fn a_flash_full_of_deleted_files_takes_no_copy() {
    let model = Model::of("c3640");
    let mut p = model.lab.bench.enabled();
    let room = free(&mut p);
    let filler = std::fs::File::create(model.lab.bench.flash("crashinfo")).expect("made");
    filler.set_len(room - SIZE / 2).expect("sparse");
    p.run("delete /force flash:crashinfo");
    p.answer("copy tftp: flash:", "Address or name of remote host []? ");
    p.answer("10.0.0.1", "Source filename []? ");
    p.answer(&model.new, "]? ");
    p.keys("\r");
    p.until("before copying? [confirm]");
    p.keys("n");
    let text = p.until("R1#");
    assert!(text.contains("(Not enough space on device)"), "{text}");
    let all = p.run("dir /all");
    assert!(all.contains("[crashinfo]"), "{all}");
    p.run("terminal width 0");
    // Without the words of a person flash is not erased.
    p.run("configure terminal");
    p.run("file prompt quiet");
    p.run("end");
    let text = p.run(&format!("copy tftp://10.0.0.1/{} flash:{}", model.new, model.new));
    assert!(text.contains("(Not enough space on device)") && !text.contains("Eras"), "{text}");
    p.keys("squeeze flash:\r");
    p.until("[confirm]");
    p.keys("y");
    p.until("R1#");
    let text = p.run(&format!("copy tftp://10.0.0.1/{} flash:{}", model.new, model.new));
    assert!(text.contains("bytes copied in"), "{text}");
    assert!(p.run("dir").contains(&model.old), "the old image was never touched");
}

/// Erased, then the server falls silent: nothing boots any more.
#[test]
fn a_copy_that_erased_and_then_failed_leaves_nothing_to_boot() {
    let mut model = Model::of("c3640");
    model.lab.bench.patience = 0.05;
    let mut p = model.lab.bench.enabled();
    let text = p.run(&format!("copy /erase tftp://10.0.0.1/{} null:", model.new));
    assert!(text.contains("bytes copied in") && !text.contains("Eras"), "nothing is written: {text}");
    p.answer(
        &format!("copy /erase tftp://10.0.0.1/{} flash:", model.new),
        &format!("Destination filename [{}]? ", model.new),
    );
    p.keys("\r");
    // The server goes away while somebody thinks about it.
    p.until("Erasing the flash filesystem will remove all files! Continue? [confirm]");
    model.lab.stop_tftp();
    p.keys("\r");
    p.until("Erase of flash: complete");
    let text = p.until("R1#");
    // Of the file nothing has come, or its first block: who is slow to stop had sent that one.
    let failed = ["%Error opening tftp://10.0.0.1/", "%Error reading tftp://10.0.0.1/"];
    assert!(failed.iter().any(|error| text.contains(error)) && !text.contains("bytes copied"), "{text}");
    assert!(!p.run("dir").contains(".bin"), "{}", p.screen());
    runs(&mut p, model.old_version, &model.old);
    p.answer("reload", "Proceed with reload? [confirm]");
    p.keys("\r");
    let console = p.until("rommon 1 > ");
    assert!(console.contains("boot: cannot determine first file name on device \"flash:\"\n"), "{console}");
    assert_eq!(p.device.facts().mode, Mode::Rommon);
    assert!(p.answer("tftpdnld", "rommon 2 > ").contains("not found"), "a 3640 has none");
    // The way back is the console's.
    let image = image_for(&model.profile, model.new_version, SIZE);
    crate::xmodem::begin(&mut p, &format!("xmodem -c {}", model.new));
    crate::xmodem::send(&mut p, &image);
    let console = p.until("Press RETURN to get started!");
    assert!(
        console.contains("Download Complete!\nprogram load complete, entry point: 0x80008000"),
        "{console}"
    );
    p.keys("\r");
    p.until("R1#");
    p.run("terminal length 0");
    runs(&mut p, model.new_version, &model.new);
    assert!(p.run("dir").contains(&model.new));
    reload(&mut p);
    runs(&mut p, model.new_version, &model.new);
}

#[test]
fn a_configuration_in_flash_is_asked_about_too() {
    let model = Model::of("c3640");
    let mut p = model.lab.bench.enabled();
    p.answer("copy running-config flash:r1.cfg", "Destination filename [r1.cfg]? ");
    p.keys("\r");
    p.until("Erase flash: before copying? [confirm]");
    p.keys("n");
    assert!(p.until("R1#").contains("Verifying checksum...  OK (0x"), "{}", p.screen());
    assert!(p.run("dir").contains("r1.cfg"));
    // Within flash nobody asks: what would be copied would be gone.
    p.answer("copy flash:r1.cfg flash:r2.cfg", "Destination filename [r2.cfg]? ");
    p.keys("\r");
    assert!(!p.until("R1#").contains("Erase"), "{}", p.screen());
    p.keys("erase flash:\r");
    p.until("Continue? [confirm]");
    p.keys("\r");
    assert!(p.until("R1#").contains("Erase of flash: complete"), "{}", p.screen());
    assert!(p.run("dir /all").contains("No files in directory"));
    for line in ["mkdir flash:d", "format flash:", "fsck flash:"] {
        p.keys(&format!("{line}\r"));
        if line.starts_with("mkdir") {
            p.until("]? ");
            p.keys("\r");
        }
        let text = p.until("R1#");
        assert!(text.contains("(Operation not supported)") || text.contains("% Invalid input"), "{text}");
    }
}

/// Class A is a value of the profile like any other.
#[test]
fn a_profile_of_class_a_squeezes_with_two_questions_and_asks_before_no_copy() {
    let (_, text) = Profile::all().find(|(p, _)| p.name == *"c3640").expect("c3640");
    let text = text.replace("class = \"b\"", "class = \"a\"").replace("header = 64", "header = 128");
    let profile = Arc::new(Profile::parse(&text).expect("a profile"));
    let bench = Bench { profile: profile.clone(), ..Bench::bare() };
    bench.put("old.bin", &image_for(&profile, "12.2(23a)", SIZE));
    bench.startup("hostname R1\nline con 0\n privilege level 15\nend\n");
    let mut p = bench.enabled();
    p.answer("copy running-config flash:r1.cfg", "Destination filename [r1.cfg]? ");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(
        text.contains("bytes copied in") && !text.contains("Erase") && !text.contains("checksum"),
        "{text}"
    );
    p.run("delete /force flash:r1.cfg");
    p.keys("squeeze flash:\r");
    p.until("All deleted files will be removed. Continue? [confirm]");
    p.keys("\r");
    p.until("Squeeze operation may take a while. Continue? [confirm]");
    p.keys("\r");
    assert!(p.until("R1#").contains("\nSqueeze of flash complete\n"), "{}", p.screen());
    assert_eq!(free(&mut p), 33_030_144 - SIZE - 128);
    p.keys("format flash:\r");
    p.until("Format operation may take a while. Continue? [confirm]");
    p.keys("\r");
    p.until("Format operation will destroy all data in \"flash:\".  Continue? [confirm]");
    p.keys("\r");
    p.until("Format of flash complete");
    p.until("R1#");
    assert_eq!(free(&mut p), 33_030_144);
}

/// On a disk a deleted file is gone, and there is nothing to squeeze.
#[test]
fn a_disk_is_formatted_and_checked() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    for line in ["squeeze flash:", "undelete 1"] {
        assert!(p.run(line).contains("% Invalid input"), "{line}: {}", p.screen());
    }
    p.keys("fsck flash:\r");
    p.until("Fsck operation may take a while. Continue? [confirm]");
    p.keys("\r");
    assert!(p.until("R1#").contains("Fsck of flash: complete"), "{}", p.screen());
    p.keys("format flash:\r");
    p.until("[confirm]");
    p.keys("\r");
    p.until("Format operation will destroy all data in \"flash:\".  Continue? [confirm]");
    p.keys("\r");
    let text = p.until("R1#");
    assert!(text.contains("Format: Total sectors in formatted partition: 500952\n"), "{text}");
    assert!(text.ends_with("\nFormat of flash complete\nR1#"), "{text}");
    assert_eq!(p.device.facts().free, 256_487_424);
}
