//! Events of what an inventory says.

use super::document::{Kind, Row};
use super::fields::{always, maybe};
use crate::inventory::Device;
use client::terminal::Over;
use serde::Serialize;

pub(super) const INVENTORIED: Row = Row {
    event: "inventoried",
    by: "inventory",
    doc: "A device of an inventory.",
    fields: &[
        always("device", Kind::Text, "What it is called there."),
        always("over", Kind::OneOf(&["ssh", "telnet"]), "What its line goes over."),
        always("host", Kind::Text, "Where it is, a name or an address."),
        maybe("port", Kind::Count, "Without it the protocol's own."),
        maybe("user", Kind::Text, "Who logs in; without it whoever runs towline."),
        maybe(
            "password",
            Kind::Text,
            "Where the password is: `env NAME`, `prompt WHAT`; never the password.",
        ),
        maybe("enable", Kind::Text, "Where the password of `enable` is."),
        always("via", Kind::Texts, "Hosts on the way, the first one first."),
        maybe("ssh_profile", Kind::Text, "Which algorithms SSH may use."),
        maybe("serial", Kind::Text, "The serial number that it has to have."),
        always("tags", Kind::Texts, "What it belongs to."),
    ],
};

/// A device as an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in INVENTORIED, which is printed")]
pub struct Inventoried {
    pub device: String,
    pub over: &'static str,
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable: Option<String>,
    pub via: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    pub tags: Vec<String>,
}

impl Inventoried {
    pub(crate) fn new(device: &Device) -> Inventoried {
        let Device { name, host, port, user, serial, tags, .. } = device.clone();
        Inventoried {
            device: name,
            over: match device.over {
                Over::Ssh => "ssh",
                Over::Telnet => "telnet",
            },
            host,
            port,
            user,
            password: device.password.as_ref().map(|held| held.place()),
            enable: device.enable.as_ref().map(|held| held.place()),
            via: device.via.iter().map(ToString::to_string).collect(),
            ssh_profile: device.profile.map(|profile| profile.to_string()),
            serial,
            tags,
        }
    }
}

pub(super) const LEFT_OUT: Row = Row {
    event: "left_out",
    by: "inventory",
    doc: "What is in an inventory and no device here.",
    fields: &[
        always("device", Kind::Text, "What it is called there."),
        always("why", Kind::Text, "Why it is left out."),
    ],
};

/// What is no device, as an event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in LEFT_OUT, which is printed")]
pub struct LeftOut {
    pub device: String,
    pub why: String,
}
