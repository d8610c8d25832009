//! Round after round through a cgroup: what is otherwise than in the round before.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use lab_env::cgroup;
use lab_model::Ids;
use nix::time::{ClockId, clock_gettime};

use crate::{
    line::Line,
    process::{self, Image, Seen},
};

/// Where lines go.
pub(crate) type Say<'a> = dyn FnMut(&Line<'_>) -> io::Result<()> + 'a;

/// A process as it was read last.
struct Known {
    start: u64,
    image: Option<Image>,
    ids: Ids,
    /// when the round began in which it was read
    read_ns: u64,
    /// it was changing when it was looked at last
    changing: bool,
}

/// What is known of the processes of a cgroup and of those below it, and how often it was looked.
pub(crate) struct Rounds {
    scope: PathBuf,
    known: BTreeMap<u32, Known>,
    /// new ones that were changing when they were looked at, with the moment when they were not there yet
    unclear: BTreeMap<u32, Option<u64>>,
    /// when the round before began
    last_ns: Option<u64>,
    rounds: u64,
    unread: u64,
    longest_ns: u64,
    /// how often two rounds began so many steps after each other
    intervals: BTreeMap<u64, u64>,
}

/// How exact the median interval is.
const STEP_NS: u64 = 10_000;

/// Nanoseconds since boot.
fn now() -> io::Result<u64> {
    let time = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    Ok(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

impl Rounds {
    pub(crate) fn new(scope: &Path) -> Self {
        Self {
            scope: scope.to_owned(),
            known: BTreeMap::new(),
            unclear: BTreeMap::new(),
            last_ns: None,
            rounds: 0,
            unread: 0,
            longest_ns: 0,
            intervals: BTreeMap::new(),
        }
    }

    /// Looks at every process once and says what is otherwise. Gives the moment when it began.
    pub(crate) fn round(&mut self, say: &mut Say<'_>) -> io::Result<u64> {
        let began = now()?;
        let listed = cgroup::processes(&self.scope).map_err(io::Error::other)?;
        // 0 is one that has no number in our namespace.
        let listed: BTreeSet<u32> = listed.into_iter().filter(|pid| *pid != 0).collect();
        let listed_ns = now()?;
        // Who is not listed, or cannot be read, with the moment when that was found.
        let mut absent: BTreeMap<u32, u64> = BTreeMap::new();
        let before = self.known.keys().chain(self.unclear.keys()).filter(|pid| !listed.contains(pid));
        absent.extend(before.map(|pid| (*pid, listed_ns)));
        let mut found = Vec::new();
        for pid in listed {
            match process::read(pid) {
                Some((seen, whole)) => found.push((seen, whole, now()?)),
                None => drop(absent.insert(pid, now()?)),
            }
        }
        // Parents come before their children.
        found.sort_by_key(|(seen, ..)| (seen.start, seen.pid));
        for (seen, whole, to) in &found {
            self.there(seen, *whole, (began, *to), say)?;
        }
        for (pid, to) in absent {
            self.absent(pid, to, say)?;
        }
        self.count(began);
        Ok(began)
    }

    fn there(
        &mut self,
        seen: &Seen,
        whole: bool,
        (began, to): (u64, u64),
        say: &mut Say<'_>,
    ) -> io::Result<()> {
        let pid = seen.pid;
        if self.known.get(&pid).is_some_and(|known| known.start != seen.start) {
            self.absent(pid, to, say)?;
        }
        let Some(known) = self.known.get_mut(&pid) else {
            // What is changing now is taken as it is in the next round.
            if !whole && !self.unclear.contains_key(&pid) {
                self.unclear.insert(pid, self.last_ns);
                return Ok(());
            }
            let from = self.unclear.remove(&pid).unwrap_or(self.last_ns);
            let outside = !self.known.contains_key(&seen.parent);
            let parent = outside.then(|| process::read(seen.parent)).flatten();
            let parent_image = parent.and_then(|(parent, _)| parent.image);
            let (image, ids) = (seen.image.clone(), seen.ids);
            let known = Known { start: seen.start, image, ids, read_ns: began, changing: false };
            self.known.insert(pid, known);
            return say(&Line::New { from, to, process: seen, parent_image });
        };
        known.changing = !whole && !known.changing;
        if known.changing {
            return Ok(());
        }
        let (from, before) = (known.read_ns, known.ids);
        known.read_ns = began;
        if seen.image.is_some() && seen.image != known.image {
            known.image.clone_from(&seen.image);
            say(&Line::Exec { from, to, process: seen })?;
        }
        if seen.ids != before {
            known.ids = seen.ids;
            say(&Line::Ids { from, to, before, process: seen })?;
        }
        Ok(())
    }

    fn absent(&mut self, pid: u32, to: u64, say: &mut Say<'_>) -> io::Result<()> {
        if let Some(Known { start, .. }) = self.known.remove(&pid) {
            let from = self.last_ns.unwrap_or(to);
            return say(&Line::Gone { from, to, pid, start });
        }
        // Before the first round nobody was to be seen.
        let Some(from) = self.unclear.remove(&pid).unwrap_or(self.last_ns) else { return Ok(()) };
        self.unread += 1;
        say(&Line::Unread { from, to, pid })
    }

    fn count(&mut self, began: u64) {
        self.rounds += 1;
        if let Some(last) = self.last_ns.replace(began) {
            let interval = began.saturating_sub(last);
            self.longest_ns = self.longest_ns.max(interval);
            *self.intervals.entry(interval / STEP_NS).or_default() += 1;
        }
    }

    /// The last line.
    pub(crate) fn end(&self, say: &mut Say<'_>) -> io::Result<()> {
        say(&Line::End {
            rounds: self.rounds,
            median_ns: median(&self.intervals) * STEP_NS,
            longest_ns: self.longest_ns,
            unread: self.unread,
        })
    }
}

/// The value in the middle of those that came so often each; 0 of none.
fn median(counted: &BTreeMap<u64, u64>) -> u64 {
    let all: u64 = counted.values().sum();
    let mut passed = 0;
    let middle = counted.iter().find(|(_, times)| {
        passed += **times;
        passed > all / 2
    });
    middle.map_or(0, |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use lab_model::{Ids, Text};
    use serde_json::{Value, json};

    use super::{Rounds, median};
    use crate::process::{Image, Seen};

    #[test]
    fn the_middle_is_by_count() {
        assert_eq!(median(&[(1, 1), (10, 5), (90, 2)].into()), 10);
        assert_eq!(median(&[(7, 1)].into()), 7);
        assert_eq!(median(&[].into()), 0);
    }

    fn seen(exe: &str) -> Seen {
        let image = Image { exe: exe.into(), argv: vec![Text::from("a")] };
        Seen { pid: 9, parent: 0, start: 1, comm: "a".into(), ids: Ids::default(), image: Some(image) }
    }

    /// What a step says: the word, and the interval.
    fn step(rounds: &mut Rounds, found: Option<(&str, bool)>, began: u64) -> Vec<Value> {
        let mut said = Vec::new();
        let mut say = |line: &crate::line::Line<'_>| {
            let line = serde_json::to_value(line)?;
            said.push(json!([line["say"], line["from"], line["to"]]));
            Ok(())
        };
        match found {
            Some((exe, whole)) => rounds.there(&seen(exe), whole, (began, began + 1), &mut say).unwrap(),
            None => rounds.absent(9, began + 1, &mut say).unwrap(),
        }
        rounds.count(began);
        said
    }

    #[test]
    fn what_changes_while_it_is_read_is_told_in_the_next_round() {
        let mut rounds = Rounds::new(Path::new("/"));
        rounds.count(10);
        assert_eq!(step(&mut rounds, Some(("/a", false)), 20), Vec::<Value>::new());
        assert_eq!(step(&mut rounds, Some(("/b", true)), 30), [json!(["new", 10, 31])]);
        assert_eq!(step(&mut rounds, Some(("/c", false)), 40), Vec::<Value>::new());
        assert_eq!(step(&mut rounds, Some(("/d", true)), 50), [json!(["exec", 30, 51])]);
        // Whose arguments are empty stays in change for ever, and is taken as it is.
        assert_eq!(step(&mut rounds, Some(("/e", false)), 60), Vec::<Value>::new());
        assert_eq!(step(&mut rounds, Some(("/e", false)), 70), [json!(["exec", 50, 71])]);
        assert_eq!(step(&mut rounds, None, 80), [json!(["gone", 70, 81])]);
    }

    #[test]
    fn what_went_before_it_was_read_is_counted() {
        let mut rounds = Rounds::new(Path::new("/"));
        assert_eq!(step(&mut rounds, None, 10), Vec::<Value>::new());
        assert_eq!(step(&mut rounds, None, 20), [json!(["unread", 10, 21])]);
        assert_eq!(step(&mut rounds, Some(("/a", false)), 30), Vec::<Value>::new());
        assert_eq!(step(&mut rounds, None, 40), [json!(["unread", 20, 41])]);
        assert_eq!((rounds.unread, rounds.rounds, rounds.longest_ns), (2, 4, 10));
    }
}
