//! What an image is copied over, from this host: each way, and how one is chosen.

use crate::applied::{is_upgraded, typed};
use crate::site::{BUNDLE, INSTALL, Model, SIZE, Site};
use serde_json::Value;

const MODEL: Model = BUNDLE[0];

fn row(n: usize, net: u8) -> String {
    let version = MODEL.old_version;
    format!("[[device]]\nname = \"R{n}\"\naddress = \"127.{net}.0.{n}\"\nimages = [\"{version}\"]\n")
}

fn copies(site: &Site, name: &str) -> Vec<String> {
    typed(site, name).into_iter().filter(|line| line.starts_with("copy ")).collect()
}

/// Each model over each way that it knows, one after the other way, all models at once.
#[test]
fn an_image_is_copied_over_each_way_from_here() {
    const ALL: [&str; 4] = ["http", "ftp", "scp", "tftp"];
    let known = |model: &Model| if model.profile == "c3640" { &["ftp", "tftp"][..] } else { &ALL[..] };
    let models: Vec<(usize, Model)> = BUNDLE.into_iter().chain([INSTALL]).enumerate().collect();
    let rows = models.iter().flat_map(|(m, model)| {
        known(model).iter().enumerate().map(move |(n, way)| {
            let Model { profile, old_version, .. } = model;
            format!(
                "[[device]]\nname = \"{profile}-{way}\"\nprofile = \"{profile}\"\naddress = \"127.98.{m}.{}\"\n\
                 images = [\"{old_version}\"]\n",
                n + 1
            )
        })
    });
    let site = Site::start(&rows.collect::<String>());
    let one = |m: usize, model: &Model, n: usize, way: &str| {
        let (name, device) =
            (format!("{}-{way}", model.profile), site.device(&format!("127.98.{m}.{}", n + 1)));
        let ended = site.upgrade(&["apply", &device, "--image", model.new, "--yes", "--over", way]);
        assert_eq!(ended.code(), 0, "{name}: {ended:?}");
        if model.profile == INSTALL.profile {
            assert_eq!(site.state(&name)["version"], INSTALL.new_version, "{name}");
        } else {
            is_upgraded(&site, model, &name);
        }
        let copies = copies(&site, &name);
        assert!(copies.len() == 1 && copies[0].starts_with(&format!("copy {way}://")), "{name}: {copies:?}");
        // A small image is copied before anybody has measured how.
        assert!(ended.out.contains(&format!("over {way}: ")) && !ended.out.contains("measured"), "{ended:?}");
    };
    std::thread::scope(|scope| {
        for (m, model) in &models {
            let one = &one;
            scope.spawn(move || {
                known(model).iter().enumerate().for_each(|(n, way)| one(*m, model, n, way));
            });
        }
    });
}

/// How many octets of the samples: of 8 MiB on it pays to measure.
const LARGE: u64 = 9_000_000;

#[test]
fn a_large_image_goes_over_what_was_measured() {
    let site = Site::start(&row(1, 99));
    site.make(&MODEL, LARGE);
    let device = site.device("127.99.0.1");
    let words = ["apply", &device, "--image", MODEL.new, "--yes", "--over", "ftp,scp,tftp"];
    let ended = site.upgrade(&words);
    assert_eq!(ended.code(), 0, "{ended:?}");
    is_upgraded(&site, &MODEL, "R1");
    let copies = copies(&site, "R1");
    let (samples, images): (Vec<_>, Vec<_>) = copies.iter().partition(|line| line.ends_with(" null:"));
    assert_eq!((samples.len(), images.len()), (3, 1), "{copies:?}");
    let report = site.upgrade(&["report", "1"]);
    let measured = report.out.lines().find(|line| line.contains("measured: ")).unwrap_or_default();
    let way = images[0].trim_start_matches("copy ").split(':').next().unwrap_or_default();
    for word in ["ftp ", "scp ", "tftp "] {
        assert!(measured.contains(word), "{word}: {report:?}");
    }
    assert!(report.out.contains(&format!("over {way}: ")), "{report:?}");
    assert!(report.out.contains("was measured"), "{report:?}");
    // A round trip for each block of 512 octets, over loopback too, is slower than any stream.
    assert_ne!(way, "tftp", "{measured}");
}

/// Over TFTP: what went out over TCP may wait in buffers for the device, all of it.
#[test]
fn a_copy_that_takes_long_is_shown_while_it_runs() {
    let site = Site::start(&row(1, 100));
    site.ctl(&["R1", "fault", "slow-flash", "20K"]);
    let device = site.device("127.100.0.1");
    let ended = site.upgrade(&["apply", &device, "--image", MODEL.new, "--yes", "--over", "tftp", "--json"]);
    assert_eq!(ended.code(), 0, "{ended:?}");
    let events = ended.out.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
    let shown: Vec<Value> = events.filter(|event| event["event"] == "upgrade_copy").collect();
    let [first, ..] = shown.as_slice() else { panic!("nothing was shown of a copy of 7 s: {ended:?}") };
    let (octets, total) = (first["octets"].as_u64(), first["total"].as_u64());
    assert!(octets.is_some_and(|n| n > 0 && n < SIZE) && total == Some(SIZE), "{first}");
}
