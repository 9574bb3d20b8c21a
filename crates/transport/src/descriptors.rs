use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// The descriptor that a process started by [`give`] finds.
pub const GIVEN: RawFd = 3;

/// Has the process that `command` starts find `descriptor` as [`GIVEN`], and nothing of ours above it.
///
/// `descriptor` must stay open until the process is started.
pub fn give(command: &mut Command, descriptor: BorrowedFd<'_>) {
    let raw = descriptor.as_raw_fd();
    let prepare = move || {
        // Whatever others left open without close-on-exec is closed as well.
        // SAFETY: these calls take numbers only and may be made between fork and exec (signal-safety(7)).
        let done = unsafe {
            let above = libc::close_range(
                GIVEN as libc::c_uint + 1,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC as libc::c_int,
            );
            // Before Linux 5.11: then only what has the flag goes, which is all that Rust opens.
            let _old = above;
            if raw == GIVEN { libc::fcntl(raw, libc::F_SETFD, 0) } else { libc::dup2(raw, GIVEN) }
        };
        if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: `prepare` allocates nothing and takes no lock; the number stays open until the start, by contract.
    unsafe {
        command.pre_exec(prepare);
    }
}

/// Takes what [`give`] gave, once; an error where the number is not open, or was taken.
///
/// Only for a process that was told that it was given something, before it opens anything itself.
pub fn given() -> io::Result<OwnedFd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    // SAFETY: F_GETFD only asks whether the number is an open descriptor.
    if unsafe { libc::fcntl(GIVEN, libc::F_GETFD) } < 0 || TAKEN.swap(true, Ordering::AcqRel) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: open (checked), ours by the contract of `give`, and taken once (TAKEN).
    let fd = unsafe { OwnedFd::from_raw_fd(GIVEN) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;
    use std::process::Stdio;

    #[test]
    fn a_child_finds_its_descriptor_and_none_besides() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let leak = std::fs::File::open("/dev/null").unwrap();
        rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "ls /proc/self/fd | tr '\\n' ' ' >&3"]).stdin(Stdio::null());
        give(&mut command, writer.as_fd());
        assert!(command.status().unwrap().success());
        drop((command, writer));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        // 4 is the directory that ls reads.
        assert_eq!(text, "0 1 2 3 4 ");
    }
}
