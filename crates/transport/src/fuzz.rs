//! What must hold for any octets. The fuzz targets call these, and the corpora are replayed as a test.

use crate::ssh::{self, Profile, agree};

/// The first words of a peer: however they are cut up they mean the same, and what comes of them with our own offers is
/// something that both have.
pub fn ssh_hello(data: &[u8]) {
    let hello = ssh::hello_of([data]);
    let half = data.split_at(data.len() / 2);
    assert_eq!(ssh::hello_of([half.0, half.1]), hello, "in halves");
    assert_eq!(ssh::hello_of(data.chunks(7)), hello, "in pieces");
    let Some(offer) = hello.and_then(|hello| hello.offer) else { return };
    for ours in Profile::ALL.map(Profile::offer) {
        for (client, server) in [(&ours, &offer), (&offer, &ours)] {
            let Ok(agreed) = agree(client, server) else { continue };
            for side in [client, server] {
                assert!(
                    side.key_exchanges.contains(&agreed.key_exchange)
                        && side.host_keys.contains(&agreed.host_key)
                );
                for n in [0, 1] {
                    assert!(side.ciphers[n].contains(&agreed.ciphers[n]));
                    assert!(agreed.macs[n].as_ref().is_none_or(|mac| side.macs[n].contains(mac)));
                }
            }
            assert!(Profile::that_has(&agreed).is_some(), "we offer nothing else");
        }
    }
}
