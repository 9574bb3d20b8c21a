use super::{Login, Server, Tls, Work};
use crate::command::{self, Proof, Row, State};
use crate::reply;

/// The command that replies belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answering {
    pub(super) verb: &'static str,
    pub(super) state: State,
}

impl Answering {
    /// A line with a verb of ours, and with something else that is not: that is said in any state.
    pub(super) fn badly(line: &[u8]) -> Option<Answering> {
        let verb = line.split(|&b| b == b' ').next()?;
        command::find(verb).map(|row| Answering { verb: row.verb, state: State::Ready })
    }
}

impl Server {
    /// In what a command comes that is to be answered now.
    pub(super) fn state_for(&self, row: &Row) -> State {
        match (&self.login, &self.work) {
            _ if row.tls && self.config.tls == Tls::Off => State::WithoutTls,
            (Login::Fresh | Login::NeedPassword { .. }, _) if row.login => State::LoggedOut,
            (_, Work::Transferring(_)) => State::Busy,
            (_, Work::Idle | Work::Penalty | Work::Asking { .. } | Work::Over) => State::Ready,
        }
    }

    /// One reply, of one line.
    pub(super) fn say(&mut self, code: u16, text: &[u8]) {
        self.hold_to_the_table(code);
        reply::write(&mut self.out, code, text);
    }

    /// One reply, of several lines.
    pub(super) fn say_lines<'a>(
        &mut self,
        code: u16,
        first: &[u8],
        lines: impl IntoIterator<Item = &'a [u8]>,
        last: &[u8],
    ) {
        self.hold_to_the_table(code);
        reply::write_lines(&mut self.out, code, first, lines, last);
    }

    pub(super) fn reply(&mut self, code: u16, text: &str) {
        self.say(code, text.as_bytes());
    }

    fn hold_to_the_table(&self, code: u16) {
        if let Some(Answering { verb, state }) = self.answering {
            debug_assert!(
                Proof::of(verb).allows(state, code),
                "{verb} is answered with {code}, which its row in command/proof.rs does not list for {state:?}"
            );
        }
    }

    /// An answer that does not belong to its question: the driver's fault, told to the client as ours.
    pub(super) fn mismatch(&mut self) {
        debug_assert!(false, "the answer does not fit the question");
        self.reply(451, "Internal error.");
    }
}
