//! The machine against a model of a device in install mode: whatever fails, the device starts, and nothing stays that is on trial.

use crate::facts::Standing;
use crate::happened::{Effect, Happened, Outcome, Start};
use crate::{Boot, Facts, File, FileSystem, Installed, Mode, Next, Past, Run, Target, Wish};
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};
use core::time::Duration;

const OLD: &str = "17.06.01.0.4711";
const NEW: &str = "17.09.04.0.1234";
const IMAGE: &str = "cat9k_iosxe.17.09.04.SPA.bin";
const MD5: &str = "0f343b0931126a20f133d67c2b018a3b";
const STEPS: [&str; 6] = ["transfer", "verify", "set-boot", "save", "add", "activate"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    Fails(&'static str, u32),
    Unheard(&'static str),
    KilledBefore(&'static str),
    KilledBehind(&'static str),
    /// What was activated does not start: the device goes back by itself.
    DoesNotLoad,
    /// Nobody comes back before the trial ends.
    TooLate,
}

struct Scene {
    has_image: bool,
    boot: Vec<String>,
    saved: Vec<String>,
    new: Option<Standing>,
    runs_new: bool,
    started: u64,
    starts: u32,
    now: u64,
    faults: Vec<Fault>,
    tries: Vec<&'static str>,
    done: Vec<String>,
    journal: Vec<Happened>,
}

impl Scene {
    fn new(faults: &[Fault]) -> Scene {
        Scene {
            has_image: false,
            boot: Vec::new(),
            saved: Vec::new(),
            new: None,
            runs_new: false,
            started: 1_000,
            starts: 0,
            now: 100_000,
            faults: faults.to_vec(),
            tries: Vec::new(),
            done: Vec::new(),
            journal: Vec::new(),
        }
    }

    fn facts(&self) -> Facts {
        let versions = [
            (OLD, Some(if self.runs_new { Standing::Leaving } else { Standing::Committed })),
            (NEW, self.new),
        ];
        let versions = versions.into_iter().filter_map(|(name, standing)| Some((name.to_owned(), standing?)));
        let file = |name: &str, size| File { name: name.into(), size, is_directory: false };
        let mut files = vec![file("packages.conf", 7)];
        files.extend(self.has_image.then(|| file(IMAGE, 100)));
        Facts {
            hostname: "CAT1".into(),
            model: "C9300-24T".into(),
            serial: Some("FOC1".into()),
            version: if self.runs_new { "17.09.04" } else { "17.06.01" }.into(),
            platform: Some("cat9k".into()),
            feature: Some("iosxe".into()),
            image: "flash:packages.conf".into(),
            mode: Mode::Install,
            uptime: (self.now - self.started) / 60,
            reason: Some(format!("reload {}", self.starts)),
            memory: None,
            boot: Boot { images: self.boot.clone(), ..Boot::default() },
            flash: FileSystem { name: "flash:".into(), total: 1_000, free: 700, files },
            unsaved: Some(self.boot != self.saved),
            reload: None,
            members: Vec::new(),
            up: None,
            neighbours: None,
            routes: None,
            installed: Some(Installed { versions: versions.collect(), timer: None }),
            digest: None,
        }
    }

    fn restart(&mut self, runs_new: bool) {
        self.starts += 1;
        self.started = self.now + 40;
        self.runs_new = runs_new;
        self.boot = self.saved.clone();
    }

    /// `None`: we are killed; `Some(None)`: nobody heard what came of it.
    fn act(&mut self, effect: &Effect) -> Option<Option<Result<Option<String>, String>>> {
        let step = effect.step();
        self.tries.push(step);
        self.now += 30;
        let n = self.tries.iter().filter(|tried| **tried == step).count();
        let has = |fault| self.faults.contains(&fault) && n == 1;
        let (before, behind, unheard) =
            (has(Fault::KilledBefore(step)), has(Fault::KilledBehind(step)), has(Fault::Unheard(step)));
        if before {
            return None;
        }
        if self
            .faults
            .iter()
            .any(|fault| matches!(fault, Fault::Fails(of, times) if *of == step && n <= *times as usize))
        {
            return Some(Some(Err("it was told to".to_string())));
        }
        self.done.push(step.to_owned());
        let mut md5 = None;
        match effect {
            Effect::Copy => self.has_image = true,
            Effect::Digest => md5 = Some(MD5.to_owned()),
            Effect::SetBoot(images) => self.boot.clone_from(images),
            Effect::Save => self.saved = self.boot.clone(),
            Effect::Add => {
                assert!(self.has_image && self.new.is_none(), "added twice");
                self.new = Some(Standing::Inactive);
            }
            Effect::Activate(minutes) => {
                assert!(*minutes >= 30, "a trial that is long enough");
                assert_eq!(self.new, Some(Standing::Inactive));
                assert_eq!(self.boot, self.saved, "a restart that forgets something");
                let loads = !self.faults.contains(&Fault::DoesNotLoad);
                self.new = Some(if loads { Standing::OnTrial } else { Standing::Inactive });
                self.restart(loads);
                if self.faults.contains(&Fault::TooLate) {
                    self.new = Some(Standing::Inactive);
                    self.restart(false);
                }
            }
            Effect::Commit => {
                assert_eq!(self.new, Some(Standing::OnTrial));
                self.new = Some(Standing::Committed);
            }
            Effect::Abort => {
                self.new = Some(Standing::Inactive);
                self.restart(false);
            }
            Effect::Delete(name) => panic!("{name} is deleted"),
            Effect::Reload => panic!("a reload in install mode"),
        }
        if behind {
            return None;
        }
        Some((!unheard).then_some(Ok(md5)))
    }

    fn whole(&mut self) -> Outcome {
        let target = Target {
            name: IMAGE.into(),
            size: 100,
            md5: MD5.into(),
            platform: Some("cat9k".into()),
            feature: Some("iosxe".into()),
            version: Some("17.9.4".into()),
            damage: None,
        };
        let wish = Wish { restart: Duration::from_secs(300), ..Wish::default() };
        let mut run = Run::new(target.clone(), wish, None, Past::of(&self.journal));
        for _ in 0..2_000 {
            let facts = (self.now >= self.started).then(|| self.facts());
            let next = match &facts {
                Some(facts) => run.next(facts, self.now),
                None => run.lost(self.now, "nobody answers"),
            };
            let mut note = |entry: Happened| {
                run.take(&entry);
                self.journal.push(entry);
            };
            match next {
                Next::Note(entry) => note(entry),
                Next::Wait(time) => self.now += time.as_secs().max(1),
                Next::Over(outcome) => return outcome,
                Next::Do(effect) => {
                    let start = Start::of(&facts.expect("who is away is asked nothing"));
                    note(Happened::Intent { effect: effect.clone(), at: self.now, start });
                    let came = match self.act(&effect) {
                        None => {
                            self.now += 5;
                            self.journal.push(Happened::Resumed);
                            run = Run::new(target.clone(), wish, None, Past::of(&self.journal));
                            continue;
                        }
                        Some(came) => came,
                    };
                    let entry = match came {
                        Some(Ok(_)) if effect.restarts() => continue,
                        Some(Ok(md5)) => Happened::Done { effect, md5 },
                        Some(Err(why)) => Happened::Failed { effect, why },
                        None => continue,
                    };
                    run.take(&entry);
                    self.journal.push(entry);
                }
            }
        }
        panic!("no end: {:?}", self.journal)
    }
}

#[test]
fn packages_are_added_tried_looked_at_and_kept() {
    let mut scene = Scene::new(&[]);
    assert_eq!(scene.whole(), Outcome::Upgraded);
    assert_eq!(scene.done, ["transfer", "verify", "set-boot", "save", "add", "activate", "commit"]);
    assert_eq!((scene.runs_new, scene.new), (true, Some(Standing::Committed)));
    assert_eq!(scene.saved, ["flash:packages.conf"]);
    scene.journal.clear();
    assert_eq!(scene.whole(), Outcome::AlreadyThere);
}

#[test]
fn every_fault_at_every_step_ends_as_promised() {
    for step in STEPS.into_iter().chain(["commit"]) {
        for fault in [
            Fault::Fails(step, 1),
            Fault::Unheard(step),
            Fault::KilledBefore(step),
            Fault::KilledBehind(step),
        ] {
            let mut scene = Scene::new(&[fault]);
            let outcome = scene.whole();
            assert_eq!(outcome, Outcome::Upgraded, "{fault:?}: {:?}", scene.journal);
            let times = |step: &str| scene.done.iter().filter(|done| *done == step).count();
            assert_eq!((times("add"), times("activate"), times("commit")), (1, 1, 1), "{fault:?}");
        }
        let mut scene = Scene::new(&[Fault::Fails(step, 9)]);
        let outcome = scene.whole();
        let is_put_back = matches!(outcome, Outcome::RolledBack(_));
        // On trial it is undone; before nothing was felt.
        assert_eq!(is_put_back, step == "commit", "{step}: {outcome:?}");
        assert!(outcome.why().is_some_and(|why| why.contains("it was told to")), "{outcome:?}");
        assert!(!scene.runs_new && scene.new != Some(Standing::OnTrial), "{step}: what runs is what ran");
    }
}

#[test]
fn what_goes_back_by_itself_is_said_to_be_put_back() {
    for fault in [Fault::DoesNotLoad, Fault::TooLate] {
        let mut scene = Scene::new(&[fault]);
        let outcome = scene.whole();
        assert!(
            matches!(&outcome, Outcome::RolledBack(why) if why.contains("17.06.01")),
            "{fault:?}: {outcome:?}"
        );
        assert!(!scene.runs_new);
    }
}
