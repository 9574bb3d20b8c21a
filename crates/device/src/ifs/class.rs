use serde::Deserialize;

/// What kind of file system a flash has. What follows from it is a row of `RULES`, nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Linear flash of a 7500 or 12000.
    A,
    /// The low-end file system of a 1600, 2600 or 3600.
    B,
    /// DOS or ext: a tree, in which a deleted file is gone.
    #[default]
    C,
}

/// What may be done with a flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// Whose they are.
    pub class: Class,
    /// A deleted file is only marked: its space stays taken until `squeeze`, and `undelete` brings it back.
    pub marks: bool,
    /// There are directories.
    pub tree: bool,
    /// `erase` takes all of it away.
    pub erases: bool,
    /// `copy` asks whether to erase it before the file comes.
    pub asks_before_copy: bool,
    /// `format`.
    pub formats: bool,
    /// `fsck`.
    pub checks: bool,
    /// A copy into it ends with the check of a 16-bit sum, and `verify` is that check.
    pub sums: bool,
    /// How often `squeeze` asks.
    pub squeeze_asks: usize,
}

/// Public documentation of the file systems has which commands each class takes; transcripts have the questions.
pub(crate) static RULES: [Rules; 3] = [
    Rules {
        class: Class::A,
        marks: true,
        tree: false,
        erases: true,
        asks_before_copy: false,
        formats: true,
        checks: false,
        sums: false,
        squeeze_asks: 2,
    },
    Rules {
        class: Class::B,
        marks: true,
        tree: false,
        erases: true,
        asks_before_copy: true,
        formats: false,
        checks: false,
        sums: true,
        squeeze_asks: 1,
    },
    Rules {
        class: Class::C,
        marks: false,
        tree: true,
        erases: true,
        asks_before_copy: false,
        formats: true,
        checks: true,
        sums: false,
        squeeze_asks: 0,
    },
];

impl Class {
    /// What may be done with a flash of this class.
    pub fn rules(self) -> &'static Rules {
        RULES.iter().find(|rules| rules.class == self).expect("every class has its row")
    }
}
