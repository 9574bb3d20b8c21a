use super::image::Prepared;
use super::run::{Rehearsal, Rehearsed};
use super::{NoTwin, Original, Stage, Workshop};
use crate::lab::topology::run::of_run;
use device::Mode as Running;
use device::image::Hollow;
use device::profile::Port;
use device::{Device, DeviceConfig, Guest, Profile, StandIn, Stock, Underway};
use fleet::ios::{Around, Session, configuration, saved_configuration, survey};
use ios_cli::text::neighbours::Cdp;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};
use store::memory::Shelf;
use store::{Blob, VPath};
use transport::ssh::PrivateKey;
use upgrade::{Boot, Facts, File, FileSystem, Member, Mode, Outcome, Target, Wish};

fn guest() -> Guest {
    Guest { user: "rehearsal".into(), password: "of this test".into() }
}

fn shelf() -> Shelf {
    Shelf::new(&std::env::temp_dir())
}

fn path(name: &str) -> VPath {
    VPath::parse(name.as_bytes()).expect(name)
}

/// What a device on a stage says of itself, and its configuration.
fn asked(stage: &Stage, address: Ipv4Addr) -> Original {
    let mut session =
        Session::open(&stage.place(address), stage.login(), &stage.options()).expect("it lets the guest in");
    let facts = survey(&mut session).expect("facts");
    let around = session.around();
    let running = configuration(&mut session).expect("a configuration");
    let startup = saved_configuration(&mut session).expect("an answer");
    Original { facts, running, startup, around }
}

fn versions(name: &str) -> (&'static str, &'static str) {
    match name {
        "c2911" => ("15.1(4)M4", "15.5(3)M4a"),
        "c2960x" => ("15.2(2)E6", "15.2(2)E7"),
        "c3640" => ("12.2(23a)", "12.2(26)"),
        "isr4331" => ("16.6.5", "16.9.3"),
        "c9300" => ("17.6.1", "17.9.4"),
        other => panic!("{other} has no versions in this test"),
    }
}

const CONFIGURATION: &str = "hostname edge-7\nusername bob privilege 15 secret 5 $1$abcd$0123456789012345678901\n\
    ip domain name example.net\nip route 0.0.0.0 0.0.0.0 10.1.2.1\nntp server 10.1.2.9\n\
    interface PORT\n description uplink\n ip address 10.1.2.3 255.255.255.0\n no shutdown\n!\n\
    line vty 0 4\n login local\n transport input ssh\n!\nend\n";

/// A device of a model that is nobody's twin: images, files, directories, a configuration and boot lines of its own.
fn real(name: &str, is_saved: bool) -> (DeviceConfig, Stock, Underway) {
    real_that_boots(name, is_saved, 2)
}

/// The same with so many boot lines.
fn real_that_boots(name: &str, is_saved: bool, lines: usize) -> (DeviceConfig, Stock, Underway) {
    let mut profile = Profile::clone(&Profile::named(name).expect("a profile"));
    profile.serial = "FTX0000TEST".to_owned().try_into().expect("a text");
    let (old, new) = versions(name);
    let size = 3_000_017;
    let names: Vec<String> = [old, new]
        .iter()
        .map(|version| device::image::file_name(&profile, version).expect("a version"))
        .collect();
    let mut flash = Vec::new();
    for (version, name) in [old, new].iter().zip(&names) {
        let hollow = Hollow::new(&profile, version, size).expect("made");
        let blob = shelf().sparse(hollow.len(), &hollow.pieces()).expect("room");
        flash.push((path(name), blob));
    }
    flash.push((path("vlan.dat"), Blob::Memory(vec![7; 616].into())));
    flash.push((path("crashinfo_20260101-000000"), Blob::Memory(vec![1; 70_001].into())));
    let prefix = profile.flash.prefix();
    let shown = format!("{prefix}{}", names[0]);
    let port = profile.interfaces.iter().find(|i| i.contains("Ethernet") && !profile.is_switched(i));
    let port = port.map_or_else(|| "Vlan1".to_owned(), ToString::to_string);
    let mut text = CONFIGURATION.replace("PORT", &port);
    let mut variables = Vec::new();
    let images: Vec<String> = names.iter().take(lines).map(|name| format!("{prefix}{name}")).collect();
    if profile.is_router() {
        let lines: String = images.iter().map(|image| format!("boot system {image}\n")).collect();
        text = lines + &text;
    } else {
        variables.push(("BOOT".to_owned(), images.join(";")));
    }
    let saved = device::written(&profile, old, &text);
    let running = (!is_saved).then(|| format!("{saved}\nsnmp-server location here\n"));
    let running = running.map(|text| text.replace("\nend\n", "\n") + "end\n");
    let image = flash[0].1.clone();
    let underway = Underway {
        image: device::image::show(&image).expect("sound"),
        shown,
        running,
        register: profile.boot.register,
        next_register: profile.boot.register,
        variables,
        uptime: Duration::from_secs(60 * 4_565),
        reason: "reload".to_owned(),
        free: None,
    };
    let is_tree = profile.flash.geometry().class.rules().tree;
    let stock = Stock {
        flash,
        directories: if is_tree { vec![path("tracelogs"), path("core")] } else { Vec::new() },
        startup: Some(saved),
    };
    let mut config = DeviceConfig::new("");
    config.profile = Arc::new(profile);
    config.guest = Some(guest());
    (config, stock, underway)
}

