use crate::house::{Metadata, root};
use anyhow::{Context, Result, bail};
use std::fs;

/// One crate of the house: its tier, which of ours it may import besides `clock`, and whether its
/// outside crates are limited to [`T0_OUTSIDE`].
struct Room {
    name: &'static str,
    tier: &'static str,
    imports: &'static [&'static str],
}

/// What T0 may take from outside: all of it `no_std`.
const T0_OUTSIDE: &[&str] = &["bytes", "memchr", "bitflags"];

/// The import matrix, normative. `clock` may be imported by everyone and is not repeated; a new edge has
/// a record in `docs/decisions`.
const ROOMS: &[Room] = &[
    Room { name: "clock", tier: "T0", imports: &[] },
    Room { name: "link", tier: "T0", imports: &[] },
    Room { name: "tftp-proto", tier: "T0", imports: &[] },
    Room { name: "ftp-proto", tier: "T0", imports: &[] },
    Room { name: "http-proto", tier: "T0", imports: &[] },
    Room { name: "sftp-proto", tier: "T0", imports: &[] },
    Room { name: "telnet-proto", tier: "T0", imports: &[] },
    Room { name: "ios-cli", tier: "T0", imports: &[] },
    Room { name: "upgrade", tier: "T0", imports: &[] },
    Room { name: "store", tier: "T1", imports: &[] },
    Room { name: "gate", tier: "T2", imports: &["store"] },
    Room { name: "transport", tier: "T2", imports: &["telnet-proto", "link", "store"] },
    // Knows nothing of ours: what a process keeps is said to it.
    Room { name: "sandbox", tier: "T1", imports: &[] },
    // No `store`: its types come through `gate`, so that serve cannot open anything itself.
    Room {
        name: "serve",
        tier: "T3",
        imports: &["tftp-proto", "ftp-proto", "http-proto", "sftp-proto", "transport", "gate"],
    },
    Room {
        name: "client",
        tier: "T3",
        imports: &[
            "tftp-proto",
            "ftp-proto",
            "http-proto",
            "sftp-proto",
            "telnet-proto",
            "transport",
            "store",
        ],
    },
    Room {
        name: "device",
        tier: "T4",
        imports: &["ios-cli", "sftp-proto", "link", "client", "transport", "store", "gate", "serve"],
    },
    // Of `ios-cli` its `text` only: what a device said.
    Room { name: "fleet", tier: "T4", imports: &["upgrade", "ios-cli", "client"] },
    Room { name: "db", tier: "T5", imports: &[] },
    Room { name: "towline", tier: "T6", imports: ALL },
    Room {
        name: "simnet",
        tier: "dev",
        imports: &["link", "tftp-proto", "ftp-proto", "telnet-proto", "ios-cli"],
    },
    // For tests of any crate; knows nothing of what it is held against.
    Room { name: "reference", tier: "dev", imports: &[] },
    Room { name: "e2e", tier: "dev", imports: ALL },
    Room { name: "xtask", tier: "dev", imports: &[] },
];

const ALL: &[&str] = &[
    "link",
    "tftp-proto",
    "ftp-proto",
    "http-proto",
    "sftp-proto",
    "telnet-proto",
    "ios-cli",
    "store",
    "gate",
    "transport",
    "sandbox",
    "serve",
    "client",
    "device",
    "upgrade",
    "fleet",
    "db",
    "towline",
];

/// One import as the manifests have it.
struct Edge {
    from: String,
    to: String,
    dev: bool,
}

