use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest path, octets, counting every `/`.
pub const MAX_PATH: usize = 4_096;
/// The longest component, octets: what ext4, xfs and most file systems take.
pub const MAX_COMPONENT: usize = 255;

/// How the names begin that a store keeps for itself.
pub const RESERVED: &[u8] = b".towline";

/// A path inside the served tree: absolute, normalised, octets.
///
/// Starts with `/`; no empty component, no `.` or `..`, no NUL. A value of this type cannot name
/// anything outside the root by its text (symbolic links are the backend's business). Names need not
/// be UTF-8: [`fmt::Display`] escapes what is not printable as `\xNN`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VPath(Arc<[u8]>);

/// Why octets are not a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadPath {
    /// A NUL octet, which no file name can have.
    #[error("the name contains a NUL octet")]
    Nul,
    /// `..` where the caller does not walk directories (TFTP).
    #[error("the name contains '..'")]
    DotDot,
    /// A drive (`C:`) where names count from one root.
    #[error("the name begins with a drive letter")]
    Drive,
    /// Longer than [`MAX_PATH`] or a component longer than [`MAX_COMPONENT`].
    #[error("the name is too long: {len} octets, at most {max}")]
    TooLong {
        /// Octets found.
        len: usize,
        /// Octets allowed.
        max: usize,
    },
    /// Nothing left after normalising where a file name is wanted.
    #[error("the name is empty")]
    Empty,
}

impl VPath {
    /// The root of the tree.
    pub fn root() -> VPath {
        VPath(Arc::from(&b"/"[..]))
    }

    /// Parses a name that must not climb: `..` is refused. Relative names count from the root.
    pub fn parse(octets: &[u8]) -> Result<VPath, BadPath> {
        if octets.split(|&b| b == b'/').any(|c| c == b"..") {
            return Err(BadPath::DotDot);
        }
        VPath::root().resolve(octets)
    }

    /// Resolves `octets` against this directory the way `cd` does: an absolute name starts at the
    /// root, `.` stays, `..` climbs and stops at the root (RFC 959 `CWD ../../..` stays inside).
    pub fn resolve(&self, octets: &[u8]) -> Result<VPath, BadPath> {
        if octets.contains(&0) {
            return Err(BadPath::Nul);
        }
        let mut out: Vec<u8> = match octets.first() {
            Some(b'/') => Vec::with_capacity(octets.len() + 1),
            _ if self.is_root() => Vec::with_capacity(octets.len() + 1),
            _ => self.0.to_vec(),
        };
        for component in octets.split(|&b| b == b'/') {
            match component {
                b"" | b"." => {}
                b".." => {
                    let cut = out.iter().rposition(|&b| b == b'/').unwrap_or(0);
                    out.truncate(cut);
                }
                name => {
                    if name.len() > MAX_COMPONENT {
                        return Err(BadPath::TooLong { len: name.len(), max: MAX_COMPONENT });
                    }
                    out.push(b'/');
                    out.extend_from_slice(name);
                    if out.len() > MAX_PATH {
                        return Err(BadPath::TooLong { len: out.len(), max: MAX_PATH });
                    }
                }
            }
        }
        if out.is_empty() {
            out.push(b'/');
        }
        Ok(VPath(out.into()))
    }

    /// This directory's child `name`: one component, neither `.` nor `..`.
    pub fn child(&self, name: &[u8]) -> Result<VPath, BadPath> {
        match name {
            b"" | b"." => Err(BadPath::Empty),
            b".." => Err(BadPath::DotDot),
            n if n.contains(&b'/') => Err(BadPath::DotDot),
            n => self.resolve(n),
        }
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The directory that holds this; the root's is the root.
    pub fn parent(&self) -> VPath {
        match self.0.iter().rposition(|&b| b == b'/') {
            None | Some(0) => VPath::root(),
            Some(cut) => VPath(self.0[..cut].into()),
        }
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        let cut = self.0.iter().rposition(|&b| b == b'/').expect("a VPath starts with '/'");
        &self.0[cut + 1..]
    }

    /// The components from the root down; none for the root.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/').filter(|c| !c.is_empty())
    }

    /// Whether any component begins with a dot (`.ssh`, `.git/config`).
    pub fn is_hidden(&self) -> bool {
        self.components().any(|c| c.first() == Some(&b'.'))
    }

    /// Whether any component is of the store's own: temporaries, partials and versions have names that
    /// begin with [`RESERVED`]. Backends never list them and treat them as absent.
    pub fn is_reserved(&self) -> bool {
        self.components().any(|c| c.starts_with(RESERVED))
    }

    /// The octets, `/` first.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is `top` or something below it.
    pub fn is_within(&self, top: &VPath) -> bool {
        self.rest(top).is_some()
    }

    /// This path as it is called where `top` is the root; `None` where it is not within.
    pub fn below(&self, top: &VPath) -> Option<VPath> {
        if top.is_root() {
            return Some(self.clone());
        }
        match self.rest(top)? {
            b"" => Some(VPath::root()),
            rest => Some(VPath(rest.into())),
        }
    }

    /// What this path, as it is called where `top` is the root, is called in the whole tree: the reverse of
    /// [`VPath::below`]. Fails where that is too long.
    pub fn under(&self, top: &VPath) -> Result<VPath, BadPath> {
        if top.is_root() {
            return Ok(self.clone());
        }
        if self.is_root() {
            return Ok(top.clone());
        }
        let len = top.0.len() + self.0.len();
        if len > MAX_PATH {
            return Err(BadPath::TooLong { len, max: MAX_PATH });
        }
        Ok(VPath([top.as_bytes(), self.as_bytes()].concat().into()))
    }

    /// The octets behind `top`: none, or a `/` and more.
    fn rest(&self, top: &VPath) -> Option<&[u8]> {
        if top.is_root() {
            return Some(&self.0);
        }
        self.0.strip_prefix(top.as_bytes()).filter(|rest| rest.is_empty() || rest[0] == b'/')
    }

    /// The octets without the leading `/`: relative to the root, empty for the root.
    pub fn relative(&self) -> &[u8] {
        &self.0[1..]
    }
}

/// Tables by path are searched by octets, so that a look-up for a directory above allocates nothing. Order,
/// equality and hash are those of the octets.
impl Borrow<[u8]> for VPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for VPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() {
                    let mut utf8 = [0; 4];
                    for b in c.encode_utf8(&mut utf8).bytes() {
                        write!(f, "\\x{b:02x}")?;
                    }
                } else {
                    write!(f, "{c}")?;
                }
            }
            for b in chunk.invalid() {
                write!(f, "\\x{b:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for VPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
