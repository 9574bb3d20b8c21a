//! `copy`: what stands between the last answer and the prompt.
//!
//! TFTP in: `Accessing …`, `Loading X from H (via IF): !!!`, `[OK - N bytes]`, a blank line, the copied
//! line. FTP in: `Loading X !!!`, `[OK - N/4096 bytes]`. Out: `Writing X !!!` (FTP) or only `!!!` (TFTP). HTTP: `Loading URL !!!` in, `Storing URL !!!` out. SCP shows the
//! line of its protocol instead: ` Sending file modes: C0644 N X` in, `Writing X  Sink: C0644 N X ` out.

use super::Unread;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// What IOS-XE asks whoever interrupts a copy; stands right before `[confirm]`.
pub const ABORT: &str = "Abort Copy? ";

/// What IOS-XE says before it asks that of a file that is called an image and is none for it.
pub const FOREIGN: &str = "%Warning: File not a valid executable for this system\n";

/// Packets of 512 octets that one `!` stands for.
pub const PACKETS_PER_MARK: u32 = 10;

/// Before anything is sent when the file exists already; `[confirm]` follows.
pub const OVERWRITE: &str =
    "%Warning:There is a file already existing with this name \nDo you want to over write? ";

/// An empty answer to `Address or name of remote host []? `.
pub const NO_HOST: &str = "?Host name or address not specified\n%Error parsing filename (Bad address)\n";

/// The first line of a read.
pub fn accessing(url: &str) -> String {
    format!("Accessing {}...", masked(url))
}

/// Before the marks of a TFTP read. It stands on its own line below `Accessing …`.
pub fn loading_tftp(file: &str, host: &str, via: &str) -> String {
    format!("\nLoading {file} from {host} (via {via}): ")
}

/// Before the marks of an FTP read.
pub fn loading_ftp(file: &str) -> String {
    format!("\nLoading {file} ")
}

/// Before the marks of an HTTP read. Not confirmed by a device's own output.
pub fn loading_http(url: &str) -> String {
    format!("\nLoading {} ", masked(url))
}

/// Before the marks of an HTTP write. Not confirmed by a device's own output.
pub fn storing_http(url: &str) -> String {
    format!("Storing {} ", masked(url))
}

/// Before the marks of an FTP write.
pub fn writing(file: &str) -> String {
    format!("Writing {file} ")
}

/// Before the marks of an SCP read: the line that the server sent, `C0644 3698 sh_ver.txt`.
pub fn sending_modes(record: &str) -> String {
    format!(" Sending file modes: {record}\n")
}

/// Before the marks of an SCP write, behind [`writing`]: the line that the device sent.
pub fn sink(record: &str) -> String {
    format!(" Sink: {record} \n")
}

/// Before the marks of a copy that stays on the device.
pub const LOCAL: &str = "Copy in progress...";

/// Behind the marks of a TFTP read.
pub fn ok_tftp(octets: u64) -> String {
    format!("\n[OK - {octets} bytes]\n\n")
}

/// Behind the marks of an FTP read. The 4096 is what the device prints, whatever it stands for.
pub fn ok_ftp(octets: u64) -> String {
    format!("\n[OK - {octets}/4096 bytes]\n\n")
}

/// The last line of a copy that worked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copied {
    /// Octets.
    pub octets: u64,
    /// How long it took.
    pub millis: u64,
}

impl Copied {
    /// Octets a second, halves rounded up; a copy takes a millisecond at least.
    pub fn rate(self) -> u64 {
        let millis = u128::from(self.millis.max(1));
        let rate = (u128::from(self.octets) * 1000 + millis / 2) / millis;
        u64::try_from(rate).unwrap_or(u64::MAX)
    }

    /// `33591768 bytes copied in 61.650 secs (544879 bytes/sec)`
    pub fn render(self) -> String {
        let millis = self.millis.max(1);
        format!(
            "{} bytes copied in {}.{:03} secs ({} bytes/sec)\n",
            self.octets,
            millis / 1000,
            millis % 1000,
            self.rate()
        )
    }
}

