use crate::bench::{Bench, OLD, SIZE};

/// What `dir` says is free.
fn free(text: &str) -> u64 {
    let at = text.find(" bytes total (").expect("totals") + 14;
    text[at..].split(' ').next().expect("a number").parse().expect("a number")
}

#[test]
fn space_is_exact_everywhere_and_a_delete_frees_it() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("terminal length 0");
    let taken = SIZE.div_ceil(4096) * 4096;
    assert_eq!(free(&p.run("dir")), 256_487_424 - taken);
    let flash = p.run("show flash:");
    assert!(
        flash.contains(&format!("{} bytes available ({taken} bytes used)", 256_487_424 - taken)),
        "{flash}"
    );
    let systems = p.run("show file systems");
    assert!(systems.contains(&format!("*    256487424     {}", 256_487_424 - taken)), "{systems}");
    assert!(systems.contains("flash0: flash:#"), "{systems}");
    p.keys(&format!("delete /force flash0:{OLD}\r"));
    p.keys("\r");
    p.state("deleted", |f| f.flash.is_empty());
    assert_eq!(p.device.facts().free, 256_487_424);
    p.until("R1#");
    p.until("R1#");
    assert!(p.run("dir").contains("No files in directory"));
}

#[test]
fn a_missing_file_is_an_error_and_wildcards_ask_for_each() {
    let bench = Bench::r1();
    bench.put("a.txt", b"1");
    bench.put("b.txt", b"2");
    let mut p = bench.enabled();
    p.keys("delete flash:nothing\r\r");
    p.until("%Error deleting flash:nothing (No such file or directory)");
    p.until("R1#");
    p.keys("delete flash:*.txt\r\r");
    p.until("Delete flash:/a.txt? [confirm]");
    p.keys("n");
    p.until("Delete flash:/b.txt? [confirm]");
    p.keys("\r");
    p.until("R1#");
    let mut names: Vec<_> = p.device.facts().flash.into_iter().map(|f| f.name).collect();
    names.sort();
    assert_eq!(names, ["a.txt", OLD]);
}

#[test]
fn verify_knows_sound_damaged_and_foreign_files() {
    let bench = Bench::r1();
    let mut octets = std::fs::read(bench.flash(OLD)).expect("there");
    octets[5_000] ^= 0x80;
    bench.put("bad.bin", &octets);
    bench.put("note.txt", b"text");
    let mut p = bench.enabled();
    let text = p.run(&format!("verify flash:{OLD}"));
    assert!(text.contains("Done!\nEmbedded Hash   MD5 : ") && text.contains("Signature Verified"), "{text}");
    let text = p.run("verify flash:bad.bin");
    assert!(text.contains("Computed Hash   MD5 : ") && !text.contains("Signature Verified"), "{text}");
    p.keys("verify flash:note.txt\r");
    p.until("%ERROR:Signature not found in file flash:note.txt.");
    p.until("Proceed with verify? [confirm]");
    p.keys("\r");
    p.until("R1#");
    let (md5, _) = p.device.digests("note.txt").expect("there");
    assert!(p.run("verify /md5 flash:note.txt").contains(&format!("verify /md5 (flash:note.txt) = {md5}")));
    let text = p.run(&format!("verify /md5 flash:note.txt {md5}"));
    assert!(text.contains(&format!("Verified (flash:note.txt) = {md5}")), "{text}");
    let text = p.run("verify /md5 flash:note.txt 00112233445566778899aabbccddeeff");
    assert!(text.contains("%Error verifying flash:note.txt\nComputed signature  = "), "{text}");
    assert!(
        p.run("verify /md5 flash:none").contains("%Error opening flash:none (No such file or directory)")
    );
}

