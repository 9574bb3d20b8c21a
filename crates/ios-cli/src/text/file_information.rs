//! `show file information`: what a file is.

use alloc::format;
use alloc::string::String;

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An image.
    Image {
        /// `elf`
        format: String,
        /// Of the file.
        octets: u64,
        /// Whether this device could boot it.
        runs_here: bool,
    },
    /// A configuration, say.
    Text,
    /// Neither.
    Unknown,
}

/// What the device prints of the file `name`.
pub fn render(name: &str, kind: &Kind) -> String {
    match kind {
        Kind::Text => format!("{name}:\n  type is ascii text\n"),
        Kind::Unknown => format!("{name}:\n  type is unknown\n"),
        Kind::Image { format, octets, runs_here } => {
            let last = if *runs_here {
                "Runnable image, entry point 0x80008000, run from ram"
            } else {
                "Foreign image"
            };
            format!(
                "{name}:\n  type is image ({format}) []\n  file size is {octets} bytes, run size is {octets} bytes\n  {last}\n"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_whether_it_runs_here() {
        let image = |runs_here| Kind::Image { format: "elf".into(), octets: 4_770_316, runs_here };
        assert_eq!(
            render("slot0:x", &image(true)),
            "slot0:x:\n  type is image (elf) []\n  file size is 4770316 bytes, run size is 4770316 bytes\n  \
             Runnable image, entry point 0x80008000, run from ram\n"
        );
        assert!(render("slot0:x", &image(false)).ends_with("\n  Foreign image\n"));
        assert_eq!(
            render("nvram:startup-config", &Kind::Text),
            "nvram:startup-config:\n  type is ascii text\n"
        );
    }
}
