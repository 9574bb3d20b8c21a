//! Audit events as they are told to programs.

use super::{Agreed, Asked, Digests, Ended, Event, Name, Wire, timestamp};
use gate::audit::{self, What};
use gate::{Algorithm, Digest, Direction, Outcome, Protocol, Refusal, Security};
use std::time::Duration;
use store::VPath;

/// The names of the events that [`told`] makes: those of the audit.
pub const AUDITED: &[&str] = &[
    "admitted",
    "login",
    "identity",
    "refused",
    "left",
    "kicked",
    "started",
    "ended",
    "digest",
    "changed",
    "listed",
    "third_party",
    "grant_used",
    "banned",
    "unbanned",
    "configured",
    "lost",
    "hook_failed",
    "exhausted",
    "restored",
    "server",
];

/// An audit event as it is told to programs.
pub fn told(event: &audit::Event) -> Event {
    let session = event.session;
    // What no session did has neither; its events have no such fields.
    let peer = event.peer.map(|p| p.to_string()).unwrap_or_default();
    let protocol = event.protocol.map_or("", protocol_word);
    let user = event.user.clone();
    let name = |path: &VPath| Name::new(path.as_bytes());
    let change = |path: &VPath, change, to: Option<&VPath>| {
        let peer = peer.clone();
        Event::Changed { session, protocol, peer, path: name(path), change, to: to.map(VPath::to_string) }
    };
    match &event.what {
        What::Admitted => Event::Admitted { session, protocol, peer, user },
        What::Identity(notice) => {
            Event::Identity { session, protocol, peer, user, notice: notice.word(), text: notice.to_string() }
        }
        What::LoggedIn { key, security, agreed } => {
            let security = match security {
                Security::Clear => "clear",
                Security::Tls => "tls",
                Security::Ssh => "ssh",
            };
            let agreed = agreed.as_deref().map(Agreed::of);
            Event::Login { session, protocol, peer, user, security, key: key.clone(), agreed }
        }
        What::Left => Event::Left { session, protocol, peer },
        What::Kicked { by } => Event::Kicked { session, protocol, peer, by: by.to_string() },
        What::RefusedKnock { why } => Event::Refused {
            session,
            protocol,
            peer,
            user,
            verb: "login",
            path: None,
            reason: why.to_string(),
            rule: rule(why),
        },
        What::Refused { verb, path, why } => Event::Refused {
            session,
            protocol,
            peer,
            user,
            verb: verb_word(*verb),
            path: Some(name(path)),
            reason: why.to_string(),
            rule: rule(why),
        },
        What::RefusedName { verb, name, why } => Event::Refused {
            session,
            protocol,
            peer,
            user,
            verb: verb_word(*verb),
            path: Some(Name::new(name)),
            reason: why.to_string(),
            rule: rule(why),
        },
        What::Started { transfer, path, dir, len, .. } => Event::Started {
            session,
            transfer: *transfer,
            protocol,
            peer,
            path: name(path),
            direction: direction(*dir),
            octets: *len,
        },
        What::Ended { transfer, path, dir, total, took, end, verdict, digests, stored: _, kept } => {
            Event::Ended(Box::new(Ended {
                session,
                transfer: *transfer,
                protocol,
                peer,
                path: name(path),
                asked: end.wire.as_ref().map(|w| Asked::new(&w.asked)),
                direction: direction(*dir),
                outcome: outcome(end.outcome),
                verdict: verdict.word(),
                verdict_text: verdict.to_string(),
                octets: end.octets,
                total: *total,
                seconds: Some(took.as_secs_f64()),
                rate: (!took.is_zero()).then(|| (end.octets as f64 / took.as_secs_f64()) as u64),
                wire: end.wire.as_deref().map(wire),
                digests: known(digests, "cache"),
                kept: kept.as_ref().map(VPath::to_string),
                note: end.note.clone(),
            }))
        }
        What::Digested { transfer, path, octets, digests } => Event::Digest {
            transfer: *transfer,
            path: name(path),
            octets: *octets,
            digests: known(digests, "upload").unwrap_or_default(),
        },
        What::Removed { path } => change(path, "removed", None),
        What::Renamed { from, to } => change(from, "renamed", Some(to)),
        What::MadeDir { path } => change(path, "directory-made", None),
        What::RemovedDir { path } => change(path, "directory-removed", None),
        What::SetModified { path } => change(path, "time-set", None),
        What::SetMode { path, .. } => change(path, "mode-set", None),
        What::Linked { path, to } => change(path, "linked", Some(to)),
        What::Symlinked { path, to } => change(path, "symlinked", Some(to)),
        What::Listed { path, names } => {
            Event::Listed { session, protocol, peer, user, path: name(path), names: *names }
        }
        What::ThirdParty { other, granted } => {
            let (other, verdict) = (other.to_string(), granted_word(*granted));
            Event::ThirdParty { session, protocol, peer, user, other, verdict }
        }
        What::GrantUsed { grant, path, left } => {
            let (grant, left) = (grant.clone(), *left);
            Event::GrantUsed { session, protocol, peer, path: name(path), grant, left }
        }
        What::Banned { net, until, why, by } => {
            let (until, reason) = (until.map(timestamp), why.clone());
            Event::Banned { net: net.clone(), until, reason, by: by.to_string() }
        }
        What::Unbanned { net, by } => Event::Unbanned { net: net.clone(), by: by.to_string() },
        What::Configured { what, is_taken, by } => {
            let verdict = configured(*is_taken);
            Event::Configured { text: what.clone(), verdict, by: by.to_string() }
        }
        What::Lost(count) => Event::Lost { count: *count, sink: None, reason: None },
        What::Exhausted { what, limit, count } => {
            Event::Exhausted { what, limit: *limit, count: *count, remedy: EXHAUSTED }
        }
        What::SinkLost { sink, count, why } => {
            let (sink, reason) = (Some(sink.clone()), Some(why.clone()));
            Event::Lost { count: *count, sink, reason }
        }
        What::Restored { path, version, octets, by } => {
            let (version, octets, by) = (version.clone(), *octets, by.to_string());
            Event::Restored { path: name(path), version, octets, by }
        }
        What::Server { change, text } => Event::Server { change: change.word(), text: text.clone() },
        What::HookFailed { hook, of, count, why } => {
            Event::HookFailed { hook: hook.clone(), of: *of, count: *count, reason: why.clone() }
        }
    }
}

