use super::{Answer, Request, Said};
use crate::exit::{Exit, Failure};
use clap::Args;
use serde::Serialize;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a service's socket is unless something else is said.
const SERVICE: &str = "/run/towline/control.sock";
/// How long an answer may take: a server that checks a configuration reads files.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which server is asked.
#[derive(Clone, Debug, Default, Args)]
pub struct Place {
    /// The control socket of the server that is asked. Without it $TOWLINE_CONTROL, then
    /// /run/towline/control.sock, then $XDG_RUNTIME_DIR/towline/control.sock.
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

impl Place {
    /// The socket.
    pub fn path(&self) -> Result<PathBuf, Failure> {
        let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        if let Some(path) = self.control.clone().or_else(|| variable("TOWLINE_CONTROL")) {
            return Ok(path);
        }
        let service = PathBuf::from(SERVICE);
        let own = variable("XDG_RUNTIME_DIR").map(|d| d.join("towline/control.sock"));
        let mut usual = std::iter::once(service).chain(own);
        usual.find(|p| p.exists()).ok_or_else(|| {
            let way_out = "start the service, or name the socket of towline serve --control with --control";
            Failure::new(Exit::Unreachable, SERVICE, "no server has a control socket here", way_out)
        })
    }

    /// Asks, and hands each line of the answer but the last to `each`.
    pub fn ask(&self, request: &Request, each: impl FnMut(Answer)) -> Result<(), Failure> {
        ask(&self.path()?, request, each)
    }
}

/// Asks the server at `path`, and hands each line of the answer but the last to `each`.
pub fn ask<S: Said>(path: &Path, request: &impl Serialize, mut each: impl FnMut(S)) -> Result<(), Failure> {
    let stream = UnixStream::connect(path).map_err(|e| unreachable(path, &e))?;
    let broken = |e: io::Error| {
        Failure::new(Exit::Unreachable, path.display(), format!("the server's answer broke off: {e}"), "")
    };
    stream.set_read_timeout(Some(PATIENCE)).map_err(broken)?;
    over(&stream, request, broken, &mut each)
}

/// The same over a connection that is there; `broken` has words for one that breaks off.
pub(super) fn over<S: Said>(
    mut stream: &UnixStream,
    request: &impl Serialize,
    broken: impl Fn(io::Error) -> Failure,
    each: &mut dyn FnMut(S),
) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(request).expect("requests are maps with string keys");
    line.push(b'\n');
    // Who is refused is told so without being read: the answer counts, not whether this arrived.
    let _read = stream.write_all(&line);
    for line in BufReader::new(stream).lines() {
        let line = line.map_err(&broken)?;
        let said: S = serde_json::from_str(&line).map_err(|e| broken(e.into()))?;
        match said.ended() {
            Some(ended) => return ended,
            None => each(said),
        }
    }
    Err(broken(io::ErrorKind::UnexpectedEof.into()))
}

fn unreachable(path: &Path, error: &io::Error) -> Failure {
    use io::ErrorKind as K;
    let (exit, what, way_out) = match error.kind() {
        K::NotFound => (Exit::Unreachable, "there is no such socket", "start the server with --control"),
        K::ConnectionRefused => {
            (Exit::Unreachable, "nobody answers: the server that made it has ended", "start it")
        }
        K::PermissionDenied => {
            (Exit::Refused, "permission denied", "be root, its user, or a member of its group")
        }
        _ => return Failure::new(Exit::Unreachable, path.display(), error, ""),
    };
    Failure::new(exit, path.display(), what, way_out)
}
