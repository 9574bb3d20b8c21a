//! `towline upgrade apply` against emulated devices of every model, in a lab of their own.

mod applied;
mod killed;
mod many;
mod rehearsed;
mod site;
