use super::{IDLE, OUT_LIMIT, PENALTY, Server, Work};
use crate::command::{self, Command, During};
use crate::line::Line;
use clock::Instant;

impl Server {
    /// Runs commands until one must wait.
    pub(super) fn advance(&mut self, now: Instant) {
        while self.out.len() < OUT_LIMIT {
            match &self.work {
                Work::Asking { .. } => {
                    if !self.aborted && self.abor_waits() {
                        self.aborted = self.break_copy();
                    }
                    break;
                }
                Work::Over | Work::Penalty => break,
                Work::Idle if self.dismissed.is_some() => {
                    let text = self.dismissed.take().unwrap_or_default();
                    self.close(421, &text);
                    break;
                }
                Work::Idle if self.draining => {
                    self.close(421, "The server is closing; good bye.");
                    break;
                }
                Work::Idle => {
                    let Some(line) = self.queue.pop_front() else { break };
                    self.line(line);
                }
                Work::Transferring(_) => {
                    if !self.during_transfer() {
                        break;
                    }
                }
            }
        }
        match self.work {
            Work::Idle if self.eof && self.queue.is_empty() => self.over(),
            Work::Idle => self.timers.set(IDLE, now + self.idle),
            Work::Penalty => {
                self.timers.stop(IDLE);
                if self.timers.get(PENALTY).is_none() {
                    self.timers.set(PENALTY, now + self.config.penalty * self.failures.min(10));
                }
            }
            Work::Asking { .. } | Work::Transferring(_) | Work::Over => self.timers.stop(IDLE),
        }
    }

    /// Looks at the queue while a transfer runs. False: nothing more can be done now.
    fn during_transfer(&mut self) -> bool {
        let answers = match self.queue.front() {
            None => return false,
            // Whoever does not wait for replies takes the next one for the transfer's first.
            Some(_) if self.is_opening() => false,
            Some(Err(_)) => true,
            Some(Ok(line)) => match command::parse(line) {
                Ok((row, Command::Stat(Some(_)))) => {
                    debug_assert_eq!(row.verb, "STAT");
                    false
                }
                // ABOR stays in the queue: it is answered after the transfer's own last reply.
                Ok((_, Command::Abor)) => false,
                Ok((row, _)) => row.during == During::Answers,
                Err(_) => true,
            },
        };
        if answers {
            let line = self.queue.pop_front().expect("looked at");
            self.line(line);
            return true;
        }
        // A command waits; an ABOR behind it counts all the same.
        if self.abor_waits() {
            self.abort_transfer();
        }
        false
    }

    fn abor_waits(&self) -> bool {
        let abor =
            |line: &Line| line.as_ref().is_ok_and(|l| matches!(command::parse(l), Ok((_, Command::Abor))));
        self.queue.iter().any(abor)
    }
}
