//! Ctrl-C and SIGTERM as numbered calls of a function.

use std::io::Read;
use std::os::unix::net::UnixStream;

/// Calls `act` with 1 for the first signal, 2 for the second and so on, on a thread of its own.
pub(crate) fn on_interrupt(act: impl FnMut(u32) + Send + 'static) -> std::io::Result<()> {
    on_signals(&[signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM], act)
}

/// The same for these signals.
pub(crate) fn on_signals(signals: &[i32], mut act: impl FnMut(u32) + Send + 'static) -> std::io::Result<()> {
    let (mut read, write) = UnixStream::pair()?;
    for signal in signals {
        signal_hook::low_level::pipe::register(*signal, write.try_clone()?)?;
    }
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut nth = 0;
        let mut octet = [0];
        while read.read_exact(&mut octet).is_ok() {
            nth += 1;
            act(nth);
        }
    })?;
    Ok(())
}
