use crate::{
    Boot, CHECKS, Facts, File, FileSystem, Installed, Member, Mode, Plan, STEPS, Standing, Target, Wish,
    is_version, plan, room,
};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;

pub(super) const OLD: &str = "c2900-universalk9-mz.SPA.151-4.M4.bin";
pub(super) const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";

fn file(name: &str, size: u64) -> File {
    File { name: name.to_owned(), size, is_directory: false }
}

/// Makes one thing wrong.
type Spoil = fn(&mut Facts, &mut Target, &mut Wish);

/// A router to which nothing stands in the way.
pub(super) fn router() -> Facts {
    Facts {
        hostname: "R1".into(),
        model: "CISCO2911/K9".into(),
        serial: Some("FTX1".into()),
        version: "15.1(4)M4".into(),
        platform: Some("c2900".into()),
        feature: Some("universalk9".into()),
        image: format!("flash0:{OLD}"),
        mode: Mode::Bundle,
        uptime: 100,
        reason: None,
        memory: Some(512 << 20),
        boot: Boot { images: vec![format!("flash0:{OLD}")], register: Some(0x2102), ..Boot::default() },
        flash: FileSystem {
            name: "flash0:".into(),
            total: 250_000_000,
            free: 200_000_000,
            files: vec![file(OLD, 90_000_000)],
        },
        unsaved: Some(false),
        reload: None,
        members: Vec::new(),
        up: None,
        neighbours: None,
        routes: None,
        installed: None,
        digest: None,
    }
}

pub(super) fn new_image() -> Target {
    Target {
        name: NEW.into(),
        size: 100_000_000,
        md5: "0f343b0931126a20f133d67c2b018a3b".into(),
        platform: Some("c2900".into()),
        feature: Some("universalk9".into()),
        version: Some("15.5(3)M4a".into()),
        damage: None,
    }
}

fn planned(facts: &Facts, target: &Target) -> Plan {
    plan(facts, target, &Wish::default())
}

fn actions(plan: &Plan) -> Vec<&str> {
    plan.actions.iter().map(|action| action.what.as_str()).collect()
}

#[test]
fn a_router_without_trouble_is_copied_verified_set_saved_reloaded_and_looked_at() {
    let plan = planned(&router(), &new_image());
    assert_eq!(plan.blocks, []);
    assert_eq!(
        actions(&plan),
        [
            format!("copy {NEW} to flash0:, 100000000 octets"),
            format!("verify /md5 flash0:{NEW} is 0f343b0931126a20f133d67c2b018a3b"),
            format!("boot flash0:{NEW} first, then flash0:{OLD}"),
            "save the configuration".into(),
            "reload".into(),
            format!("see that it runs 15.5(3)M4a from flash0:{NEW}"),
        ]
    );
    assert_eq!(plan.estimate.copying, Duration::from_secs(100));
    assert_eq!(plan.estimate.all(), Duration::from_secs(700));
    let felt: Vec<_> = plan.actions.iter().filter(|a| a.is_felt).map(|a| a.step).collect();
    assert_eq!(felt, ["reload"]);
}

#[test]
fn what_holds_already_is_not_done_again() {
    let mut facts = router();
    facts.flash.files.push(file(NEW, 100_000_000));
    facts.digest = Some((NEW.into(), new_image().md5.to_uppercase()));
    let steps =
        |facts: &Facts| planned(facts, &new_image()).actions.iter().map(|a| a.step).collect::<Vec<_>>();
    assert_eq!(steps(&facts), ["set-boot", "save", "reload", "confirm"]);
    facts.boot.images.insert(0, format!("flash:/{NEW}"));
    assert_eq!(steps(&facts), ["reload", "confirm"]);
    // It reloaded meanwhile.
    facts.image = format!("flash0:{NEW}");
    facts.version = "15.5(3)M4a".into();
    // And somebody took its boot line away.
    let mut without = facts.clone();
    without.boot.images.remove(0);
    assert_eq!(steps(&without), ["set-boot", "save", "confirm"]);
    // Somebody else's changes are not ours to save.
    facts.unsaved = Some(true);
    let plan = planned(&facts, &new_image());
    assert!(plan.is_there() && plan.estimate.all().is_zero(), "{plan:?}");
}