/// Why a copy or a file operation failed: what stands in the brackets of `%Error …`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// No answer, or none any more.
    TimedOut,
    /// TFTP error 1, FTP 550; or no such local file.
    NoSuchFile,
    /// TFTP error 2, FTP 550 or 553.
    PermissionDenied,
    /// TFTP error 0.
    Undefined,
    /// The port is closed.
    Socket,
    /// FTP 530.
    Login,
    /// No password and no key lets in over SSH.
    Authentication,
    /// No route, or the interface is down.
    Unreachable,
    /// The flash is full.
    NoSpace,
    /// Ctrl-Shift-6.
    Interrupted,
    /// The file system cannot be written.
    ReadOnly,
    /// Not a name this file system can have.
    BadFileName,
    /// It is a directory.
    IsDirectory,
    /// Something is in it.
    NotEmpty,
    /// It is there already.
    Exists,
    /// This file system cannot do it.
    NotSupported,
    /// The peer broke the protocol, or sent less than it said.
    Protocol,
    /// A server of HTTP failed.
    Io,
}

/// The first two, `Socket error` and `Not enough space on device` stand in transcripts; the others are as
/// IOS names such errors elsewhere, not confirmed for `copy`.
const REASONS: [(Reason, &str); 18] = [
    (Reason::TimedOut, "Timed out"),
    (Reason::NoSuchFile, "No such file or directory"),
    (Reason::PermissionDenied, "Permission denied"),
    (Reason::Undefined, "Undefined error"),
    (Reason::Socket, "Socket error"),
    (Reason::Login, "Incorrect Login/Password"),
    (Reason::Authentication, "Authentication failed"),
    (Reason::Unreachable, "Destination unreachable"),
    (Reason::NoSpace, "Not enough space on device"),
    (Reason::Interrupted, "User interrupt"),
    (Reason::ReadOnly, "Read-only file system"),
    (Reason::BadFileName, "Bad file name"),
    (Reason::IsDirectory, "Is a directory"),
    (Reason::NotEmpty, "Directory not empty"),
    (Reason::Exists, "File exists"),
    (Reason::NotSupported, "Operation not supported"),
    (Reason::Protocol, "Protocol error"),
    (Reason::Io, "I/O error"),
];

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REASONS.iter().find(|r| r.0 == *self).expect("every reason is in the table").1)
    }
}

/// What could not be done with the URL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The peer did not let us begin.
    Opening,
    /// It stopped in the middle of a read; ` [timed out]` and a blank line stand before it.
    Reading,
    /// It stopped in the middle of a write.
    Writing,
    /// Our own end failed.
    Copying,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Step::Opening => "opening",
            Step::Reading => "reading",
            Step::Writing => "writing",
            Step::Copying => "copying",
        }
    }
}

/// The last line of a copy that failed. It begins on a new line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failed {
    /// What was being done.
    pub step: Step,
    /// With what; user and password are masked when it is printed.
    pub url: String,
    /// Why not.
    pub reason: Reason,
}

impl Failed {
    /// `%Error opening tftp://10.0.0.1/x (Timed out)`
    pub fn render(&self) -> String {
        format!("%Error {} {} ({})\n", self.step.word(), masked(&self.url), self.reason)
    }
}

/// Behind `Failed` for want of space.
pub fn space(available: u64, used: u64) -> String {
    format!("\n{available} bytes available ({used} bytes used)\n")
}

/// How a copy ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It worked.
    Copied(Copied),
    /// It did not.
    Failed(Failed),
}

/// Finds the end of a copy in what the device printed.
pub fn parse(text: &str) -> Result<Ended, Unread> {
    let end = |l: &str| copied(l).map(Ended::Copied).or_else(|| failed(l).map(Ended::Failed));
    text.lines()
        .rev()
        .find_map(|l| end(l.trim()))
        .ok_or_else(|| Unread::new("'N bytes copied in …' or '%Error …'", text.lines().last().unwrap_or("")))
}

fn copied(line: &str) -> Option<Copied> {
    let (octets, rest) = line.split_once(" bytes copied in ")?;
    let (secs, rate) = rest.split_once(" secs (")?;
    rate.strip_suffix(" bytes/sec)")?.parse::<u64>().ok()?;
    let (whole, part) = secs.split_once('.').unwrap_or((secs, "0"));
    // `8.61` has dropped its last zero.
    let digits = part.len().min(3);
    let part = part.get(..digits)?.parse::<u64>().ok()? * 10_u64.pow(3 - u32::try_from(digits).ok()?);
    let millis = whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(part)?;
    Some(Copied { octets: octets.parse().ok()?, millis: millis.max(1) })
}

