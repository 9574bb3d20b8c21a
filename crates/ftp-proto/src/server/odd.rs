use super::{Event, Odd, Server};
use crate::command::BadCommand;
use crate::line::BadLine;
use alloc::format;

impl Server {
    /// What is no command is answered, and told where it is odd.
    pub(super) fn bad(&mut self, bad: BadCommand) {
        let odd = match bad {
            BadCommand::Line(_) | BadCommand::Http => Some(Odd::Malformed),
            BadCommand::Unknown => Some(Odd::UnknownVerb),
            BadCommand::Absent(_)
            | BadCommand::Site
            | BadCommand::Syntax
            | BadCommand::Parameter(_)
            | BadCommand::Family
            | BadCommand::Protection => None,
        };
        self.events.extend(odd.map(Event::Odd));
        match bad {
            BadCommand::Line(BadLine::TooLong) => self.reply(500, "The line is too long."),
            BadCommand::Line(BadLine::Control) => {
                self.reply(501, "The line contains a NUL or a CR, which no name may.");
            }
            BadCommand::Unknown => self.reply(500, "Unknown command; HELP lists what is known."),
            BadCommand::Site => self.reply(500, "There is no such SITE; SITE HELP lists what there is."),
            BadCommand::Http => self.close(421, "This is FTP, not HTTP; good bye."),
            BadCommand::Absent(verb) => self.reply(502, &format!("{verb} is not implemented.")),
            BadCommand::Syntax => self.reply(501, "The argument is missing or malformed; see HELP."),
            BadCommand::Parameter(why) => self.reply(504, &format!("Not for that parameter: {why}.")),
            BadCommand::Protection => self.reply(536, "TLS knows PROT C and PROT P only."),
            BadCommand::Family => self.reply(522, "Network protocol not supported, use (1,2)"),
        }
    }
}
