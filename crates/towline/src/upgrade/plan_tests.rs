//! Plans as files: the same octets each time, read as they were written, and held against what devices say later.

use super::drift::drift;
use super::plan_file::{Key, PlanFile, Planned};
use crate::exit::Exit;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;
use upgrade::{Boot, Facts, File, FileSystem, Member, Mode, Share, Target, Tolerance, Wish, plan};

const NEW: &str = "c2900-universalk9-mz.SPA.155-3.M4a.bin";
const OLD: &str = "c2900-universalk9-mz.SPA.151-4.M4.bin";

fn file(name: &str, size: u64) -> File {
    File { name: name.to_owned(), size, is_directory: false }
}

/// Room has to be made by deleting an old image.
fn facts() -> Facts {
    let files = vec![file(OLD, 70_000_000), file("older.bin", 60_000_000), file("vlan.dat", 1_000)];
    Facts {
        hostname: "R1".into(),
        model: "CISCO2911/K9".into(),
        serial: Some("FTX1".into()),
        version: "15.1(4)M4".into(),
        platform: Some("c2900".into()),
        feature: Some("universalk9".into()),
        image: format!("flash0:{OLD}"),
        mode: Mode::Bundle,
        uptime: 1_000,
        reason: Some("power-on".into()),
        memory: Some(512 << 20),
        boot: Boot { images: vec![format!("flash0:{OLD}")], register: Some(0x2102), ..Boot::default() },
        flash: FileSystem { name: "flash0:".into(), total: 256_000_000, free: 50_000_000, files },
        unsaved: Some(false),
        reload: None,
        members: vec![Member { number: 1, state: "Ready".into() }],
        up: None,
        neighbours: None,
        routes: None,
        installed: None,
        digest: Some((OLD.into(), "ab".into())),
    }
}

fn target() -> Target {
    Target {
        name: NEW.into(),
        size: 80_000_000,
        md5: "0f343b0931126a20f133d67c2b018a3b".into(),
        platform: Some("c2900".into()),
        feature: Some("universalk9".into()),
        version: Some("15.5(3)M4a".into()),
        damage: None,
    }
}

fn planned(facts: &Facts) -> Planned {
    let key = Key { inventory: Some("/net/devices.toml".into()), device: facts.hostname.clone() };
    Planned::new(key, facts, &target(), &plan(facts, &target(), &Wish::default()))
}

/// A plan for a ready device and a blocked one, written at a time of old.
fn written(dir: &Path) -> PlanFile {
    let image = dir.join(NEW);
    std::fs::write(&image, "no image").unwrap();
    let blocked = Facts { hostname: "R0".into(), reload: Some("in 5 minutes".into()), ..facts() };
    let devices = vec![planned(&facts()), planned(&blocked), planned(&facts())];
    let wish = Wish { window: Some(Duration::from_secs(7_200)), ..Wish::default() };
    let mut file = PlanFile::new(&image, &target(), &wish, devices).unwrap();
    file.made = "2026-11-27T18:00:00.000Z".into();
    file.towline = "0.1.0".into();
    file.image.path = format!("/net/{NEW}").into();
    file
}

#[test]
fn it_has_the_same_octets_each_time_and_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let (file, path) = (written(dir.path()), dir.path().join("plan.json"));
    for _ in 0..2 {
        file.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!("a_plan_as_a_file", text);
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let back = PlanFile::read(&path).unwrap();
    assert_eq!((back.image.clone(), back.wish.clone()), (file.image.clone(), file.wish.clone()));
    assert_eq!(back.devices, file.devices);
    assert_eq!(back.devices.iter().map(|d| d.key.device.as_str()).collect::<Vec<_>>(), ["R0", "R1"]);
    assert_eq!((back.target(), back.wish()), (target(), file.wish()));
    assert_eq!(Facts::from(&back.devices[1].facts), facts());
    // Written again it is the same.
    back.write(&path).unwrap();
    assert_eq!(PlanFile::read(&path).unwrap(), back);
}

/// What was wished goes with it.
#[test]
fn what_the_image_needs_and_what_may_stay_away_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.json");
    let tolerance =
        Tolerance { interfaces: 3, neighbours: 2, routes: Share::Count(9), settle: Duration::from_secs(7) };
    let (needs_ram, needs_flash) = (Some(1 << 30), Some(1 << 28));
    let wish = Wish { tolerance, needs_ram, needs_flash, ..Wish::default() };
    let mut file = written(dir.path());
    file.wish = PlanFile::wished(&wish);
    file.write(&path).unwrap();
    assert_eq!(PlanFile::read(&path).unwrap().wish(), wish);
}

#[test]
fn one_that_was_changed_cut_off_or_is_of_later_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("plan.json");
    written(dir.path()).write(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let mut was = Vec::new();
    for (wrong, exit, says) in [
        (text.replace("\"v\": 1", "\"v\": 2"), Exit::Usage, "is a plan of version 2, this towline reads 1"),
        (text.replace("older.bin", "vlan.dat"), Exit::Integrity, "was changed since it was made"),
        (
            text.replace("\"blocks\": []", "\"blocks\": [ ]").replace("FTX1", "FTX2"),
            Exit::Integrity,
            "was changed",
        ),
        (
            text.replace("\"seal\"", "\"more\": 1,\n  \"seal\""),
            Exit::Usage,
            "is no plan: unknown field `more`",
        ),
        (
            text.replace("\"size\": 80000000", "\"size\": -1"),
            Exit::Usage,
            "is no plan: invalid value: integer `-1`",
        ),
        (text[..text.len() / 2].to_owned(), Exit::Usage, "is no plan: EOF"),
        (String::new(), Exit::Usage, "plan.json:1:0: is no plan: EOF"),
        (String::from("[[device]]\n"), Exit::Usage, "is no plan"),
    ] {
        assert!(wrong != text && !was.contains(&wrong), "{says}");
        std::fs::write(&path, &wrong).unwrap();
        let failure = PlanFile::read(&path).unwrap_err();
        assert!(failure.exit == exit && failure.to_string().contains(says), "{says}: {failure}");
        was.push(wrong);
    }
    // Blanks and line ends are no change of what it says.
    std::fs::write(&path, text.replace("  ", "\t")).unwrap();
    assert!(PlanFile::read(&path).is_ok());
    assert_eq!(PlanFile::read(&dir.path().join("none")).unwrap_err().exit, Exit::Absent);
}