#[test]
fn each_check_blocks_with_what_was_expected_and_found() {
    let wrong: [(&str, Spoil, &str, &str); 15] = [
        ("source", |_, t, _| t.damage = Some(("md5:1".into(), "md5:2".into())), "md5:1", "md5:2"),
        ("platform", |_, t, _| t.platform = Some("c3900".into()), "c2900", "c3900"),
        (
            "feature-set",
            |_, t, _| t.feature = Some("universalk9_npe".into()),
            "universalk9",
            "universalk9_npe",
        ),
        ("ram", |_, _, w| w.needs_ram = Some(1 << 30), "1073741824 octets of main memory", "536870912"),
        ("flash", |_, _, w| w.needs_flash = Some(256 << 20), "268435456 octets in flash0:", "250000000"),
        (
            "name",
            |_, t, _| (t.name, t.version) = (OLD.into(), None),
            "a name that is free",
            "c2900-universalk9-mz.SPA.151-4.M4.bin, which runs, and is another file",
        ),
        (
            "mode",
            |f, _, _| {
                f.mode = Mode::Install;
                f.flash.free = 900_000_000;
                let versions = vec![("17.03.01.0.1".into(), Standing::OnTrial)];
                f.installed = Some(Installed { versions, timer: Some(60) });
            },
            "nothing on trial",
            "17.03.01.0.1, which is not there for good",
        ),
        (
            "running-image",
            |f, _, _| (f.flash.files, f.boot.images) = (vec![], vec![]),
            "c2900-universalk9-mz.SPA.151-4.M4.bin in flash0:",
            "no such file",
        ),
        (
            "boot-variable",
            |f, _, _| f.boot.images = vec!["flash:gone.bin".into()],
            "flash:gone.bin, which the next start tries, in flash",
            "no such file",
        ),
        ("register", |f, _, _| f.boot.register = Some(0x2142), "0x2102 or the like", "0x2142"),
        ("manual-boot", |f, _, _| f.boot.manual = true, "Manual Boot = no", "yes"),
        (
            "stack",
            |f, _, _| {
                f.members = vec![
                    Member { number: 1, state: "Ready".into() },
                    Member { number: 2, state: "Removed".into() },
                ]
            },
            "member 2 ready",
            "Removed",
        ),
        (
            "reload-pending",
            |f, _, _| f.reload = Some("Reload scheduled in 5 minutes".into()),
            "no reload is scheduled",
            "Reload scheduled in 5 minutes",
        ),
        (
            "unsaved",
            |f, _, _| f.unsaved = Some(true),
            "the saved configuration is the running one",
            "they differ",
        ),
        (
            "room",
            |f, _, _| f.flash.free = 1_000_000,
            "105000000 octets free in flash0:",
            "1000000 free, and no files that may go make enough",
        ),
    ];
    assert_eq!(wrong.map(|(name, ..)| name).to_vec(), CHECKS.iter().map(|c| c.name).collect::<Vec<_>>());
    for (name, spoil, expected, found) in wrong {
        let (mut facts, mut target, mut wish) = (router(), new_image(), Wish::default());
        spoil(&mut facts, &mut target, &mut wish);
        let blocks = plan(&facts, &target, &wish).blocks;
        assert_eq!(blocks.len(), 1, "{name}: {blocks:?}");
        let block = &blocks[0];
        assert_eq!((block.check, block.expected.as_str(), block.found.as_str()), (name, expected, found));
        assert!(!block.way_out.is_empty());
    }
}

/// As much as was built in, however little of it a device tells; and what it does not tell is not there.
#[test]
fn memory_is_what_was_built_in() {
    let wish = Wish { needs_ram: Some(2 << 30), ..Wish::default() };
    for (kib, is_enough) in [(2 << 20, true), (1_973_320, true), (1_900_000, false)] {
        let facts = Facts { memory: Some(kib << 10), ..router() };
        assert_eq!(plan(&facts, &new_image(), &wish).blocks.is_empty(), is_enough, "{kib} KiB");
    }
    let blocks = plan(&Facts { memory: None, ..router() }, &new_image(), &wish).blocks;
    assert_eq!((blocks[0].check, blocks[0].found.as_str()), ("ram", "it does not say how much it has"));
    // Who wishes nothing is not asked.
    assert_eq!(planned(&Facts { memory: None, ..router() }, &new_image()).blocks, []);
}

#[test]
fn versions_are_the_same_however_they_are_written() {
    for (a, b, same) in [
        ("17.9.4", "17.09.04", true),
        ("17.09.04.0.4711", "17.9.4", true),
        ("17.9.4a", "17.09.04a", true),
        ("17.9.4", "17.9.5", false),
        ("17.9", "17.9", false),
        ("", "17.9.4", false),
        ("", "", false),
    ] {
        assert_eq!(is_version(a, b), same, "{a} {b}");
    }
    let mut facts = router();
    (facts.mode, facts.installed) = (Mode::Install, None);
    let blocks = planned(&facts, &new_image()).blocks;
    assert!(blocks.iter().any(|b| b.check == "mode" && b.found == "no such thing"), "{blocks:?}");
}

