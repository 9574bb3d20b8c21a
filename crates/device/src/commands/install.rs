//! `install`: what is typed, what the ledger makes of it, and what follows in flash.

use super::copy::{aside, judge};
use super::exec::Exec;
use super::files::{reason_of, unix};
use super::table::Id;
use crate::boot::switch::BOOT;
use crate::ifs::{Fs, Url};
use crate::image::{self, Part};
use crate::install::{self, Done, Image, Installing, Ledger, LogEntry, PACKAGES, Provision, Refusal, Verb};
use crate::profile::View;
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::text::copy::Reason;
use ios_cli::text::install as texts;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};
use store::{Blob, Sink, VPath};

/// Minutes that an activation has unless its command says otherwise.
const TRIAL: u64 = 120;
/// What a step takes at pace 1.
const STEP: Duration = Duration::from_millis(1_500);

/// How a part of an operation ended: it went well, or the member says why not.
type Ended = Result<Result<(), String>, Leave>;

/// An operation that was typed.
struct Operation {
    /// `install_add_activate_commit`
    name: &'static str,
    /// As it was typed, for messages: `install add flash:x.bin`.
    typed: String,
    /// Whether questions are asked.
    asks: bool,
    from: u64,
}

/// An image, and what it comes apart to.
pub(super) struct Apart {
    pub(super) image: Image,
    pub(super) facts: image::Facts,
    parts: Vec<Part>,
    blob: Blob,
}

/// The date of operations: `Fri Dec 13 05:45:36 UTC 2024`.
pub(super) fn date(at: SystemTime) -> String {
    let c = clock::civil::Civil::from_unix(unix(at));
    format!(
        "{} {} {:>2} {:02}:{:02}:{:02} UTC {}",
        c.day_name(),
        c.month_name(),
        c.day,
        c.hour,
        c.minute,
        c.second,
        c.year
    )
}

/// Why the ledger does not allow it, as a member says it.
fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::BundleMode => texts::BUNDLE,
        Refusal::AlreadyAdded => texts::ALREADY_ADDED,
        Refusal::NothingAdded => texts::NOTHING_ADDED,
        Refusal::OnTrial => texts::ON_TRIAL,
        Refusal::NothingOnTrial => texts::NOTHING_ON_TRIAL,
        Refusal::NoSuchPoint => texts::NO_SUCH_POINT,
        Refusal::NotAMend => texts::NOT_A_MEND,
    }
}

/// A writer over a sink, from the front to the back.
struct InOrder<'a>(&'a mut dyn Sink, u64);

