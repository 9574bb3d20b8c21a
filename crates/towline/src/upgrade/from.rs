//! Where one device gets the image from, copy by copy, over what is fastest for it.

use super::depot::{Depot, Offered, Wanted, Way};
use crate::figures::{grouped, rate};
use fleet::ios::{Asked, Fault, Source};
use std::net::IpAddr;
use std::time::Duration;

/// An image of fewer octets is copied before anybody has measured how.
const WORTH: u64 = 8 << 20;
/// A way that is offered before a faster one is taken where it has so many hundredths of its rate: a trial is a trial.
const AS_GOOD: u64 = 80;

/// Where the image comes from.
pub(crate) enum From<'a> {
    /// From here.
    Here(Here<'a>),
    /// From a server of somebody's.
    There(String),
}

/// Copies of one device from here.
pub(crate) struct Here<'a> {
    depot: &'a Depot,
    /// How many were offered.
    copies: usize,
    /// Whose they are, for whoever shows how far they are.
    whose: &'a str,
    /// Who has the path of the last one.
    holder: Option<String>,
    /// What the device copies over, the best first, with what was measured; empty: nobody has asked.
    chosen: Vec<(Way, Option<u64>)>,
    /// What came of trials, also where it is not known whether the device survived them.
    trials: Vec<(Way, Result<u64, String>)>,
    /// What the device says that it copies over, where it was asked.
    known: Option<Option<Vec<String>>>,
}

impl<'a> From<'a> {
    /// From there, for this device.
    pub(crate) fn here(depot: &'a Depot, whose: &'a str) -> From<'a> {
        let (chosen, trials) = (Vec::new(), Vec::new());
        From::Here(Here { depot, copies: 0, whose, holder: None, chosen, trials, known: None })
    }
}

impl Here<'_> {
    /// The ways that this device knows: all, where it says of none that it does.
    fn known(&mut self, device: &mut dyn Asked) -> Result<Vec<Way>, Fault> {
        let ways = self.depot.ways().to_vec();
        if ways.len() < 2 {
            return Ok(ways);
        }
        let said = match &self.known {
            Some(said) => said,
            None => self.known.insert(device.copies_over()?),
        };
        let Some(said) = said else { return Ok(ways) };
        let known = ways.iter().copied().filter(|way| said.iter().any(|name| name == way.over.name()));
        let known: Vec<Way> = known.collect();
        Ok(if known.is_empty() { ways } else { known })
    }

    /// Copies a sample over it, to nowhere.
    fn try_out(&mut self, way: Way, device: &mut dyn Asked) -> Result<(), Fault> {
        // What makes the device hang up is not tried again.
        let unknown = String::from("it did not come back from a trial");
        self.trials.push((way, Err(unknown)));
        let tried = match self.depot.offer(way, Wanted::Sample, device.ours(), self.whose) {
            Err(why) => Err(why),
            Ok(Offered { url, .. }) => {
                let octets = self.depot.sampled(way.over);
                device.copy_to_nowhere(&url)?.map(|took| per_second(octets, took))
            }
        };
        if let Some(trial) = self.trials.last_mut() {
            trial.1 = tried;
        }
        Ok(())
    }

    fn choose(&mut self, device: &mut dyn Asked, remark: &mut dyn FnMut(&str)) -> Result<(), Fault> {
        if !self.chosen.is_empty() {
            return Ok(());
        }
        let known = self.known(device)?;
        if known.len() > 1 && self.depot.size() >= WORTH {
            for way in &known {
                if self.trials.iter().all(|(tried, _)| tried != way) {
                    self.try_out(*way, device)?;
                }
            }
            remark(&format!("measured: {}", told(&self.trials)));
        }
        self.chosen = ranked(&known, &self.trials);
        Ok(())
    }

    fn reason(&self, n: usize, way: Way, measured: Option<u64>) -> String {
        let name = way.over.name();
        match (n, measured) {
            (0, Some(octets)) if self.trials.len() > 1 => {
                format!("over {name}: {} was measured", rate(octets, Duration::from_secs(1)))
            }
            (0, _) => format!("over {name}: {}", way.over.why()),
            _ => format!("over {name}: the former copy failed"),
        }
    }
}

