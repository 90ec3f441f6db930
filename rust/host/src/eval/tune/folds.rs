//! The training part in blocks, of which each in turn is judged by what the others teach.

use super::super::learner::EvalError;
use crate::dataset::{Data, Dataset, Part, Task};
use hone_signal::Faults;
use std::collections::BTreeMap;

/// Blocks at least and at most: half of them choose, the others say what the choice is worth.
const LEAST: usize = 4;
const MOST: usize = 10;
/// Windows that a block has where there are as many.
const WINDOWS: usize = 8;

/// The block of each window or row to train on, in the order of the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    pub count: usize,
    /// What a block is, in a word or two.
    pub of: &'static str,
    of_each: Vec<usize>,
}

/// A window or row, as far as blocks go.
#[derive(Clone, Copy)]
struct Item {
    recording: usize,
    class: usize,
    part: Part,
    group: Option<i64>,
}

impl Blocks {
    /// Groups (subjects, machines) stay together; else recordings of classes that have enough of them; else blocks are stretches of time of each
    /// recording, and of a table every so many rows of a class.
    pub fn of(set: &Dataset) -> Result<Self, EvalError> {
        let items: Vec<Item> = match &set.data {
            Data::Table(t) => {
                t.rows.iter().map(|r| Item { recording: 0, class: r.class, part: r.part, group: r.group }).collect()
            }
            Data::Recordings(r) => (0..)
                .zip(&r.recordings)
                .flat_map(|(i, r)| {
                    r.windows.iter().map(move |w| Item { recording: i, class: w.class, part: w.part, group: w.group })
                })
                .collect(),
        };
        let mut classes: BTreeMap<usize, usize> = BTreeMap::new();
        items.iter().for_each(|i| *classes.entry(i.class).or_default() += 1);
        let fewest = classes.values().copied().min().unwrap_or(0);
        if fewest < 2 * LEAST {
            let name =
                classes.iter().find(|c| *c.1 == fewest).and_then(|c| set.classes.get(*c.0)).map_or("?", |c| &c.name);
            return Err(EvalError::Data(format!(
                "{} has {fewest} windows or rows of {name} to train on; a search needs at least {}",
                set.name,
                2 * LEAST
            )));
        }
        let groups = numbered(items.iter().map(|i| i.group));
        let grouped = items.iter().all(|i| i.group.is_some()) && groups.1 >= LEAST;
        if grouped && set.task != Task::Regression {
            let count = groups.1.min(MOST);
            return Ok(Self { count, of: "groups", of_each: groups.0.iter().map(|g| g % count).collect() });
        }
        if let (Task::Classification, Data::Recordings(_)) = (set.task, &set.data) {
            // Recordings by their number within their class.
            let mut of_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for item in &items {
                let all = of_class.entry(item.class).or_default();
                if !all.contains(&item.recording) {
                    all.push(item.recording);
                }
            }
            let count = of_class.values().map(Vec::len).min().unwrap_or(0).min(MOST);
            if count >= LEAST {
                let place =
                    |i: &Item| of_class.get(&i.class).and_then(|all| all.iter().position(|r| *r == i.recording));
                let of_each = items.iter().map(|i| place(i).unwrap_or(0) % count).collect();
                return Ok(Self { count, of: "recordings", of_each });
            }
        }
        let count = (fewest / WINDOWS).clamp(LEAST, MOST);
        let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
        let of_each = match (&set.data, set.task) {
            (Data::Table(_), _) => items
                .iter()
                .map(|i| {
                    let place = seen.entry(i.class).or_default();
                    *place += 1;
                    (*place - 1) % count
                })
                .collect(),
            // What is foretold is foretold of what came before.
            (_, Task::Regression) => (0..items.len()).map(|i| i * count / items.len()).collect(),
            _ => {
                // What trains and what calibrates lose the same share.
                let key = |i: &Item| (i.recording, i.class, i.part == Part::Train);
                let mut totals: BTreeMap<(usize, usize, bool), usize> = BTreeMap::new();
                items.iter().for_each(|i| *totals.entry(key(i)).or_default() += 1);
                let mut seen: BTreeMap<(usize, usize, bool), usize> = BTreeMap::new();
                items
                    .iter()
                    .map(|i| {
                        let place = seen.entry(key(i)).or_default();
                        *place += 1;
                        (*place - 1) * count / totals.get(&key(i)).copied().unwrap_or(1)
                    })
                    .collect()
            }
        };
        Ok(Self { count, of: if set.recordings().is_some() { "stretches of time" } else { "shares of rows" }, of_each })
    }

    /// Blocks whose windows choose. Of what is foretold the first few only teach.
    pub fn choosing(&self, task: Task) -> Vec<usize> {
        self.some(task, 0)
    }

    /// Blocks whose windows say what the choice is worth, and were not used to choose.
    pub fn confirming(&self, task: Task) -> Vec<usize> {
        self.some(task, 1)
    }

    fn some(&self, task: Task, rest: usize) -> Vec<usize> {
        let first = if task == Task::Regression { self.count / 2 } else { 0 };
        (first..self.count).filter(|b| (b - first) % 2 == rest).collect()
    }

    /// The set in which block `judged` is to test and the others train as before; of what is foretold those before it.
    pub fn fold(&self, set: &Dataset, judged: usize) -> Dataset {
        let mut fold = set.clone();
        let mut blocks = self.of_each.iter().copied();
        let kept = |block: usize| block == judged || set.task != Task::Regression || block < judged;
        match &mut fold.data {
            Data::Table(t) => {
                let mut rows = std::mem::take(&mut t.rows);
                for row in &mut rows {
                    if blocks.next() == Some(judged) {
                        row.part = Part::Test;
                    }
                }
                t.rows = rows;
            }
            Data::Recordings(r) => {
                let length = (r.length as f64 / r.rate_hz * 1e6) as u64;
                for recording in &mut r.recordings {
                    let windows = std::mem::take(&mut recording.windows);
                    let of_each: Vec<usize> = windows.iter().map(|_| blocks.next().unwrap_or(0)).collect();
                    let times: Vec<u64> =
                        windows.iter().zip(&of_each).filter(|(_, b)| **b == judged).map(|(w, _)| w.time.0).collect();
                    let mut before: Option<(usize, Part)> = None;
                    for (i, (mut window, block)) in windows.into_iter().zip(of_each).enumerate() {
                        if block == judged {
                            window.part = Part::Test;
                        } else if !kept(block) || times.iter().any(|t| t.abs_diff(window.time.0) + 1 < length) {
                            // What shares samples with a window judged teaches nothing.
                            continue;
                        }
                        if before != i.checked_sub(1).map(|p| (p, window.part)) {
                            window.faults = window.faults.with(Faults::GAP);
                        }
                        before = Some((i, window.part));
                        recording.windows.push(window);
                    }
                }
                r.recordings.retain(|r| !r.windows.is_empty());
            }
        }
        fold
    }
}

/// Equal values by the same number, from 0 in the order in which they come; and how many there are.
fn numbered<T: Ord>(values: impl Iterator<Item = T>) -> (Vec<usize>, usize) {
    let mut known: BTreeMap<T, usize> = BTreeMap::new();
    let numbers = values
        .map(|v| {
            let next = known.len();
            *known.entry(v).or_insert(next)
        })
        .collect();
    (numbers, known.len())
}
