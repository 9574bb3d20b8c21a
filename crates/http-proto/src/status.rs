//! The table of the statuses that we send.

/// A status that we send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// 100: the client may send the content that it announced.
    Continue,
    /// 200.
    Ok,
    /// 206: ranges of the content.
    PartialContent,
    /// 301: a directory's name ends in `/`.
    MovedPermanently,
    /// 304: the client's copy is the content.
    NotModified,
    /// 400: not HTTP, or a way to smuggle a request.
    BadRequest,
    /// 401: a login is wanted.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 405: a method that changes things.
    MethodNotAllowed,
    /// 408: the request did not come in time.
    RequestTimeout,
    /// 411: content without a length.
    LengthRequired,
    /// 412.
    PreconditionFailed,
    /// 413: content that nobody wants.
    ContentTooLarge,
    /// 414.
    UriTooLong,
    /// 416: no octet of the ranges is there.
    RangeNotSatisfiable,
    /// 417.
    ExpectationFailed,
    /// 429: a limit on this client; later it may work.
    TooManyRequests,
    /// 431: too many or too long header fields.
    HeadTooLarge,
    /// 500: our storage failed.
    InternalServerError,
    /// 501: a method or transfer coding that we do not know.
    NotImplemented,
    /// 503: a limit on all, or the server is being stopped.
    ServiceUnavailable,
    /// 505.
    VersionNotSupported,
    /// 507: no space.
    InsufficientStorage,
}

/// One row: the number, the words, where it is defined.
struct Row(Status, u16, &'static str, &'static str);

const ROWS: [Row; 24] = [
    Row(Status::Continue, 100, "Continue", "RFC 9110 §15.2.1"),
    Row(Status::Ok, 200, "OK", "RFC 9110 §15.3.1"),
    Row(Status::PartialContent, 206, "Partial Content", "RFC 9110 §15.3.7"),
    Row(Status::MovedPermanently, 301, "Moved Permanently", "RFC 9110 §15.4.2"),
    Row(Status::NotModified, 304, "Not Modified", "RFC 9110 §15.4.5"),
    Row(Status::BadRequest, 400, "Bad Request", "RFC 9110 §15.5.1"),
    Row(Status::Unauthorized, 401, "Unauthorized", "RFC 9110 §15.5.2"),
    Row(Status::Forbidden, 403, "Forbidden", "RFC 9110 §15.5.4"),
    Row(Status::NotFound, 404, "Not Found", "RFC 9110 §15.5.5"),
    Row(Status::MethodNotAllowed, 405, "Method Not Allowed", "RFC 9110 §15.5.6"),
    Row(Status::RequestTimeout, 408, "Request Timeout", "RFC 9110 §15.5.9"),
    Row(Status::LengthRequired, 411, "Length Required", "RFC 9110 §15.5.12"),
    Row(Status::PreconditionFailed, 412, "Precondition Failed", "RFC 9110 §15.5.13"),
    Row(Status::ContentTooLarge, 413, "Content Too Large", "RFC 9110 §15.5.14"),
    Row(Status::UriTooLong, 414, "URI Too Long", "RFC 9110 §15.5.15"),
    Row(Status::RangeNotSatisfiable, 416, "Range Not Satisfiable", "RFC 9110 §15.5.17"),
    Row(Status::ExpectationFailed, 417, "Expectation Failed", "RFC 9110 §15.5.18"),
    Row(Status::TooManyRequests, 429, "Too Many Requests", "RFC 6585 §4"),
    Row(Status::HeadTooLarge, 431, "Request Header Fields Too Large", "RFC 6585 §5"),
    Row(Status::InternalServerError, 500, "Internal Server Error", "RFC 9110 §15.6.1"),
    Row(Status::NotImplemented, 501, "Not Implemented", "RFC 9110 §15.6.2"),
    Row(Status::ServiceUnavailable, 503, "Service Unavailable", "RFC 9110 §15.6.4"),
    Row(Status::VersionNotSupported, 505, "HTTP Version Not Supported", "RFC 9110 §15.6.6"),
    Row(Status::InsufficientStorage, 507, "Insufficient Storage", "RFC 4918 §11.5"),
];

impl Status {
    /// Its number.
    pub fn code(self) -> u16 {
        self.row().1
    }

    /// Its words.
    pub fn reason(self) -> &'static str {
        self.row().2
    }

    /// Where it is defined.
    pub fn defined(self) -> &'static str {
        self.row().3
    }

    /// Every status that we send, by number.
    pub fn all() -> impl Iterator<Item = Status> {
        ROWS.iter().map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.0 == self).expect("each status has a row (tested)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_row_in_the_order_of_numbers() {
        assert!(ROWS.windows(2).all(|w| w[0].1 < w[1].1));
        // The last variant's number is one less than the rows only if each variant has one.
        assert_eq!(Status::InsufficientStorage as usize + 1, ROWS.len());
        for (n, row) in ROWS.iter().enumerate() {
            assert_eq!(row.0 as usize, n, "{} is out of order", row.1);
        }
    }
}
