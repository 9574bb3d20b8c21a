//! What happens at its time without anybody on a line: a boot that nobody watches, a reload that was scheduled.
//!
//! A device with somebody at its console boots there, with every text and at that pace; [`Attendant`] is for the others.
//! One thread does for any number of devices, and sleeps until the first of them is due.

use crate::Device;
use crate::device::{Power, Scheduled};
use crate::messages::{Post, To};
use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// What a boot takes on the console at pace 1, less than half a second about: `session::booting` says how.
const BOOT: Duration = Duration::from_millis(14_100);

impl Device {
    /// A scheduled reload, at its time.
    fn reload_as_scheduled(&self) {
        self.restart(&format!("reload at {}", crate::texts::moment(self.now())));
    }

    /// Replaces what is scheduled; gives what was.
    pub(crate) fn schedule(&self, scheduled: Option<Scheduled>) -> Option<Scheduled> {
        let was = std::mem::replace(&mut self.state().scheduled, scheduled);
        self.tell();
        was
    }

    /// Says on every line what is to be said of a scheduled reload now, and carries it out at its time. Whoever looks
    /// first does.
    pub(crate) fn mind_schedule(&self) {
        let Some((text, is_now)) = self.due() else { return };
        self.posts.push(Post { to: To::All, text });
        if is_now {
            self.reload_as_scheduled();
        }
    }

    /// What is said of a scheduled reload now, and whether it happens.
    fn due(&self) -> Option<(String, bool)> {
        let mut state = self.state();
        let scheduled = state.scheduled.as_mut()?;
        let left = scheduled.at.duration_since(SystemTime::now()).unwrap_or_default();
        if left.is_zero() {
            // Nobody else carries it out.
            state.scheduled = None;
            return Some((ios_cli::text::boot::shutdown("NOW"), true));
        }
        let minutes = [60, 30, 5, 1].into_iter().filter(|m| left.as_secs() < m * 60).min()?;
        if scheduled.warned.is_some_and(|said| said <= minutes) {
            return None;
        }
        // What was past when it was scheduled is not said.
        let first = scheduled.warned.replace(minutes).is_none();
        let exact = left.as_secs() + 2 >= minutes * 60;
        let text = format!("in {}:{:02}:00", minutes / 60, minutes % 60);
        (exact || !first).then(|| (ios_cli::text::boot::shutdown(&text), false))
    }

    /// Calls `tell` whenever the device may have something to do earlier than it had. Only the first is called.
    fn on_deadline(&self, tell: impl Fn() + Send + Sync + 'static) {
        let _ = self.attended.set(Box::new(tell));
        self.tell();
    }

    /// The next deadline may be another one now.
    pub(crate) fn tell(&self) {
        if let Some(tell) = self.attended.get() {
            tell();
        }
    }

    /// Whether an [`Attendant`] looks after it.
    fn is_attended(&self) -> bool {
        self.attended.get().is_some()
    }

    /// It is switched off: boots when it has taken its time, unless somebody at the console sees to it.
    pub(crate) fn will_boot(&self) {
        if self.is_attended() && !self.console_taken.load(Ordering::SeqCst) {
            let takes = BOOT.mul_f64(self.config.pace.max(0.0)) + self.faults.slow_boot();
            self.state().boots_at = Some(Instant::now() + takes);
            self.tell();
        }
    }

    /// Nobody is at the console any more: what was going on there goes on without.
    pub(crate) fn left_alone(&self) {
        let is_off = matches!(self.state().power, Power::Off);
        if is_off {
            self.will_boot();
        }
        self.tell();
    }

    /// When there is something to do next; `None`: nothing is to come.
    fn deadline(&self) -> Option<Instant> {
        let state = self.state();
        let boots_at = state.boots_at;
        let reload = state.scheduled.as_ref().map(|scheduled| {
            Instant::now() + scheduled.at.duration_since(SystemTime::now()).unwrap_or_default()
        });
        let revert = match &state.power {
            Power::Running(running) => crate::archive::deadline(running)
                .map(|at| Instant::now() + at.duration_since(SystemTime::now()).unwrap_or_default()),
            Power::Off | Power::Rommon => None,
        };
        drop(state);
        let trial = self.trial_left().map(|left| Instant::now() + left);
        [boots_at, reload, revert, trial].into_iter().flatten().min()
    }

    /// Does what is due at `now`, if nobody is at the console.
    fn attend(self: &Arc<Self>, now: Instant) {
        self.revert_if_due();
        if self.console_taken.load(Ordering::SeqCst) {
            return;
        }
        if self.undo_if_due().is_some() {
            return;
        }
        self.mind_schedule();
        let mut state = self.state();
        if state.boots_at.is_some_and(|at| at <= now) {
            state.boots_at = None;
            let is_off = matches!(state.power, Power::Off);
            drop(state);
            if is_off && self.asks_at_boot() {
                // The other devices do not wait for a server.
                let device = Arc::clone(self);
                std::thread::spawn(move || device.power_on());
            } else if is_off {
                self.power_on();
            }
        }
    }
}

/// Looks after devices until it is dropped.
pub struct Attendant {
    tell: Sender<Told>,
    thread: Option<JoinHandle<()>>,
}

enum Told {
    /// This one's deadline may be another.
    Look(usize),
    Over,
}

