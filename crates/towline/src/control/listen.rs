use super::{Answers, Rights, Said};
use crate::exit::{Exit, Failure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::Mode;
use rustix::io::Errno;
use serde::Serialize;
use serde::de::DeserializeOwned;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use store::no_descriptors;
use transport::{Cancel, Spare};

/// Callers at once; more are told to come again.
const CALLERS: usize = 16;
/// The longest request, octets: a grant with its paths is some hundreds.
const LONGEST: u64 = 65_536;
/// How long a caller may take for its line and for each read of an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the socket at `path`, with the mode 0660. One that a dead server left there is replaced.
///
/// The group is the one of the directory where that has the set-group-ID bit, else the process's.
pub fn listen(path: &Path) -> Result<UnixListener, Failure> {
    let fault = |e: &io::Error, way_out: &str| {
        Failure::new(Exit::Local, path.display(), format!("no control socket: {e}"), way_out)
    };
    match UnixStream::connect(path) {
        Ok(_) => {
            let what = "another towline serve answers on this control socket";
            let way_out = "end it, or give this one another with --control";
            return Err(Failure::new(Exit::Local, path.display(), what, way_out));
        }
        // Left by a server that was killed. Anything but a socket stays (connecting to a file is refused as well), and
        // binding says what is wrong.
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused && is_socket(path) => {
            let _gone = std::fs::remove_file(path);
        }
        Err(_) => {}
    }
    let made = || -> io::Result<UnixListener> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Nobody can connect before `listen`, so the mode holds from the first caller on.
        rustix::fs::chmod(path, Mode::from_raw_mode(0o660))?;
        socket.listen(CALLERS as i32)?;
        Ok(socket.into())
    };
    made().map_err(|e| fault(&e, "check that its directory is there and may be written; at most 107 octets"))
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket())
}

/// Answers on the control socket until it is dropped.
pub struct Control {
    stop: Cancel,
    thread: Option<JoinHandle<()>>,
    callers: Callers,
}

/// Who is being answered.
#[derive(Clone, Default)]
pub struct Callers(Arc<AtomicUsize>);

impl Callers {
    /// Whether nobody waits for an answer.
    pub fn are_answered(&self) -> bool {
        self.0.load(Ordering::Acquire) == 0
    }

    /// A caller's place, if there is one left.
    fn place(&self) -> Option<Place> {
        let place = Place(self.0.clone());
        (self.0.fetch_add(1, Ordering::AcqRel) < CALLERS).then_some(place)
    }
}

impl Control {
    /// Answers on `listener`, which is bound already, from [`listen`] or from a process with more rights.
    ///
    /// The members of the group of the socket's file may ask, if that file can be seen from here.
    pub fn start<D: Answers>(listener: UnixListener, desk: D) -> io::Result<Control> {
        let path = listener.local_addr()?.as_pathname().map(Path::to_path_buf);
        let group = path.as_ref().and_then(|p| std::fs::metadata(p).ok()).map(|m| m.gid());
        let stop = Cancel::new()?;
        // A successor may wait on the same socket: whoever is late must not wait for the next caller.
        listener.set_nonblocking(true)?;
        let (stopped, desk) = (stop.clone(), Arc::new(desk));
        let callers = Callers::default();
        let here = callers.clone();
        let thread = std::thread::Builder::new()
            .name("control".into())
            .spawn(move || accept(&listener, Rights { group }, &desk, &here, &stopped))?;
        Ok(Control { stop, thread: Some(thread), callers })
    }

    /// Takes no more callers, as by dropping it; who was taken before still waits for an answer.
    pub fn retire(self) -> Callers {
        self.callers.clone()
    }
}

