//! Every event and its fields: the table.

use super::document::{Field, Kind, Row};

const fn always(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, always: true, doc }
}

const fn maybe(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, kind, always: false, doc }
}

const PROTOCOL: Field = always("protocol", Kind::OneOf(&["tftp", "ftp", "http"]), "The protocol.");
const SESSION: Field = always("session", Kind::Count, "Number of the session, unique in this process.");
const TRANSFER: Field = always("transfer", Kind::Count, "Number of the transfer, from 1.");
const PEER: Field = always("peer", Kind::Text, "The other end's address and port.");
const USER: Field = maybe("user", Kind::Text, "The user, where the protocol has one.");
const PATH: Field =
    always("path", Kind::Text, "Path inside the served tree; octets that are not printable as `\\xNN`.");
const PATH_BASE64: Field = maybe("path_base64", Kind::Text, "The path's octets, where they are not UTF-8.");
const DIRECTION: Field = always(
    "direction",
    Kind::OneOf(&["read", "write"]),
    "`read`: the peer fetches; `write`: the peer stores.",
);
const BY: Field = always(
    "by",
    Kind::Text,
    "Who said so: `uid N` through the control socket, `operator` by a signal, `itself` by a rule of the server's.",
);
const WAY: Field =
    always("way", Kind::OneOf(&["up", "down"]), "`up`: from the client to the server; `down`: back.");
/// Where a digest came from.
const DIGEST_FROM: &[&str] = &["cache", "upload"];
const MD5: Field = maybe("md5", Kind::Text, "MD5 of the file, where it is known.");
const SHA256: Field = maybe("sha256", Kind::Text, "SHA-256 of the file, where it is known.");
const SHA512: Field = maybe("sha512", Kind::Text, "SHA-512 of the file, where it is known.");
const OUTCOME: Field = always(
    "outcome",
    Kind::OneOf(&["complete", "unconfirmed", "timed-out", "aborted", "refused", "failed"]),
    "How it ended; `unconfirmed`: all octets were sent and the last acknowledgement never came.",
);

/// The fields of every event.
pub(super) const COMMON: &[Field] = &[
    always("v", Kind::Count, "Version of this format: 1."),
    always("seq", Kind::Count, "Counts the lines from 1."),
    always("ts", Kind::Text, "When it was printed: RFC 3339, UTC, milliseconds."),
    always("event", Kind::Text, "The event's name."),
];

