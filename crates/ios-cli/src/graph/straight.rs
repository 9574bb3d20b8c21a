//! Every straight way through a graph, for whoever lists commands or tries them all.

use super::syntax::What;
use super::{Graph, Sign};
use crate::Modes;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// One straight way through a row: no brackets are left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Straight<I> {
    /// The row's.
    pub id: I,
    /// Where it can be typed.
    pub modes: Modes,
    /// The least privilege.
    pub privilege: u8,
    /// Whether it is a negative form: `no` stands before it.
    pub no: bool,
    /// Whether output modifiers may follow.
    pub piped: bool,
    /// What is typed.
    pub words: Vec<Word>,
}

/// A word of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Word {
    /// A keyword.
    Keyword(&'static str),
    /// A value.
    Value {
        /// What the row calls it.
        name: &'static str,
        /// How help writes it: `A.B.C.D`, `<0-512>`.
        sign: String,
    },
}

impl<I> fmt::Display for Straight<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.no { "no" } else { "" })?;
        for (n, word) in self.words.iter().enumerate() {
            let blank = if n > 0 || self.no { " " } else { "" };
            match word {
                Word::Keyword(keyword) => write!(f, "{blank}{keyword}")?,
                Word::Value { sign, .. } => write!(f, "{blank}{sign}")?,
            }
        }
        Ok(())
    }
}

impl<I: Copy> Graph<I> {
    /// All of them, in the order of the rows; a row that begins with `[no]` twice. Parts that may change places stand as
    /// the row has them.
    pub fn straight(&self) -> impl Iterator<Item = Straight<I>> + '_ {
        let signs = |sign| match sign {
            Sign::Positive => &[false][..],
            Sign::Negative => &[true],
            Sign::Both => &[false, true],
        };
        let as_written = |path: &usize| self.paths[*path].tokens.is_sorted();
        (0..self.paths.len()).filter(as_written).flat_map(move |path| {
            signs(self.paths[path].sign).iter().map(move |no| {
                let row = &self.row(path).row;
                let word = |n| match self.token(path, n).expect("within the path").what {
                    What::Keyword(keyword) => Word::Keyword(keyword),
                    What::Value { name, kind } => Word::Value { name, sign: kind.sign() },
                };
                Straight {
                    id: row.id,
                    modes: row.modes,
                    privilege: row.privilege,
                    no: *no,
                    piped: row.piped,
                    words: (0..self.paths[path].tokens.len()).map(word).collect(),
                }
            })
        })
    }
}
