//! What somebody wishes of an upgrade: flags of every verb that plans one.

use crate::config::parse_time;
use crate::digest::Expect;
use crate::exit::Failure;
use crate::figures::parse_octets;
use crate::landing;
use crate::upgrade::tolerance::share;
use clap::Args;
use ios_cli::image_name::ImageName;
use std::path::{Path, PathBuf};
use std::time::Duration;
use upgrade::{Share, Target, Tolerance, Wish};

/// The image, and how it is to come about.
#[derive(Debug, Args)]
pub(super) struct Wishes {
    /// The new image, a file here. Its name says what it is for, and is its name in flash.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// What the image must be: md5:HEX, sha256:HEX or sha512:HEX, of the vendor's page.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Expect>,
    /// Octets a second that a copy is taken to move: TFTP with blocks of 512 octets is slow.
    #[arg(long, value_name = "OCTETS", default_value = "1M", value_parser = rate)]
    rate: u64,
    /// How long a restart is taken to last.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    restart: Duration,
    /// How long there is for all of it: 90s, 45m, 2h.
    #[arg(long, value_name = "TIME", value_parser = time)]
    window: Option<Duration>,
    /// Delete nothing: too little room stands in the way then.
    #[arg(long)]
    keep_files: bool,
    /// Main memory that the image needs, from the vendor's page: 512M, 4G. A device with less is not touched.
    #[arg(long, value_name = "OCTETS", value_parser = parse_octets)]
    needs_ram: Option<u64>,
    /// Octets that the file system of the image has to have in all, from the vendor's page: 256M.
    #[arg(long, value_name = "OCTETS", value_parser = parse_octets)]
    needs_flash: Option<u64>,
    /// So many interfaces that were up may stay down behind the restart; of more the device is put back. Usually none.
    #[arg(long, value_name = "N")]
    may_lose: Option<u64>,
    /// So many neighbours that CDP or LLDP told may stay away behind the restart. Usually none.
    #[arg(long, value_name = "N")]
    may_lose_neighbours: Option<u64>,
    /// So many routes of each origin (connected, static, ospf 1 ...), or so many of a hundred, may be missing behind the restart.
    /// Usually 5%.
    #[arg(long, value_name = "N|N%", value_parser = share)]
    may_lose_routes: Option<Share>,
    /// How long everything else has to come back behind the restart, before the device is put back. Usually 5m.
    #[arg(long, value_name = "TIME", value_parser = time)]
    settle: Option<Duration>,
}

fn rate(text: &str) -> Result<u64, String> {
    parse_octets(text)
        .and_then(|n| if n > 0 { Ok(n) } else { Err(String::from("more than nothing a second")) })
}

fn time(text: &str) -> Result<Duration, String> {
    parse_time(text).ok_or_else(|| String::from("a time with its unit: 90s, 45m, 2h"))
}

impl Wishes {
    /// Whether an image is named.
    pub(super) fn has_image(&self) -> bool {
        self.image.is_some()
    }

    /// The image's file.
    pub(super) fn image(&self) -> Result<&Path, Failure> {
        let absent =
            || Failure::usage("--image", "no image is named", "--image FILE is the new image, a file here");
        self.image.as_deref().ok_or_else(absent)
    }

    /// What is wished besides the image.
    pub(super) fn wish(&self) -> Wish {
        let Wishes { rate, restart, window, needs_ram, needs_flash, .. } = *self;
        self.tolerating(Wish {
            rate,
            restart,
            window,
            may_delete: !self.keep_files,
            tolerance: Tolerance::default(),
            needs_ram,
            needs_flash,
        })
    }

    /// What a plan wishes, but for what may stay away where that was said here.
    pub(super) fn tolerating(&self, planned: Wish) -> Wish {
        let was = planned.tolerance;
        let tolerance = Tolerance {
            interfaces: self.may_lose.unwrap_or(was.interfaces),
            neighbours: self.may_lose_neighbours.unwrap_or(was.neighbours),
            routes: self.may_lose_routes.unwrap_or(was.routes),
            settle: self.settle.unwrap_or(was.settle),
        };
        Wish { tolerance, ..planned }
    }

    /// The image, as it is here.
    pub(super) fn target(&self) -> Result<Target, Failure> {
        let path = self.image()?;
        let fault = |e: std::io::Error| Failure::local(path.display(), &e);
        let blob = landing::open(path).map_err(fault)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+".contains(&b));
        if !is_plain || name.is_empty() {
            let way_out = "rename it: letters, digits, '.', '-', '_' and '+' can be typed on a device";
            return Err(Failure::usage(
                path.display(),
                "has a name that cannot be typed on a device",
                way_out,
            ));
        }
        let mut damage = None;
        if let Some(expect) = &self.expect
            && let Err(found) = expect.check(&blob).map_err(fault)?
        {
            damage = Some((expect.to_string(), format!("{}:{found}", expect.algorithm.name())));
        }
        let said = ImageName::parse(&name);
        Ok(Target {
            size: blob.len(),
            md5: gate::Algorithm::Md5.of(&blob).map_err(fault)?,
            platform: said.as_ref().map(|said| said.platform.clone()),
            feature: said.as_ref().map(|said| said.feature.clone()),
            version: said.map(|said| said.version),
            name,
            damage,
        })
    }
}
