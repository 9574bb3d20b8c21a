//! Attacks by system calls that no library of ours makes.
#![allow(unsafe_code)]

use crate::{PARENT, Probe};
use libc::{c_int, c_long};
use std::ffi::CString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

/// What is tried.
pub(crate) const BARE: &[Probe] = &[
    ("trace another process", |_, _| {
        // Ends with this process.
        call(libc::SYS_ptrace, [libc::PTRACE_SEIZE.into(), parent()?, 0, 0, 0, 0]).map(drop)
    }),
    ("read another process's memory", |_, _| {
        let mut octets = [0u8; SECRET.len()];
        let mine = libc::iovec { iov_base: octets.as_mut_ptr().cast(), iov_len: octets.len() };
        let there = BEGUN.get().expect("begin() was called").secret;
        let theirs = libc::iovec { iov_base: there as *mut _, iov_len: octets.len() };
        let (mine, theirs) = (&raw const mine as c_long, &raw const theirs as c_long);
        call(libc::SYS_process_vm_readv, [parent()?, mine, 1, theirs, 1, 0])?;
        if octets == SECRET { Ok(()) } else { Err(io::Error::other("something else was read")) }
    }),
    ("take another process's socket", |_, _| {
        let process = made(call(libc::SYS_pidfd_open, [parent()?, 0, 0, 0, 0, 0])?);
        made(call(libc::SYS_pidfd_getfd, [process.as_raw_fd().into(), 2, 0, 0, 0, 0])?);
        Ok(())
    }),
    ("io_uring", |_, _| {
        // io_uring_params, which the kernel fills in.
        let mut parameters = [0u32; 30];
        made(call(libc::SYS_io_uring_setup, [1, parameters.as_mut_ptr() as c_long, 0, 0, 0, 0])?);
        Ok(())
    }),
    ("memory to write and run", |_, _| map(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC).map(drop)),
    ("written memory made runnable", |_, _| {
        let at = map(libc::PROT_READ | libc::PROT_WRITE)?;
        call(libc::SYS_mprotect, [at, PAGE, (libc::PROT_READ | libc::PROT_EXEC).into(), 0, 0, 0]).map(drop)
    }),
    ("a file made runnable", |dir, _| {
        let file = std::fs::File::open(dir.join("root/a"))?;
        let (runs, private) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE);
        let mapped = [0, PAGE, runs.into(), private.into(), file.as_raw_fd().into(), 0];
        call(libc::SYS_mmap, mapped).map(drop)
    }),
    ("TCP Fast Open by sendto", |_, to| {
        let SocketAddr::V4(to) = to else { return Err(io::Error::other("IPv4 is wanted")) };
        let socket = tcp()?;
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as _,
            sin_port: to.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from(Ipv4Addr::LOCALHOST).to_be() },
            sin_zero: [0; 8],
        };
        let (at, len) = (&raw const address as c_long, size_of::<libc::sockaddr_in>() as c_long);
        let (octets, flags) = (b"x".as_ptr() as c_long, libc::MSG_FASTOPEN | libc::MSG_NOSIGNAL);
        call(libc::SYS_sendto, [socket.as_raw_fd().into(), octets, 1, flags.into(), at, len]).map(drop)
    }),
    ("TCP Fast Open by option", |_, _| {
        let (on, socket) = (1 as c_int, tcp()?);
        let at = &raw const on as c_long;
        let (level, option) = (libc::IPPROTO_TCP.into(), libc::TCP_FASTOPEN_CONNECT.into());
        call(libc::SYS_setsockopt, [socket.as_raw_fd().into(), level, option, at, 4, 0]).map(drop)
    }),
    ("a program in the kernel", |_, _| {
        // BPF_MAP_CREATE: an array (type 2) of one value of 4 octets, with keys of 4.
        let attributes = [2u32, 4, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        made(call(libc::SYS_bpf, [0, attributes.as_ptr() as c_long, 64, 0, 0, 0])?);
        Ok(())
    }),
    ("a key in the kernel", |_, _| {
        let (kind, name) = (text("user"), text("towline-probe"));
        let key = [kind.as_ptr() as c_long, name.as_ptr() as c_long, b"x".as_ptr() as c_long, 1, -2, 0];
        call(libc::SYS_add_key, key).map(drop)
    }),
    ("page faults of its own", |_, _| {
        made(call(libc::SYS_userfaultfd, [libc::O_CLOEXEC.into(), 0, 0, 0, 0, 0])?);
        Ok(())
    }),
    ("open by a file's number", |_, _| {
        // file_handle: how many octets there is room for, then its kind and those octets.
        let mut handle = [0u32; 34];
        handle[0] = 128;
        let (path, mut mount, at) = (text("/etc/passwd"), 0 as c_int, handle.as_mut_ptr() as c_long);
        let (here, mount) = (libc::AT_FDCWD.into(), &raw mut mount as c_long);
        call(libc::SYS_name_to_handle_at, [here, path.as_ptr() as c_long, at, mount, 0, 0])?;
        let root = &BEGUN.get().expect("begin() was called").root;
        made(call(
            libc::SYS_open_by_handle_at,
            [root.as_raw_fd().into(), at, libc::O_CLOEXEC.into(), 0, 0, 0],
        )?);
        Ok(())
    }),
    ("mount", |dir, _| {
        let (at, kind) = (CString::new(dir.join("root/d").as_os_str().as_bytes())?, text("tmpfs"));
        let (at, kind) = (at.as_ptr() as c_long, kind.as_ptr() as c_long);
        call(libc::SYS_mount, [kind, at, kind, 0, 0, 0])?;
        call(libc::SYS_umount2, [at, 0, 0, 0, 0, 0]).map(drop)
    }),
    ("a namespace of its own", |_, _| {
        call(libc::SYS_unshare, [libc::CLONE_NEWUTS.into(), 0, 0, 0, 0, 0]).map(drop)
    }),
    ("another's namespace", |_, _| {
        let names = &BEGUN.get().expect("begin() was called").names;
        call(libc::SYS_setns, [names.as_raw_fd().into(), libc::CLONE_NEWUTS.into(), 0, 0, 0, 0]).map(drop)
    }),
    ("another root", |_, _| {
        let root = text("/");
        call(libc::SYS_chroot, [root.as_ptr() as c_long, 0, 0, 0, 0, 0]).map(drop)
    }),
    ("count a processor's events", |_, _| {
        // perf_event_attr of the first version: a software event (1), its size, the task clock (1).
        let mut attributes = [0u64; 8];
        attributes[0] = 1 | 64 << 32;
        attributes[1] = 1;
        let at = attributes.as_ptr() as c_long;
        made(call(libc::SYS_perf_event_open, [at, 0, -1, -1, 0, 0])?);
        Ok(())
    }),
    ("be looked into again", |_, _| {
        call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0, 0, 0, 0]).map(drop)
    }),
    ("set a limit", |_, _| {
        let none = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
        let core = libc::RLIMIT_CORE as c_long;
        call(libc::SYS_prlimit64, [0, core, &raw const none as c_long, 0, 0, 0]).map(drop)
    }),
];

