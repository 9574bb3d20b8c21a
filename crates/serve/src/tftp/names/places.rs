//! Where a path may be: in the client's own directory, in the common tree, in a template.

use super::client::Client;
use super::text::{BadText, Text};
use super::{Names, parse, plain, template};
use gate::store::VPath;
use gate::{Reading, Refusal, Session};

/// The most octets of a template, and of what is made of it.
const TEMPLATE: usize = 256 << 10;

/// Directories of clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientDirs {
    dir: Text,
    /// Whether a client sees nothing but its own directory.
    only: bool,
}

impl ClientDirs {
    /// Directories called so: a fact of the client (`ip`, `mac-dash`), or a path with some in braces
    /// (`clients/{hex}`). With `only`, a client without a directory gets nothing.
    pub fn new(dir: &str, only: bool) -> Result<ClientDirs, String> {
        let braced = if dir.contains('{') { dir.to_owned() } else { format!("{{{dir}}}") };
        let told = |bad: BadText| format!("{}; {}", bad.what, bad.way_out);
        Ok(ClientDirs { dir: Text::parse(&braced, None).map_err(told)?, only })
    }

    /// This client's directory, if it is there.
    fn of(&self, session: &Session, client: &Client) -> Result<Option<VPath>, Refusal> {
        let mut name = Vec::new();
        if !self.dir.expand(client, None, &mut name) {
            return Ok(None);
        }
        let dir = parse(&plain(&name))?;
        Ok(session.has(&dir).then_some(dir))
    }
}

/// The paths that may be meant, the best first. None: the client has no directory and must have one.
fn places(names: &Names, session: &Session, path: &VPath, client: &Client) -> Result<Vec<VPath>, Refusal> {
    let Some(dirs) = &names.client_dirs else { return Ok(vec![path.clone()]) };
    let own = dirs.of(session, client)?.map(|dir| dir.resolve(path.relative())).transpose()?;
    Ok(own.into_iter().chain((!dirs.only).then(|| path.clone())).collect())
}

/// What is there for a path.
pub(super) enum Found {
    /// A file, or nothing at all under this name.
    File(VPath),
    /// A template of the file.
    Template { of: VPath, template: VPath },
}

/// Looks for a path to read.
pub(super) fn find(
    names: &Names,
    session: &Session,
    path: &VPath,
    client: &Client,
) -> Result<Found, Refusal> {
    let mut nothing = None;
    for place in places(names, session, path, client)? {
        let place = cased(names, session, &place)?;
        if session.offers(&place) {
            return Ok(Found::File(place));
        }
        if names.templates
            && let Ok(template) = place.parent().child(&[place.name(), b".tmpl"].concat())
        {
            let template = cased(names, session, &template)?;
            if session.has(&template) {
                return Ok(Found::Template { of: place, template });
            }
        }
        nothing = Some(place);
    }
    // The last place is where the door says what is wrong; without any there is no directory to look in.
    nothing.map(Found::File).ok_or(Refusal::Absent)
}

impl Found {
    /// Opens it. `asked` is the name as the client asked for it.
    pub(super) fn open(self, session: &Session, asked: &[u8], client: &Client) -> Result<Reading, Refusal> {
        match self {
            Found::File(path) => session.read(&path),
            Found::Template { of, template } => session.read_made(&of, &template, TEMPLATE, |text| {
                template::fill(text, asked, client, TEMPLATE).map_err(|why| why.at(&template))
            }),
        }
    }
}

/// Where an upload goes. The client's directory takes it where there is one.
pub(super) fn write(
    names: &Names,
    session: &Session,
    path: &VPath,
    client: &Client,
) -> Result<VPath, Refusal> {
    let place = places(names, session, path, client)?.into_iter().next().ok_or(Refusal::Absent)?;
    cased(names, session, &place)
}

fn cased(names: &Names, session: &Session, path: &VPath) -> Result<VPath, Refusal> {
    if names.ignore_case { session.fold(path) } else { Ok(path.clone()) }
}