fn key() -> PrivateKey {
    of_run().expect("a key")
}

fn staged(
    config: DeviceConfig,
    stock: Stock,
    underway: Underway,
    address: Ipv4Addr,
    key: &PrivateKey,
) -> Stage {
    started(
        super::Twin { config, stock, underway, around: Vec::new(), dark: Vec::new(), remarks: Vec::new() },
        address,
        key,
    )
}

fn started(twin: super::Twin, address: Ipv4Addr, key: &PrivateKey) -> Stage {
    Stage::start(vec![(address, twin)], &shelf(), &guest(), key.clone()).expect("it listens")
}

/// What of the facts of a twin may differ: what passes by itself.
fn settled(facts: &Facts) -> Facts {
    Facts { uptime: facts.uptime / 5, ..facts.clone() }
}

#[test]
fn a_twin_says_of_itself_what_the_device_says() {
    let key = key();
    for (profile, _) in Profile::all() {
        for is_saved in [true, false] {
            let name = &profile.name;
            let (config, stock, underway) = real(name, is_saved);
            let at = Ipv4Addr::new(127, 77, 1, 1);
            let original = {
                let stage = staged(config, stock, underway, at, &key);
                asked(&stage, at)
            };
            assert_eq!(original.facts.unsaved, Some(!is_saved), "{name}: {:?}", original.facts);
            assert_eq!(original.facts.uptime / 5, 4_565 / 5);
            let mut workshop = Workshop::new(shelf(), guest(), 0.0);
            let began = Instant::now();
            let twin = workshop.twin(&original, at).expect("a twin");
            assert_eq!(twin.remarks, Vec::<String>::new(), "{name}: it is the very same");
            let super::Twin { config, stock, underway, .. } = twin;
            let stage = staged(config, stock, underway, at, &key);
            println!("{name}: the twin was there in {:?}", began.elapsed());
            let said = asked(&stage, at);
            assert_eq!(settled(&said.facts), settled(&original.facts), "{name}");
            let lines = |text: &str| -> Vec<String> {
                text.lines().filter(|line| !line.starts_with('!')).map(str::to_owned).collect()
            };
            assert_eq!(lines(&said.running), lines(&original.running), "{name}");
        }
    }
}

/// Of 29 ports two are connected: so it is with the twin, and what was not there before is not waited for.
#[test]
fn ports_that_have_no_carrier_have_none_at_the_twin() {
    let key = key();
    let (config, stock, underway) = real("c2960x", true);
    let at = Ipv4Addr::new(127, 77, 7, 1);
    let profile = config.profile.clone();
    let is_dark = |port: &&Port| port.takes_cable() && !port.ends_with("0/7") && !port.ends_with("0/8");
    let dark = profile.interfaces.iter().filter(is_dark).cloned().collect();
    let twin = super::Twin { config, stock, underway, around: Vec::new(), dark, remarks: Vec::new() };
    let original = {
        let stage = started(twin, at, &key);
        asked(&stage, at)
    };
    let up = original.facts.up.clone().expect("interfaces");
    assert_eq!(up, ["GigabitEthernet1/0/7", "GigabitEthernet1/0/8"]);
    let twin = Workshop::new(shelf(), guest(), 0.0).twin(&original, at).expect("a twin");
    let stage = started(twin, at, &key);
    restarted(&stage.devices[0].1);
    assert_eq!(asked(&stage, at).facts.up, Some(up));
}

