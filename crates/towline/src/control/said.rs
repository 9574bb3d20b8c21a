use super::{Answer, Desk, Request};
use crate::exit::{Exit, Failure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use transport::Caller;

/// A [`Failure`] on its way over the socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// The exit code for it.
    pub exit: u8,
    /// What it is about.
    pub thing: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub way_out: String,
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Fault {
        let Failure { exit, thing, what, way_out } = failure.clone();
        Fault { exit: exit.code(), thing, what, way_out }
    }
}

impl From<&Fault> for Failure {
    /// A code that this program does not know is a failure like any other.
    fn from(fault: &Fault) -> Failure {
        let known = Exit::ALL.iter().map(|(exit, _)| *exit).find(|exit| exit.code() == fault.exit);
        Failure::new(known.unwrap_or(Exit::Failed), &fault.thing, &fault.what, &fault.way_out)
    }
}

/// A line of an answer; the last one says how it ended.
pub trait Said: Serialize + DeserializeOwned {
    /// The last line.
    fn last(ended: Result<(), &Failure>) -> Self;

    /// How it ended; `None`: more comes.
    fn ended(&self) -> Option<Result<(), Failure>>;
}

/// Whoever answers on a control socket.
pub trait Answers: Send + Sync + 'static {
    /// What may be asked.
    type Request: DeserializeOwned;
    /// The lines of an answer.
    type Said: Said;

    /// Does what `caller` asks, and says lines of the answer but the last one; `say` is false when the caller has gone.
    ///
    /// # Errors
    /// What is said in the last line.
    fn answer(
        &self,
        caller: &Caller,
        request: Self::Request,
        say: &mut dyn FnMut(&Self::Said) -> bool,
    ) -> Result<(), Failure>;
}

impl Said for Answer {
    fn last(ended: Result<(), &Failure>) -> Answer {
        match ended {
            Ok(()) => Answer::Done,
            Err(failure) => Answer::Fault(failure.into()),
        }
    }

    fn ended(&self) -> Option<Result<(), Failure>> {
        match self {
            Answer::Done => Some(Ok(())),
            Answer::Fault(fault) => Some(Err(fault.into())),
            _ => None,
        }
    }
}

impl Answers for Desk {
    type Request = Request;
    type Said = Answer;

    fn answer(
        &self,
        caller: &Caller,
        request: Request,
        say: &mut dyn FnMut(&Answer) -> bool,
    ) -> Result<(), Failure> {
        self.answer_everywhere(caller.uid, request, say)
    }
}
