//! Whether a plan still holds: what it rests on, held against what the device says now.
//!
//! What makes a plan wrong is told; what does not matter is not: how long the device runs, octets that still suffice, something
//! that somebody has done of it already.

use super::plan_file::{PlanFile, Planned};
use crate::exit::{Exit, Failure};
use crate::landing;
use upgrade::{Facts, Target, Wish, plan, room};

/// Something that is not as it was planned for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drift {
    /// What it is about.
    pub what: String,
    /// As it was.
    pub planned: String,
    /// As it is.
    pub found: String,
}

/// A fact that a plan rests on: its name, and what it is.
type Row = (&'static str, fn(&Facts) -> String);

/// All of them.
const FACTS: [Row; 11] = [
    ("serial number", |facts| or_none(facts.serial.as_deref())),
    ("model", |facts| facts.model.clone()),
    ("running version", |facts| facts.version.clone()),
    ("running image", |facts| facts.image.clone()),
    ("mode", |facts| format!("{:?}", facts.mode).to_lowercase()),
    ("boot lines", |facts| some(facts.boot.images.iter().cloned(), "none")),
    ("boot lines that are not saved", |facts| some(facts.boot.coming().iter().cloned(), "none")),
    ("register", |facts| {
        facts.boot.coming_register().map_or(String::from("none"), |register| format!("{register:#06x}"))
    }),
    ("manual boot", |facts| String::from(if facts.boot.manual { "yes" } else { "no" })),
    ("file system", |facts| facts.flash.name.clone()),
    ("stack", |facts| some(facts.members.iter().map(|m| format!("{} {}", m.number, m.state)), "none")),
];

fn or_none(text: Option<&str>) -> String {
    text.unwrap_or("none").to_owned()
}

fn some(texts: impl Iterator<Item = String>, none: &str) -> String {
    let texts: Vec<String> = texts.collect();
    if texts.is_empty() { none.to_owned() } else { texts.join(", ") }
}

/// What makes the plan of a device wrong, now that it says this; nothing: it holds.
pub fn drift(planned: &Planned, now: &Facts, target: &Target, wish: &Wish) -> Vec<Drift> {
    let then = Facts::from(&planned.facts);
    let differs = |(what, fact): &Row| {
        let (planned, found) = (fact(&then), fact(now));
        (planned != found).then(|| Drift { what: (*what).to_owned(), planned, found })
    };
    let mut all: Vec<Drift> = FACTS.iter().filter_map(differs).collect();
    all.extend(planned.deletions.iter().filter_map(|name| deleted(name, &then, now)));
    // What follows from the rest is not told besides.
    if all.is_empty() {
        all.extend(replanned(planned, now, target, wish));
    }
    all
}

/// A file that is to be deleted, and is not what it was.
fn deleted(name: &str, then: &Facts, now: &Facts) -> Option<Drift> {
    let size = |facts: &Facts| {
        facts.flash.file(name).map_or(String::from("not there"), |file| format!("{} octets", file.size))
    };
    let (planned, found) = (size(then), size(now));
    let found = match () {
        () if found != planned => found,
        () if !room::is_kept(then, name) && room::is_kept(now, name) => {
            String::from("it runs, or the next start tries it")
        }
        () => return None,
    };
    Some(Drift { what: format!("{name}, which is to be deleted"), planned, found })
}

/// What would be done now and was not planned, or stands in the way now.
fn replanned(planned: &Planned, now: &Facts, target: &Target, wish: &Wish) -> Vec<Drift> {
    let plan = plan(now, target, wish);
    let new =
        plan.actions.iter().filter(|action| !planned.actions.iter().any(|known| known.what == action.what));
    let new = new.map(|action| Drift {
        what: format!("step {}", action.step),
        planned: String::from("nothing"),
        found: action.what.clone(),
    });
    let blocks =
        plan.blocks.iter().filter(|block| !planned.blocks.iter().any(|known| known.check == block.check));
    let blocks = blocks.map(|block| Drift {
        what: block.check.to_owned(),
        planned: block.expected.clone(),
        found: block.found.clone(),
    });
    blocks.chain(new).collect()
}

impl PlanFile {
    /// That the image on this host is the one that was planned with.
    ///
    /// # Errors
    /// It is another one, or cannot be read.
    pub(crate) fn has_its_image(&self) -> Result<(), Failure> {
        let Some(drift) = self.image_drift()?.into_iter().next() else { return Ok(()) };
        let what = format!("is another one: planned {}, found {}", drift.planned, drift.found);
        Err(Failure::new(Exit::Integrity, drift.what, what, "plan again, or fetch the image again"))
    }

    /// What is otherwise with the image on this host.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn image_drift(&self) -> Result<Vec<Drift>, Failure> {
        let image = &self.image;
        let fault = |e: std::io::Error| Failure::local(image.path.display(), &e);
        let blob = landing::open(&image.path).map_err(fault)?;
        let of = |what: &str, planned: String, found: String| {
            let what = format!("{} of {}", what, image.path.display());
            (planned != found).then_some(Drift { what, planned, found })
        };
        if let Some(size) = of("size", image.size.to_string(), blob.len().to_string()) {
            return Ok(vec![size]);
        }
        let sha256 = gate::Algorithm::Sha256.of(&blob).map_err(fault)?;
        Ok(of("SHA-256", image.sha256.clone(), sha256).into_iter().collect())
    }
}