/// What to do where a process has no file descriptor left.
pub(crate) const EXHAUSTED: &str = "raise the limit (LimitNOFILE= in the unit, ulimit -Hn in a shell), or let in less: \
     limits.sessions, limits.half-open, tftp.max-transfers";

pub(crate) fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tftp => "tftp",
        Protocol::Ftp => "ftp",
        Protocol::Http => "http",
        Protocol::Sftp => "sftp",
        Protocol::Scp => "scp",
    }
}

fn wire(wire: &gate::Wire) -> Wire {
    let ms = |d: Duration| d.as_secs_f64() * 1_000.0;
    let figures = &wire.figures;
    Wire {
        options_asked: wire.options.iter().map(|o| (o.name, o.asked)).collect(),
        options_agreed: wire.options.iter().filter_map(|o| Some((o.name, o.agreed?))).collect(),
        blksize: wire.blksize.into(),
        windowsize: wire.windowsize.into(),
        blocks: figures.blocks,
        sent: figures.sent,
        repeats: figures.repeats,
        duplicates: figures.duplicates,
        gaps: figures.gaps,
        timeouts: figures.timeouts,
        loss: figures.loss(),
        rtt_ms: figures.rtt.map(ms),
        rto_ms: figures.rto.map(ms),
    }
}

fn known(digests: &[Digest], from: &'static str) -> Option<Digests> {
    let of = |algorithm| digests.iter().find(|d| d.algorithm == algorithm).map(|d| d.hex.clone());
    (!digests.is_empty()).then(|| Digests {
        md5: of(Algorithm::Md5),
        sha256: of(Algorithm::Sha256),
        sha512: of(Algorithm::Sha512),
        digest_from: from,
    })
}

/// The rule that this refusal is by.
fn rule(why: &Refusal) -> Option<String> {
    let Refusal::DeniedBy(place) = why else { return None };
    Some(place.to_string())
}

/// What became of a configuration.
pub(crate) fn configured(is_taken: bool) -> &'static str {
    if is_taken { "taken" } else { "refused" }
}

/// Whether the owner lets it be.
pub(crate) fn granted_word(granted: bool) -> &'static str {
    if granted { "granted" } else { "refused" }
}

pub(crate) fn direction(dir: Direction) -> &'static str {
    match dir {
        Direction::Read => "read",
        Direction::Write => "write",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::Unconfirmed => "unconfirmed",
        Outcome::TimedOut => "timed-out",
        Outcome::Aborted => "aborted",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

pub(crate) fn verb_word(verb: gate::Verb) -> &'static str {
    use gate::Verb as V;
    match verb {
        V::Read => "read",
        V::Stat => "stat",
        V::List => "list",
        V::Write => "write",
        V::Rename => "rename",
        V::Remove => "remove",
        V::MakeDir => "make-directory",
        V::RemoveDir => "remove-directory",
        V::SetModified => "set-time",
        V::SetMode => "set-mode",
        V::Link => "link",
        V::Symlink => "symlink",
    }
}
