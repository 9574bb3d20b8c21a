//! `scp -f`: files go.

use super::{BITE, Channel, failed};
use crate::commands::reason_of;
use crate::device::Device;
use crate::ifs::{Fs, Url};
use ios_cli::text::copy::{Reason, Step};
use sftp_proto::scp::{Record, Source, SourceEvent};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use store::{Blob, VPath};

/// What a sink says of the next step.
enum Said {
    Agreed,
    Refused,
}

/// Gives each of `paths`; whether all of them went.
pub(super) fn run(device: &Arc<Device>, paths: &[String], channel: &mut Channel) -> io::Result<bool> {
    let mut source = Source::new();
    if let Said::Refused = next(&mut source, channel)? {
        return Ok(false);
    }
    let mut sound = true;
    for path in paths {
        sound &= match opened(device, path) {
            Ok((name, blob)) => file(&mut source, channel, name, &blob)?,
            Err(why) => {
                source.complain(&why);
                transmit(&mut source, channel)?;
                false
            }
        };
    }
    Ok(sound)
}

/// What a name stands for: what it is called, and what it holds.
fn opened(device: &Device, path: &str) -> Result<(Vec<u8>, Blob), String> {
    let refused = |why: Reason| failed(Step::Opening, path, why);
    let text = |text: Option<String>| {
        text.map(|t| Blob::Memory(t.into_bytes().into())).ok_or_else(|| refused(Reason::NoSuchFile))
    };
    let url = Url::parse(path, &VPath::root(), &device.profile().flash.prefixes)
        .map_err(|_| refused(Reason::BadFileName))?;
    let blob = match &url {
        url if url.is_running() => text(device.running(|r| crate::texts::configuration(r)))?,
        url if url.is_startup() => text(device.startup())?,
        Url::Local { fs: Fs::Flash, path, .. } => {
            let row = device.flash.stat(path).map_err(|e| refused(reason_of(&e)))?;
            match row.directory {
                true => return Err(refused(Reason::IsDirectory)),
                false => device.flash.open(path).map_err(|e| refused(reason_of(&e)))?,
            }
        }
        Url::Local { .. } | Url::Net(_) => return Err(refused(Reason::NoSuchFile)),
    };
    Ok((url.base().into_bytes(), blob))
}

/// One file; whether it went.
fn file(source: &mut Source, channel: &mut Channel, name: Vec<u8>, blob: &Blob) -> io::Result<bool> {
    source.record(&Record::File { mode: 0o644, size: blob.len(), name });
    if let Said::Refused = next(source, channel)? {
        return Ok(false);
    }
    let (mut room, mut at) = (vec![0; BITE], 0);
    let mut whole = Ok(());
    while at < blob.len() {
        let left = usize::try_from(blob.len() - at).unwrap_or(BITE).min(BITE);
        let n = match blob.read_at(at, &mut room[..left]) {
            Ok(n @ 1..) => n,
            // It became shorter, or the disk fails: what was announced is sent, and called wrong.
            Ok(0) | Err(_) => {
                whole = Err("file changed size");
                room[..left].fill(0);
                left
            }
        };
        channel.say(&room[..n])?;
        at += n as u64;
    }
    source.whole(whole);
    let said = next(source, channel)?;
    Ok(whole.is_ok() && matches!(said, Said::Agreed))
}

fn transmit(source: &mut Source, channel: &mut Channel) -> io::Result<()> {
    while let Some(octets) = source.poll_transmit() {
        channel.say(&octets)?;
    }
    Ok(())
}

/// Waits for what the sink says to the last step.
fn next(source: &mut Source, channel: &mut Channel) -> io::Result<Said> {
    let mut room = [0; 512];
    loop {
        transmit(source, channel)?;
        match source.poll_event() {
            Some(SourceEvent::Agreed) => return Ok(Said::Agreed),
            Some(SourceEvent::Refused(_)) => return Ok(Said::Refused),
            Some(SourceEvent::Over { .. }) => return Err(ErrorKind::ConnectionAborted.into()),
            None => {}
        }
        if source.wants_input() {
            match channel.hear(&mut room)? {
                0 => source.handle_end(),
                n => source.handle_input(&room[..n]),
            }
        }
    }
}