/// The best first: what was measured by its rate, but what is offered first before what is hardly faster. A way that failed
/// is none, if another one did not. Where nothing was measured, those that every device has a word for.
fn ranked(known: &[Way], trials: &[(Way, Result<u64, String>)]) -> Vec<(Way, Option<u64>)> {
    let measured = |way: &Way| {
        let (_, trial) = trials.iter().find(|(tried, _)| tried == way)?;
        trial.as_ref().ok().copied()
    };
    let mut left: Vec<(Way, u64)> = known.iter().filter_map(|way| Some((*way, measured(way)?))).collect();
    let mut best = Vec::new();
    while let Some(fastest) = left.iter().map(|(_, rate)| *rate).max() {
        let good = |rate: u64| u128::from(rate) * 100 >= u128::from(fastest) * u128::from(AS_GOOD);
        let first = left.iter().position(|(_, rate)| good(*rate)).unwrap_or_default();
        let (way, rate) = left.remove(first);
        best.push((way, Some(rate)));
    }
    if best.is_empty() {
        let plain = known.iter().filter(|way| way.is_plain());
        best = plain.map(|way| (*way, None)).collect();
    }
    if best.is_empty() {
        best = known.iter().map(|way| (*way, None)).collect();
    }
    best
}

fn per_second(octets: u64, took: Duration) -> u64 {
    let per_second = u128::from(octets) * 1_000_000 / took.as_micros().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

fn told(trials: &[(Way, Result<u64, String>)]) -> String {
    let one = |(way, trial): &(Way, Result<u64, String>)| match trial {
        Ok(octets) => format!("{} {}", way.over.name(), rate(*octets, Duration::from_secs(1))),
        Err(why) => format!("{} not ({why})", way.over.name()),
    };
    trials.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Source for From<'_> {
    fn choose(&mut self, device: &mut dyn Asked, remark: &mut dyn FnMut(&str)) -> Result<(), Fault> {
        match self {
            From::There(_) => Ok(()),
            From::Here(here) => here.choose(device, remark),
        }
    }

    fn url(&mut self, ours: Option<IpAddr>) -> Result<(String, String), String> {
        match self {
            From::There(url) => Ok((url.clone(), String::from("from where it was said to be"))),
            From::Here(here) => {
                if here.chosen.is_empty() {
                    here.chosen = ranked(here.depot.ways(), &here.trials);
                }
                let n = here.copies;
                let (way, measured) = here.chosen[n % here.chosen.len()];
                let Offered { url, holder } = here.depot.offer(way, Wanted::Image, ours, here.whose)?;
                here.copies += 1;
                here.holder = Some(holder);
                Ok((url, here.reason(n, way, measured)))
            }
        }
    }

    fn sent(&self) -> Option<String> {
        let From::Here(Here { depot, holder: Some(holder), .. }) = self else { return None };
        Some(match depot.sent(holder) {
            Some((octets, Some(true))) => format!("this host sent all {} octets", grouped(octets)),
            Some((octets, _)) => format!("this host sent {} octets before it ended", grouped(octets)),
            None => String::from("nobody came to this host for it: is the way from the device to it open?"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upgrade::Over;
    use std::net::Ipv4Addr;

    /// A device that says what it copies over, and takes so many milliseconds for a sample, or says why not.
    struct Device {
        copies_over: Option<Vec<&'static str>>,
        takes: fn(&str) -> Result<Result<u64, &'static str>, Fault>,
        asked: Vec<String>,
    }

    impl Device {
        fn new(
            copies_over: Option<Vec<&'static str>>,
            takes: fn(&str) -> Result<Result<u64, &'static str>, Fault>,
        ) -> Device {
            Device { copies_over, takes, asked: Vec::new() }
        }
    }

    impl Asked for Device {
        fn ours(&self) -> Option<IpAddr> {
            Some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }

        fn copies_over(&mut self) -> Result<Option<Vec<String>>, Fault> {
            self.asked.push("show file systems".to_owned());
            Ok(self.copies_over.as_ref().map(|names| names.iter().map(|name| (*name).to_owned()).collect()))
        }

        fn copy_to_nowhere(&mut self, url: &str) -> Result<Result<Duration, String>, Fault> {
            let over = url.split(':').next().unwrap_or_default();
            self.asked.push(over.to_owned());
            (self.takes)(over).map(|took| took.map(Duration::from_millis).map_err(str::to_owned))
        }
    }

    /// A depot for an image of so many octets, and the directory where that lies.
    fn depot(octets: u64) -> (Depot, tempfile::TempDir) {
        let dir = tempfile::tempdir().expect("a directory");
        let image = dir.path().join("new.bin");
        std::fs::File::create(&image).and_then(|file| file.set_len(octets)).expect("a file");
        let ways = [Over::Http, Over::Ftp, Over::Tftp];
        (Depot::start(&image, &ways, (None, 0)).expect("started"), dir)
    }

    /// What is remarked, what the copies go over, and why.
    fn copies(depot: &Depot, device: &mut Device, n: usize) -> (Vec<String>, Vec<(String, String)>) {
        let mut from = From::here(depot, "R1");
        let mut remarks = Vec::new();
        let mut copies = Vec::new();
        for _ in 0..n {
            while from.choose(device, &mut |text| remarks.push(text.to_owned())).is_err() {}
            let (url, reason) = from.url(device.ours()).expect("offered");
            copies.push((url.split(':').next().unwrap_or_default().to_owned(), reason));
        }
        (remarks, copies)
    }

    fn names(copies: &[(String, String)]) -> Vec<&str> {
        copies.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn the_fastest_way_is_measured_and_a_failed_copy_takes_the_next_one() {
        let (depot, _dir) = depot(WORTH);
        // 2 MiB over HTTP and FTP, 64 KiB over TFTP.
        let mut device = Device::new(None, |over| {
            Ok(Ok(match over {
                "http" => 4_000,
                "ftp" => 500,
                _ => 10_000,
            }))
        });
        let (remarks, told) = copies(&depot, &mut device, 4);
        assert_eq!(names(&told), ["ftp", "http", "tftp", "ftp"]);
        assert_eq!(remarks, ["measured: http 512.0 KiB/s, ftp 4.0 MiB/s, tftp 6.4 KiB/s"]);
        assert_eq!(told[0].1, "over ftp: 4.0 MiB/s was measured");
        assert_eq!(told[1].1, "over http: the former copy failed");
        assert_eq!(device.asked, ["show file systems", "http", "ftp", "tftp"], "once");
    }

    #[test]
    fn what_is_hardly_faster_is_not_taken_before_what_is_offered_first() {
        let (depot, _dir) = depot(WORTH);
        let mut device = Device::new(None, |over| Ok(Ok(if over == "http" { 1_100 } else { 1_000 })));
        assert_eq!(names(&copies(&depot, &mut device, 1).1), ["http"]);
    }

    #[test]
    fn a_way_that_fails_or_ends_the_conversation_is_none_and_is_not_tried_again() {
        let (depot, _dir) = depot(WORTH);
        let mut device = Device::new(None, |over| match over {
            "http" => Ok(Err("%Error opening http://… (Timed out)")),
            "ftp" => Err(Fault::Complaint { command: "copy".into(), complaint: "gone".into() }),
            _ => Ok(Ok(1_000)),
        });
        let (remarks, told) = copies(&depot, &mut device, 2);
        assert_eq!(names(&told), ["tftp", "tftp"]);
        let [remark] = remarks.as_slice() else { panic!("{remarks:?}") };
        for part in ["http not (%Error opening", "ftp not (it did not come back", "tftp 64.0 KiB/s"] {
            assert!(remark.contains(part), "{remark}");
        }
        assert_eq!(device.asked, ["show file systems", "http", "ftp", "tftp"]);
    }

    #[test]
    fn a_device_is_not_offered_what_it_does_not_know_and_a_small_image_is_copied_at_once() {
        let (depot, _dir) = depot(70_000);
        let never: fn(&str) -> Result<Result<u64, &'static str>, Fault> = |_| Ok(Err("nobody measures"));
        let mut device = Device::new(Some(vec!["rcp", "tftp"]), never);
        assert_eq!(names(&copies(&depot, &mut device, 2).1), ["tftp", "tftp"]);
        assert_eq!(device.asked, ["show file systems"]);
        // Of one that says nothing all are tried, as they are offered; those at a port of their own, before others.
        let mut device = Device::new(None, never);
        let (remarks, told) = copies(&depot, &mut device, 1);
        assert_eq!((names(&told), remarks.len()), (vec!["http"], 0));
        assert_eq!(told[0].1, "over http: TCP, and any port of ours will do");
    }
}