#[test]
fn what_makes_a_plan_wrong_is_told_and_what_does_not_is_not() {
    let planned = planned(&facts());
    assert_eq!(planned.deletions, ["older.bin"]);
    let of = |change: &dyn Fn(&mut Facts)| {
        let mut now = facts();
        change(&mut now);
        let all = drift(&planned, &now, &target(), &Wish::default());
        all.into_iter()
            .map(|d| format!("{}: {} → {}", d.what, d.planned, d.found))
            .collect::<Vec<_>>()
            .join("; ")
    };
    type Row<'a> = (&'a dyn Fn(&mut Facts), &'a str);
    let rows: [Row<'_>; 21] = [
        (&|now| now.serial = Some("FTX2".into()), "serial number: FTX1 → FTX2"),
        (&|now| now.serial = None, "serial number: FTX1 → none"),
        (&|now| now.model = "CISCO2901/K9".into(), "model: CISCO2911/K9 → CISCO2901/K9"),
        (&|now| now.version = "15.2".into(), "running version: 15.1(4)M4 → 15.2"),
        (
            &|now| now.image = "flash0:vlan.dat".into(),
            &format!("running image: flash0:{OLD} → flash0:vlan.dat"),
        ),
        (&|now| now.mode = Mode::Install, "mode: bundle → install"),
        (
            &|now| now.boot.images.clear(),
            &format!("boot lines: flash0:{OLD} → none; boot lines that are not saved: flash0:{OLD} → none"),
        ),
        (
            &|now| now.boot.configured = Some(vec!["a".into()]),
            &format!("boot lines that are not saved: flash0:{OLD} → a"),
        ),
        (&|now| now.boot.next_register = Some(0x2142), "register: 0x2102 → 0x2142"),
        (&|now| now.boot.manual = true, "manual boot: no → yes"),
        (&|now| now.flash.name = "flash1:".into(), "file system: flash0: → flash1:"),
        (&|now| now.members[0].state = "Removed".into(), "stack: 1 Ready → 1 Removed"),
        (
            &|now| drop(now.flash.files.remove(1)),
            "older.bin, which is to be deleted: 60000000 octets → not there",
        ),
        (&|now| now.flash.files[1].size = 5, "older.bin, which is to be deleted: 60000000 octets → 5 octets"),
        (
            &|now| now.boot.configured = Some(vec![format!("flash0:{OLD}"), "flash0:older.bin".into()]),
            &format!("boot lines that are not saved: flash0:{OLD} → flash0:{OLD}, flash0:older.bin"),
        ),
        (
            &|now| now.reload = Some("in 5 minutes".into()),
            "reload-pending: no reload is scheduled → in 5 minutes",
        ),
        (
            &|now| now.unsaved = Some(true),
            "unsaved: the saved configuration is the running one → they differ",
        ),
        // Less room: more would have to go, and nothing more may.
        (
            &|now| now.flash.free = 5,
            "room: 84000000 octets free in flash0: → 5 free, and no files that may go make enough",
        ),
        // A broken copy would be deleted, which nobody saw.
        (
            &|now| now.flash.files.push(file(NEW, 5)),
            &format!("step make-room: nothing → delete flash0:{NEW}"),
        ),
        (&|now| (now.uptime, now.flash.free, now.reason) = (5, 49_000_000, None), ""),
        // Somebody copied it already.
        (
            &|now| {
                (now.flash.free, now.flash.files) =
                    (0, [now.flash.files.clone(), vec![file(NEW, 80_000_000)]].concat())
            },
            "",
        ),
    ];
    for (n, (change, right)) in rows.iter().enumerate() {
        assert_eq!(of(change), **right, "row {n}");
    }
    // It would boot what is to be deleted.
    let told = of(&|now| now.boot.images.push("flash0:older.bin".into()));
    assert!(
        told.contains(
            "older.bin, which is to be deleted: 60000000 octets → it runs, or the next start tries it"
        ),
        "{told}"
    );
}

#[test]
fn another_image_here_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join(NEW);
    std::fs::write(&image, "an image").unwrap();
    let now = Target { size: 8, ..target() };
    let file = PlanFile::new(&image, &now, &Wish::default(), vec![planned(&facts())]).unwrap();
    assert_eq!(file.image_drift().unwrap(), []);
    std::fs::write(&image, "an imbge").unwrap();
    let told = file.image_drift().unwrap();
    assert!(told.len() == 1 && told[0].what.starts_with("SHA-256 of /"), "{told:?}");
    std::fs::write(&image, "an image, longer").unwrap();
    let told = file.image_drift().unwrap();
    assert_eq!((told[0].planned.as_str(), told[0].found.as_str()), ("8", "16"));
    std::fs::remove_file(&image).unwrap();
    assert_eq!(file.image_drift().unwrap_err().exit, Exit::Absent);
}
