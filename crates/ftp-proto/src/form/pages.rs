//! STRU P: pages with a header (RFC 959 §3.1.2.3 and appendix I).
//!
//! A field of a header is one logical byte, which is of eight bits here. So a page has at most 255 octets, and its index
//! counts modulo 256: pages come in their order, and there are no holes.

use super::Broken;
use alloc::vec::Vec;

const LAST: u8 = 0;
const SIMPLE: u8 = 1;
const DESCRIPTOR: u8 = 2;
const ACCESS: u8 = 3;

/// File to wire: full pages, then what is left.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    index: u8,
    page: Vec<u8>,
}

impl Writer {
    /// Gives whole pages to `put`.
    pub(super) fn push(&mut self, mut octets: &[u8], mut put: impl FnMut(&[u8])) {
        while !octets.is_empty() {
            let (now, rest) = octets.split_at(octets.len().min(usize::from(u8::MAX) - self.page.len()));
            self.page.extend_from_slice(now);
            octets = rest;
            if self.page.len() == usize::from(u8::MAX) {
                self.put(&mut put);
            }
        }
    }

    pub(super) fn finish(&mut self, mut put: impl FnMut(&[u8])) {
        if !self.page.is_empty() {
            self.put(&mut put);
        }
        put(&[4, self.index, 0, LAST]);
    }

    fn put(&mut self, put: &mut impl FnMut(&[u8])) {
        put(&[4, self.index, u8::try_from(self.page.len()).expect("at most 255"), SIMPLE]);
        put(&self.page);
        self.page.clear();
        self.index = self.index.wrapping_add(1);
    }
}

/// Wire to file.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    next: u8,
    at: At,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Header {
        have: [u8; 4],
        n: usize,
    },
    /// Fields that mean nothing here, then a page's octets; `kept` says whether they are the file's.
    Fields {
        left: u8,
        len: u8,
        kept: bool,
    },
    Page {
        left: u8,
        kept: bool,
    },
    Over,
}

const HEADER: At = At::Header { have: [0; 4], n: 0 };

impl Default for Reader {
    fn default() -> Self {
        Reader { next: 0, at: HEADER }
    }
}

impl Reader {
    pub(super) fn is_over(&self) -> bool {
        self.at == At::Over
    }

    /// Gives the octets of pages to `put`.
    pub(super) fn push(&mut self, mut octets: &[u8], mut put: impl FnMut(&[u8])) -> Result<(), Broken> {
        while let [first, rest @ ..] = octets {
            match &mut self.at {
                At::Over => return Err(Broken::AfterEnd),
                At::Header { have, n } => {
                    have[*n] = *first;
                    *n += 1;
                    octets = rest;
                    if *n == 4 {
                        let header = *have;
                        self.at = self.begun(header)?;
                    }
                }
                At::Fields { left, len, kept } => {
                    *left -= 1;
                    octets = rest;
                    if *left == 0 {
                        self.at = page(*len, *kept);
                    }
                }
                At::Page { left, kept } => {
                    let (now, later) = octets.split_at(octets.len().min(usize::from(*left)));
                    if *kept {
                        put(now);
                    }
                    octets = later;
                    *left -= u8::try_from(now.len()).expect("at most what is left");
                    self.at = page(*left, *kept);
                }
            }
        }
        Ok(())
    }

    fn begun(&mut self, [header, index, len, kind]: [u8; 4]) -> Result<At, Broken> {
        match (kind, header) {
            (LAST, 4) if len == 0 => return Ok(At::Over),
            (SIMPLE, 4) | (ACCESS, 5) => {
                if index != self.next {
                    return Err(Broken::PageIndex { expected: self.next, found: index });
                }
                self.next = index.wrapping_add(1);
            }
            // What TOPS-20 says of the file as a whole.
            (DESCRIPTOR, 4..) => {}
            (LAST | SIMPLE | ACCESS | DESCRIPTOR, _) => return Err(Broken::PageHeader(header)),
            (other, _) => return Err(Broken::PageType(other)),
        }
        let kept = kind != DESCRIPTOR;
        Ok(match header - 4 {
            0 => page(len, kept),
            left => At::Fields { left, len, kept },
        })
    }
}

fn page(left: u8, kept: bool) -> At {
    if left == 0 { HEADER } else { At::Page { left, kept } }
}