impl Write for InOrder<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write_at(self.1, octets)?;
        self.1 += octets.len() as u64;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Exec<'_> {
    pub(super) fn install(&mut self, found: &Match<Id>) -> Result<(), Leave> {
        let (name, verb) = match () {
            () if found.has("add") && found.has("commit") => ("install_add_activate_commit", Verb::OneShot),
            () if found.has("add") && found.has("activate") => ("install_add_activate", Verb::AddActivate),
            () if found.has("add") => ("install_add", Verb::Add),
            () if found.has("activate") => ("install_activate", Verb::Activate),
            () if found.has("commit") => ("install_commit", Verb::Commit),
            () if found.has("abort") => ("install_abort", Verb::Abort),
            () if found.has("auto-abort-timer") => ("install_auto_abort_timer_stop", Verb::StopTimer),
            () if found.has("committed") => ("install_rollback", Verb::RollbackCommitted),
            () if found.has("base") => ("install_rollback", Verb::RollbackBase),
            () if found.has("rollback") => ("install_rollback", Verb::RollbackId),
            () if found.has("deactivate") => ("install_deactivate", Verb::Deactivate),
            () => return self.install_remove(found),
        };
        let file = found.text("file").map(str::to_owned);
        let operation = self.operation(name, found);
        let device = self.tty.device.clone();
        let Some(_one) = Installing::begin(&device) else { return self.tty.print(texts::BUSY) };
        self.begin(&operation)?;
        let packages = device.running(|r| r.packages.is_some()).unwrap_or(false);
        let ledger = device.ledger();
        let allowed = Ledger::allows(verb, ledger.mode(packages));
        let what = file.as_deref().map(|f| format!("{} ", self.mounted(f))).unwrap_or_default();
        // A package that is activated by its name would be a mend of an image.
        let named = verb == Verb::Activate && file.is_some();
        let ended = match allowed {
            _ if found.has("issu") => Err(texts::NO_ISSU.into()),
            _ if named => Err(texts::NOT_A_MEND.into()),
            Err(why) => Err(refusal(why).into()),
            Ok(done) => match self.carried_out(&operation, verb, done, ledger, found)? {
                Ok(restarts) => return self.succeed(&operation, &what, restarts),
                Err(why) => Err(why),
            },
        };
        match ended {
            Ok(()) => Ok(()),
            Err(why) => self.fail(&operation, &what, &why),
        }
    }

    fn operation(&self, name: &'static str, found: &Match<Id>) -> Operation {
        let words = found.words.iter().take_while(|w| **w != "prompt-level" && **w != "file");
        let file = found.text("file").map(|f| format!(" {f}")).unwrap_or_default();
        let typed = words.copied().collect::<Vec<_>>().join(" ") + &file;
        Operation { name, typed, asks: !found.has("none"), from: install::now() }
    }

    fn begin(&mut self, operation: &Operation) -> Result<(), Leave> {
        let member = self.member();
        self.tty.device.log(&texts::started_message(&member, &operation.typed));
        let when = date(self.tty.device.now());
        self.tty.print(&texts::start(operation.name, &when))
    }

    /// What the ledger allows is done; whether the device restarts for it, or why it came to nothing.
    fn carried_out(
        &mut self,
        operation: &Operation,
        verb: Verb,
        done: Done,
        ledger: Ledger,
        found: &Match<Id>,
    ) -> Result<Result<bool, String>, Leave> {
        let minutes = found.number("minutes").unwrap_or(TRIAL);
        let changed = match done {
            Done::Kept => {
                self.step("Commit", "Commit packages(s)", "Finished Commit packages(s)", "Commit operation")?;
                self.change_ledger(|ledger| drop(ledger.keep(install::now())));
                return Ok(Ok(false));
            }
            Done::Endless => {
                self.change_ledger(Ledger::stop_timer);
                return Ok(Ok(false));
            }
            Done::Back => match ledger.behind().cloned() {
                Some(back) => self.return_to(operation, &back, |ledger, _| drop(ledger.back()))?,
                None => Err(texts::NOTHING_ON_TRIAL.into()),
            },
            Done::ToPoint => {
                let id = found.number("id").and_then(|id| u32::try_from(id).ok());
                match (ledger.point(id), verb == Verb::RollbackId && id.is_none()) {
                    (Some(point), false) if ledger.current() == Some(&point.image) => {
                        self.tty.print(&texts::rolling_back(&target(id)))?;
                        self.step(
                            "Rollback",
                            "SMU_ROLLBACK package(s)",
                            "Finished SMU_ROLLBACK package(s)",
                            "Rollback operation",
                        )?;
                        return Ok(Ok(false));
                    }
                    (Some(point), false) => {
                        let image = point.image.clone();
                        self.tty.print(&texts::rolling_back(&target(id)))?;
                        self.return_to(operation, &image, |ledger, image| {
                            ledger.commit(install::now(), image);
                        })?
                    }
                    (Some(_) | None, _) => Err(texts::NO_SUCH_POINT.into()),
                }
            }
            Done::Added | Done::OnTrial | Done::ForGood => {
                let image = match verb {
                    Verb::Activate => ledger.added().cloned().ok_or_else(|| texts::NOTHING_ADDED.to_owned()),
                    _ => {
                        let file = found.text("file").unwrap_or_default();
                        let file = match self.at_hand(file)? {
                            Ok(file) => file,
                            Err(why) => return Ok(Err(why)),
                        };
                        self.tty.print(texts::ADDING)?;
                        let restarts = done != Done::Added;
                        if let Err(why) = self.settle(operation, restarts)? {
                            return Ok(Err(why));
                        }
                        match self.add(&file, &ledger)? {
                            Ok(Some(image)) => Ok(image),
                            // What is asked for runs already.
                            Ok(None) => return Ok(Ok(false)),
                            Err(why) => Err(why),
                        }
                    }
                };
                match image {
                    Ok(_) if done == Done::Added => return Ok(Ok(false)),
                    Ok(image) => {
                        if verb == Verb::Activate
                            && let Err(why) = self.settle(operation, true)?
                        {
                            return Ok(Err(why));
                        }
                        self.activate(operation, &image, done, minutes)?
                    }
                    Err(why) => Err(why),
                }
            }
        };
        Ok(changed.map(|()| true))
    }

    /// Before a restart: what is not saved, and what the boot loader was told.
    fn settle(&mut self, operation: &Operation, restarts: bool) -> Ended {
        if !restarts {
            return Ok(Ok(()));
        }
        if self.tty.device.is_modified() {
            if !operation.asks {
                return Ok(Err(texts::UNSAVED_REFUSED.into()));
            }
            match self.ask_letter(&format!("{} [y/n/q]", texts::UNSAVED), "ynq")? {
                Some('y') => {
                    if self.save()?.is_err() {
                        return Ok(Err(texts::UNSAVED_REFUSED.into()));
                    }
                }
                Some('n') => {}
                Some(_) | None => return Ok(Err(texts::UNSAVED_REFUSED.into())),
            }
        }
        let expected = format!("{}{PACKAGES}", self.flash());
        if !self.boots_packages() && operation.asks {
            let question = format!("{} [y/n]", texts::boot_changed(&expected));
            if self.ask_letter(&question, "yn")? != Some('y') {
                return Ok(Err(texts::boot_not_changed(&expected)));
            }
        }
        Ok(Ok(()))
    }

    /// Whether the boot loader will take `packages.conf` first.
    fn boots_packages(&self) -> bool {
        let device = &self.tty.device;
        let is = |name: &str| name.trim_start_matches('/') == PACKAGES;
        match device.profile().boot.view {
            View::Bootvar => {
                let lines = device.running_config().boot;
                let first = lines.first().map(crate::config::BootLine::source);
                matches!(first, Some(crate::config::BootSource::Flash(Some(file))) if is(file))
            }
            View::PathList | View::Variables => {
                let list = device.state().monitor.get(BOOT).map(str::to_owned);
                // Told nothing, it takes them too.
                let Some(list) = list else { return true };
                list.split(';').next().and_then(crate::profile::Prefix::strip).is_some_and(is)
            }
        }
    }

    /// The name of an image of flash; one of a server is copied there first, under its own name.
    fn at_hand(&mut self, file: &str) -> Result<Result<String, String>, Leave> {
        let Ok(Url::Net(net)) = self.url(file) else { return Ok(Ok(file.to_owned())) };
        let failed = |reason: Reason| Ok(Err(texts::not_downloaded(file, &reason.to_string())));
        let name = net.path.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let path = match VPath::parse(name.as_bytes()) {
            Ok(path) if !path.is_root() && net.host.is_some() => path,
            Ok(_) | Err(_) => return failed(Reason::BadFileName),
        };
        self.tty.print(&texts::downloading(file))?;
        let mut upload = match self.tty.device.flash.create(&path) {
            Ok(upload) => upload,
            Err(e) => return failed(reason_of(&e)),
        };
        let remote = self.remote(&net);
        // What does not come whole leaves nothing.
        match aside(self.tty, |options| client::get(&remote, &mut upload, options))? {
            Ok(_) => match upload.commit() {
                Ok(_) => {
                    let there = format!("{}{name}", self.flash());
                    self.tty.print(&texts::downloaded(file, &there))?;
                    Ok(Ok(there))
                }
                Err(e) => failed(reason_of(&e)),
            },
            Err(error) => failed(judge(&error, false).1),
        }
    }

    /// Takes an image of flash apart; `None`: it is what runs.
    fn add(&mut self, file: &str, ledger: &Ledger) -> Result<Result<Option<Image>, String>, Leave> {
        let device = self.tty.device.clone();
        let member = self.member();
        let there = match self.looked_at(file) {
            Ok(there) => there,
            Err(why) => return Ok(Err(why)),
        };
        let image = there.image.clone();
        let runs = device.running(|r| r.packages.is_some()).unwrap_or(false);
        if runs && ledger.current().is_some_and(|current| *current == image) {
            self.tty.print(&texts::same_image(&member))?;
            return Ok(Ok(None));
        }
        if let Err(why) = self.has_room(&there.parts) {
            return Ok(Err(why));
        }
        self.tty.print(&texts::syncing(file, &member))?;
        self.tty.print(&texts::starting("Add"))?;
        self.wait()?;
        if let Err(why) = self.taken_apart(&there) {
            return Ok(Err(why));
        }
        let conf = Provision::of(device.profile(), &there.facts.version).render();
        if let Ok(path) = VPath::parse(image.conf.as_bytes()) {
            let _ = device.write_whole(&path, conf.as_bytes());
        }
        self.change_ledger(|ledger| ledger.add(image.clone()));
        self.tty.print(&texts::doing("Finished Add package(s)", &member))?;
        self.tty.print(&texts::passed("Add", "Add"))?;
        self.tty.print(&texts::added(&image.release))?;
        Ok(Ok(Some(image)))
    }

    /// An image of flash that this model can take apart; why there is none otherwise.
    pub(super) fn looked_at(&self, file: &str) -> Result<Apart, String> {
        let profile = self.tty.device.profile();
        let blob = self.image_file(file)?;
        let facts = match image::show(&blob) {
            Ok(facts) if facts.profile == *profile.name && facts.package.is_none() => facts,
            Ok(_) => return Err(texts::not_an_image(file)),
            Err(why) => return Err(texts::package(&why.to_string())),
        };
        let parts = image::parts(profile, &facts);
        let packages: Vec<String> = parts.iter().map(|part| part.file.clone()).collect();
        match install::image(profile, &facts.version, packages) {
            Some(image) => Ok(Apart { image, facts, parts, blob }),
            None => Err(texts::not_an_image(file)),
        }
    }

    /// Whether the packages fit, those that are there already aside.
    fn has_room(&self, parts: &[Part]) -> Result<(), String> {
        let device = &self.tty.device;
        let profile = device.profile();
        let cluster = profile.flash.cluster.get();
        let wanted: u64 = parts.iter().map(|part| part.size.next_multiple_of(cluster)).sum();
        let there: u64 =
            parts.iter().filter_map(|p| self.stat(&p.file)).map(|n| n.next_multiple_of(cluster)).sum();
        let free = device.flash.free().unwrap_or(0) + there;
        let mount = profile.install.as_ref().map_or("", |install| &*install.mount);
        if wanted > free { Err(texts::no_room(mount, wanted, free)) } else { Ok(()) }
    }

    /// Writes the packages of an image, all or none.
    pub(super) fn taken_apart(&self, there: &Apart) -> Result<(), String> {
        self.has_room(&there.parts)?;
        let mut written = there.parts.iter().map(|part| self.expand(part, &there.facts, &there.blob));
        if let Some(Err(why)) = written.find(Result::is_err) {
            for part in &there.parts {
                if let Ok(path) = VPath::parse(part.file.as_bytes()) {
                    let _ = self.tty.device.flash.remove(&path);
                }
            }
            return Err(why);
        }
        Ok(())
    }

    fn expand(&self, part: &Part, image: &image::Facts, from: &Blob) -> Result<(), String> {
        let device = &self.tty.device;
        let path = VPath::parse(part.file.as_bytes()).map_err(|e| e.to_string())?;
        let said = |e: &dyn std::fmt::Display| format!("{}: {e}", part.file);
        let mut upload = device.flash.create(&path).map_err(|e| said(&e))?;
        part.write(device.profile(), image, from, &mut InOrder(&mut upload, 0)).map_err(|e| said(&e))?;
        upload.commit().map(drop).map_err(|e| said(&e))
    }

    /// What was added runs next.
    fn activate(&mut self, operation: &Operation, image: &Image, done: Done, minutes: u64) -> Ended {
        let member = self.member();
        let paths: Vec<String> = image.packages.iter().map(|file| self.mounted(file)).collect();
        self.tty.print(&texts::activating(&paths))?;
        if !self.may_restart(operation)? {
            return Ok(Err(texts::DECLINED.into()));
        }
        self.tty.print(&texts::starting("Activate"))?;
        self.tty.print(&texts::doing("Activate package(s)", &member))?;
        self.wait()?;
        if let Err(why) = self.tty.device.provide(image) {
            return Ok(Err(why));
        }
        self.tty.print(&texts::doing("Finished Activate", &member))?;
        self.tty.print(&texts::passed("Activate", "Activate"))?;
        match done {
            Done::ForGood => {
                self.step("Commit", "Commit package(s)", "Finished Commit", "Commit operation")?;
                self.change_ledger(|ledger| ledger.commit(install::now(), image.clone()));
            }
            _ => {
                let seconds = minutes.saturating_mul(60);
                self.tty.device.log(&texts::timer_message(&member, seconds));
                self.change_ledger(|ledger| ledger.activate(install::now(), image.clone(), seconds));
            }
        }
        Ok(Ok(()))
    }

    /// `abort` and `rollback`: an image that was committed once runs next.
    fn return_to(&mut self, operation: &Operation, image: &Image, then: fn(&mut Ledger, Image)) -> Ended {
        if !self.may_restart(operation)? {
            return Ok(Err(texts::DECLINED.into()));
        }
        let (what, member) =
            (if operation.name == "install_abort" { "Abort" } else { "Rollback" }, self.member());
        self.tty.print(&texts::starting(what))?;
        self.tty.print(&texts::doing(&format!("{what} packages(s)"), &member))?;
        self.wait()?;
        if let Err(why) = self.tty.device.provide(image) {
            return Ok(Err(why));
        }
        self.tty.print(&texts::passed(what, &format!("{what} operation")))?;
        self.change_ledger(|ledger| then(ledger, image.clone()));
        Ok(Ok(()))
    }

    // ---- small things

    /// How this member calls itself.
    pub(super) fn member(&self) -> String {
        self.tty.device.profile().install.as_ref().map_or_else(String::new, |i| i.member.to_string())
    }

    /// `/flash/x.bin` of a file of flash, however it was typed.
    pub(super) fn mounted(&self, file: &str) -> String {
        let mount = self.tty.device.profile().install.as_ref().map_or("", |i| &*i.mount);
        match self.local(file) {
            Ok((_, _, path)) => format!("{mount}{path}"),
            Err(_) => file.to_owned(),
        }
    }

    fn image_file(&self, file: &str) -> Result<Blob, String> {
        match self.local(file) {
            Ok((Fs::Flash, _, path)) => self.tty.device.flash.open(&path).map_err(|_| texts::absent(file)),
            Ok(_) | Err(_) => Err(texts::absent(file)),
        }
    }

    /// Octets of a file in the root of flash.
    pub(super) fn stat(&self, file: &str) -> Option<u64> {
        let path = VPath::parse(file.as_bytes()).ok()?;
        self.tty.device.flash.stat(&path).ok().map(|row| row.len)
    }

    pub(super) fn change_ledger(&self, change: impl FnOnce(&mut Ledger)) {
        let mut ledger = self.tty.device.ledger();
        change(&mut ledger);
        self.tty.device.keep_ledger(&ledger);
    }

    /// A step of an operation from its beginning to its end.
    fn step(&mut self, what: &str, doing: &str, done: &str, end: &str) -> Result<(), Leave> {
        let member = self.member();
        self.tty.print(&(texts::starting(what) + &texts::doing(doing, &member)))?;
        self.wait()?;
        self.tty.print(&(texts::doing(done, &member) + &texts::passed(what, end)))
    }

    pub(super) fn wait(&mut self) -> Result<(), Leave> {
        let pace = self.tty.device.config.pace.max(0.0);
        self.tty.pause(STEP.mul_f64(pace)).map(drop)
    }

    fn may_restart(&mut self, operation: &Operation) -> Result<bool, Leave> {
        if !operation.asks {
            return Ok(true);
        }
        let answer = self.ask_letter(&format!("{} [y/n]", texts::MAY_RELOAD), "yn")?;
        self.tty.print("\n")?;
        Ok(answer == Some('y'))
    }

    /// A line that begins with one of `letters`; asked until it does. `None`: given up.
    pub(super) fn ask_letter(&mut self, question: &str, letters: &str) -> Result<Option<char>, Leave> {
        let (before, prompt) = question.rsplit_once('\n').map_or(("", question), |(b, p)| (b, p));
        if !before.is_empty() {
            self.tty.print(&format!("{before}\n"))?;
        }
        loop {
            let Some(typed) = self.tty.ask_plain_or(prompt)? else { return Ok(None) };
            let first = typed.chars().next().map(|c| c.to_ascii_lowercase());
            if let Some(letter) = first.filter(|letter| letters.contains(*letter)) {
                return Ok(Some(letter));
            }
        }
    }

    /// It did what it was to do.
    fn succeed(&mut self, operation: &Operation, what: &str, restarts: bool) -> Result<(), Leave> {
        let device = self.tty.device.clone();
        let (member, when) = (self.member(), date(device.now()));
        let (operation_name, from) = (operation.name.to_owned(), operation.from);
        self.change_ledger(|ledger| {
            ledger.note(LogEntry { operation: operation_name, from, to: install::now(), good: true });
        });
        // Only what adds says of which file.
        let what = if operation.name == "install_add" { what } else { "" };
        self.tty.print(&texts::success(operation.name, what, &when))?;
        device.log(&texts::completed_message(&member, &operation.typed));
        if !restarts {
            return Ok(());
        }
        self.tty.print(&format!("\n{}", texts::RELOADING))?;
        device.restart(crate::texts::INSTALL);
        Err(Leave::Restart)
    }

    /// It did not.
    pub(super) fn fail_as(
        &mut self,
        name: &'static str,
        typed: &str,
        what: &str,
        why: &str,
    ) -> Result<(), Leave> {
        let device = self.tty.device.clone();
        let (member, when) = (self.member(), date(device.now()));
        self.tty.print(&texts::refused(&member, why))?;
        self.tty.print(&texts::failure(name, what, &when))?;
        device.log(&texts::failed_message(&member, typed, why));
        Ok(())
    }

    fn fail(&mut self, operation: &Operation, what: &str, why: &str) -> Result<(), Leave> {
        let (name, from) = (operation.name, operation.from);
        self.change_ledger(|ledger| {
            ledger.note(LogEntry { operation: name.into(), from, to: install::now(), good: false });
        });
        // What is short for it, as a C9200 prints it.
        let shown = if name == "install_add_activate_commit" { "add_activate_commit" } else { name };
        self.fail_as(shown, &operation.typed, what, why)
    }
}

/// `base`, `id 2`
fn target(id: Option<u32>) -> String {
    id.map_or_else(|| "base".into(), |id| format!("id {id}"))
}
