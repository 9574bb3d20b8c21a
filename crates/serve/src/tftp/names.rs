//! What a name in a request stands for.

use super::open::Asked;
use gate::Refusal;
use gate::store::VPath;

/// How names are understood; made once, shared by all transfers.
#[derive(Clone, Default, Debug)]
pub struct Names {}

/// The path that a name stands for. `\` is a separator for clients from Windows; a drive is not ours.
pub(super) fn path(_: &Names, asked: &Asked) -> Result<VPath, Refusal> {
    let name = &asked.name;
    if name.get(1) == Some(&b':') && name[0].is_ascii_alphabetic() {
        return Err(Refusal::Denied);
    }
    let name: Vec<u8> = name.iter().map(|&b| if b == b'\\' { b'/' } else { b }).collect();
    let path = VPath::parse(&name)?;
    if path.is_root() { Err(Refusal::IsDirectory) } else { Ok(path) }
}
