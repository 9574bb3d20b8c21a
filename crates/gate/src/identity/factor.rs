use std::fmt;

/// What somebody can show for being who they say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Factor {
    /// A password.
    Password,
    /// A key, which only SSH can show.
    Key,
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Factor::Password => "password",
            Factor::Key => "key",
        })
    }
}

/// What a user has to show.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Wants {
    /// A password or a key, whichever the user has.
    #[default]
    Either,
    /// The password; keys are looked at by nobody.
    Password,
    /// A key; the password opens nothing, over whatever protocol.
    Key,
    /// A key and the password: over SSH, and over nothing else.
    Both,
}

impl Wants {
    /// Whether a key is of any use.
    pub(super) fn takes_key(self) -> bool {
        match self {
            Wants::Either | Wants::Key | Wants::Both => true,
            Wants::Password => false,
        }
    }
}
