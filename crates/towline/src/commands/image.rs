//! `towline image`: synthetic images for the emulated device.

use crate::digest;
use crate::exit::{Exit, Failure};
use crate::figures::{grouped, parse_octets};
use crate::landing::{self, Landing};
use clap::{Args, Subcommand};
use device::Profile;
use device::image::{self, BadRecipe, Damage, Recipe};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Sink;

const EXAMPLES: &str = "\
Examples:
  towline image make --profile c2911 --version '15.5(3)M4a'
  towline image make --profile c2911 --version '15.1(4)M4' --size 64K images/
  towline image show c2900-universalk9-mz.SPA.155-3.M4a.bin
";

/// Make and look at synthetic images, which an emulated device boots.
///
/// They have the right magic number, metadata, an embedded MD5 and a mark where a device looks for a
/// signature; nobody's software is in them.
#[derive(Debug, Args)]
#[command(before_help = EXAMPLES)]
pub struct Image {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Make(Make),
    Show(Show),
}

/// Make an image.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  towline image make --profile c2911 --version '15.5(3)M4a' --size 30M\n")]
struct Make {
    /// The device it is for, or the file of a profile of one's own.
    #[arg(long, default_value = "c2911")]
    profile: String,
    /// The version, as `show version` prints it: 15.5(3)M4a, for IOS-XE 16.6.5.
    #[arg(long)]
    version: String,
    /// Octets of the file; K, M and G are understood.
    #[arg(long, value_parser = parse_octets, default_value_t = image::LESSON_SIZE)]
    size: u64,
    /// The file, or a directory for the name that the version gives.
    #[arg(default_value = ".")]
    out: PathBuf,
}

/// Say what an image is, and whether it is sound.
#[derive(Debug, Args)]
#[command(before_help = "Example:\n  towline image show c2900-universalk9-mz.SPA.155-3.M4a.bin\n")]
struct Show {
    /// The file.
    file: PathBuf,
}

impl Image {
    /// Does it.
    pub fn run(self) -> Result<(), Failure> {
        match self.verb {
            Verb::Make(make) => make.run(),
            Verb::Show(show) => show.run(),
        }
    }
}

impl Make {
    fn run(self) -> Result<(), Failure> {
        let profile = &*profile(&self.profile)?;
        let version = &self.version;
        let Some(name) = image::file_name(profile, version) else {
            return Err(Failure::usage(
                format!("'{version}'"),
                "is not a version",
                "write it as 15.5(3)M4a, or 16.6.5 for IOS-XE",
            ));
        };
        let out = if self.out.is_dir() || ends_in_slash(&self.out) { self.out.join(name) } else { self.out };
        let local = |e: &io::Error| Failure { exit: Exit::Local, ..Failure::local(out.display(), e) };
        let mut landing = Landing::temporary(&out).map_err(|e| local(&e))?;
        let recipe = Recipe { profile, version, size: self.size, seed: image::random_seed() };
        image::make(&recipe, &mut InOrder::new(&mut landing)).map_err(|e| match e {
            BadRecipe::Io(e) => local(&e),
            BadRecipe::Version(_) | BadRecipe::Small { .. } => {
                Failure::usage(out.display(), e, "see towline image make --help")
            }
        })?;
        landing.land().map_err(|e| local(&e))?;
        println!("{}: {} octets", out.display(), grouped(self.size));
        Ok(())
    }
}

impl Show {
    fn run(self) -> Result<(), Failure> {
        let name = self.file.display();
        let local = |e: &io::Error| Failure::local(&name, e);
        let blob = landing::open(&self.file).map_err(|e| local(&e))?;
        let facts = image::show(&blob).map_err(|damage| match damage {
            Damage::Io(e) => local(&e),
            damage => Failure::new(Exit::Integrity, &name, damage, "fetch or make it again"),
        })?;
        let md5 = match facts.md5 {
            Some(md5) => md5,
            // The check of a hollow one does not need it.
            None => image::md5(&blob).map_err(|e| local(&e))?,
        };
        let sha512 = digest::Algorithm::Sha512.of(&blob).map_err(|e| local(&e))?;
        let rows = [
            ("Image", format!("{}-{}", facts.platform, facts.feature)),
            ("Version", facts.version),
            ("For", facts.profile),
            ("Octets", grouped(facts.len)),
            ("MD5", md5),
            ("Embedded MD5", facts.embedded_md5),
            ("SHA-512", sha512),
        ];
        let mut out = io::stdout().lock();
        for (key, value) in rows {
            writeln!(out, "{key:<14}{value}").map_err(|e| Failure::new(Exit::Local, "stdout", e, ""))?;
        }
        Ok(())
    }
}

/// The profile of this name, or of this file where the name ends in `.toml`; the failure says what is wrong
/// with the file, or lists the names there are.
pub(crate) fn profile(name: &str) -> Result<Arc<Profile>, Failure> {
    if name.ends_with(".toml") {
        let text = std::fs::read_to_string(name).map_err(|e| Failure::local(name, &e))?;
        let profile = Profile::parse(&text).map_err(|e| {
            let hint = "towline device --print-profile c2911 shows a whole one";
            Failure::usage(name, format!("is no profile: {}", e.to_string().trim_end()), hint)
        })?;
        return Ok(Arc::new(profile));
    }
    Profile::named(name).ok_or_else(|| {
        let known: Vec<_> = Profile::all().map(|(p, _)| p.name.to_string()).collect();
        let hint = format!("known are: {}; a file of one's own ends in .toml", known.join(", "));
        Failure::usage(format!("'{name}'"), "no such profile", hint)
    })
}

/// Whether a path says of itself that it is a directory.
pub(crate) fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// A sink that is written from the front to the back.
pub(crate) struct InOrder<'a> {
    sink: &'a mut dyn Sink,
    at: u64,
}

impl<'a> InOrder<'a> {
    /// Begins at the front.
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        InOrder { sink, at: 0 }
    }
}

impl Write for InOrder<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.sink.write_at(self.at, octets)?;
        self.at += octets.len() as u64;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
