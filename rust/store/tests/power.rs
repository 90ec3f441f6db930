//! The power goes at every step of a save, and at random steps of random work: what is there after the restart is the
//! old value or the new one, whole, and every other key is as it was.

use embedded_storage::nor_flash::NorFlash;
use hone_store::ram::RamFlash;
use hone_store::{Error, Notice, Store};
use proptest::prelude::*;
use std::collections::BTreeMap;

const KEYS: usize = 4;
type Values = BTreeMap<u16, Vec<u8>>;

fn value(key: u16, version: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(version) << 16 | u64::from(key) | 1 << 60;
    (0..length)
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Runs of ones and zeros among the noise: what erased and half-written flash looks like.
            if i / 24 % 4 == 1 { 0xff } else { (state >> 56) as u8 }
        })
        .collect()
}

fn quiet() -> impl FnMut(Notice) {
    |_| ()
}

fn open<F: NorFlash>(flash: F) -> Store<F, KEYS> {
    Store::open(flash).unwrap_or_else(|(e, _)| panic!("{e:?}"))
}

fn values<F: NorFlash>(store: &mut Store<F, KEYS>) -> Values {
    let mut memory = [0; 4096];
    (0..KEYS as u16)
        .filter_map(|key| store.load(key, &mut memory).expect("powered").map(|v| (key, v.to_vec())))
        .collect()
}

/// Cuts the power at every step of a save, for saves at every fill level of a page and through several erases.
fn cut_every_step<const WORD: usize, const PAGE: usize>(pages: usize, length: usize, seeds: u64) -> (u64, u64) {
    let mut flash = RamFlash::<WORD, PAGE>::new(pages);
    let mut expected = Values::new();
    let (mut cuts, mut erases) = (0, 0);
    for version in 1..=4 * (pages * PAGE / (length + 24)) as u32 {
        let key = (version % 3) as u16;
        // Every seventh save takes a value away instead.
        let bytes = value(key, version, if version % 7 == 0 { 0 } else { length - (version % 5) as usize });
        let before = flash.clone();
        let steps = flash.steps;
        let mut store = open(flash);
        let saved = store.save(key, &bytes, &mut quiet()).unwrap();
        flash = store.close();
        let steps = flash.steps - steps;
        erases += u64::from(saved.erases);
        let old = expected.clone();
        if bytes.is_empty() {
            expected.remove(&key);
        } else {
            expected.insert(key, bytes.clone());
        }

        for cut in 1..=steps {
            for seed in 0..seeds {
                // Opening only reads here, so the cut comes in the save.
                let mut flash = before.clone();
                flash.cut_after(cut, seed * 1000 + cut);
                let mut store = open(flash);
                let result = store.save(key, &bytes, &mut quiet());
                assert!(result.is_err(), "cut {cut} of {steps} was not noticed");
                let mut flash = store.close();
                flash.restart();
                let mut store = open(flash);
                let now = values(&mut store);
                assert!(now == old || now == expected, "save {version} cut at {cut} of {steps}, seed {seed}");
                // It stays so, and the log can be gone on with.
                let mut store = open(store.close());
                assert_eq!(values(&mut store), now);
                let next = value(3, version, 40);
                store.save(3, &next, &mut quiet()).unwrap();
                let mut store = open(store.close());
                let mut after = values(&mut store);
                assert_eq!(after.remove(&3), Some(next));
                assert_eq!(after, now);
                cuts += 1;
            }
        }
        let mut store = open(flash.clone());
        assert_eq!(values(&mut store), expected);
    }
    (cuts, erases)
}

#[test]
fn every_step_of_a_save_can_be_cut() {
    let (cuts, erases) = cut_every_step::<4, 512>(2, 100, 2);
    assert!(cuts > 5_000 && erases > 6, "{cuts} cuts, {erases} erases");
}

#[test]
fn words_of_one_byte() {
    let (_, erases) = cut_every_step::<1, 512>(2, 90, 1);
    assert!(erases > 6);
}

#[test]
fn words_of_eight_bytes_on_three_pages() {
    let (_, erases) = cut_every_step::<8, 512>(3, 100, 1);
    assert!(erases > 6);
}

#[test]
fn words_of_32_bytes() {
    let (_, erases) = cut_every_step::<32, 1024>(2, 100, 1);
    assert!(erases > 2);
}

#[derive(Clone, Debug)]
enum Work {
    Save { key: u16, length: usize },
    Remove(u16),
    Reopen,
    Prepare(u32),
    Cut { after: u64, seed: u64 },
}

fn work() -> impl Strategy<Value = Work> {
    prop_oneof![
        6 => (0..KEYS as u16, 1usize..110).prop_map(|(key, length)| Work::Save { key, length }),
        1 => (0..KEYS as u16).prop_map(Work::Remove),
        1 => Just(Work::Reopen),
        1 => (0u32..200).prop_map(Work::Prepare),
        4 => (1u64..600, any::<u64>()).prop_map(|(after, seed)| Work::Cut { after, seed }),
    ]
}

fn run<const WORD: usize, const PAGE: usize>(pages: usize, works: &[Work]) -> Result<(), TestCaseError> {
    let mut store = open(RamFlash::<WORD, PAGE>::new(pages));
    // What must be there, and when the last operation was cut, what may be there instead.
    let (mut expected, mut version) = (Values::new(), 0);
    for work in works {
        let mut may = None;
        let result = match *work {
            Work::Save { key, length } => {
                version += 1;
                let bytes = value(key, version, length);
                let mut new = expected.clone();
                new.insert(key, bytes.clone());
                may = Some(new);
                store.save(key, &bytes, &mut quiet()).map(|_| ())
            }
            Work::Remove(key) => {
                let mut new = expected.clone();
                new.remove(&key);
                may = Some(new);
                store.remove(key, &mut quiet()).map(|_| ())
            }
            Work::Prepare(length) => store.prepare(length, &mut quiet()).map(|_| ()),
            Work::Reopen => {
                store = open(store.close());
                Ok(())
            }
            Work::Cut { after, seed } => {
                let mut flash = store.close();
                flash.cut_after(after, seed);
                store = match Store::open(flash) {
                    Ok(store) => store,
                    // Cut in the middle of a repair.
                    Err((_, mut flash)) => {
                        flash.restart();
                        open(flash)
                    }
                };
                Ok(())
            }
        };
        match result {
            Ok(()) => expected = may.unwrap_or(expected),
            Err(Error::Flash(_)) => {
                let mut flash = store.close();
                flash.restart();
                store = open(flash);
                let now = values(&mut store);
                prop_assert!(now == expected || Some(&now) == may.as_ref(), "{:?}", work);
                expected = now;
            }
            Err(error) => prop_assert!(false, "{error:?}"),
        }
        prop_assert_eq!(&values(&mut store), &expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_work_with_cuts(works in prop::collection::vec(work(), 1..120)) {
        run::<4, 768>(2, &works)?;
    }

    #[test]
    fn random_work_with_cuts_on_more_pages(works in prop::collection::vec(work(), 1..120)) {
        run::<8, 512>(5, &works)?;
    }
}
