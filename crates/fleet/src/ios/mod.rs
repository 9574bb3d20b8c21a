//! Devices with IOS and IOS-XE, at a line of SSH or Telnet.
//!
//! | file | its one idea |
//! |---|---|
//! | `screen` | octets of a line as text: what stands on its last line |
//! | `rows` | what a device may say that is no answer: a table |
//! | `talk` | login, prompt, one command after the other, as a pure machine |
//! | `trouble` | why a conversation stopped, with what stood on the line |
//! | `session` | the machine at a real line |
//! | `survey` | what is asked for, and the facts that come of it |
//! | `tape` | what stood on the line, for people who look later |
//! | `deeds` | what is typed to do something, what it may ask back, and how it says that it is done |
//! | `source` | where a device gets an image from, and what it is asked to choose the way |
//! | `upgrading` | the upgrade of one device, from facts and a journal, to its end |

mod deeds;
mod rows;
mod screen;
mod session;
mod source;
mod survey;
mod talk;
mod tape;
#[cfg(test)]
mod tests;
mod trouble;
mod upgrading;

pub use deeds::{Undone, act};
pub use session::{Fault, Session};
pub use source::{Asked, Source};
pub use survey::{
    Around, Texts, Unreadable, configuration, is_same, saved_configuration, survey, survey_boot, survey_flash,
};
pub use talk::{Answer, Event, Login, Reply, Talk};
pub use trouble::{Trouble, Why, redacted};
pub use upgrading::{Halt, Journal, carry_out};
