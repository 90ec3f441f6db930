//! Which part each window or row is for.

use super::manifest::{By, FileSpec, Over, PartSpec, SplitSpec};
use super::{Fault, Part, Source};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of a window or row before it has a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Recording within the file.
    pub recording: usize,
    /// Index of the class.
    pub class: usize,
    /// Value in the label array.
    pub label: Option<i64>,
    /// Value in the group array.
    pub group: Option<i64>,
}

/// The part of each item, in order; `None` where the manifest leaves an item out.
pub(super) fn parts(source: &Source, i: usize, file: &FileSpec, items: &[Item]) -> Result<Vec<Option<Part>>, Fault> {
    if let Some(part) = file.part {
        let part = match part {
            PartSpec::Train => Part::Train,
            PartSpec::Calibrate => Part::Calibrate,
            PartSpec::Test => Part::Test,
        };
        return Ok(vec![Some(part); items.len()]);
    }
    if let Some(assign) = &file.assign {
        let listed = [(Part::Train, &assign.train), (Part::Calibrate, &assign.calibrate), (Part::Test, &assign.test)];
        let value = |item: &Item| match assign.by {
            By::Label => item.label,
            By::Group => item.group,
        };
        let present: BTreeSet<i64> = items.iter().filter_map(value).collect();
        if let Some(absent) = listed.iter().flat_map(|l| l.1).find(|v| !present.contains(v)) {
            let there: Vec<String> = present.iter().take(40).map(i64::to_string).collect();
            let problem = format!("there is no {absent} in the array; it has {}", there.join(", "));
            return Err(source.fault(&format!("file[{i}].assign"), problem));
        }
        let part = |item: &Item| value(item).and_then(|v| listed.iter().find(|l| l.1.contains(&v)).map(|l| l.0));
        return Ok(items.iter().map(part).collect());
    }
    Ok(file.split.map_or_else(|| vec![None; items.len()], |split| shares(split, items)))
}

fn shares(split: SplitSpec, items: &[Item]) -> Vec<Option<Part>> {
    let whole = |item: &Item| match split.over {
        Over::Recording => item.recording,
        Over::Class => item.class,
        Over::File => 0,
    };
    let mut totals: BTreeMap<usize, usize> = BTreeMap::new();
    for item in items {
        *totals.entry(whole(item)).or_default() += 1;
    }
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    let place = |item: &Item| {
        let total = totals.get(&whole(item)).copied().unwrap_or(0) as f64;
        let at = seen.entry(whole(item)).or_default();
        let position = *at as f64;
        *at += 1;
        let until = |share: f64| (share * total).round();
        if position < until(split.train) {
            Some(Part::Train)
        } else if position < until(split.train + split.calibrate) {
            Some(Part::Calibrate)
        } else if position < until(split.train + split.calibrate + split.test) {
            Some(Part::Test)
        } else {
            None
        }
    };
    items.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(split: SplitSpec, items: &[Item]) -> [usize; 3] {
        let parts = shares(split, items);
        [Part::Train, Part::Calibrate, Part::Test].map(|p| parts.iter().filter(|q| **q == Some(p)).count())
    }

    fn item(recording: usize, class: usize) -> Item {
        Item { recording, class, label: None, group: None }
    }

    #[test]
    fn shares_are_cut_in_order_and_by_whole() {
        let thirty: Vec<Item> = (0..30).map(|_| item(0, 0)).collect();
        let split = SplitSpec { train: 0.5, calibrate: 0.17, test: 0.33, over: Over::Recording };
        assert_eq!(counts(split, &thirty), [15, 5, 10]);
        let parts = shares(split, &thirty);
        assert_eq!((parts[14], parts[15], parts[20]), (Some(Part::Train), Some(Part::Calibrate), Some(Part::Test)));
        let two: Vec<Item> = (0..40).map(|i| item(i / 20, i % 4)).collect();
        let split = SplitSpec { train: 0.5, calibrate: 0.0, test: 0.5, over: Over::Class };
        let parts = shares(split, &two);
        for class in 0..4 {
            let train = two.iter().zip(&parts).filter(|(i, p)| i.class == class && **p == Some(Part::Train)).count();
            assert_eq!(train, 5);
        }
    }

    #[test]
    fn what_shares_leave_over_is_left_out() {
        let ten: Vec<Item> = (0..10).map(|_| item(0, 0)).collect();
        let split = SplitSpec { train: 0.2, calibrate: 0.0, test: 0.3, over: Over::File };
        assert_eq!(counts(split, &ten), [2, 0, 3]);
    }
}
