//! `more`: a file as text, as octets in hexadecimal, or as text of a mainframe.

use super::copy::{Collected, aside, judge};
use super::exec::Exec;
use super::table::Id;
use crate::ifs::Url;
use crate::session::Leave;
use ios_cli::Match;
use ios_cli::text::copy::Failed;
use ios_cli::text::dump;
use store::Blob;

/// Octets that a person is shown at most: an image is cut short.
const MOST: usize = 1 << 20;

impl Exec<'_> {
    pub(super) fn more(&mut self, found: &Match<Id>) -> Result<String, Leave> {
        let text = found.text("file").unwrap_or_default().to_owned();
        let blob = match self.url(&text) {
            Ok(Url::Net(net)) => {
                let mut collected = Collected { limit: MOST, ..Collected::default() };
                let remote = self.remote(&net);
                match aside(self.tty, |options| client::get(&remote, &mut collected, options))? {
                    Ok(_) => Ok(Blob::Memory(collected.octets.into())),
                    Err(error) => {
                        let (step, reason) = judge(&error, false);
                        return Ok(Failed { step, url: net.to_string(), reason }.render());
                    }
                }
            }
            Ok(Url::Local { .. }) | Err(_) => self.blob(&text),
        };
        let blob = match blob {
            Ok(blob) => blob,
            Err(why) => return Ok(format!("%Error opening {text} ({why})\n")),
        };
        let mut octets = vec![0; usize::try_from(blob.len()).unwrap_or(MOST).min(MOST)];
        let n = blob.read_at(0, &mut octets).unwrap_or(0);
        octets.truncate(n);
        Ok(match (found.has("/binary"), found.has("/ebcdic")) {
            (true, _) => dump::render(&octets),
            (_, true) => dump::ebcdic(&octets),
            _ => String::from_utf8_lossy(&octets).replace("\r\n", "\n"),
        })
    }
}
