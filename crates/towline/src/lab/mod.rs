//! The lab: a lesson on copying a new IOS image over TFTP and FTP, on real sockets of this host.
//!
//! It speaks no protocol: R1 is the emulated device, the servers are ours or somebody else's, and
//! everything goes over loopback, where a table stands for the lab's addresses.
//!
//! - [`lesson`]: the steps as a table of goals over the device's state. [`scene`]: images, servers and R1.
//! - [`scenario`]: what is wrong with R1 and the way back, as data.
//! - [`guide`]: beside a learner at the console. [`script`]: types it all, over [`typist`].
//! - [`quiz`]: six questions. [`compare`]: four protocols side by side. [`ladders`]: six drawings.
//! - [`topology`]: many devices in one process, from a file. [`desk`]: what is asked of devices that run.
//! - [`servers`], [`traffic`], [`relay`], [`blackhole`], [`screen`]: what these stand on.

pub mod blackhole;
pub mod compare;
pub mod desk;
pub mod guide;
pub mod ladders;
pub mod lesson;
mod names;
pub mod quiz;
pub mod relay;
pub mod scenario;
pub mod scene;
pub mod screen;
pub mod script;
pub mod servers;
pub mod topology;
pub mod traffic;
pub mod typist;

pub use names::{NEW_VERSION, Names, OLD_VERSION, ROUTER, SERVER};
