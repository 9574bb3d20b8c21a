use super::link::Link;
use super::{fault, request};
use crate::{ClientError, Done, Options, Outcome, Remote, WireCode};
use rustix::event::PollFlags;
use std::time::{Duration, Instant};
use store::Blob;
use transport::pump::{Bite, Outgoing, PumpError};
use transport::tap::Dir;
use ureq_proto::client::state::{Await100, RecvResponse, SendBody};
use ureq_proto::client::{Await100Result, Call, SendRequestResult};
use ureq_proto::http::header::LOCATION;

/// How long a server may take to say that the content is welcome, as long as curl lets it; old ones never say.
const WELCOME: Duration = Duration::from_secs(1);

/// Sends the file that `blob` is.
pub(crate) fn put(blob: &Blob, remote: &Remote, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let request = request::put(remote, blob.len(), options)?;
    let call = Call::new(request).map_err(|e| ClientError::Local(std::io::Error::other(e)))?;
    let mut link = Link::open(call.uri(), remote, options)?;
    let mut call = call.proceed();
    link.send_head(&mut call)?;
    let ends = link.ends;
    let broken = |e: ureq_proto::Error| fault::protocol(&ends, &e);
    let mut call = match call.proceed().map_err(broken)? {
        Some(SendRequestResult::Await100(call)) => match welcome(&mut link, call)? {
            Await100Result::SendBody(call) => send(&mut link, call, blob)?,
            Await100Result::RecvResponse(call) => call,
        },
        Some(SendRequestResult::SendBody(call)) => send(&mut link, call, blob)?,
        Some(SendRequestResult::RecvResponse(call)) => call,
        None => unreachable!("the head is out"),
    };
    let response = link.answer(&mut call)?;
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(LOCATION).map(|to| crate::error::printable(to.as_bytes()));
        let text = format!("{} it wants the file elsewhere: {}", status.as_u16(), to.unwrap_or_default());
        return Err(ClientError::Server { code: WireCode::Http(status.as_u16()), text });
    }
    if !status.is_success() {
        return Err(fault::status(status));
    }
    if link.moved < blob.len() {
        let (expected, found) = (blob.len(), link.moved);
        return Err(ClientError::Truncated { expected, found });
    }
    let (octets, elapsed) = (link.moved, began.elapsed());
    Ok(Done { octets, elapsed, outcome: Outcome::Complete, modified: None, mode: None, repeats: 0 })
}

/// Waits a while for `100 Continue`, or for what is said in its place.
fn welcome(link: &mut Link<'_>, mut call: Call<Await100>) -> Result<Await100Result, ClientError> {
    let deadline = Instant::now() + WELCOME;
    let ends = link.ends;
    let broken = |e: ureq_proto::Error| fault::protocol(&ends, &e);
    while call.can_keep_await_100() {
        if !link.wait_until(PollFlags::IN, deadline)? && Instant::now() >= deadline {
            break;
        }
        match link.read_now()? {
            None => continue,
            // What it means is told where the answer is read.
            Some(0) => break,
            Some(_) => {}
        }
        let used = call.try_read_100(&link.unread).map_err(broken)?;
        let head: Vec<u8> = link.unread.drain(..used).collect();
        link.heard(&head);
    }
    call.proceed().map_err(broken)
}

/// Sends the content, or as much of it as the server takes before it answers.
fn send(
    link: &mut Link<'_>,
    mut call: Call<SendBody>,
    blob: &Blob,
) -> Result<Call<RecvResponse>, ClientError> {
    let mut out = Outgoing::new(blob.clone(), 0, None);
    let mut is_heard = true;
    loop {
        match link.conn.send(&mut out) {
            Ok(Bite::Moved(n)) => link.has_moved(Dir::Sent, n),
            Ok(Bite::Over) => {
                link.conn.flush(link.patience())?.map_err(ClientError::Network)?;
                break;
            }
            Ok(Bite::Blocked) => {
                let hears = if is_heard { PollFlags::IN } else { PollFlags::empty() };
                link.wait(PollFlags::OUT | hears)?;
                match if is_heard { link.read_now() } else { Ok(None) } {
                    Ok(None) => {}
                    // Nothing more is said, and the content may be wanted nevertheless.
                    Ok(Some(0)) => is_heard = false,
                    // An answer before all is there: it is not wanted.
                    Ok(Some(_)) => break,
                    Err(e) => return Err(e),
                }
            }
            Err(PumpError::File(e) | PumpError::Content(e)) => return Err(ClientError::Local(e)),
            // Whoever closed may have said why.
            Err(PumpError::Socket(_)) => break,
        }
    }
    let ends = link.ends;
    let broken = |e: ureq_proto::Error| fault::protocol(&ends, &e);
    if !call.can_proceed() {
        // The machine counts what went past it.
        call.consume_direct_write(usize::try_from(blob.len()).unwrap_or(usize::MAX)).map_err(broken)?;
    }
    call.proceed().ok_or_else(|| broken(ureq_proto::Error::BodyLargerThanContentLength))
}
