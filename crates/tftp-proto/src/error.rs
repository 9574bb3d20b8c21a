use core::fmt;

/// The code of an ERROR packet (RFC 1350 §5, RFC 2347).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    /// 0: see the text.
    Undefined,
    /// 1
    FileNotFound,
    /// 2
    AccessViolation,
    /// 3: disk full or allocation exceeded.
    DiskFull,
    /// 4
    IllegalOperation,
    /// 5: unknown transfer ID.
    UnknownTid,
    /// 6
    FileExists,
    /// 7
    NoSuchUser,
    /// 8: option negotiation (RFC 2347).
    OptionRefused,
    /// Any other number.
    Other(u16),
}

/// RFC 1350 appendix I, RFC 2347: the numbers in order.
const TABLE: [ErrorCode; 9] = [
    ErrorCode::Undefined,
    ErrorCode::FileNotFound,
    ErrorCode::AccessViolation,
    ErrorCode::DiskFull,
    ErrorCode::IllegalOperation,
    ErrorCode::UnknownTid,
    ErrorCode::FileExists,
    ErrorCode::NoSuchUser,
    ErrorCode::OptionRefused,
];

impl ErrorCode {
    /// The code behind a number.
    pub fn from_u16(n: u16) -> ErrorCode {
        TABLE.get(usize::from(n)).copied().unwrap_or(ErrorCode::Other(n))
    }

    /// The number.
    pub fn to_u16(self) -> u16 {
        match self {
            ErrorCode::Undefined => 0,
            ErrorCode::FileNotFound => 1,
            ErrorCode::AccessViolation => 2,
            ErrorCode::DiskFull => 3,
            ErrorCode::IllegalOperation => 4,
            ErrorCode::UnknownTid => 5,
            ErrorCode::FileExists => 6,
            ErrorCode::NoSuchUser => 7,
            ErrorCode::OptionRefused => 8,
            ErrorCode::Other(n) => n,
        }
    }
}

/// How the peer broke the protocol. It was told with one ERROR packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A DATA packet longer than the block size that was agreed.
    Oversize {
        /// Octets found.
        len: usize,
        /// Octets agreed.
        blksize: u16,
    },
    /// Two different blocks claim to be the last.
    TwoEnds {
        /// The end known before.
        last: u64,
        /// The other one.
        also: u64,
    },
    /// Not as many octets as tsize announced.
    WrongSize {
        /// Octets announced.
        expected: u64,
        /// Octets seen.
        found: u64,
    },
    /// An OACK that does not fit the request.
    BadOack(crate::BadOack),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Oversize { len, blksize } => write!(f, "a block of {len} octets, agreed were {blksize}"),
            Fault::TwoEnds { last, also } => write!(f, "block {last} was the last, now block {also} is"),
            Fault::WrongSize { expected, found } => {
                write!(f, "{expected} octets were announced, {found} came")
            }
            Fault::BadOack(bad) => write!(f, "{bad}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_round_trip() {
        for n in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 700, u16::MAX] {
            assert_eq!(ErrorCode::from_u16(n).to_u16(), n);
        }
    }
}
