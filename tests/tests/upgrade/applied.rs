//! What an upgrade does, and that it does nothing twice.

use crate::site::{BUNDLE, INSTALL, Model, SIZE, Site};
use serde_json::Value;
use sha2::{Digest as _, Sha512};

/// Devices of these models at `127.NET.0.1` and so on, all called by their profile.
fn devices(net: u8, models: &[Model]) -> String {
    let row = |(n, model): (usize, &Model)| {
        format!(
            "[[device]]\nname = \"{}\"\nprofile = \"{}\"\naddress = \"127.{net}.0.{}\"\nimages = [\"{}\"]\n",
            model.profile,
            model.profile,
            n + 1,
            model.old_version
        )
    };
    models.iter().enumerate().map(row).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value}"))
}

/// What was typed at a device, a command each.
pub(crate) fn typed(site: &Site, name: &str) -> Vec<String> {
    site.ctl(&[name, "commands"]).iter().map(|line| text(line, "text").to_owned()).collect()
}

/// That it runs the new image, would again, has the one that ran before beside it, and has saved all that.
pub(crate) fn is_upgraded(site: &Site, model: &Model, name: &str) {
    let state = site.state(name);
    assert_eq!(text(&state, "image"), model.new, "{state}");
    assert_eq!(state["modified"], false, "{state}");
    let boot: Vec<&str> =
        state["boot"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert!(boot.join(";").find(model.new) < boot.join(";").find(model.old), "{state}");
    assert!(boot.join(";").contains(model.old), "a way back: {state}");
    let files = site.ctl(&[name, "files"]);
    let sum = |file: &str| {
        let line = files.iter().find(|line| text(line, "name") == file);
        text(line.unwrap_or_else(|| panic!("no {file}: {files:?}")), "sha512").to_owned()
    };
    let octets = std::fs::read(site.path().join(model.new)).expect("the image");
    let right: String = Sha512::digest(octets).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(sum(model.new), right, "{name}: every octet of it");
    sum(model.old);
}

fn count(typed: &[String], begin: &str) -> usize {
    typed.iter().filter(|line| line.starts_with(begin)).count()
}

#[test]
fn each_model_is_upgraded_from_here_and_nothing_is_done_twice() {
    let site = Site::start(&devices(88, &BUNDLE));
    for (n, model) in BUNDLE.iter().enumerate() {
        let device = site.device(&format!("127.88.0.{}", n + 1));
        let words = ["apply", &device, "--image", model.new, "--yes"];
        let ended = site.upgrade(&words);
        assert_eq!(ended.code(), 0, "{}: {ended:?}", model.profile);
        assert!(ended.out.contains("upgraded: it runs"), "{ended:?}");
        is_upgraded(&site, model, model.profile);
        let done = typed(&site, model.profile);
        // Over the first way that it lists among its file systems.
        let copied = done.iter().find(|line| line.starts_with("copy ")).expect("a copy");
        let knows_http = model.profile != "c3640";
        assert_eq!(copied.starts_with("copy http://"), knows_http, "{copied}");
        for (command, times) in [("copy ", 1), ("verify /md5", 1), ("write memory", 1), ("reload", 1)] {
            assert_eq!(count(&done, command), times, "{command} of {}: {done:?}", model.profile);
        }
        // What holds is not done again, by whomever it was done.
        let ended = site.upgrade(&words);
        assert_eq!(ended.code(), 0, "{ended:?}");
        assert!(ended.out.contains("nothing to do"), "{ended:?}");
        let again = &typed(&site, model.profile)[done.len()..];
        assert!(
            again.iter().all(|c| ["show", "dir", "term", "enable"].iter().any(|b| c.starts_with(b))),
            "{again:?}"
        );
        // The path was good once.
        let is_of_one =
            if knows_http { copied.contains("/~") } else { copied.contains('@') || copied.contains("/~") };
        assert!(is_of_one, "{copied}");
    }
}

#[test]
fn an_image_comes_from_a_server_of_ones_own_over_each_protocol() {
    let servers = "[servers]\nroot = \".\"\nuser = \"admin\"\npassword = \"admin\"\n";
    let model = BUNDLE[0];
    let rows: String = (1..=2)
        .map(|n| {
            format!(
                "[[device]]\nname = \"R{n}\"\naddress = \"127.89.0.{n}\"\nimages = [\"{}\"]\n",
                model.old_version
            )
        })
        .collect();
    let site = Site::start(&format!("{servers}{rows}"));
    for (n, scheme) in ["tftp", "ftp"].iter().enumerate() {
        let (name, device) = (format!("R{}", n + 1), site.device(&format!("127.89.0.{}", n + 1)));
        let from = match *scheme {
            "ftp" => format!("ftp://admin:admin@127.0.0.1/{}", model.new),
            _ => format!("{scheme}://127.0.0.1/{}", model.new),
        };
        let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes", "--from", &from]);
        assert_eq!(ended.code(), 0, "{scheme}: {ended:?}");
        is_upgraded(&site, &model, &name);
        assert_eq!(count(&typed(&site, &name), &format!("copy {from}")), 1, "{scheme}");
    }
}

#[test]
fn nothing_is_done_to_what_is_blocked_or_not_confirmed() {
    let model = BUNDLE[0];
    let site = Site::start(&devices(90, &[model]));
    let device = site.device("127.90.0.1");
    // Nobody is there to say yes.
    let ended = site.upgrade(&["apply", &device, "--image", model.new]);
    assert_eq!(ended.code(), 2, "{ended:?}");
    assert!(ended.err.contains("--yes"), "{ended:?}");
    assert_eq!(typed(&site, model.profile), Vec::<String>::new(), "not even a login");
    let ended = site.upgrade(&["apply", &device, "--image", model.new, "--dry-run"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    // 512 MiB and 245 MiB are there.
    for (flag, needs, found) in [
        ("--needs-ram", "1G", "ram: expected 1073741824 octets of main memory, found 536870912"),
        ("--needs-flash", "256M", "flash: expected 268435456 octets in flash0:, found 256487424"),
    ] {
        let words = ["apply", &device, "--image", model.new, "--yes", flag];
        let ended = site.upgrade(&[&words[..], &[needs]].concat());
        assert_eq!(ended.code(), 4, "{ended:?}");
        assert!(ended.err.contains(found) && ended.err.contains("nothing was done"), "{ended:?}");
    }
    let enough = ["--needs-ram", "512M", "--needs-flash", "200M", "--dry-run"];
    let ended = site.upgrade(&[&["apply", &device, "--image", model.new][..], &enough[..]].concat());
    assert_eq!(ended.code(), 0, "{ended:?}");
    site.ctl(&[model.profile, "fault", "full-flash", &(SIZE / 2).to_string()]);
    let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes"]);
    assert_eq!(ended.code(), 4, "{ended:?}");
    assert!(ended.err.contains("room: expected ") && ended.err.contains("nothing was done"), "{ended:?}");
    let typed = typed(&site, model.profile);
    assert!(typed.iter().all(|c| ["show", "dir", "term"].iter().any(|b| c.starts_with(b))), "{typed:?}");
}

/// Flash that only marks what is deleted is squeezed.
#[test]
fn room_is_made_by_the_file_that_the_plan_names_and_flash_is_squeezed() {
    let model = BUNDLE[2];
    let spare = "c3640-ik9s-mz.122-15.bin";
    let row = devices(91, &[model]).replace("images = [", "image-size = \"12M\"\nimages = [");
    let site = Site::start(&row.replace("\"]", "\", \"12.2(15)\"]"));
    let (name, device) = (model.profile, site.device("127.91.0.1"));
    site.make(&model, 12 << 20);
    assert!(site.ctl(&[name, "files"]).iter().any(|f| text(f, "name") == spare), "there first");
    let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes", "--keep-files"]);
    assert_eq!(ended.code(), 4, "{ended:?}");
    assert!(ended.err.contains("nothing may be deleted (it would be c3640-ik9s-mz.122-15.bin)"), "{ended:?}");
    let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    is_upgraded(&site, &model, name);
    let typed = typed(&site, name);
    assert_eq!((count(&typed, "delete /force"), count(&typed, "squeeze")), (1, 1), "{typed:?}");
    assert!(site.ctl(&[name, "files"]).iter().all(|f| text(f, "name") != spare), "it is gone");
}

/// What ran before runs again, days later; and what was put back is not gone on with.
#[test]
fn a_run_is_put_back_and_its_report_tells_all_of_it() {
    let model = BUNDLE[3];
    let site = Site::start(&devices(92, &[model]));
    let device = site.device("127.92.0.1");
    let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let ended = site.upgrade(&["rollback", "1"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let state = site.state(model.profile);
    let boot = state["boot"].to_string();
    assert_eq!(text(&state, "image"), model.old, "{state}");
    assert!(boot.contains(model.old) && !boot.contains(model.new), "{state}");
    assert_eq!(state["modified"], false, "{state}");
    let report = site.upgrade(&["report", "1"]);
    for word in [
        "rolled-back",
        model.old,
        "reload",
        "somebody wished so",
        "boot bootflash:",
        "has    1 interface, the same as before",
        "routes, the same as before",
    ] {
        assert!(report.out.contains(word), "{word}: {report:?}");
    }
    assert!(!report.out.contains("version 16.9"), "what it is behind all of it: {report:?}");
    assert!(!report.out.contains("s3cret") && !report.out.contains("/~"), "{report:?}");
    let before = typed(&site, model.profile).len();
    let ended = site.upgrade(&["resume", "1"]);
    assert!(ended.code() == 0 && ended.out.contains("nothing is left to go on with"), "{ended:?}");
    assert_eq!(typed(&site, model.profile).len(), before, "nobody asks it");
}

/// Packages are added, run on trial, and stay; and go where somebody wants them away before that.
#[test]
fn a_device_in_install_mode_is_upgraded_and_its_packages_stay() {
    let site = Site::start(&devices(93, &[INSTALL]));
    let (name, device) = (INSTALL.profile, site.device("127.93.0.1"));
    let ended = site.upgrade(&["apply", &device, "--image", INSTALL.new, "--yes"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let state = site.state(name);
    assert_eq!((text(&state, "version"), text(&state, "image")), ("17.9.4", "packages.conf"), "{state}");
    let done = typed(&site, name);
    for command in [
        "copy http://",
        "verify /md5",
        "install add file",
        "install activate auto-abort-timer 60",
        "install commit",
    ] {
        assert_eq!(count(&done, command), 1, "{command}: {done:?}");
    }
    assert_eq!(count(&done, "reload"), 0, "{done:?}");
    let ended = site.upgrade(&["apply", &device, "--image", INSTALL.new, "--yes"]);
    assert!(ended.code() == 0 && ended.out.contains("nothing to do"), "{ended:?}");
    // It is there for good: putting it back is for a person, and says so.
    let ended = site.upgrade(&["rollback", "1"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(ended.err.contains("there for good"), "{ended:?}");
    assert_eq!(text(&site.state(name), "version"), "17.9.4");
}

/// The image is fine, and a link stays away with its neighbour: it is put back, or stays where that was wished.
#[test]
fn a_neighbour_that_stays_away_is_a_reason_to_put_back() {
    let model = BUNDLE[0];
    let switch = "[[device]]\nname = \"SW1\"\nprofile = \"c2960x\"\naddress = \"127.101.0.2\"\n";
    let link = "[[link]]\nends = [\"c2911 g0/1\", \"SW1 g1/0/2\"]\n";
    let site = Site::start(&format!("{}{switch}{link}", devices(101, &[model])));
    let (name, device) = (model.profile, site.device("127.101.0.1"));
    let go = |more: &[&str]| {
        site.ctl(&[name, "clear-faults"]);
        site.ctl(&[name, "fault", "when", "reload:", "no-link-after-boot", "g0/1"]);
        let words = ["apply", &device, "--image", model.new, "--yes", "--settle", "2s"];
        site.upgrade(&[&words[..], more].concat())
    };
    let ended = go(&[]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    let why = "it was put back as it was: it runs 15.5(3)M4a, and what was there before is not: interfaces that are down: \
               GigabitEthernet0/1; neighbours: SW1 at GigabitEthernet0/1";
    assert!(ended.err.contains(why), "{ended:?}");
    let state = site.state(name);
    assert_eq!(
        (self::text(&state, "image"), &state["modified"]),
        (model.old, &Value::from(false)),
        "{state}"
    );
    let report = site.upgrade(&["report", "1"]).out;
    assert!(report.contains("0 neighbours, 1 before; gone: SW1 at GigabitEthernet0/1"), "{report}");
    let ended = go(&["--may-lose-neighbours", "1", "--may-lose", "1"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    is_upgraded(&site, &model, name);
}

/// One that takes its time is missed by its neighbour for as long, and neither is put back because of the other.
#[test]
fn neighbours_that_restart_together_do_not_put_each_other_back() {
    let model = BUNDLE[0];
    let row =
        format!("name = \"R\"\ncount = 2\naddress = \"127.107.0.1\"\nimages = [\"{}\"]", model.old_version);
    let link = "[[link]]\nends = [\"R1 g0/1\", \"R2 g0/2\"]\n";
    let site = Site::start(&format!("[[device]]\n{row}\n{link}"));
    site.ctl(&["R2", "fault", "slow-boot", "15s"]);
    let (one, two) = (site.device("127.107.0.1"), site.device("127.107.0.2"));
    let words = ["apply", &one, &two, "--image", model.new, "--yes", "--parallel", "2", "--settle", "2s"];
    let ended = site.upgrade(&words);
    assert_eq!(ended.code(), 0, "{ended:?}");
    for name in ["R1", "R2"] {
        is_upgraded(&site, &model, name);
        assert_eq!(count(&typed(&site, name), "reload"), 1, "{name}");
    }
    let report = site.upgrade(&["report", "1"]).out;
    assert_eq!(report.matches("1 neighbour, the same as before").count(), 2, "{report}");
}

/// What is not as it was planned is not touched; the others go on.
#[test]
fn a_plan_is_carried_out_where_it_still_holds() {
    let model = BUNDLE[0];
    let row = |n| {
        let version = model.old_version;
        format!("[[device]]\nname = \"R{n}\"\naddress = \"127.95.0.{n}\"\nimages = [\"{version}\"]\n")
    };
    let site = Site::start(&(row(1) + &row(2)));
    let (one, two) = (site.device("127.95.0.1"), site.device("127.95.0.2"));
    let ended = site.upgrade(&["plan", &one, &two, "--image", model.new, "-o", "plan.json"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    // Somebody is faster with one of them.
    let ended = site.upgrade(&["apply", &one, "--image", model.new, "--yes"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let before = typed(&site, "R1").len();
    let ended = site.upgrade(&["apply", "plan.json", "--yes"]);
    assert_eq!(ended.code(), 8, "{ended:?}");
    assert!(
        ended
            .err
            .contains("it is not as it was planned: running version: planned 15.1(4)M4, found 15.5(3)M4a"),
        "{ended:?}"
    );
    let changes = |c: &String| !["show", "dir", "term"].iter().any(|b| c.starts_with(b));
    assert!(!typed(&site, "R1")[before..].iter().any(changes), "nothing is changed there");
    is_upgraded(&site, &model, "R2");
    // The image is another one than was planned.
    site.make(&model, SIZE + 1_000);
    let ended = site.upgrade(&["apply", "plan.json", "--yes"]);
    assert_eq!(ended.code(), 6, "{ended:?}");
}
