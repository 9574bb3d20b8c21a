use super::body::{self, Whole};
use super::link::Link;
use super::{fault, request};
use crate::{ClientError, Done, Options, Outcome, Remote, Resume};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use store::Sink;
use transport::tap::{Dir, What};
use ureq_proto::client::state::{Prepare, RecvBody};
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, RedirectAuthHeaders, SendRequestResult};
use ureq_proto::http::header::{CONTENT_RANGE, LAST_MODIFIED, LOCATION};
use ureq_proto::http::{HeaderMap, Response, StatusCode};

/// Redirects that are followed, as browsers do.
const REDIRECTS: usize = 20;
/// Octets of a redirect's own page.
const PAGE: usize = 1 << 20;

/// What came of a request.
enum Came {
    /// What was asked for, content and all.
    Content(Response<()>, Option<Call<RecvBody>>),
    /// It is elsewhere.
    Elsewhere(Call<Prepare>),
}

/// Fetches a file into `sink`.
pub(crate) fn get(remote: &Remote, sink: &mut dyn Sink, options: &Options) -> Result<Done, ClientError> {
    let began = Instant::now();
    let from = match options.http.resume {
        Resume::No => 0,
        Resume::At(from) => from,
    };
    let request = request::get(remote, from, options)?;
    let mut call = Call::new(request).map_err(|e| ClientError::Local(std::io::Error::other(e)))?;
    for _ in 0..=REDIRECTS {
        let mut link = Link::open(call.uri(), remote, options)?;
        let (response, content) = match ask(&mut link, call)? {
            Came::Content(response, content) => (response, content),
            Came::Elsewhere(next) => {
                call = next;
                continue;
            }
        };
        let (octets, whole) = match (response.status(), range(response.headers())) {
            (StatusCode::PARTIAL_CONTENT, Some((start, total))) if from > 0 && start == from => {
                total.inspect(|total| link.see(Dir::Here, What::Size(*total)));
                content.map_or(Ok((0, Whole::Known)), |content| body::take(&mut link, content, from, sink))?
            }
            // All that is there is here.
            (StatusCode::RANGE_NOT_SATISFIABLE, Some((_, Some(total)))) if from == total => (0, Whole::Known),
            (StatusCode::RANGE_NOT_SATISFIABLE, Some((_, Some(expected)))) if from > 0 => {
                return Err(ClientError::Truncated { expected, found: from });
            }
            (StatusCode::OK, _) if from > 0 => return Err(ClientError::NoRanges),
            (StatusCode::OK, _) => {
                content.map_or(Ok((0, Whole::Known)), |content| body::take(&mut link, content, 0, sink))?
            }
            (StatusCode::PARTIAL_CONTENT, _) => {
                let what = format!("expected the octets from {from} on, found others");
                return Err(ClientError::Protocol { peer: link.ends.peer, what });
            }
            (other, _) => return Err(fault::status(other)),
        };
        let outcome = match whole {
            Whole::Known => Outcome::Complete,
            Whole::Assumed => Outcome::Unconfirmed,
        };
        let modified = response.headers().get(LAST_MODIFIED).and_then(|at| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            http_proto::date::parse(at.as_bytes(), i64::try_from(now.as_secs()).ok()?)
        });
        return Ok(Done { octets, elapsed: began.elapsed(), outcome, modified, mode: None, repeats: 0 });
    }
    let text = format!("sent elsewhere more than {REDIRECTS} times");
    Err(ClientError::Server { code: crate::WireCode::Http(StatusCode::FOUND.as_u16()), text })
}

/// Sends the request and takes the head of the answer.
fn ask(link: &mut Link<'_>, call: Call<Prepare>) -> Result<Came, ClientError> {
    let is_tls = call.uri().scheme_str() == Some("https");
    let mut call = call.proceed();
    link.send_head(&mut call)?;
    let ends = link.ends;
    let broken = |e: ureq_proto::Error| fault::protocol(&ends, &e);
    let mut call = match call.proceed().map_err(broken)? {
        Some(SendRequestResult::RecvResponse(call)) => call,
        // A GET has no content.
        Some(SendRequestResult::Await100(_) | SendRequestResult::SendBody(_)) | None => unreachable!("a GET"),
    };
    let response = link.answer(&mut call)?;
    let mut elsewhere = match call.proceed() {
        Some(RecvResponseResult::Redirect(call)) => call,
        Some(RecvResponseResult::RecvBody(mut call)) if response.status().is_redirection() => {
            body::skip(link, &mut call, PAGE)?;
            match call.proceed() {
                Some(RecvBodyResult::Redirect(call)) => call,
                Some(RecvBodyResult::Cleanup(_)) | None => return Err(fault::status(response.status())),
            }
        }
        Some(RecvResponseResult::RecvBody(call)) => return Ok(Came::Content(response, Some(call))),
        Some(RecvResponseResult::Cleanup(_)) | None => return Ok(Came::Content(response, None)),
    };
    // A login goes along to the same host only, and never from TLS into the clear.
    let next = elsewhere.as_new_call(RedirectAuthHeaders::SameHost).map_err(broken)?;
    match next {
        Some(next) if is_tls && next.uri().scheme_str() != Some("https") => {
            let shown = response.headers().get(LOCATION).map(|to| crate::error::printable(to.as_bytes()));
            let text = format!("it sends us from TLS into the clear, to {}", shown.unwrap_or_default());
            Err(ClientError::Denied { code: crate::WireCode::Http(response.status().as_u16()), text })
        }
        Some(next) => Ok(Came::Elsewhere(next)),
        None => Err(fault::status(response.status())),
    }
}

/// First octet, and octets of the whole: `bytes 10-19/20`, `bytes */20` (RFC 9110 §14.4).
fn range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let text = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = total.parse().ok();
    match range.split_once('-') {
        Some((first, _)) => Some((first.parse().ok()?, total)),
        None => Some((0, total)),
    }
}
