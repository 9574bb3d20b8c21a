//! How each question is answered, in whichever process has the privilege.

use super::{Address, Answer, Listed, Mandate, Question, Reached, Refused, Run, run};
use rustix::event::{PollFd, PollFlags, poll};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

/// Octets that a program may be given on its input: an event with two names of 4,096 octets, each of which is
/// five characters of JSON and one and a third of base64, is 52 KiB.
pub(super) const INPUT: usize = 64 << 10;
/// How long one of several addresses of a name may take before the next is tried.
const EACH: Duration = Duration::from_secs(2);
/// Ports that active data connections come from: FTP's data port, or any free one (RFC 959 §3.2).
const DATA_PORT: u16 = 20;

/// Answers what the mandate covers, all but [`Question::Successor`] and [`Question::Elder`], which only a monitor can.
pub(super) fn answer(mandate: &Mandate, question: Question) -> Answer {
    let socket = |made: io::Result<OwnedFd>| match made {
        Ok(socket) => Answer::Socket(socket),
        Err(e) => Answer::Refused(Refused::of(&e)),
    };
    match question {
        Question::Passive { at } => socket(passive(mandate, at)),
        Question::ConnectFrom { from, to } => match may_connect(mandate, from) {
            Ok(()) => socket(connect(Some(from), to)),
            Err(refused) => Answer::Refused(refused),
        },
        Question::Reach { place } => match mandate.places.get(&place) {
            Some(address) => socket(reach(address)),
            None => Answer::Refused(Refused::NotListed(format!("place: {place:?}"))),
        },
        Question::Run(listed) => match run_listed(mandate, listed) {
            Ok(ran) => Answer::Ran(ran),
            Err(refused) => Answer::Refused(refused),
        },
        Question::Successor => {
            let why = "this process has no monitor: start it anew for a new configuration";
            Answer::Refused(Refused::Never(why.into()))
        }
        Question::Elder { .. } => Answer::Refused(Refused::NotListed("worker that drains".into())),
    }
}

fn passive(mandate: &Mandate, at: IpAddr) -> io::Result<OwnedFd> {
    transport::passive::listen(at, mandate.passive_ports.as_ref()).map(OwnedFd::from)
}

fn may_connect(mandate: &Mandate, from: SocketAddr) -> Result<(), Refused> {
    if !mandate.active {
        return Err(Refused::NotListed("thing: active data connections".into()));
    }
    if from.port() != 0 && from.port() != DATA_PORT {
        return Err(Refused::Never(format!(
            "data connections come from port {DATA_PORT}, not {}",
            from.port()
        )));
    }
    Ok(())
}

/// Begins a connection and does not wait for it.
fn connect(from: Option<SocketAddr>, to: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
    if let Some(from) = from {
        if from.port() != 0 {
            socket.set_reuse_address(true)?;
        }
        // A link-local address of ours cannot be bound without its interface; then the system chooses.
        if to.is_ipv4() || to.ip().is_loopback() || from.port() != 0 {
            socket.bind(&from.into())?;
        }
    }
    match socket.connect(&to.into()) {
        Ok(()) => {}
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(e) => return Err(e),
    }
    Ok(socket.into())
}

/// A connection to the first of its addresses that answers, of which the last may still be under way; or a socket for
/// datagrams to the first.
fn reach(address: &Address) -> io::Result<OwnedFd> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{address}: no address has that name"));
    let all = address.look_up()?;
    for (nth, to) in all.iter().enumerate() {
        let is_there = |socket: &OwnedFd| if nth + 1 < all.len() { arrived(socket, EACH) } else { Ok(()) };
        let made = match address.by {
            Reached::Tcp => connect(None, *to).and_then(|socket| is_there(&socket).map(|()| socket)),
            Reached::Udp => datagrams(*to),
        };
        match made {
            Ok(socket) => return Ok(socket),
            Err(e) => last = e,
        }
    }
    Err(last)
}

/// A socket whose datagrams go there.
fn datagrams(to: SocketAddr) -> io::Result<OwnedFd> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM, Some(Protocol::UDP))?;
    socket.connect(&to.into())?;
    Ok(socket.into())
}

/// Waits so long for a connection that is under way.
fn arrived(socket: &OwnedFd, patience: Duration) -> io::Result<()> {
    let patience = patience.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
    let there = || poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&patience));
    if rustix::io::retry_on_intr(there)? == 0 {
        return Err(io::ErrorKind::TimedOut.into());
    }
    rustix::net::sockopt::socket_error(socket)?.map_err(io::Error::from)
}

fn run_listed(mandate: &Mandate, listed: Listed) -> Result<super::Ran, Refused> {
    let Listed { program, environment, input, patience } = listed;
    let argv =
        mandate.programs.get(&program).ok_or_else(|| Refused::NotListed(format!("program: {program:?}")))?;
    if let Some((name, _)) = environment.iter().find(|(name, _)| !name.starts_with("TOWLINE_")) {
        return Err(Refused::Never(format!("a program's variables begin with TOWLINE_, not {name}")));
    }
    if input.len() > INPUT {
        return Err(Refused::Never(format!(
            "a program's input is at most {INPUT} octets, not {}",
            input.len()
        )));
    }
    let run_it =
        Run { argv, environment: &environment, input: &input, patience, as_user: mandate.programs_as };
    run(&run_it).map_err(|e| Refused::Failed(e.to_string()))
}
