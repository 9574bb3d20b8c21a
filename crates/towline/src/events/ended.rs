//! The record of one transfer, as JSON.

use super::{Name, base64};
use crate::ladder::printable;
use serde::Serialize;
use std::collections::BTreeMap;

/// What `ended` holds.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct Ended {
    pub session: u64,
    pub transfer: u64,
    pub protocol: &'static str,
    pub peer: String,
    #[serde(flatten)]
    pub path: Name,
    #[serde(flatten)]
    pub asked: Option<Asked>,
    pub direction: &'static str,
    pub outcome: &'static str,
    pub verdict: &'static str,
    pub verdict_text: String,
    pub octets: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    #[serde(flatten)]
    pub wire: Option<Wire>,
    #[serde(flatten)]
    pub digests: Option<Digests>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// The name that was asked for.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct Asked {
    asked: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_base64: Option<String>,
}

impl Asked {
    /// A name from its octets.
    pub fn new(octets: &[u8]) -> Asked {
        Asked {
            asked: printable(octets),
            asked_base64: std::str::from_utf8(octets).is_err().then(|| base64(octets)),
        }
    }
}

/// What TFTP's datagrams told.
#[derive(Clone, PartialEq, Default, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct Wire {
    pub options_asked: BTreeMap<&'static str, u64>,
    pub options_agreed: BTreeMap<&'static str, u64>,
    pub blksize: u64,
    pub windowsize: u64,
    pub blocks: u64,
    pub sent: u64,
    pub repeats: u64,
    pub duplicates: u64,
    pub gaps: u64,
    pub timeouts: u64,
    pub loss: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rto_ms: Option<f64>,
}

/// Digests of the file, and where they came from.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct Digests {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha512: Option<String>,
    pub digest_from: &'static str,
}
