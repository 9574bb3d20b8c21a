//! Rehearsals: what would become of a real device is tried on a twin of it, an emulated device that is made of what the real one
//! said of itself.
//!
//! Nothing is sent to the real device here, and nobody's software is in a twin: its images are hollow ones of the emulator.
//!
//! | file | its one idea |
//! |---|---|
//! | [`model`] | which profile stands for which model: a table |
//! | [`twin`] | facts and configuration of a device as an emulated one, and what of it is otherwise |
//! | `flash` | files of the same names and sizes, of which the images boot |
//! | `image` | the image that twins boot |
//! | [`matrix`] | what can go wrong at which step, and how an upgrade ends then: a table |
//! | [`run`] | one rehearsal |
//! | [`stage`] | where twins run: a loopback address each, SSH, their own transfers over real sockets |

mod flash;
pub(crate) mod image;
pub mod matrix;
pub mod model;
pub mod run;
pub mod stage;
#[cfg(test)]
mod tests;
pub mod twin;

pub use stage::Stage;
pub use twin::{NoTwin, Original, Twin, Workshop};