#[test]
fn registers_are_right_that_read_the_configuration_and_boot_by_it() {
    for (register, right) in
        [(0x2102, true), (0x102, true), (0xf, true), (0x2142, false), (0x2100, false), (0x2101, false)]
    {
        let mut facts = router();
        facts.boot.register = Some(register);
        assert_eq!(planned(&facts, &new_image()).blocks.is_empty(), right, "{register:#x}");
        // The one of the next start counts.
        (facts.boot.register, facts.boot.next_register) = (Some(0x2142), Some(register));
        assert_eq!(planned(&facts, &new_image()).blocks.is_empty(), right, "{register:#x}");
    }
    let mut facts = router();
    facts.boot.register = None;
    assert!(planned(&facts, &new_image()).blocks.is_empty(), "a switch has none");
}

#[test]
fn a_window_that_is_too_short_blocks() {
    let wish = |minutes: u64| Wish { window: Some(Duration::from_secs(minutes * 60)), ..Wish::default() };
    let blocks = plan(&router(), &new_image(), &wish(11)).blocks;
    assert_eq!((blocks[0].check, blocks[0].expected.as_str()), ("window", "700 s, which this takes"));
    assert!(plan(&router(), &new_image(), &wish(12)).blocks.is_empty());
}

#[test]
fn room_is_made_by_the_fewest_files_and_never_by_what_is_needed() {
    let mut facts = router();
    facts.flash.free = 50_000_000;
    facts.flash.files.extend([
        file("c2900-universalk9-mz.SPA.150-1.M1.bin", 80_000_000),
        file("c2900-universalk9-mz.SPA.124-15.T1.bin", 60_000_000),
        file("small.bin", 1_000),
        file("vlan.dat", 100_000_000),
        file("packages.conf", 100_000_000),
        file("cat9k-rpbase.17.09.04a.SPA.pkg", 100_000_000),
        file("fix.CSCab12345.SPA.smu.bin", 100_000_000),
        file("trust.cer", 100_000_000),
        file("notes.txt", 100_000_000),
    ]);
    assert_eq!(
        room::sacrifices(&facts, &new_image()),
        Some(vec!["c2900-universalk9-mz.SPA.124-15.T1.bin".into()])
    );
    facts.flash.free = 1_000_000;
    let files = room::sacrifices(&facts, &new_image()).expect("two are enough");
    assert_eq!(files, ["c2900-universalk9-mz.SPA.150-1.M1.bin", "c2900-universalk9-mz.SPA.124-15.T1.bin"]);
    // Nothing may go: the same is a block.
    let wish = Wish { may_delete: false, ..Wish::default() };
    let blocks = plan(&facts, &new_image(), &wish).blocks;
    assert_eq!(blocks.len(), 1);
    assert!(blocks[0].found.contains("nothing may be deleted"), "{blocks:?}");
    // A broken copy of the image itself goes first, also where there is room.
    facts.flash.files.push(file(NEW, 99_999_999));
    facts.flash.free = 10_000_000;
    assert_eq!(room::sacrifices(&facts, &new_image()), Some(vec![NEW.into()]));
    facts.flash.free = 200_000_000;
    assert_eq!(
        actions(&planned(&facts, &new_image()))[..2],
        [format!("delete flash0:{NEW}, a broken copy"), format!("copy {NEW} to flash0:, 100000000 octets")]
    );
}

/// Whatever is in flash: what runs, what boots and what is no image stays, and what is deleted is enough.
#[test]
fn no_plan_deletes_what_is_needed() {
    let mut seed = 0x2545_f491_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for _ in 0..3_000 {
        let mut facts = router();
        facts.flash.free = random(150_000_000);
        let names = [
            "a.bin",
            "b.bin",
            "c.tar",
            "vlan.dat",
            "x.pkg",
            "y.smu.bin",
            "packages.conf",
            "z.cer",
            "config.text",
            NEW,
        ];
        for name in names {
            if random(2) == 0 {
                facts.flash.files.push(File {
                    name: name.into(),
                    size: random(90_000_000),
                    is_directory: random(9) == 0,
                });
            }
        }
        if random(3) == 0 {
            facts.boot.images.push("flash0:a.bin".into());
        }
        let Some(gone) = room::sacrifices(&facts, &new_image()) else { continue };
        let kept = ["vlan.dat", "x.pkg", "y.smu.bin", "packages.conf", "z.cer", "config.text", OLD];
        assert!(gone.iter().all(|name| !kept.contains(&name.as_str())), "seed {seed:#x}: {gone:?}");
        let boots = facts.boot.images.iter().any(|image| image == "flash0:a.bin");
        assert!(!boots || !gone.iter().any(|name| name == "a.bin"), "seed {seed:#x}: {gone:?}");
        let freed: u64 = gone.iter().map(|name| facts.flash.file(name).expect("a file").size).sum();
        assert!(facts.flash.free + freed >= room::needed(&facts, &new_image()), "seed {seed:#x}: {gone:?}");
    }
}

#[test]
fn names_of_checks_and_steps_are_unique() {
    for names in [CHECKS.iter().map(|c| c.name).collect::<Vec<_>>(), STEPS.iter().map(|s| s.name).collect()] {
        let mut sorted: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
    }
}