/// Those that some kernels and containers give nobody: without the sandbox they may fail as well.
pub(crate) const SOMETIMES: &[&str] = &[
    "trace another process",
    "read another process's memory",
    "take another process's socket",
    "io_uring",
    "TCP Fast Open by sendto",
    "TCP Fast Open by option",
    "a program in the kernel",
    "a key in the kernel",
    "page faults of its own",
    "open by a file's number",
    "mount",
    "a namespace of its own",
    "another's namespace",
    "another root",
    "count a processor's events",
];

const PAGE: c_long = 4_096;

/// What the parent knows and nobody else is to read.
static SECRET: [u8; 16] = *b"the parent's own";

/// What is open before the sandbox is entered.
struct Begun {
    /// Where the parent has its secret.
    secret: usize,
    root: OwnedFd,
    names: OwnedFd,
}

static BEGUN: OnceLock<Begun> = OnceLock::new();

/// Where this process has its secret.
pub(crate) fn secret() -> usize {
    SECRET.as_ptr() as usize
}

/// Opens what a process could have open from before.
pub(crate) fn begin(secret: usize) {
    let open = |path: &str| OwnedFd::from(std::fs::File::open(Path::new(path)).expect("it is there"));
    BEGUN.get_or_init(|| Begun { secret, root: open("/"), names: open("/proc/self/ns/uts") });
}

fn parent() -> io::Result<c_long> {
    let parent = PARENT.get().copied().flatten();
    parent.map(|pid| pid.as_raw_nonzero().get().into()).ok_or_else(|| io::Error::other("no parent"))
}

fn text(text: &str) -> CString {
    CString::new(text).expect("no NUL in it")
}

fn tcp() -> io::Result<OwnedFd> {
    let (family, kind) = (libc::AF_INET.into(), (libc::SOCK_STREAM | libc::SOCK_CLOEXEC).into());
    Ok(made(call(libc::SYS_socket, [family, kind, 0, 0, 0, 0])?))
}

/// Maps a page of nothing.
fn map(access: c_int) -> io::Result<c_long> {
    let how = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into();
    call(libc::SYS_mmap, [0, PAGE, access.into(), how, -1, 0])
}

/// The descriptor that a call gave.
fn made(fd: c_long) -> OwnedFd {
    // SAFETY: the kernel has just made it, and nobody else has it.
    unsafe { OwnedFd::from_raw_fd(fd as c_int) }
}

fn call(number: c_long, arguments: [c_long; 6]) -> io::Result<c_long> {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: what the arguments point at lives in the caller and is as large as the kernel takes it to be.
    let done = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(done) }
}