#[test]
fn directories_and_local_copies() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.keys("mkdir old\r\r");
    p.until("Created dir flash0:/old");
    p.until("R1#");
    p.keys(&format!("copy flash:{OLD} flash:old\r"));
    p.until(&format!("Destination filename [old/{OLD}]? "));
    p.keys("\r");
    let text = p.until("R1#");
    assert!(
        text.contains("Copy in progress...C\n") && text.contains(&format!("{SIZE} bytes copied in ")),
        "{text}"
    );
    let text = p.run("dir flash:/old");
    assert!(text.contains("Directory of flash0:/old/\n") && text.contains(OLD), "{text}");
    p.run("cd flash0:old");
    assert!(p.run("pwd").contains("flash0:/old"));
    p.keys(&format!("copy {OLD} null:\r"));
    p.until(" bytes copied in ");
    p.until("R1#");
    p.run("cd");
    p.keys(&format!("copy flash:{OLD} flash:old/{OLD}\r\r"));
    p.until("%Warning:There is a file already existing with this name");
    p.until("Do you want to over write? [confirm]");
    p.keys("n");
    p.until("R1#");
    p.keys("rmdir old\r\r");
    p.until("[confirm]");
    p.keys("\r");
    p.until("%Error Removing dir flash0:old (Directory not empty)");
}

#[test]
fn all_file_systems_are_listed_at_once() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("terminal length 0");
    let text = p.run("dir all-filesystems");
    for directory in ["Directory of system:/\n", "\nDirectory of flash0:/\n", "\nDirectory of nvram:/\n"] {
        assert!(text.contains(directory), "{directory}: {text}");
    }
    assert!(p.run("dir all-filesystems | include startup").contains("startup-config"));
}

#[test]
fn configurations_are_files_too() {
    let bench = Bench::r1();
    let mut p = bench.enabled();
    p.run("conf t");
    p.run("file prompt quiet");
    p.run("end");
    let text = p.run("copy running-config flash:/rollback_config.txt");
    assert!(!text.contains('?') && text.contains(" bytes copied in "), "no prompt at all: {text}");
    let kept = std::fs::read_to_string(bench.flash("rollback_config.txt")).expect("there");
    assert!(kept.contains("hostname R1\n"), "{kept}");
    std::fs::write(bench.flash("merge.txt"), "hostname R9\nint g0/2\n no shut\nend\n").expect("written");
    p.keys("copy flash:merge.txt running-config\r");
    p.until("R9#");
    p.until("%SYS-5-CONFIG_I: Configured from flash:merge.txt by console");
    assert!(p.device.facts().interfaces.iter().any(|i| i.name == "GigabitEthernet0/2" && i.up));
    p.run("terminal length 0");
    assert!(p.run("show running-config | include hostname").contains("hostname R9\n"));
    p.run("show version | redirect flash:ver.txt");
    assert!(std::fs::read_to_string(bench.flash("ver.txt")).expect("there").contains("Cisco IOS Software"));
    assert!(p.run("more flash:ver.txt").contains("Cisco IOS Software"));
}

#[test]
fn an_option_that_there_is_not_is_no_file() {
    let bench = Bench::r1();
    bench.put("xyz", b"text");
    std::fs::create_dir(bench.dir.path().join("flash/OLD")).expect("made");
    bench.put("OLD/a", b"text");
    let mut p = bench.enabled();
    for (line, column) in [
        ("verify /xyz flash:xyz", 8),
        ("verify /xyz", 8),
        ("verify /md6 flash:xyz", 10),
        ("verify /sha512 flash:xyz", 8),
        ("verify /md5 /xyz", 12),
        ("dir /xyz", 5),
        ("dir /all /xyz", 10),
        ("dir /recursive /xyz", 16),
        ("delete /xyz flash:xyz", 8),
        ("delete /force /xyz flash:xyz", 15),
        ("copy /xyz flash:xyz flash:b", 6),
        ("copy /erase /xyz flash:xyz flash:b", 13),
        ("reload /xyz", 8),
        ("more /xyz", 6),
    ] {
        let said = p.run(line);
        let caret =
            format!("{:>w$}\n% Invalid input detected at '^' marker.\n\n", '^', w = "R1#".len() + column + 1);
        assert_eq!(said, caret, "{line}");
    }
    // Without an option before it a name may begin so, and options stand in any order.
    assert_eq!(
        (p.run("cd /OLD"), p.run("pwd"), p.run("cd flash:")),
        (String::new(), "flash0:/OLD/\n".into(), String::new())
    );
    assert_eq!(p.run("dir /recursive /all flash:"), p.run("dir /all /recursive flash:"));
    assert_eq!(p.run("delete /recursive /force flash:OLD"), "");
    assert!(bench.flash("xyz").exists() && !bench.flash("OLD").exists());
}