fn failed(line: &str) -> Option<Failed> {
    let (step, rest) = line.strip_prefix("%Error ")?.split_once(' ')?;
    let step = [Step::Opening, Step::Reading, Step::Writing, Step::Copying]
        .into_iter()
        .find(|s| s.word() == step)?;
    let (url, reason) = rest.strip_suffix(')')?.rsplit_once(" (")?;
    let reason = REASONS.iter().find(|r| r.1 == reason)?.0;
    Some(Failed { step, url: url.to_string(), reason })
}

/// The URL with user and password as the device shows them: `ftp://*:*@10.0.0.1/x`.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_string() };
    let host = rest.split('/').next().unwrap_or("");
    match host.rfind('@') {
        Some(at) => format!("{scheme}://*:*{}", &rest[at..]),
        None => url.to_string(),
    }
}

/// Puts progress marks on lines no wider than the terminal.
#[derive(Clone, Debug)]
pub struct Marks {
    width: usize,
    column: usize,
}

impl Marks {
    /// Marks that begin behind `text`, the last line printed, on a terminal of `width` columns (0: no end).
    pub fn behind(text: &str, width: usize) -> Marks {
        let column = text.rsplit('\n').next().unwrap_or("").len();
        // A longer line has been wrapped by the terminal itself.
        Marks { width, column: if width == 0 { column } else { column % width } }
    }

    /// One mark (`!`, `.`, `O`, `e`, `C`), with the line end that it needs.
    pub fn push(&mut self, mark: char) -> String {
        if self.width != 0 && self.column >= self.width {
            self.column = 1;
            return format!("\n{mark}");
        }
        self.column += 1;
        mark.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of real devices: octets, milliseconds, the rate they printed.
    const REAL: [(u64, u64, u64); 10] = [
        (12_124_536, 77_432, 156_583),
        (4, 348, 11),
        (2_772, 69, 40_174),
        (2_814, 7, 402_000),
        (6_413, 9_538, 672),
        (16_382, 5_201, 3_150),
        (16_500_736, 18_974, 869_650),
        (1_309, 267, 4_903),
        (3_698, 304, 12_164),
        (2_772, 69, 40_174),
    ];

    #[test]
    fn the_rate_is_that_of_real_devices() {
        for (octets, millis, rate) in REAL {
            assert_eq!(Copied { octets, millis }.rate(), rate, "{octets} in {millis} ms");
        }
    }

    #[test]
    fn a_whole_tftp_read() {
        let url = "tftp://10.0.0.1/a.bin";
        let mut out = accessing(url);
        out += &loading_tftp("a.bin", "10.0.0.1", "GigabitEthernet0/0");
        let mut marks = Marks::behind(&out, 60);
        for _ in 0..14 {
            out += &marks.push('!');
        }
        out += &ok_tftp(71_680);
        out += &Copied { octets: 71_680, millis: 250 }.render();
        assert_eq!(
            out,
            "Accessing tftp://10.0.0.1/a.bin...
Loading a.bin from 10.0.0.1 (via GigabitEthernet0/0): !!!!!!
!!!!!!!!
[OK - 71680 bytes]

71680 bytes copied in 0.250 secs (286720 bytes/sec)
"
        );
        assert_eq!(parse(&out), Ok(Ended::Copied(Copied { octets: 71_680, millis: 250 })));
    }

    #[test]
    fn every_failure_is_read_back() {
        for (reason, _) in REASONS {
            for step in [Step::Opening, Step::Reading, Step::Writing, Step::Copying] {
                let failed = Failed { step, url: "ftp://*:*@10.0.0.1//pub/a b.bin".into(), reason };
                assert_eq!(parse(&failed.render()), Ok(Ended::Failed(failed)));
            }
        }
        assert!(parse("R1#").is_err());
    }

    #[test]
    fn passwords_are_never_printed() {
        assert_eq!(accessing("ftp://bob:s@cret@10.0.0.1//x"), "Accessing ftp://*:*@10.0.0.1//x...");
        assert_eq!(masked("ftp://10.0.0.1/a@b"), "ftp://10.0.0.1/a@b");
        assert_eq!(masked("flash:a"), "flash:a");
    }

    #[test]
    fn seconds_without_their_zeros_are_read() {
        assert_eq!(
            copied("1020 bytes copied in 8.61 secs (118 bytes/sec)"),
            Some(Copied { octets: 1020, millis: 8610 })
        );
    }
}