/// Everything wrong with these imports; `ours` names the packages of the workspace.
///
/// Dev-dependencies obey the same matrix (a test of a lower crate that needs a higher one belongs into
/// `simnet` or `tests`), but may take any crate from outside and the reference model.
fn faults(ours: &[&str], edges: &[Edge]) -> Vec<String> {
    let mut faults: Vec<String> = ours
        .iter()
        .filter(|name| !ROOMS.iter().any(|r| r.name == **name))
        .map(|name| format!("{name} is not in the table of xtask/src/layers.rs"))
        .collect();
    for e in edges {
        let Some(room) = ROOMS.iter().find(|r| r.name == e.from) else { continue };
        let inside = ours.contains(&e.to.as_str());
        let allowed = if inside {
            // The reference model imports nothing of ours: no cycle comes of it, and no code but tests.
            let is_model = e.dev && e.to == "reference";
            e.to == "clock" || is_model || room.imports.contains(&e.to.as_str())
        } else {
            room.tier != "T0" || e.dev || T0_OUTSIDE.contains(&e.to.as_str())
        };
        if !allowed {
            let kind = if e.dev { " (dev)" } else { "" };
            let may = if inside { room.imports } else { T0_OUTSIDE };
            faults.push(format!(
                "{} ({}) may not import {}{kind}; allowed: clock {}",
                e.from,
                room.tier,
                e.to,
                may.join(" ")
            ));
        }
    }
    faults
}

/// `cargo xtask layers`.
pub(crate) fn run(_: &[String]) -> Result<()> {
    let metadata = Metadata::read(false)?;
    let ours: Vec<&str> = metadata.members().map(|p| p.name.as_str()).collect();
    let edges: Vec<Edge> = metadata
        .members()
        .flat_map(|p| {
            p.dependencies.iter().map(|d| Edge {
                from: p.name.clone(),
                to: d.name.clone(),
                dev: d.kind.as_deref() == Some("dev"),
            })
        })
        .collect();
    let mut faults = faults(&ours, &edges);
    for room in ROOMS.iter().filter(|r| r.tier == "T0") {
        let lib = root().join("crates").join(room.name).join("src/lib.rs");
        let text = fs::read_to_string(&lib).with_context(|| lib.display().to_string())?;
        for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !text.contains(attribute) {
                faults.push(format!("{} (T0) does not say {attribute}", room.name));
            }
        }
    }
    for room in ROOMS {
        let house: Vec<&str> = edges
            .iter()
            .filter(|e| e.from == room.name && !e.dev && ours.contains(&e.to.as_str()))
            .map(|e| e.to.as_str())
            .collect();
        println!("{:<4} {:<13} -> {}", room.tier, room.name, house.join(" "));
    }
    if !faults.is_empty() {
        bail!("the import matrix is broken:\n  {}", faults.join("\n  "));
    }
    println!("layers: {} crates, {} imports, none upwards", ours.len(), edges.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Edge, faults};

    const OURS: &[&str] = &["clock", "tftp-proto", "store", "gate", "serve", "client", "simnet"];

    fn edge(from: &str, to: &str, dev: bool) -> Edge {
        Edge { from: from.into(), to: to.into(), dev }
    }

    #[test]
    fn edges_of_the_table_pass() {
        let edges = [
            edge("serve", "gate", false),
            edge("serve", "tokio", false),
            edge("tftp-proto", "clock", false),
            edge("tftp-proto", "bytes", false),
            edge("tftp-proto", "insta", true),
            edge("simnet", "tftp-proto", true),
        ];
        assert_eq!(faults(OURS, &edges), Vec::<String>::new());
    }

    #[test]
    fn each_bad_edge_is_named() {
        for (bad, expected) in [
            (edge("store", "gate", false), "store (T1) may not import gate; allowed: clock "),
            (
                edge("serve", "store", false),
                "serve (T3) may not import store; allowed: clock tftp-proto ftp-proto http-proto sftp-proto \
                 transport gate",
            ),
            (
                edge("serve", "client", true),
                "serve (T3) may not import client (dev); allowed: clock tftp-proto ftp-proto http-proto sftp-proto \
                 transport gate",
            ),
            (
                edge("tftp-proto", "tokio", false),
                "tftp-proto (T0) may not import tokio; allowed: clock bytes memchr bitflags",
            ),
            (
                edge("tftp-proto", "simnet", true),
                "tftp-proto (T0) may not import simnet (dev); allowed: clock ",
            ),
        ] {
            assert_eq!(faults(OURS, &[bad]), [expected]);
        }
    }

    #[test]
    fn a_crate_outside_the_table_is_a_fault() {
        assert_eq!(faults(&["util"], &[]), ["util is not in the table of xtask/src/layers.rs"]);
    }
}
