//! What one model of device is: sizes, names and texts, as data. Where documents differ or a text could
//! not be confirmed on a device, it stands here and not in code.

/// One model.
#[derive(Debug)]
pub struct Profile {
    /// `c2911`.
    pub name: &'static str,
    /// First part of image names: `c2900`.
    pub image_platform: &'static str,
    /// Second part of image names: `universalk9`.
    pub image_feature: &'static str,
    /// In the banner: `C2900 Software`.
    pub software: &'static str,
    /// In `show version` and at boot: `CISCO2911/K9`.
    pub model: &'static str,
    /// Processor board ID.
    pub serial: &'static str,
    /// Main memory, KiB, as the boot loader counts it.
    pub memory_kib: u32,
    /// What IOS gives to itself and to packet buffers, KiB: `491520K/32768K`.
    pub memory_split: (u32, u32),
    /// `512 MB`.
    pub memory_text: &'static str,
    /// Octets of flash0.
    pub flash_total: u64,
    /// Octets of one cluster of flash: every file takes whole ones.
    pub flash_cluster: u64,
    /// `249856K bytes of ATA System CompactFlash 0 (Read/Write)`.
    pub flash_text: &'static str,
    /// Octets of NVRAM.
    pub nvram_total: u64,
    /// `255K bytes of non-volatile configuration memory.`
    pub nvram_text: &'static str,
    /// Interfaces in the order of `show ip interface brief`.
    pub interfaces: &'static [&'static str],
    /// vty lines: `line vty 0 4`.
    pub vty_lines: u16,
    /// The version of the boot loader.
    pub rommon_version: &'static str,
    /// The register a new device has.
    pub register: u16,
    /// Versions whose build line is known; others get `build_default`.
    pub builds: &'static [(&'static str, Build)],
    /// For any other version.
    pub build_default: Build,
    /// Whether `copy ftp:` is passive while neither `ip ftp passive` nor its `no` form was typed.
    /// Not confirmed on a device: `no ip ftp passive` appears in running-configs of old releases, which
    /// suggests that passive is the default there.
    pub ftp_passive_default: bool,
    /// Before the first `file prompt` command.
    pub tftp_blocksize_default: u16,
}

/// The lines that name a build.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// `1986-2016`.
    pub copyright: &'static str,
    /// `Thu 06-Oct-16 14:43 by mnguyen`.
    pub compiled: &'static str,
}

/// The ISR G2 router of the lesson.
pub const C2911: Profile = Profile {
    name: "c2911",
    image_platform: "c2900",
    image_feature: "universalk9",
    software: "C2900 Software",
    model: "CISCO2911/K9",
    serial: "FTX152400KS",
    memory_kib: 524_288,
    memory_split: (491_520, 32_768),
    memory_text: "512 MB",
    flash_total: 256_487_424,
    flash_cluster: 4_096,
    flash_text: "249856K bytes of ATA System CompactFlash 0 (Read/Write)",
    nvram_total: 262_136,
    nvram_text: "255K bytes of non-volatile configuration memory.",
    interfaces: &[
        "Embedded-Service-Engine0/0",
        "GigabitEthernet0/0",
        "GigabitEthernet0/1",
        "GigabitEthernet0/2",
    ],
    vty_lines: 5,
    rommon_version: "15.0(1r)M15",
    register: 0x2102,
    builds: &[
        ("15.1(4)M4", Build { copyright: "1986-2012", compiled: "Tue 20-Mar-12 18:57 by prod_rel_team" }),
        ("15.5(3)M4a", Build { copyright: "1986-2016", compiled: "Thu 06-Oct-16 14:43 by prod_rel_team" }),
    ],
    build_default: Build { copyright: "1986-2017", compiled: "Wed 29-Mar-17 14:05 by prod_rel_team" },
    ftp_passive_default: true,
    tftp_blocksize_default: 512,
};

/// All models.
pub const PROFILES: &[&Profile] = &[&C2911];

impl Profile {
    /// The model called `name`.
    pub fn named(name: &str) -> Option<&'static Profile> {
        PROFILES.iter().copied().find(|p| p.name == name)
    }

    /// The build lines of `version`.
    pub fn build(&self, version: &str) -> Build {
        self.builds.iter().find(|(v, _)| *v == version).map_or(self.build_default, |(_, b)| *b)
    }

    /// `Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version 15.5(3)M4a, RELEASE SOFTWARE (fc1)`.
    pub fn banner(&self, version: &str) -> String {
        format!(
            "Cisco IOS Software, {} ({}-{}-M), Version {version}, RELEASE SOFTWARE (fc1)",
            self.software,
            self.image_platform.to_uppercase(),
            self.image_feature.to_uppercase(),
        )
    }

    /// The full name of the interface that `text` abbreviates: `g0/0`, `gi 0/0`, `GigabitEthernet0/0`.
    pub fn interface(&self, text: &str) -> Option<&'static str> {
        let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        let cut = text.find(|c: char| c.is_ascii_digit())?;
        let (kind, number) = text.split_at(cut);
        let found = self.interfaces.iter().find(|name| {
            let at = name.find(|c: char| c.is_ascii_digit()).expect("interfaces have numbers");
            let (k, n) = name.split_at(at);
            n == number
                && !kind.is_empty()
                && k.len() >= kind.len()
                && k[..kind.len()].eq_ignore_ascii_case(kind)
        })?;
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_may_be_abbreviated() {
        for text in ["g0/0", "Gi0/0", "gig 0/0", "GigabitEthernet0/0"] {
            assert_eq!(C2911.interface(text), Some("GigabitEthernet0/0"), "{text}");
        }
        for text in ["", "0/0", "g0/3", "f0/0", "gigx0/0", "g"] {
            assert_eq!(C2911.interface(text), None, "{text}");
        }
    }
}
