//! What time it is.

#[cfg(test)]
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime};

/// Both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) wall: SystemTime,
    pub(crate) steady: Instant,
}

impl Moment {
    pub(crate) fn now() -> Moment {
        Moment { wall: SystemTime::now(), steady: Instant::now() }
    }
}

/// What is looked at for the time: the system's clocks, or those that a test moves.
#[derive(Clone, Default)]
pub(crate) enum Watch {
    /// The system's.
    #[default]
    System,
    /// Stands still unless it is moved. Clones are one.
    #[cfg(test)]
    Still(Arc<Mutex<Moment>>),
}

impl Watch {
    pub(crate) fn now(&self) -> Moment {
        match self {
            Watch::System => Moment::now(),
            #[cfg(test)]
            Watch::Still(moment) => *moment.lock().unwrap(),
        }
    }

    pub(crate) fn wall(&self) -> SystemTime {
        match self {
            Watch::System => SystemTime::now(),
            #[cfg(test)]
            Watch::Still(_) => self.now().wall,
        }
    }

    pub(crate) fn steady(&self) -> Instant {
        match self {
            Watch::System => Instant::now(),
            #[cfg(test)]
            Watch::Still(_) => self.now().steady,
        }
    }

    /// One that begins at a time and stands still.
    #[cfg(test)]
    pub(crate) fn still(wall: SystemTime) -> Watch {
        Watch::Still(Arc::new(Mutex::new(Moment { wall, steady: Instant::now() })))
    }

    /// Time goes by.
    #[cfg(test)]
    pub(crate) fn pass(&self, span: std::time::Duration) {
        if let Watch::Still(moment) = self {
            let mut moment = moment.lock().unwrap();
            moment.wall += span;
            moment.steady += span;
        }
    }
}
