//! Codes of STATUS (draft §7).

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It was done.
    Ok,
    /// There is no more.
    Eof,
    /// There is no such file.
    NoSuchFile,
    /// It is not allowed.
    PermissionDenied,
    /// It failed, and version 3 has no code for why.
    Failure,
    /// The request could not be read.
    BadMessage,
    /// A client's own: there is no connection.
    NoConnection,
    /// A client's own: the connection is gone.
    ConnectionLost,
    /// The server does not do that.
    OpUnsupported,
    /// What later versions have, or nobody.
    Other(u32),
}

/// Those that version 3 has.
const KNOWN: [Status; 9] = [
    Status::Ok,
    Status::Eof,
    Status::NoSuchFile,
    Status::PermissionDenied,
    Status::Failure,
    Status::BadMessage,
    Status::NoConnection,
    Status::ConnectionLost,
    Status::OpUnsupported,
];

impl Status {
    /// By its number.
    pub fn from_code(code: u32) -> Status {
        KNOWN.into_iter().find(|status| status.code() == code).unwrap_or(Status::Other(code))
    }

    /// Its number.
    pub fn code(self) -> u32 {
        match self {
            Status::Ok => 0,
            Status::Eof => 1,
            Status::NoSuchFile => 2,
            Status::PermissionDenied => 3,
            Status::Failure => 4,
            Status::BadMessage => 5,
            Status::NoConnection => 6,
            Status::ConnectionLost => 7,
            Status::OpUnsupported => 8,
            Status::Other(code) => code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_draft_and_unknown_ones_stay() {
        for code in 0..12 {
            let status = Status::from_code(code);
            assert_eq!(status.code(), code);
            assert_eq!(matches!(status, Status::Other(_)), code > 8);
        }
        assert_eq!((Status::Failure.code(), Status::OpUnsupported.code()), (4, 8));
    }
}
