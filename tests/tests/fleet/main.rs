//! The driver of real devices against what others know of them: texts that real devices printed, and other people's doubles.

mod asked;
mod dialogues;
mod fakenos;
mod line;
mod replayed;
mod unicon;
