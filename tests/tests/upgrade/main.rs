//! `towline upgrade apply` against emulated devices of every model, in a lab of their own.

mod applied;
mod killed;
mod many;
mod over;
mod rehearsed;
mod site;
