//! What the owner's settings mean, said once more as plainly as can be: the reference that the real door is held
//! against, and the random sessions that do it.
//!
//! What this crate does *not* do: it is not quick, it is not used by any program, and it imports nothing of ours, so
//! that no mistake of the door is repeated by calling it. Nothing is counted: whoever asks how many there are gets
//! those that are open counted one by one; what a quota holds is the sum over the tree.
//!
//! - `config` what the owner sets · `names` paths and patterns · `net` networks · `rights` who may do what ·
//!   `tree` files, directories, partials, versions, mounts and quotas · `places` limits on how much at once ·
//!   `bans` who is out, and penalties · `grants` what is given out · `model` all of it, a step at a time ·
//!   `step` what can be done, and `answer` what is said to it · `dice`, `draw` random settings and steps ·
//!   `run` drives a subject, and makes a failing run small.
#![forbid(unsafe_code)]

mod answer;
mod bans;
mod config;
mod dice;
mod draw;
mod grants;
mod model;
mod names;
mod net;
mod places;
mod rights;
mod run;
mod step;
mod tree;

pub use answer::{Answer, By, Why};
pub use bans::Offence;
pub use config::{
    Allow, Caps, Config, Limits, Mount, Overseer, Penalties, Protocol, Quota, Right, Root, RootUser, Rule,
    Security, Upload, User,
};
pub use dice::Dice;
pub use draw::{config, steps};
pub use model::{BEGAN, Model, Open};
pub use names::{components, is_within, join, last, parent};
pub use net::Net;
pub use places::{Counted, Scope};
pub use run::{Subject, run};
pub use step::{Credentials, Knock, Mode, Moved, Name, Step};
pub use tree::Held;