impl Attendant {
    /// Looks after `devices`. A device that is switched off stays so until [`Device::power_on`].
    ///
    /// # Errors
    /// No thread.
    pub fn start(devices: &[Arc<Device>]) -> io::Result<Attendant> {
        let (tell, told) = channel();
        for (number, device) in devices.iter().enumerate() {
            let tell = tell.clone();
            // The attendant may be gone before the device.
            device.on_deadline(move || drop(tell.send(Told::Look(number))));
        }
        let devices: Vec<Weak<Device>> = devices.iter().map(Arc::downgrade).collect();
        let thread =
            std::thread::Builder::new().name("attendant".into()).spawn(move || attend(&devices, &told))?;
        Ok(Attendant { tell, thread: Some(thread) })
    }
}

impl Drop for Attendant {
    fn drop(&mut self) {
        let _ = self.tell.send(Told::Over);
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

fn attend(devices: &[Weak<Device>], told: &Receiver<Told>) {
    let mut when: Vec<Option<Instant>> = vec![None; devices.len()];
    let mut order: BTreeSet<(Instant, usize)> = BTreeSet::new();
    let mut set = |order: &mut BTreeSet<(Instant, usize)>, number: usize, to: Option<Instant>| {
        if let Some(was) = std::mem::replace(&mut when[number], to) {
            order.remove(&(was, number));
        }
        order.extend(to.map(|to| (to, number)));
    };
    loop {
        let now = Instant::now();
        let wait =
            order.first().map_or(Duration::from_secs(3_600), |(at, _)| at.saturating_duration_since(now));
        match told.recv_timeout(wait) {
            Ok(Told::Look(number)) => {
                let next = devices[number].upgrade().and_then(|device| device.deadline());
                set(&mut order, number, next);
            }
            Ok(Told::Over) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let now = Instant::now();
                while let Some(&(at, number)) = order.first()
                    && at <= now
                {
                    set(&mut order, number, None);
                    let Some(device) = devices[number].upgrade() else { continue };
                    device.attend(now);
                    // Whoever is at the console leaves one day, and tells.
                    if !device.console_taken.load(Ordering::SeqCst) {
                        set(&mut order, number, device.deadline());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{C2911, DeviceConfig, Mode, Stock, image};
    use store::VPath;
    use store::memory::Shelf;

    /// Devices with an image in flash, that boot at once.
    fn devices(number: usize) -> Vec<Arc<Device>> {
        let shelf = Shelf::new(&std::env::temp_dir());
        let recipe = image::Recipe { profile: &C2911, version: "15.1(4)M4", size: image::MIN_SIZE, seed: 7 };
        let mut octets = Vec::new();
        image::make(&recipe, &mut octets).expect("made");
        let content = shelf.take(&mut &octets[..]).expect("on the shelf");
        let config = DeviceConfig { pace: 0.0, ..DeviceConfig::new("") };
        let name = VPath::parse(b"/old.bin").expect("a name");
        let stock = || Stock { flash: vec![(name.clone(), content.clone())], ..Stock::default() };
        (0..number).map(|_| Device::in_memory(config.clone(), &shelf, stock())).collect()
    }

    fn until(what: &str, mut holds: impl FnMut() -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < end, "not within 20 s: {what}");
            std::thread::yield_now();
        }
    }

    fn runs(device: &Device) -> bool {
        matches!(device.facts().mode, Mode::Ios { .. })
    }

    #[test]
    fn a_device_without_a_console_comes_back_from_every_restart() {
        let device = devices(1).remove(0);
        device.power_on();
        device.restart("nobody attends");
        assert_eq!(device.facts().mode, Mode::Off, "without an attendant nobody boots it");
        let attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
        assert_eq!(device.facts().mode, Mode::Off, "it was off before");
        device.power_on();
        for turn in 0..20 {
            let before = device.generation();
            device.restart("reload");
            until("it runs again", || runs(&device));
            assert_eq!(device.generation(), before + 1, "turn {turn}");
        }
        drop(attendant);
        device.restart("nobody attends");
        assert_eq!(device.facts().mode, Mode::Off);
    }

    #[test]
    fn a_scheduled_reload_needs_nobody_at_the_console() {
        let device = devices(1).remove(0);
        let _attendant = Attendant::start(std::slice::from_ref(&device)).expect("a thread");
        device.power_on();
        let at = |seconds: u64| Scheduled {
            at: SystemTime::now() + Duration::from_secs(seconds),
            reason: "test".into(),
            by: "test".into(),
            warned: None,
        };
        device.schedule(Some(at(3_600)));
        assert_eq!(device.generation(), 0);
        device.schedule(Some(at(0)));
        until("it has reloaded", || device.generation() == 1 && runs(&device));
        assert!(device.schedule(None).is_none(), "it is done");
        assert!(device.state().monitor.returned_by.starts_with("reload at "));
    }

    /// Somebody who types nothing.
    struct Quiet;

    impl crate::Port for Quiet {
        fn hear(&mut self, _: Duration) -> crate::Heard {
            std::thread::yield_now();
            crate::Heard::Nothing
        }

        fn say(&mut self, _: &[u8]) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_was_taken_before_a_restart_is_over_with_it() {
        let device = devices(1).remove(0);
        device.power_on();
        // Whoever it was given to has not begun yet.
        let line = device.take_line(None).expect("a line");
        device.restart("reload");
        device.power_on();
        let session = std::thread::spawn(move || line.shell(Box::new(Quiet), "bob", 15));
        until("the session is over", || session.is_finished());
        session.join().expect("no panic");
    }

    #[test]
    fn one_attendant_looks_after_many() {
        let devices = devices(50);
        let _attendant = Attendant::start(&devices).expect("a thread");
        for device in &devices {
            device.power_on();
            device.restart("power");
        }
        until("all run", || devices.iter().all(|device| runs(device)));
    }
}
