//! What the doctor saw of a server of FTP.

use super::document::{Kind, Row};
use super::fields::{always, maybe};
use serde::Serialize;

/// As `ftp_examined` has it.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[allow(missing_docs, reason = "every field is documented in EVENTS, which is printed")]
pub struct FtpExamined {
    pub url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    pub seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub features: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epsv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pasv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resumes: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binds: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_notify: Option<&'static str>,
}

const WAY: &str = "`works`, or why it does not.";
const YES_NO: Kind = Kind::OneOf(&["yes", "no"]);

pub(super) const FTP: Row = Row {
    event: "ftp_examined",
    by: "doctor",
    doc: "The examination of a server of FTP is over: which ways to a data connection work, what it advertises, its TLS.",
    fields: &[
        always("url", Kind::Text, "What was asked about, password masked."),
        maybe("server", Kind::Text, "Address and port."),
        always("seconds", Kind::Number, "How long it took."),
        maybe("greeting", Kind::Text, "The words of its 220."),
        maybe("features", Kind::Text, "The lines of its FEAT, commas between."),
        maybe("epsv", Kind::Text, WAY),
        maybe("pasv", Kind::Text, WAY),
        maybe("active", Kind::Text, WAY),
        maybe("advertised", Kind::Text, "The address in its 227."),
        maybe("tls", Kind::Text, "Version and cipher of its control connection."),
        maybe("versions", Kind::Text, "The versions of TLS that it takes, of 1.2 and 1.3, commas between."),
        maybe("certificate", Kind::Text, "SHA-256 of its certificate."),
        maybe("resumes", YES_NO, "Whether data connections go on from the control connection's session."),
        maybe("binds", YES_NO, "Whether data connections of other sessions are turned away."),
        maybe("close_notify", YES_NO, "Whether data connections end with close_notify."),
    ],
};