impl Drop for Control {
    /// Takes no more callers. The socket's file stays, for a successor may listen on the same socket; the next
    /// [`listen`] replaces it.
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Waits for a caller; `false`: there are to be no more.
fn wait(listener: &UnixListener, stop: &Cancel) -> bool {
    let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
    match poll(&mut fds, None) {
        Ok(_) | Err(Errno::INTR) => !stop.is_cancelled(),
        Err(_) => false,
    }
}

fn accept<D: Answers>(listener: &UnixListener, rights: Rights, desk: &Arc<D>, here: &Callers, stop: &Cancel) {
    let spare = Arc::new(Mutex::new(Spare::new()));
    while wait(listener, stop) {
        // Given up for one who could not be answered after all.
        spare.lock().unwrap_or_else(PoisonError::into_inner).refill();
        let Some(stream) = take(listener, &spare, stop) else { continue };
        let timeouts = || {
            stream.set_nonblocking(false)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))
        };
        if timeouts().is_err() {
            continue;
        }
        let Some(place) = here.place() else {
            let what = "too many callers at once";
            say(&stream, &D::Said::last(Err(&Failure::new(Exit::Refused, "control", what, "ask again"))));
            continue;
        };
        let (desk, spare) = (desk.clone(), spare.clone());
        // Without a thread the caller sees the end of the stream, and asks again.
        let _none = std::thread::Builder::new().name("control".into()).spawn(move || {
            let _place = place;
            attend(&stream, rights, &*desk);
            drop(stream);
            spare.lock().unwrap_or_else(PoisonError::into_inner).refill();
        });
    }
}

/// Takes a caller, where the process has no descriptor left by the one that was kept: an operator gets in then as well.
/// `None`: nobody, or not now.
fn take(listener: &UnixListener, spare: &Mutex<Spare>, stop: &Cancel) -> Option<UnixStream> {
    let none_left = match listener.accept() {
        Ok((stream, _)) => return Some(stream),
        Err(e) => no_descriptors(&e),
    };
    if none_left {
        match spare.lock().unwrap_or_else(PoisonError::into_inner).accept(listener) {
            Ok(stream) => return Some(stream.into()),
            // Who waits stays readable: without a pause this would spin until there is one again.
            Err(e) if no_descriptors(&e) => pause(stop),
            Err(_) => {}
        }
    }
    None
}

fn pause(stop: &Cancel) {
    let tenth = Duration::from_millis(100).try_into().expect("fits a timespec");
    // Stopped meanwhile: the loop sees it.
    let _ = poll(&mut [PollFd::new(stop, PollFlags::IN)], Some(&tenth));
}

/// A caller's place; dropping it gives it back.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn attend<D: Answers>(stream: &UnixStream, rights: Rights, desk: &D) {
    let answer = match question(stream, rights) {
        Ok((caller, request)) => desk.answer(&caller, request, &mut |answer| say(stream, answer)),
        Err(failure) => Err(failure),
    };
    say(stream, &D::Said::last(answer.as_ref().copied()));
}

fn question<R: DeserializeOwned>(
    stream: &UnixStream,
    rights: Rights,
) -> Result<(transport::Caller, R), Failure> {
    let refused = |what: String, way_out: &str| Failure::new(Exit::Refused, "control", what, way_out);
    let caller = transport::caller(stream).map_err(|e| refused(format!("who asks is not known: {e}"), ""))?;
    let own = rustix::process::geteuid().as_raw();
    if !rights.allow(&caller, own) {
        let what = format!("the user {} may not ask this server", caller.uid);
        return Err(refused(what, "be root, its user, or a member of its socket's group"));
    }
    Ok((caller, read(stream)?))
}

/// The one line that a caller says.
pub(super) fn read<T: DeserializeOwned>(stream: &UnixStream) -> Result<T, Failure> {
    let mut line = String::new();
    let read = BufReader::new(stream.take(LONGEST)).read_line(&mut line);
    if read.is_err() || !line.ends_with('\n') {
        return Err(Failure::usage("control", "not one line within 5 s and 64 KiB", "use towline itself"));
    }
    serde_json::from_str(&line).map_err(|e| {
        let what = format!("this server ({}) does not know the request: {e}", env!("CARGO_PKG_VERSION"));
        Failure::usage("control", what, "use the towline of the same version")
    })
}

/// Writes a line. A caller that went away is told nothing.
pub(super) fn say(mut stream: &UnixStream, answer: &impl Serialize) -> bool {
    let mut line = serde_json::to_vec(answer).expect("answers are maps with string keys");
    line.push(b'\n');
    stream.write_all(&line).is_ok()
}
