use super::{Answer, Desk, Request, exit_of};
use crate::exit::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use transport::Caller;

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
            Err(failure) => Answer::Fault {
                exit: failure.exit.code(),
                thing: failure.thing.clone(),
                what: failure.what.clone(),
                way_out: failure.way_out.clone(),
            },
        }
    }

    fn ended(&self) -> Option<Result<(), Failure>> {
        match self {
            Answer::Done => Some(Ok(())),
            Answer::Fault { exit, thing, what, way_out } => {
                Some(Err(Failure::new(exit_of(*exit), thing, what, way_out)))
            }
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