/// Every event with its own fields.
pub const EVENTS: &[Row] = &[
    Row {
        event: "sandbox",
        by: "serve",
        doc: "What the server gave up before it answered anybody.",
        fields: &[
            always("held", Kind::Text, "For people: what it cannot do any more."),
            maybe("lacks", Kind::Text, "What of it the kernel does not enforce."),
        ],
    },
    Row {
        event: "listening",
        by: "serve",
        doc: "A socket listens. The first events, one for each protocol and address.",
        fields: &[
            always(
                "protocol",
                Kind::OneOf(&["tftp", "ftp", "http", "https", "admin"]),
                "What is answered there.",
            ),
            always("address", Kind::Text, "Address and port; IPv6 in brackets."),
            maybe("wanted", Kind::Text, "Why it is not the standard port, when that was wanted."),
        ],
    },
    Row {
        event: "image",
        by: "serve",
        doc: "A served image's digests are known (they are computed while it is served already).",
        fields: &[
            always("path", Kind::Text, "Path inside the served tree."),
            always("octets", Kind::Count, "Its length."),
            always("md5", Kind::Text, "MD5 in hexadecimal, as `verify /md5` prints it."),
            always("sha512", Kind::Text, "SHA-512 in hexadecimal."),
            maybe("name", Kind::Text, "What the image's name says, where it follows the scheme."),
        ],
    },
    Row {
        event: "admitted",
        by: "serve",
        doc: "The door let a peer in.",
        fields: &[SESSION, PROTOCOL, PEER, USER],
    },
    Row {
        event: "identity",
        by: "serve",
        doc: "What came up about a user at a login, beside whether it was let in.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            USER,
            always(
                "notice",
                Kind::OneOf(&[
                    "hash-upgraded",
                    "hash-not-upgraded",
                    "right-but-not-now",
                    "bad-user-file",
                    "home-made",
                    "home-not-made",
                    "command-failed",
                ]),
                "What: an old hash became argon2id, or could not; the password was right and the user is disabled or \
                 has expired; the user's file is wrong; the user's home was made, or could not; the identity command \
                 could not be asked.",
            ),
            always("text", Kind::Text, "The same in words."),
        ],
    },
    Row {
        event: "login",
        by: "serve",
        doc: "A user, or anonymous, has logged in. Not of TFTP, which has no login.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            USER,
            always("security", Kind::OneOf(&["clear", "tls", "ssh"]), "How its connection was protected."),
        ],
    },
    Row {
        event: "user",
        by: "user list",
        doc: "A user of the configuration or of the directory of users.",
        fields: &[
            always("name", Kind::Text, "The name."),
            always("state", Kind::Text, "`may log in`, `disabled`, `expired`, or what is wrong."),
            always("password", Kind::Text, "How the password is hashed, or where it is; `-`: not known."),
            always("groups", Kind::Text, "The groups, with commas between."),
            always(
                "place",
                Kind::Text,
                "Where the user is written down: a file, with the line in the configuration.",
            ),
        ],
    },
    Row {
        event: "left",
        by: "serve",
        doc: "The last of a session is gone.",
        fields: &[SESSION, PROTOCOL, PEER],
    },
    Row {
        event: "kicked",
        by: "serve",
        doc: "A session was ended from outside; its `left` comes when it has gone.",
        fields: &[SESSION, PROTOCOL, PEER, BY],
    },
    Row {
        event: "refused",
        by: "serve",
        doc: "The door refused something.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            USER,
            always(
                "verb",
                Kind::OneOf(&[
                    "login",
                    "read",
                    "stat",
                    "list",
                    "write",
                    "rename",
                    "remove",
                    "make-directory",
                    "remove-directory",
                    "set-time",
                ]),
                "What was asked.",
            ),
            maybe("path", Kind::Text, "On what; not of `login`."),
            PATH_BASE64,
            always("reason", Kind::Text, "Why."),
            maybe("rule", Kind::Text, "The rule of the configuration that denies it: its file and line."),
        ],
    },
    Row {
        event: "started",
        by: "serve",
        doc: "A transfer began.",
        fields: &[
            SESSION,
            TRANSFER,
            PROTOCOL,
            PEER,
            PATH,
            PATH_BASE64,
            DIRECTION,
            maybe("octets", Kind::Count, "Octets that are expected, where they are known."),
        ],
    },
    Row {
        event: "ended",
        by: "serve",
        doc: "A transfer ended: its record. Exactly one for each that started.",
        fields: &[
            SESSION,
            TRANSFER,
            PROTOCOL,
            PEER,
            PATH,
            PATH_BASE64,
            maybe("asked", Kind::Text, "TFTP: the name in the request, before anything was made of it."),
            maybe("asked_base64", Kind::Text, "The octets of `asked`, where they are not UTF-8."),
            DIRECTION,
            OUTCOME,
            always(
                "verdict",
                Kind::OneOf(gate::Verdict::WORDS),
                "What that means. `probe`: the client looked at the size or the first block and broke off \
                 on purpose, as boot ROMs do; nothing failed.",
            ),
            always("verdict_text", Kind::Text, "The verdict in words, with how far it came."),
            always("octets", Kind::Count, "Octets of the file that were moved."),
            maybe("total", Kind::Count, "Octets that were to be moved, where known."),
            maybe("seconds", Kind::Number, "From `started` to here."),
            maybe("rate", Kind::Count, "Octets a second."),
            maybe("options_asked", Kind::Counts, "TFTP: the options of the request."),
            maybe("options_agreed", Kind::Counts, "TFTP: those that were agreed, and to what."),
            maybe("blksize", Kind::Count, "TFTP: octets of a block."),
            maybe("windowsize", Kind::Count, "TFTP: blocks for each acknowledgement."),
            maybe("blocks", Kind::Count, "TFTP: blocks acknowledged (`read`) or received (`write`)."),
            maybe("sent", Kind::Count, "TFTP: datagrams sent, repeats too."),
            maybe("repeats", Kind::Count, "TFTP: datagrams sent again."),
            maybe("duplicates", Kind::Count, "TFTP: datagrams that came a second time."),
            maybe("gaps", Kind::Count, "TFTP: windows that arrived with a gap."),
            maybe("timeouts", Kind::Count, "TFTP: waits that ended without an answer."),
            maybe(
                "loss",
                Kind::Number,
                "TFTP: the share of datagrams lost at least, from 0 to 1: `gaps` and `timeouts` by them and `blocks`.",
            ),
            maybe("rtt_ms", Kind::Number, "TFTP: the smoothed round trip, milliseconds."),
            maybe("rto_ms", Kind::Number, "TFTP: the wait for an answer at the end, milliseconds."),
            MD5,
            SHA256,
            SHA512,
            maybe(
                "digest_from",
                Kind::OneOf(DIGEST_FROM),
                "`cache`: computed before, and the file is still the same.",
            ),
            maybe("kept", Kind::Text, "Where the replaced file's content is kept as a version."),
            maybe("note", Kind::Text, "In words, where there is something to say."),
        ],
    },
    Row {
        event: "digest",
        by: "serve",
        doc: "What an upload brought has its digests, computed some time after its `ended`, while nothing is \
              transferred. None comes for a file that was replaced meanwhile.",
        fields: &[
            TRANSFER,
            PATH,
            PATH_BASE64,
            always("octets", Kind::Count, "Its length."),
            MD5,
            SHA256,
            SHA512,
            always(
                "digest_from",
                Kind::OneOf(DIGEST_FROM),
                "`upload`: read back from where the upload was stored.",
            ),
        ],
    },
    Row {
        event: "changed",
        by: "serve",
        doc: "A peer changed the tree without a transfer.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            PATH,
            PATH_BASE64,
            always(
                "change",
                Kind::OneOf(&["removed", "renamed", "directory-made", "directory-removed", "time-set"]),
                "What happened to the path.",
            ),
            maybe("to", Kind::Text, "The new path."),
        ],
    },
    Row {
        event: "listed",
        by: "serve",
        doc: "A directory was listed, to its end or until the peer broke off.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            USER,
            PATH,
            PATH_BASE64,
            always("names", Kind::Count, "Names that were told."),
        ],
    },
    Row {
        event: "grant_used",
        by: "serve",
        doc: "A grant let something be done; it is counted before the first octet.",
        fields: &[
            SESSION,
            PROTOCOL,
            PEER,
            PATH,
            PATH_BASE64,
            always("grant", Kind::Text, "Which, as its maker was told."),
            maybe("left", Kind::Count, "Uses that are left; absent where it has no number of uses."),
        ],
    },
    Row {
        event: "banned",
        by: "serve",
        doc: "Peers of a network are not let in from now on.",
        fields: &[
            always("net", Kind::Text, "An address or a network."),
            maybe("until", Kind::Text, "Until then: RFC 3339, UTC. Absent: until it is taken back."),
            always("reason", Kind::Text, "Why."),
            BY,
        ],
    },
    Row {
        event: "unbanned",
        by: "serve",
        doc: "A ban is taken back, or over.",
        fields: &[always("net", Kind::Text, "An address or a network."), BY],
    },
    Row {
        event: "configured",
        by: "serve",
        doc: "The server has another configuration from now on, or something of it was refused.",
        fields: &[always("text", Kind::Text, "What."), BY],
    },
    Row {
        event: "difference",
        by: "serve",
        doc: "With --inbox: what an upload changed since the one before of its name. The lines are on the screen.",
        fields: &[
            PATH,
            PATH_BASE64,
            maybe("former", Kind::Text, "The one before; absent of the first."),
            always("content", Kind::OneOf(&["first", "same", "differs"]), "Compared with it."),
            maybe("added", Kind::Count, "Lines that came; only of texts up to 1 MiB."),
            maybe("removed", Kind::Count, "Lines that went; only of texts up to 1 MiB."),
        ],
    },
    Row {
        event: "advice",
        by: "serve",
        doc: "Something that would make the peer's work faster, or work at all, from what was seen.",
        fields: &[PEER, always("text", Kind::Text, "The advice.")],
    },
    Row {
        event: "lost",
        by: "serve",
        doc: "Audit events that a queue had no room for: the one they all go through, or that of one place they go to, \
              which cannot take them or can again.",
        fields: &[
            always("count", Kind::Count, "How many; 0: none so far, they wait."),
            maybe("sink", Kind::Text, "Which place: `history`, `syslog`, a hook. Absent: lost for all."),
            maybe("reason", Kind::Text, "Why."),
        ],
    },
    Row {
        event: "hook_failed",
        by: "serve",
        doc: "A hook could not be run, or failed as often as it is tried. At most once in 10 s for each hook.",
        fields: &[
            always("hook", Kind::Text, "Which: `hook 1` is the first of the configuration."),
            always("of", Kind::Count, "The `seq` of the last event that it failed for, as places have it."),
            always("count", Kind::Count, "For how many events it failed since that was last told."),
            always("reason", Kind::Text, "Why the last time."),
        ],
    },
    Row {
        event: "exhausted",
        by: "serve",
        doc: "The host has none left of what sessions and transfers need: some were refused or put off. At most one a \
              minute; what runs goes on.",
        fields: &[
            always("what", Kind::Text, "Of what: `file descriptors`."),
            maybe("limit", Kind::Count, "How many of them the process may have."),
            always("count", Kind::Count, "What was refused or put off since the last one."),
            always("remedy", Kind::Text, "What to do."),
        ],
    },
    Row {
        event: "draining",
        by: "serve",
        doc: "Nothing new is accepted; what runs may end.",
        fields: &[always("transfers", Kind::Count, "Transfers that run.")],
    },
    Row {
        event: "stopped",
        by: "serve",
        doc: "The last event.",
        fields: &[
            always("transfers", Kind::Count, "Transfers that ended complete."),
            always("octets", Kind::Count, "Octets moved by them."),
            always("verdicts", Kind::Counts, "All transfers that ended, counted by their verdicts."),
        ],
    },
    Row {
        event: "begun",
        by: "copy",
        doc: "One file's copy begins.",
        fields: &[
            maybe("transfer", Kind::Count, "The file's number, from 1, where many are copied."),
            always("from", Kind::Text, "The source, password masked."),
            always("to", Kind::Text, "The destination, password masked."),
            maybe("octets", Kind::Count, "Its length, where it is known already."),
        ],
    },
    Row {
        event: "progress",
        by: "serve` and `copy",
        doc: "How far a transfer is; at most once a second for each, and only when something moved.",
        fields: &[
            maybe(
                "transfer",
                Kind::Count,
                "`serve`: number of the transfer; `copy`: of the file, where there are many.",
            ),
            always("octets", Kind::Count, "Octets so far."),
            maybe("total", Kind::Count, "Octets in all, where known."),
            always("seconds", Kind::Number, "Since it began."),
            always("repeats", Kind::Count, "TFTP: datagrams sent or received again."),
        ],
    },
    Row {
        event: "copied",
        by: "copy",
        doc: "The copy is there under its final name.",
        fields: &[
            maybe("transfer", Kind::Count, "The file's number, from 1, where many are copied."),
            always("from", Kind::Text, "The source, password masked."),
            always("to", Kind::Text, "The destination, password masked."),
            always("octets", Kind::Count, "Octets moved."),
            always("seconds", Kind::Number, "From the request to the last answer."),
            always("repeats", Kind::Count, "Datagrams sent again."),
            maybe("digest", Kind::Text, "The digest that was expected and found."),
        ],
    },
    Row {
        event: "summary",
        by: "copy",
        doc: "Many files were copied, or not; where some were not, `failed` follows.",
        fields: &[
            always("files", Kind::Count, "Files that were asked for."),
            always("copied", Kind::Count, "Those that are there under their final names."),
            always("failed", Kind::Count, "Those that failed; the rest were not begun."),
            always("octets", Kind::Count, "Octets moved of those that were copied."),
            always("seconds", Kind::Number, "From the first beginning to the last end."),
        ],
    },
    Row {
        event: "relaying",
        by: "relay",
        doc: "The relay listens. Its first event.",
        fields: &[
            always("address", Kind::Text, "Address and port that clients send to."),
            always("to", Kind::Text, "The server's."),
            always("seed", Kind::Count, "What decides the fates; --seed with it has them again."),
            maybe("wanted", Kind::Text, "Why it is not the standard port, when that was wanted."),
        ],
    },
    Row {
        event: "client",
        by: "relay",
        doc: "A client has sent its first datagram.",
        fields: &[PEER, always("towards_server", Kind::Text, "The relay's own port towards the server.")],
    },
    Row {
        event: "port",
        by: "relay",
        doc: "The server has answered from a new port (its TID).",
        fields: &[
            PEER,
            always("server", Kind::Text, "The server's address and port."),
            always("shown_as", Kind::Text, "The relay's port that the client sees instead."),
        ],
    },
    Row {
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
    },
    Row {
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
    },
    Row {
        event: "type",
        by: "recipe upgrade",
        doc: "A line to type, in this order.",
        fields: &[
            always("step", Kind::Count, "Number of the step, from 1."),
            always("title", Kind::Text, "What the step is about."),
            always("line", Kind::Text, "The line; empty: Enter alone."),
            maybe(
                "question",
                Kind::Text,
                "How the question begins that it answers; else it waits for a prompt.",
            ),
        ],
    },
    Row {
        event: "finding",
        by: "doctor",
        doc: "Something that the doctor found, the gravest first.",
        fields: &[
            always("finding", Kind::Text, "Which (doctor.md)."),
            always(
                "exit",
                Kind::Count,
                "The exit code that it stands for; 0: worth knowing, nothing is wrong.",
            ),
            always("words", Kind::Text, "What is so."),
            always("remedy", Kind::Text, "What to set."),
        ],
    },
    Row {
        event: "examined",
        by: "doctor",
        doc: "The examination of a server is over; what was measured.",
        fields: &[
            always("url", Kind::Text, "What was asked for."),
            always("server", Kind::Text, "Address and port."),
            always("requests", Kind::Count, "Requests that were made, repeats not counted."),
            always("seconds", Kind::Number, "How long it took."),
            maybe("octets", Kind::Count, "Length of the file, where the server told or it was read whole."),
            maybe("round_trip", Kind::Number, "Seconds from an ACK to the next block, the median."),
            maybe("options", Kind::Text, "Each option asked for by itself: the agreed value, or a word."),
            maybe("largest", Kind::Count, "The largest block that arrived, octets."),
            maybe("lock_step", Kind::Number, "Octets a second without a window."),
            maybe("window", Kind::Number, "Octets a second with a window of 16."),
            maybe("lost", Kind::Count, "Packets lost in the timed reads."),
        ],
    },
    Row {
        event: "failed",
        by: "all",
        doc: "The command failed. The last event. With `transfer`: one of many files failed.",
        fields: &[
            maybe("transfer", Kind::Count, "The file's number, from 1, where one of many failed."),
            always("exit", Kind::Count, "The exit code (exit-codes.md)."),
            always("thing", Kind::Text, "The file, port, URL or option that it is about."),
            always("what", Kind::Text, "What is wrong with it."),
            maybe("way_out", Kind::Text, "What to do about it."),
        ],
    },
];
