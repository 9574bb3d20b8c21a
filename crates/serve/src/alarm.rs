//! One timer of a task that waits again and again for something else.

use std::pin::Pin;
use std::time::Instant;
use tokio::time::Sleep;

/// A timer that the runtime is told of only when something is due before it.
///
/// A deadline moves with almost everything that a session does, mostly away. Putting a timer into the runtime's wheel
/// and out again each time cost as much as a system call, and one that is earlier than all others a wake-up.
#[derive(Default)]
pub(crate) struct Alarm(Option<Pin<Box<Sleep>>>);

impl Alarm {
    /// Waits until then; never, if there is no such time. It may end early: look at the clock.
    pub(crate) async fn until(&mut self, at: Option<Instant>) {
        let Some(at) = at else { return std::future::pending().await };
        let sleep = self.0.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
        if sleep.is_elapsed() || sleep.deadline() > at.into() {
            sleep.as_mut().reset(at.into());
        }
        sleep.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_ends_when_the_earliest_is_due_and_never_late() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (mut alarm, began) = (Alarm::default(), Instant::now());
            let hour = began + Duration::from_secs(3_600);
            let asked = async |alarm: &mut Alarm, at| {
                tokio::time::timeout(Duration::from_millis(1), alarm.until(at)).await.is_ok()
            };
            assert!(!asked(&mut alarm, Some(hour)).await && !asked(&mut alarm, None).await);
            let soon = began + Duration::from_millis(30);
            let mut looks = 0;
            while Instant::now() < soon {
                // Farther away again, and nearer: the runtime keeps what is nearest.
                asked(&mut alarm, Some(hour)).await;
                alarm.until(Some(soon)).await;
                looks += 1;
            }
            assert!(looks <= 3, "{looks}");
            // What has rung rings again.
            let later = Instant::now() + Duration::from_millis(30);
            alarm.until(Some(later)).await;
            assert!(Instant::now() >= later);
        });
    }
}
