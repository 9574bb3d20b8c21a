use crate::{ClientError, Options, Remote, Scheme};
use base64ct::{Base64, Encoding as _};
use std::io;
use ureq_proto::http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, RANGE,
    USER_AGENT,
};
use ureq_proto::http::request::Builder;
use ureq_proto::http::{Method, Request, Uri};

/// The request for a file, from an octet on.
pub(super) fn get(remote: &Remote, from: u64, options: &Options) -> Result<Request<()>, ClientError> {
    let mut request = begin(Method::GET, remote, options)?;
    if from > 0 {
        request = request.header(RANGE, format!("bytes={from}-"));
    }
    request.body(()).map_err(unfit)
}

/// The request that sends `len` octets.
pub(super) fn put(remote: &Remote, len: u64, options: &Options) -> Result<Request<()>, ClientError> {
    let mut request = begin(Method::PUT, remote, options)?
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CONTENT_LENGTH, len);
    if len > 0 {
        // Whoever does not let us is to say so before a whole image was sent.
        request = request.header(EXPECT, "100-continue");
    }
    request.body(()).map_err(unfit)
}

fn begin(method: Method, remote: &Remote, options: &Options) -> Result<Builder, ClientError> {
    let request = Request::builder()
        .method(method)
        .uri(uri(remote)?)
        .header(USER_AGENT, options.http.agent)
        .header(ACCEPT, "*/*")
        // The file as it is there.
        .header(ACCEPT_ENCODING, "identity")
        .header(CONNECTION, "close");
    let Some(user) = &remote.user else { return Ok(request) };
    let login = format!("{user}:{}", remote.password.as_deref().unwrap_or_default());
    Ok(request.header(AUTHORIZATION, format!("Basic {}", Base64::encode_string(login.as_bytes()))))
}

/// The URI without user and password. The path is one already: see [`store::locator`].
fn uri(remote: &Remote) -> Result<Uri, ClientError> {
    let host = match remote.host.split_once('%').map_or(remote.host.as_str(), |(address, _)| address) {
        host if host.contains(':') => format!("[{host}]"),
        host => host.to_owned(),
    };
    let port = remote.port.filter(|port| *port != remote.scheme.port());
    let authority = port.map_or(host.clone(), |port| format!("{host}:{port}"));
    let path = std::str::from_utf8(&remote.path).map_err(unfit)?;
    let path = path.strip_prefix('/').unwrap_or(path);
    let scheme = if remote.scheme == Scheme::Https { "https" } else { "http" };
    Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(format!("/{path}"))
        .build()
        .map_err(unfit)
}

fn unfit(e: impl std::error::Error + Send + Sync + 'static) -> ClientError {
    ClientError::Local(io::Error::new(io::ErrorKind::InvalidInput, e))
}
