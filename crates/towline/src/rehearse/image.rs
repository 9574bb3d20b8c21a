//! The image that twins of a model boot: the one that is meant, where it is one of ours, else a hollow one of its name and size.

use crate::exit::{Exit, Failure};
use crate::landing;
use crate::upgrade::{Depot, Over};
use device::Profile;
use device::image::{self, Hollow};
use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use upgrade::Target;

/// An image, served for twins.
pub(crate) struct Prepared {
    /// What a twin is to run.
    pub(crate) target: Target,
    /// Where it gets it from.
    pub(crate) depot: Depot,
    /// Whether another image stands for the one that is meant.
    pub(crate) is_stand_in: bool,
    _made: Option<tempfile::TempDir>,
}

impl Prepared {
    /// For twins of that profile.
    pub(crate) fn of(profile: &Profile, path: &Path, meant: &Target) -> Result<Prepared, Failure> {
        let fault = |e: io::Error| Failure::local(path.display(), &e);
        let blob = landing::open(path).map_err(fault)?;
        let boots = image::glance(&blob).is_ok_and(|glance| glance.profile == *profile.name);
        let at = (Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0);
        if boots {
            let depot = Depot::start(path, &[Over::Http], at)?;
            return Ok(Prepared { target: meant.clone(), depot, is_stand_in: false, _made: None });
        }
        let Some(version) = &meant.version else {
            let way_out = "rename it as the vendor does: c2900-universalk9-mz.SPA.155-3.M4a.bin";
            return Err(Failure::usage(path.display(), "has no version in its name to be played", way_out));
        };
        let bad = |e: image::BadRecipe| Failure::new(Exit::Failed, path.display(), e, "is its name right?");
        let hollow = Hollow::new(profile, version, meant.size.max(image::MIN_SIZE)).map_err(bad)?;
        let made = tempfile::tempdir().map_err(|e| Failure::local("a directory for an image", &e))?;
        let stand_in = made.path().join(&meant.name);
        let write = || -> io::Result<String> {
            let file = File::create(&stand_in)?;
            file.set_len(hollow.len())?;
            for (at, octets) in hollow.pieces() {
                file.write_all_at(octets, at)?;
            }
            gate::Algorithm::Md5.of(&landing::open(&stand_in)?)
        };
        let md5 = write().map_err(|e| Failure::local(stand_in.display(), &e))?;
        let depot = Depot::start(&stand_in, &[Over::Http], at)?;
        let target = Target { md5, size: hollow.len(), ..meant.clone() };
        Ok(Prepared { target, depot, is_stand_in: true, _made: Some(made) })
    }
}
