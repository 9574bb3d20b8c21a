//! The upgrade of one device, from facts and a journal, to its end.

use super::deeds::{Undone, act};
use super::session::{Fault, Session};
use super::source::Source;
use super::survey::{survey, survey_boot, survey_flash};
use super::trouble::Why;
use client::ClientError;
use std::time::{Duration, SystemTime};
use upgrade::{Effect, Facts, Happened, Next, Outcome, Run, Start};

/// What keeps what happened: an entry is on the disk when this comes back.
pub trait Journal {
    /// One more entry.
    ///
    /// # Errors
    /// It could not be kept, or somebody else goes on with this device.
    fn write(&mut self, entry: &Happened) -> Result<(), String>;

    /// What the device is now, and its configuration.
    ///
    /// # Errors
    /// As [`Journal::write`].
    fn facts(&mut self, _: &Facts, _configuration: Option<&str>) -> Result<(), String> {
        Ok(())
    }

    /// What stood on its line since.
    ///
    /// # Errors
    /// As [`Journal::write`].
    fn transcript(&mut self, _: String) -> Result<(), String> {
        Ok(())
    }

    /// Whether somebody has asked to stop.
    fn is_to_stop(&mut self) -> bool {
        false
    }

    /// Other devices that restart now because of the same wish, by their names.
    fn restarting(&mut self) -> Vec<String> {
        Vec::new()
    }

    /// Something for people.
    fn remark(&mut self, _: &str) {}
}

/// Why it was left in the middle: the journal knows where.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// The journal does not take what happened.
    #[error("the journal does not take it: {0}")]
    Journal(String),
    /// Somebody wished so.
    #[error("stopped")]
    Stopped,
}

