use super::Server;
use crate::command::{Form, Level, Representation, Structure, TransferMode};
use crate::form::Mark;
use alloc::format;
use alloc::string::String;

impl Server {
    pub(super) fn represent(&mut self, representation: Representation) {
        self.form.representation = representation;
        self.reply(
            200,
            match representation {
                Representation::Ascii => "Type is A: line ends are converted.",
                Representation::Ebcdic => "Type is E: text is converted between Latin-1 and IBM-1047.",
                Representation::Image => "Type is I: octets as they are.",
            },
        );
    }

    pub(super) fn structure(&mut self, structure: Structure) {
        self.form.structure = structure;
        self.reply(
            200,
            match structure {
                Structure::File => "Structure is F.",
                Structure::Record => "Structure is R: a line of text is a record.",
                Structure::Page => "Structure is P: pages of 255 octets in their order.",
            },
        );
    }

    pub(super) fn transfer_mode(&mut self, mode: TransferMode) {
        self.form.mode = match mode {
            TransferMode::Deflate(_) => TransferMode::Deflate(self.level),
            other @ (TransferMode::Stream | TransferMode::Block | TransferMode::Compressed) => other,
        };
        self.reply(
            200,
            match mode {
                TransferMode::Stream => "Mode is S.",
                TransferMode::Block => "Mode is B.",
                TransferMode::Compressed => "Mode is C.",
                TransferMode::Deflate(_) => "Mode is Z.",
            },
        );
    }

    pub(super) fn deflate_level(&mut self, level: Option<Level>) {
        self.level = level.unwrap_or(self.level);
        if let TransferMode::Deflate(used) = &mut self.form.mode {
            *used = self.level;
        }
        self.reply(200, &format!("MODE Z LEVEL {}", self.level.get()));
    }

    /// The transfer parameters, for STAT.
    pub(super) fn form_status(&self) -> String {
        let Form { representation, structure, mode } = self.form;
        let representation = match representation {
            Representation::Ascii => 'A',
            Representation::Ebcdic => 'E',
            Representation::Image => 'I',
        };
        let structure = match structure {
            Structure::File => 'F',
            Structure::Record => 'R',
            Structure::Page => 'P',
        };
        let mode = match mode {
            TransferMode::Stream => 'S',
            TransferMode::Block => 'B',
            TransferMode::Compressed => 'C',
            TransferMode::Deflate(_) => 'Z',
        };
        format!("TYPE {representation}, STRU {structure}, MODE {mode}.")
    }

    /// A restart marker of the running upload, and at which octet of the file it stands: REST of the latter goes on there.
    /// Call it before the answer to the question that moves.
    pub fn marked(&mut self, mark: &Mark) {
        let text = [b"MARK ", mark.marker.as_slice(), b" = ", format!("{}", mark.at).as_bytes()].concat();
        self.mark(&text);
    }
}
