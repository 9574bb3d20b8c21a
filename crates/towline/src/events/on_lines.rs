//! Events of `towline relay`: a line that is bad on purpose.

use super::document::{Kind, Row};
use super::fields::{PEER, WAY, always, maybe};

pub(super) const RELAYING: Row = Row {
    event: "relaying",
    by: "relay",
    doc: "The relay listens. Its first event.",
    fields: &[
        always("address", Kind::Text, "Address and port that clients send to."),
        always("to", Kind::Text, "The server's."),
        always("seed", Kind::Count, "What decides the fates; --seed with it has them again."),
        maybe("wanted", Kind::Text, "Why it is not the standard port, when that was wanted."),
    ],
};

pub(super) const CLIENT: Row = Row {
    event: "client",
    by: "relay",
    doc: "A client has sent its first datagram.",
    fields: &[PEER, always("towards_server", Kind::Text, "The relay's own port towards the server.")],
};

pub(super) const PORT: Row = Row {
    event: "port",
    by: "relay",
    doc: "The server has answered from a new port (its TID).",
    fields: &[
        PEER,
        always("server", Kind::Text, "The server's address and port."),
        always("shown_as", Kind::Text, "The relay's port that the client sees instead."),
    ],
};

pub(super) const STRUCK: Row = Row {
    event: "struck",
    by: "relay",
    doc: "A datagram did not simply pass.",
    fields: &[
        PEER,
        WAY,
        always("number", Kind::Count, "Counts the datagrams of this way from 1."),
        always(
            "fate",
            Kind::OneOf(&["lost", "dropped", "duplicated", "reordered", "duplicated-and-reordered"]),
            "`lost` by the odds; `dropped` because the line was full or no socket was to be had; \
             `reordered`: held back, so that later ones could overtake it.",
        ),
        always("packet", Kind::Text, "The datagram, read as TFTP."),
    ],
};

pub(super) const RELAYED: Row = Row {
    event: "relayed",
    by: "relay",
    doc: "What was done. The last events, one for each way.",
    fields: &[
        WAY,
        always("datagrams", Kind::Count, "That came."),
        always("octets", Kind::Count, "In them."),
        always("lost", Kind::Count, "Lost by the odds."),
        always("dropped", Kind::Count, "Lost because the line was full or no socket was to be had."),
        always("duplicated", Kind::Count, "Passed on twice."),
        always("reordered", Kind::Count, "Held back, so that later ones could overtake them."),
    ],
};