/// Whoever is around a device is around its twin too, and says the same there, also behind a restart; where its link stays away
/// it is missed.
#[test]
fn a_twin_has_the_neighbours_of_the_device() {
    let key = key();
    let (config, mut stock, underway) = real("isr4331", true);
    stock.startup = stock.startup.map(|text| text.replace("\nntp server", "\nlldp run\nntp server"));
    let at = Ipv4Addr::new(127, 77, 6, 1);
    let port = |name: &str| config.profile.interface(name).expect(name).clone();
    let says = |name: &str, theirs: &str| Cdp {
        name: name.into(),
        addresses: vec!["IP address: 10.1.2.1".into()],
        platform: "cisco N9K-C93180YC-EX".into(),
        capabilities: "Router Switch".into(),
        theirs: theirs.into(),
        rest: vec!["Version :".into(), "Cisco Nexus Operating System (NX-OS) Software".into()],
        ..Cdp::default()
    };
    let around = vec![
        (
            port("g0/0/0"),
            StandIn { says: says("N9K.example.net(FDO1)", "Ethernet1/1"), cdp: true, lldp: true },
        ),
        (port("g0/0/0"), StandIn { says: says("ap-17", "Gi0"), cdp: false, lldp: true }),
    ];
    let dark = Vec::new();
    let twin = super::Twin { config, stock, underway, around, dark, remarks: Vec::new() };
    let original = {
        let stage = started(twin, at, &key);
        asked(&stage, at)
    };
    let facts = &original.facts;
    let names = |facts: &Facts| -> Vec<String> {
        facts.neighbours.iter().flatten().map(ToString::to_string).collect()
    };
    let both = ["N9K.example.net(FDO1) at GigabitEthernet0/0/0", "ap-17 at Gi0/0/0"];
    assert_eq!(names(facts), both);
    let mut workshop = Workshop::new(shelf(), guest(), 0.0);
    let twin = workshop.twin(&original, at).expect("a twin");
    assert_eq!(twin.remarks, Vec::<String>::new());
    let stage = started(twin, at, &key);
    let again = asked(&stage, at);
    let timeless = |around: &[Around]| {
        let of = |one: &Around| Around { says: Cdp { holdtime: 0, ..one.says.clone() }, ..one.clone() };
        around.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(names(&again.facts), both);
    assert_eq!(timeless(&again.around), timeless(&original.around), "all that they say");
    let device = &stage.devices[0].1;
    device.set_fault("no-link-after-boot all".parse().expect("a fault"));
    restarted(device);
    let said = asked(&stage, at).facts;
    assert_eq!((names(&said), said.up), (Vec::new(), Some(Vec::new())));
    device.clear_faults();
    assert_eq!(names(&asked(&stage, at).facts), both);
    // A port that a twin has not.
    let mut strange = original.clone();
    strange.around[0].says.port = "mgmt0".into();
    let twin = workshop.twin(&strange, at).expect("a twin");
    assert_eq!(twin.around.len(), 1);
    let said = "N9K.example.net(FDO1) is not there, and not watched: it has no port mgmt0";
    assert!(twin.remarks.iter().any(|remark| remark == said), "{:?}", twin.remarks);
}

fn restarted(device: &Device) {
    device.power_cycle();
    let until = Instant::now() + Duration::from_secs(60);
    while !matches!(device.facts().mode, Running::Ios { .. }) {
        assert!(Instant::now() < until, "{:?} is no boot: {:?}", device.facts().mode, device.facts().flash);
        std::thread::yield_now();
    }
}

#[test]
fn a_twin_boots_from_its_own_flash_as_the_device_would() {
    let key = key();
    for (profile, _) in Profile::all() {
        let name = &profile.name;
        let (config, stock, underway) = real(name, true);
        let at = Ipv4Addr::new(127, 77, 2, 1);
        let original = {
            let stage = staged(config, stock, underway, at, &key);
            asked(&stage, at)
        };
        let mut workshop = Workshop::new(shelf(), guest(), 0.0);
        let twin = workshop.twin(&original, at).expect("a twin");
        let super::Twin { config, stock, underway, .. } = twin;
        let stage = staged(config, stock, underway, at, &key);
        restarted(&stage.devices[0].1);
        let said = asked(&stage, at).facts;
        let (was, is) = (&original.facts, &said);
        assert_eq!(
            (&is.image, &is.version, &is.hostname),
            (&was.image, &was.version, &was.hostname),
            "{name}"
        );
        assert_eq!((is.uptime, is.unsaved), (0, Some(false)), "{name}");
        assert_eq!(is.boot, was.boot, "{name}");
    }
}

/// Facts of a device that nobody emulates, of a size as real ones have.
fn facts_of(model: &str, image: &str, version: &str, mode: Mode) -> Facts {
    let file = |name: &str, size| File { name: name.to_owned(), size, is_directory: false };
    let mut files = vec![file("old.log", 12_345), file("certificate.cer", 1_400)];
    if mode == Mode::Bundle {
        files.push(file(image, 400_000_000));
    }
    Facts {
        hostname: "edge-7".into(),
        model: model.into(),
        serial: Some("FDO0000TEST".into()),
        version: version.into(),
        platform: ios_cli::image_name::ImageName::parse(image).map(|name| name.platform),
        feature: None,
        image: format!("flash:{image}"),
        mode,
        uptime: 90,
        reason: Some("PowerOn".into()),
        memory: Some(8 << 30),
        boot: Boot { images: vec![format!("flash:{image}")], ..Boot::default() },
        flash: FileSystem { name: "flash:".into(), total: 11_353_194_496, free: 8_000_000_000, files },
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

fn original(facts: Facts) -> Original {
    Original {
        facts,
        running: "hostname edge-7\ninterface Vlan1\n no ip address\n!\nend\n".into(),
        startup: None,
        around: Vec::new(),
    }
}

/// A Catalyst 9300 in install mode, with all packages of its model.
fn installed() -> Facts {
    let profile = Profile::named("c9300").expect("a profile");
    let mut facts = facts_of("C9300-24P", "packages.conf", "17.06.01", Mode::Install);
    facts.platform = Some("cat9k".into());
    facts.flash.files.push(File { name: "packages.conf".into(), size: 7_406, is_directory: false });
    for (package, _) in &profile.install.as_ref().expect("packages").packages {
        let name = device::image::package_name(&profile, "17.6.1", package);
        facts.flash.files.push(File { name, size: 80_000_000, is_directory: false });
    }
    facts
}

#[test]
fn install_mode_ends_as_it_should_whatever_goes_wrong() {
    let key = key();
    let at = super::stage::address();
    let mut workshop = Workshop::new(shelf(), guest(), super::run::PACE);
    let first = workshop.twin(&original(installed()), at).expect("a twin");
    let original = {
        let stage = staged(first.config, first.stock, first.underway, at, &key);
        asked(&stage, at)
    };
    let wrong = tried(&Profile::named("c9300").expect("a profile"), &original, &key, |n| n % 4 == 1);
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn install_mode_boots_by_the_packages_that_the_device_has() {
    let profile = Profile::named("c9300").expect("a profile");
    let install = profile.install.as_ref().expect("packages");
    let mut facts = facts_of("C9300-48U", "packages.conf", "17.06.01", Mode::Install);
    facts.platform = Some("cat9k".into());
    facts.flash.files.push(File { name: "packages.conf".into(), size: 7_406, is_directory: false });
    // All but the last one, which this model does not have.
    let names = install.packages.iter().map(|(package, _)| package);
    for package in names.take(install.packages.len() - 1) {
        let name = device::image::package_name(&profile, "17.6.1", package);
        facts.flash.files.push(File { name, size: 80_000_000, is_directory: false });
    }
    let at = Ipv4Addr::new(127, 77, 3, 1);
    let mut workshop = Workshop::new(shelf(), guest(), 0.0);
    let key = key();
    let began = Instant::now();
    let twin = workshop.twin(&original(facts.clone()), at).expect("a twin");
    assert!(twin.remarks.iter().any(|r| r == "C9300-48U is played by a c9300"), "{:?}", twin.remarks);
    assert!(twin.remarks.iter().any(|r| r.starts_with("packages.conf: ")), "{:?}", twin.remarks);
    let super::Twin { config, stock, underway, .. } = twin;
    let stage = staged(config, stock, underway, at, &key);
    println!("the twin was there in {:?}", began.elapsed());
    let device = &stage.devices[0].1;
    assert_eq!(device.installed().len(), 1);
    let said = asked(&stage, at).facts;
    assert_eq!((said.flash.free, said.flash.total), (facts.flash.free, facts.flash.total));
    assert_eq!(
        (said.model.as_str(), said.mode, said.image.as_str()),
        ("C9300-48U", Mode::Install, "flash:packages.conf")
    );
    let began = Instant::now();
    restarted(device);
    println!("800 MB of packages were looked into and booted in {:?}", began.elapsed());
    assert_eq!(asked(&stage, at).facts.version, "17.06.01");
}

#[test]
fn an_image_in_a_directory_lies_there_in_the_twin_too() {
    let image = "c2960x-universalk9-mz.152-2.E7.bin";
    let directory = "c2960x-universalk9-mz.152-2.E7";
    let mut facts = facts_of("WS-C2960X-48FPD-L", image, "15.2(2)E7", Mode::Bundle);
    facts.image = format!("flash:/{directory}/{image}");
    facts.boot.images = vec![facts.image.clone()];
    facts.flash.files.retain(|file| file.name != image);
    facts.flash.files.push(File { name: directory.into(), size: 512, is_directory: true });
    facts.flash.files.push(File { name: "config.text".into(), size: 5_000, is_directory: false });
    (facts.flash.total, facts.flash.free) = (122_185_728, 90_000_000);
    let at = Ipv4Addr::new(127, 77, 4, 1);
    let twin = Workshop::new(shelf(), guest(), 0.0).twin(&original(facts.clone()), at).expect("a twin");
    assert!(twin.remarks.iter().any(|r| r.contains("takes all that is neither free")), "{:?}", twin.remarks);
    let super::Twin { config, stock, underway, .. } = twin;
    let stage = staged(config, stock, underway, at, &key());
    restarted(&stage.devices[0].1);
    let said = asked(&stage, at).facts;
    assert_eq!((&said.image, &said.boot.images), (&facts.image, &facts.boot.images));
    assert_eq!(said.flash.free, facts.flash.free);
}

#[test]
fn what_is_otherwise_is_said_and_what_nobody_emulates_is_refused() {
    let at = Ipv4Addr::new(127, 77, 5, 1);
    let mut workshop = Workshop::new(shelf(), guest(), 0.0);
    let image = "c1900-universalk9-mz.SPA.155-3.M4a.bin";
    let mut facts = facts_of("CISCO1921/K9", image, "15.5(3)M4a", Mode::Bundle);
    facts.reload = Some("Reload scheduled for 10:00:00".into());
    facts.members =
        vec![Member { number: 1, state: "Ready".into() }, Member { number: 2, state: "Ready".into() }];
    facts.boot.register = Some(0x2102);
    let twin = workshop.twin(&original(facts.clone()), at).expect("a twin");
    facts.unsaved = Some(true);
    let unsaved = workshop.twin(&original(facts.clone()), at).expect("a twin");
    assert!(unsaved.remarks.iter().any(|r| r.contains("what was saved")), "{:?}", unsaved.remarks);
    for said in
        ["played by a c2911: texts", "it does not reload by itself", "one switch stands for the stack of 2"]
    {
        assert!(twin.remarks.iter().any(|r| r.contains(said)), "{said}: {:?}", twin.remarks);
    }
    let super::Twin { config, stock, underway, .. } = twin;
    let stage = staged(config, stock, underway, at, &key());
    restarted(&stage.devices[0].1);
    let said = asked(&stage, at).facts;
    assert_eq!((said.platform.as_deref(), said.model.as_str()), (Some("c1900"), "CISCO1921/K9"));
    facts = facts_of("N9K-C93180YC-EX", "nxos.9.3.5.bin", "9.3(5)", Mode::Bundle);
    match workshop.twin(&original(facts), at).map(|twin| twin.remarks) {
        Err(NoTwin::Model { model, known }) => assert!(model.starts_with("N9K") && known.contains("cat9k")),
        other => panic!("{other:?}"),
    }
}

/// Which of the cases are tried here: each at one model. `cargo xtask soak` has all of them at all models.
const EVERY: &str = "TOWLINE_REHEARSE_ALL";

#[test]
fn whatever_goes_wrong_an_upgrade_ends_as_it_should_and_the_device_boots() {
    let key = key();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let all = Profile::all().enumerate();
        let playing: Vec<_> = all
            .map(|(nth, (profile, _))| {
                let key = &key;
                scope.spawn(move || played(nth, profile, key))
            })
            .collect();
        playing.into_iter().flat_map(|played| played.join().expect("it is played")).collect()
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Those of the cases that are the n-th model's, or all; which of them end otherwise than they should.
fn played(nth: usize, profile: &Profile, key: &PrivateKey) -> Vec<String> {
    let name = &*profile.name;
    let (config, mut stock, mut underway) = real_that_boots(name, true, 1);
    let (_, new) = versions(name);
    let file = device::image::file_name(profile, new).expect("a version");
    // The new image is not there yet, and an old one is in the way.
    stock.flash.retain(|(path, _)| path.name() != file.as_bytes());
    let size = 300_017;
    let unused = Hollow::new(profile, versions(name).0, size).expect("made");
    let unused = shelf().sparse(unused.len(), &unused.pieces()).expect("room");
    stock.flash.push((path("unused.bin"), unused));
    underway.free = Some(size + 10_000);
    let at = super::stage::address();
    let original = {
        let stage = staged(config, stock, underway, at, key);
        asked(&stage, at)
    };
    // The n-th fifth of them.
    tried(profile, &original, key, |n| (n + nth) % 5 == 1)
}

/// Those of the cases that are chosen, or all, with the next version for that device; which of them end otherwise than they should.
fn tried(
    profile: &Profile,
    original: &Original,
    key: &PrivateKey,
    is_chosen: impl Fn(usize) -> bool,
) -> Vec<String> {
    let (mut wrong, name, size) = (Vec::new(), &*profile.name, 300_017);
    let (_, new) = versions(name);
    let file = device::image::file_name(profile, new).expect("a version");
    let is_bundle = original.facts.mode == Mode::Bundle;
    let dir = tempfile::tempdir().expect("a directory");
    let image = dir.path().join(&file);
    let hollow = Hollow::new(profile, new, size).expect("made");
    hollow.write(&mut std::fs::File::create(&image).expect("made")).expect("written");
    let said = ios_cli::image_name::ImageName::parse(&file).expect("a name of ours");
    let blob = crate::landing::open(&image).expect("there");
    let meant = Target {
        name: file.clone(),
        size,
        md5: device::image::md5(&blob).expect("read"),
        platform: Some(said.platform),
        feature: Some(said.feature),
        version: Some(said.version),
        damage: None,
    };
    let prepared = Prepared::of(profile, &image, &meant).expect("it is served");
    assert!(!prepared.is_stand_in);
    let tolerance = super::run::settling(upgrade::Tolerance::default());
    let wish = Wish { restart: super::run::RESTART, tolerance, ..Wish::default() };
    let plan = upgrade::plan(&original.facts, &prepared.target, &wish);
    assert_eq!(plan.blocks, [], "{name}");
    let mut cases =
        super::matrix::at_every_step(&plan, &file, super::matrix::is_watched(&original.facts, &tolerance));
    if std::env::var_os(EVERY).is_none() {
        let mut n = 0;
        cases.retain(|_| {
            n += 1;
            is_chosen(n)
        });
    }
    let mut workshop = Workshop::new(shelf(), guest(), super::run::PACE);
    let twin = workshop.twin(original, super::stage::address()).expect("a twin");
    let stop = AtomicBool::new(false);
    let rehearsal = Rehearsal { target: &prepared.target, wish, key, stop: &stop };
    let began = Instant::now();
    rehearsal.try_all(&twin, &workshop, &cases, &prepared.depot, 6, |case, rehearsed| {
        let rehearsed = rehearsed.expect("it is tried");
        let Rehearsed { outcome, has_begun, boots, took, .. } = &rehearsed;
        println!("{name}: {}: {outcome:?} in {took:?}, then it boots {boots:?}", case.shown());
        let runs_right = match outcome {
            // Packages are booted by the same file.
            _ if !is_bundle => true,
            Outcome::Upgraded => boots.as_deref() == Some(&file),
            Outcome::RolledBack(_) | Outcome::Abandoned(_) => boots.as_deref() != Some(&file),
            Outcome::AlreadyThere | Outcome::Held(_) => true,
        };
        if !rehearsed.is_right(case) || !has_begun || !runs_right {
            wrong.push(format!("{name}: {}: expected {:?}, {rehearsed:#?}", case.shown(), case.right));
        }
    });
    println!("soak: {name}: {} rehearsals in {:?}", cases.len(), began.elapsed());
    wrong
}
