//! Asking the door who somebody is.

use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;

/// Asks, after a delay and on a thread that may block; `ask` says when its answer may be seen at the earliest. None
/// of the two waits has a thread: those who guess names would take all that there are.
///
/// `broken` is for a panic below: this connection says so and the others go on.
pub(crate) async fn asked<T: Send + 'static>(
    delay: Duration,
    ask: impl FnOnce() -> (T, Option<Instant>) + Send + 'static,
    broken: impl FnOnce() -> T,
) -> T {
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let (answer, not_before) = spawn_blocking(ask).await.unwrap_or_else(|_| (broken(), None));
    if let Some(at) = not_before {
        tokio::time::sleep_until(at.into()).await;
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_waits_keeps_no_thread_from_others() {
        let mut one = tokio::runtime::Builder::new_current_thread();
        let runtime = one.max_blocking_threads(1).enable_time().build().unwrap();
        runtime.block_on(async {
            let (tell, told) = tokio::sync::oneshot::channel();
            let hour = Duration::from_secs(3_600);
            let late = move || {
                tell.send(()).unwrap();
                ("late", Some(Instant::now() + hour))
            };
            let late = tokio::spawn(asked(Duration::ZERO, late, || "broken"));
            told.await.unwrap();
            let soon = || ("soon", Some(Instant::now()));
            assert_eq!(asked(Duration::ZERO, soon, || "broken").await, "soon");
            assert_eq!(asked(Duration::ZERO, || panic!("of a test"), || "broken").await, "broken");
            assert!(!late.is_finished());
            late.abort();
        });
    }
}