/// Goes on until it is over. `open` logs in; `is_stopped` is asked before anything is done.
///
/// # Errors
/// See [`Halt`].
pub fn carry_out(
    run: &mut Run,
    mut open: impl FnMut() -> Result<Session, Fault>,
    journal: &mut dyn Journal,
    source: &mut dyn Source,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Outcome, Halt> {
    let mut session: Option<Session> = None;
    let mut known: Option<Facts> = None;
    loop {
        if is_stopped() || journal.is_to_stop() {
            return Err(Halt::Stopped);
        }
        let facts = match known.take() {
            Some(facts) => Ok(facts),
            None => asked(&mut session, &mut open),
        };
        let next = match &facts {
            Ok(facts) => {
                let configuration = session.as_ref().and_then(Session::running);
                journal.facts(facts, configuration.as_deref()).map_err(Halt::Journal)?;
                run.restart_too(journal.restarting());
                run.next(facts, now())
            }
            Err(Fault::Line(ClientError::Cancelled)) => return Err(Halt::Stopped),
            Err(fault) => missed(run, fault),
        };
        said(session.as_mut(), journal)?;
        match next {
            Next::Note(entry) => {
                note(run, journal, entry)?;
                known = facts.ok();
            }
            Next::Wait(time) => {
                // A line that nobody types on for long is closed by the device.
                if time > Duration::from_secs(5) {
                    session = None;
                }
                wait(time, is_stopped);
            }
            Next::Over(outcome) => {
                note(run, journal, Happened::Ended(outcome.clone()))?;
                return Ok(outcome);
            }
            Next::Do(effect) => {
                let facts = facts.map_err(|e| Halt::Journal(e.to_string()))?;
                // Before it is written down: of a copy that may have begun somebody would wait for the end.
                if effect == Effect::Copy && !is_chosen(&mut session, source, journal)? {
                    continue;
                }
                let start = Start::of(&facts);
                note(run, journal, Happened::Intent { effect: effect.clone(), at: now(), start })?;
                if let Some(entry) = done(&mut session, &effect, &facts, run, (source, journal))? {
                    note(run, journal, entry.clone())?;
                    if let Happened::Ended(outcome) = entry {
                        return Ok(outcome);
                    }
                }
                known = after(session.as_mut(), &effect, &facts);
            }
        }
    }
}

/// Whether it is known how the device copies. Where it is asked and nobody knows what it says, the line is given up.
fn is_chosen(
    session: &mut Option<Session>,
    source: &mut dyn Source,
    journal: &mut dyn Journal,
) -> Result<bool, Halt> {
    let Some(at) = session.as_mut() else { return Ok(true) };
    let chosen = source.choose(at, &mut |text| journal.remark(text));
    said(session.as_mut(), journal)?;
    match chosen {
        Ok(()) => Ok(true),
        Err(Fault::Line(ClientError::Cancelled)) => Err(Halt::Stopped),
        Err(fault) => {
            journal.remark(&format!("while a way was chosen: {fault}"));
            *session = None;
            Ok(false)
        }
    }
}

/// What came of doing it; no entry where nobody knows.
fn done(
    session: &mut Option<Session>,
    effect: &Effect,
    facts: &Facts,
    run: &Run,
    (source, journal): (&mut dyn Source, &mut dyn Journal),
) -> Result<Option<Happened>, Halt> {
    let effect = effect.clone();
    let mut url = String::new();
    if matches!(effect, Effect::Copy) {
        match source.url(session.as_ref().and_then(Session::our_address)) {
            Ok((found, reason)) => {
                journal.remark(&reason);
                url = found;
            }
            Err(why) => return Ok(Some(Happened::Failed { effect, why })),
        }
    }
    Ok(match act(session, &effect, facts, run.target(), &url) {
        // Its next uptime says whether it did.
        Ok(_) if effect.restarts() => None,
        Ok(md5) => Some(Happened::Done { effect, md5 }),
        Err(Undone::Refused(mut why)) => {
            if let Some(sent) = source.sent().filter(|_| matches!(effect, Effect::Copy)) {
                why = format!("{why}; {sent}");
            }
            Some(Happened::Failed { effect, why })
        }
        Err(Undone::Fault(Fault::Line(ClientError::Cancelled))) => return Err(Halt::Stopped),
        Err(Undone::Fault(fault)) if is_lost(&fault) => None,
        Err(Undone::Fault(fault)) => Some(Happened::Ended(Outcome::Held(fault.to_string()))),
    })
}

/// The facts, where not all of them may be others.
fn after(session: Option<&mut Session>, effect: &Effect, facts: &Facts) -> Option<Facts> {
    match effect {
        Effect::Delete(_) | Effect::Copy => survey_flash(session?, facts).ok(),
        Effect::Digest => Some(facts.clone()).filter(|_| session.is_some()),
        Effect::SetBoot(_) | Effect::Save => survey_boot(session?).ok(),
        Effect::Reload | Effect::Add | Effect::Activate(_) | Effect::Commit | Effect::Abort => None,
    }
}

fn asked(
    session: &mut Option<Session>,
    open: &mut impl FnMut() -> Result<Session, Fault>,
) -> Result<Facts, Fault> {
    if session.is_none() {
        *session = Some(open()?);
    }
    let Some(at) = session.as_mut() else { unreachable!("it has just been opened") };
    let facts = survey(at);
    if facts.is_err() {
        *session = None;
    }
    facts
}

/// What is next for a device that does not say what it is.
fn missed(run: &mut Run, fault: &Fault) -> Next {
    let is_starting = run.past().is_restarting();
    // Who is to say that somebody may come in may not be reached yet.
    let may_start = match fault {
        Fault::Trouble(trouble) => matches!(trouble.why, Why::Loader | Why::Refused),
        Fault::Line(error) => matches!(error, ClientError::Login { .. }),
        Fault::Complaint { .. } | Fault::Unreadable { .. } => false,
    };
    if is_lost(fault) || (is_starting && may_start) {
        return run.lost(now(), &fault.to_string());
    }
    // Nothing is typed at what nobody understands.
    Next::Over(match run.past().before {
        Some(_) => Outcome::Held(fault.to_string()),
        None => Outcome::Abandoned(fault.to_string()),
    })
}

/// Whether another call may find it well.
fn is_lost(fault: &Fault) -> bool {
    match fault {
        // A login that is refused is not tried again: that locks accounts.
        Fault::Line(error) => !matches!(error, ClientError::Cancelled | ClientError::Login { .. }),
        Fault::Trouble(trouble) => matches!(trouble.why, Why::Gone | Why::Silent(_)),
        Fault::Complaint { .. } | Fault::Unreadable { .. } => false,
    }
}

fn note(run: &mut Run, journal: &mut dyn Journal, entry: Happened) -> Result<(), Halt> {
    journal.write(&entry).map_err(Halt::Journal)?;
    run.take(&entry);
    Ok(())
}

/// Keeps what stood on the line.
fn said(session: Option<&mut Session>, journal: &mut dyn Journal) -> Result<(), Halt> {
    match session.map(Session::take_transcript).filter(|text| !text.is_empty()) {
        Some(text) => journal.transcript(text).map_err(Halt::Journal),
        None => Ok(()),
    }
}

fn wait(time: Duration, is_stopped: &dyn Fn() -> bool) {
    let until = std::time::Instant::now() + time;
    while !is_stopped() {
        let left = until.saturating_duration_since(std::time::Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::super::survey::Texts;
    use super::*;
    use client::WireCode;
    use std::net::IpAddr;
    use upgrade::{Past, State, Target, Wish};

    /// A journal of nothing.
    struct Unkept;

    impl Journal for Unkept {
        fn write(&mut self, _: &Happened) -> Result<(), String> {
            Ok(())
        }
    }

    impl Source for Unkept {
        fn url(&mut self, _: Option<IpAddr>) -> Result<(String, String), String> {
            Err("there is none".to_owned())
        }
    }

    fn facts() -> Facts {
        let text = |text: &str| text.to_owned();
        let texts = Texts {
            version: text(include_str!("../../../ios-cli/tests/data/show_version_c3945.txt")),
            boot: text(include_str!("../../../ios-cli/tests/data/show_bootvar_asr1k.txt")),
            dir: text(include_str!("../../../ios-cli/tests/data/dir_iosv.txt")),
            ..Texts::default()
        };
        texts.facts("R1").expect("facts")
    }

    fn refused() -> Fault {
        let text = "tried the password as bob".to_owned();
        Fault::Line(ClientError::Login { code: WireCode::Ssh(51), text })
    }

    /// What becomes of a device of which that happened, and how often it was logged in to, where it refuses the login.
    fn end(happened: &[Happened], restart: Duration) -> (Outcome, u32) {
        let target = Target {
            name: "new.bin".to_owned(),
            size: 1,
            md5: String::new(),
            platform: None,
            feature: None,
            version: None,
            damage: None,
        };
        let mut run = Run::new(target, Wish { restart, ..Wish::default() }, None, Past::default());
        happened.iter().for_each(|entry| run.take(entry));
        let mut logins = 0;
        let open = || {
            logins += 1;
            Err(refused())
        };
        let came = carry_out(&mut run, open, &mut Unkept, &mut Unkept, &|| false);
        (came.expect("an end"), logins)
    }

    #[test]
    fn a_refused_login_is_tried_once_and_named_where_the_device_is_held() {
        let words = "login refused: tried the password as bob";
        let patience = Duration::from_secs(600);
        assert_eq!(end(&[], patience), (Outcome::Abandoned(words.to_owned()), 1));
        let began = Happened::Began {
            serial: None,
            image: "flash0:old.bin".to_owned(),
            version: "15.0(1)M7".to_owned(),
            boot: Vec::new(),
            may_go: Vec::new(),
            state: State::default(),
        };
        assert_eq!(end(std::slice::from_ref(&began), patience), (Outcome::Held(words.to_owned()), 1));
        // Behind a restart whom it asks may not be there yet; in the end that is what it said.
        let told = Happened::Intent { effect: Effect::Reload, at: 0, start: Start::of(&facts()) };
        let (outcome, _) = end(&[began, told], Duration::ZERO);
        let Outcome::Held(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains(words) && why.ends_with("look at its console"), "{why}");
    }
}
