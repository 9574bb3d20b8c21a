//! What stands on the terminal while a transfer runs.

use super::progress::Sign;
use super::target::{About, Asking};
use crate::session::{Leave, Tty};
use client::{ClientError, Phase};
use ios_cli::text::copy::{ABORT, FOREIGN, Marks};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;
use transport::Cancel;

/// Dots that a write prints before it gives up.
const WRITE_DOTS: usize = 5;

/// What a transfer shows when it begins and when it ends well.
pub(super) struct Shape {
    /// Printed with the first packet.
    pub(super) begin: String,
    /// Printed behind that of the line that begins a file over SCP.
    pub(super) record: fn(&str) -> String,
    /// A write shows a dot for each wait before the first answer; a read waits silently.
    pub(super) dots: bool,
    pub(super) width: usize,
    /// Octets of the file that is written; 0 of one that is read.
    pub(super) size: u64,
    /// Whoever interrupts it is asked.
    pub(super) asks: bool,
}

/// Shows signs until the transfer's thread hangs up.
pub(super) fn watch(
    tty: &mut Tty,
    screen: &mut Screen<'_>,
    seen: &Receiver<Sign>,
    cancel: &Cancel,
) -> Result<(), Leave> {
    loop {
        match seen.recv_timeout(Duration::from_millis(20)) {
            Ok(sign) => {
                screen.show(tty, sign)?;
                // One look at the keys for many signs.
                loop {
                    match seen.try_recv() {
                        Ok(sign) => screen.show(tty, sign)?,
                        Err(TryRecvError::Empty) => break,
                        Err(TryRecvError::Disconnected) => return Ok(()),
                    }
                }
            }
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if tty.interrupted(Duration::ZERO)? && screen.gives_up(tty)? {
            cancel.cancel();
        }
    }
}

/// What stands on the terminal of a running transfer.
pub(super) struct Screen<'a> {
    pub(super) shape: &'a Shape,
    /// What is still to be asked when the file begins to come.
    pub(super) asks: Option<Asking>,
    pub(super) marks: Marks,
    pub(super) begun: bool,
    pub(super) dots: usize,
    pub(super) tens: u64,
    /// Marks of what came before it was said that it may.
    pub(super) held: u64,
}

impl Screen<'_> {
    fn show(&mut self, tty: &mut Tty, sign: Sign) -> Result<(), Leave> {
        let mark = match sign {
            Sign::Begun => return self.begin(tty, ""),
            Sign::Judged(runs_here) => return self.judged(tty, runs_here),
            Sign::Record(line) => return self.begin(tty, &(self.shape.record)(&line)),
            Sign::Password(answer) => {
                let typed = tty.ask_password("Password: ")?;
                // A transfer that is over waits for none.
                let _ = answer.send(Some(typed).filter(|typed| !typed.is_empty()));
                return Ok(());
            }
            Sign::Ten if self.is_held() => {
                self.held += 1;
                return Ok(());
            }
            Sign::Ten => {
                self.begin(tty, "")?;
                self.tens += 1;
                '!'
            }
            Sign::OutOfOrder if self.begun => 'O',
            Sign::TimedOut if self.begun || (self.shape.dots && self.dots < WRITE_DOTS) => {
                self.dots += usize::from(!self.begun);
                '.'
            }
            Sign::OutOfOrder | Sign::TimedOut => return Ok(()),
        };
        tty.print(&self.marks.push(mark))
    }

    /// Whoever interrupts it means that; IOS-XE asks first, and the file goes on coming meanwhile.
    fn gives_up(&mut self, tty: &mut Tty) -> Result<bool, Leave> {
        if !self.shape.asks {
            return Ok(true);
        }
        tty.fresh_line()?;
        let sure = tty.confirm(ABORT)?;
        self.marks = Marks::behind("", self.shape.width);
        Ok(sure)
    }

    /// The first octets were seen; where no image for this device begins so, somebody may not want it.
    fn judged(&mut self, tty: &mut Tty, runs_here: bool) -> Result<(), Leave> {
        let Some(Asking { go_on, .. }) = self.asks.take() else { return Ok(()) };
        if !runs_here {
            tty.fresh_line()?;
            tty.print(FOREIGN)?;
            if tty.confirm(ABORT)? {
                // The transfer hears nothing, and ends.
                return Ok(());
            }
        }
        let _ = go_on.send(());
        self.begin(tty, "")?;
        for _ in 0..std::mem::take(&mut self.held) {
            self.show(tty, Sign::Ten)?;
        }
        Ok(())
    }

    /// What the file is has to be seen before anything of it is shown.
    fn is_held(&self) -> bool {
        matches!(self.asks, Some(Asking { about: About::Foreign, .. }))
    }

    fn begin(&mut self, tty: &mut Tty, behind: &str) -> Result<(), Leave> {
        if self.begun || self.is_held() {
            return Ok(());
        }
        self.begun = true;
        let mut text = format!("{}{behind}", self.shape.begin);
        if let Some(Asking { about: About::Erase(erase, prefix), go_on }) = self.asks.take() {
            tty.fresh_line()?;
            // What could not be erased is there still, and the file may find room.
            let _ = erase.carry_out(tty, prefix)?;
            let _ = go_on.send(());
        }
        // On a line of its own, which a question has begun already.
        if text.starts_with('\n') {
            tty.fresh_line()?;
            text.remove(0);
        }
        self.marks = Marks::behind(&text, self.shape.width);
        tty.print(&text)
    }

    pub(super) fn finish<T>(
        &mut self,
        tty: &mut Tty,
        seen: &Receiver<Sign>,
        result: &Result<T, ClientError>,
    ) -> Result<(), Leave> {
        while let Ok(sign) = seen.try_recv() {
            self.show(tty, sign)?;
        }
        match result {
            Ok(_) => {
                // An empty file was never looked at.
                self.asks = None;
                self.begin(tty, "")?;
                // A file of less than ten packets shows one mark too.
                if self.tens == 0 {
                    tty.print(&self.marks.push('!'))?;
                }
            }
            Err(ClientError::TimedOut { phase: Phase::BeforeAnswer, .. }) if self.shape.dots => {
                while self.dots < WRITE_DOTS {
                    self.dots += 1;
                    tty.print(".")?;
                }
            }
            Err(_) => {}
        }
        Ok(())
    }
}
