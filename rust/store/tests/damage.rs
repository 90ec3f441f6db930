//! What is in the flash is not as it was left: bits have changed, another program used it, the memory lent is short.

use hone_store::ram::RamFlash;
use hone_store::{Error, Found, Notice, Saved, Store};

const KEYS: usize = 3;
type Flash = RamFlash<4, 512>;

fn open(flash: Flash) -> Store<Flash, KEYS> {
    Store::open(flash).unwrap_or_else(|(e, _)| panic!("{e:?}"))
}

fn save(store: &mut Store<Flash, KEYS>, key: u16, value: &[u8]) -> Saved {
    store.save(key, value, &mut |_| ()).unwrap()
}

fn load(store: &mut Store<Flash, KEYS>, key: u16) -> Option<Vec<u8>> {
    let mut memory = [0; 512];
    store.load(key, &mut memory).unwrap().map(<[u8]>::to_vec)
}

/// Three versions of each of two values.
fn worked_with() -> Store<Flash, KEYS> {
    let mut store = open(Flash::new(2));
    for version in 1..=3u8 {
        for key in 0..2 {
            save(&mut store, key, &[version * 16 + key as u8; 30]);
        }
    }
    store
}

#[test]
fn every_flipped_bit_is_survived() {
    let mut flash = worked_with().close();
    let (mut reported, mut used) = (0, 0);
    for bit in 0..flash.memory().len() * 8 {
        let mut broken = flash.clone();
        broken.memory()[bit / 8] ^= 1 << (bit % 8);
        let in_use = broken.memory()[(bit / 8) & !3..][..4] != [0xff; 4] && bit / 8 < 16 + 6 * (16 + 32 + 4);
        let mut store = open(broken);
        let found = store.found();
        let now = [load(&mut store, 0), load(&mut store, 1), load(&mut store, 2)];
        for (key, now) in now.iter().enumerate().take(2) {
            let versions: Vec<_> = (1..=3u8).map(|v| vec![v * 16 + key as u8; 30]).collect();
            let at = versions.iter().position(|v| Some(v) == now.as_ref());
            // At worst the version before the last one.
            assert!(at.is_some_and(|v| v >= 1), "bit {bit}: {now:?}");
            if at == Some(1) {
                assert!(found.damaged > 0, "bit {bit} was not reported");
            }
        }
        assert_eq!(now[2], None);
        reported += usize::from(found.damaged + found.markers > 0);
        used += usize::from(in_use);
        // The damaged log takes saves, keeps them, and one erase later is whole.
        for version in 0..12 {
            save(&mut store, 2, &[version; 30]);
        }
        let mut store = open(store.close());
        assert_eq!(load(&mut store, 2), Some(vec![11; 30]));
        assert_eq!([load(&mut store, 0), load(&mut store, 1)], now[..2], "bit {bit}");
        assert_eq!(store.found(), Found { values: 3, ..Found::default() }, "bit {bit}");
    }
    println!("{used} bits in use, damage reported for {reported}");
    assert!(reported > 1000);
}

#[test]
fn the_last_intact_value_moves_out_of_the_way() {
    // The newest record of key 0 is alone on the second page with what moved there; damage to it leaves the one before
    // on the first page, which would be the next to be erased.
    let mut store = open(Flash::new(2));
    for version in 0..9u8 {
        save(&mut store, (version % 2).into(), &[version; 40]);
    }
    let (at, length) = store.place(0).unwrap();
    assert_eq!((at >= 512, load(&mut store, 0)), (true, Some(vec![8; 40])));
    let mut flash = store.close();
    flash.memory()[at as usize + length as usize / 2] ^= 4;
    let mut store = open(flash);
    assert_eq!(store.found(), Found { values: 2, damaged: 1, repaired: 1, ..Found::default() });
    assert_eq!(load(&mut store, 0), Some(vec![6; 40]));
    assert!(store.place(0).unwrap().0 >= 512);
    for version in 0..40 {
        save(&mut store, 1, &[version; 40]);
        assert_eq!(load(&mut store, 0), Some(vec![6; 40]));
    }
}

/// Found by fuzzing: a record beyond a gap must not come to life when the gap is closed.
#[test]
fn what_stands_behind_the_end_of_the_log_stays_dead() {
    let mut flash = worked_with().close();
    let mut later = open(Flash::new(2));
    for _ in 0..20 {
        save(&mut later, 0, &[0x77; 30]);
    }
    let (at, length) = later.place(0).unwrap();
    let stranger = (at - 16) as usize..(at + length.next_multiple_of(4) + 4) as usize;
    let bytes = later.close().memory()[stranger].to_vec();
    flash.memory()[400..400 + bytes.len()].copy_from_slice(&bytes);
    let mut store = open(flash);
    assert_eq!((load(&mut store, 0), store.found().damaged), (Some(vec![48; 30]), 1));
    save(&mut store, 0, &[5; 30]);
    assert_eq!(load(&mut open(store.close()), 0), Some(vec![5; 30]));
}

#[test]
fn damage_while_open_is_noticed() {
    let store = worked_with();
    let (at, _) = store.place(0).unwrap();
    let mut flash = store.close();
    let mut store = open(flash.clone());
    assert_eq!(load(&mut store, 0), Some(vec![48; 30]));
    flash = store.close();
    flash.memory()[at as usize] ^= 1;
    store = open(flash);
    assert_eq!((load(&mut store, 0), store.found().damaged), (Some(vec![32; 30]), 1));
}

#[test]
fn a_partition_that_had_another_use_is_taken_over() {
    for fill in [0x00, 0x5a, 0xa5] {
        let mut store = open(Flash::with_contents(vec![fill; 1024]));
        assert_eq!(store.found().values, 0);
        let saved = save(&mut store, 1, b"first");
        assert_eq!(saved.erases, 1);
        assert_eq!(load(&mut open(store.close()), 1), Some(b"first".to_vec()));
    }
    let noise = (0..1024u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let mut store = open(Flash::with_contents(noise));
    save(&mut store, 1, b"first");
    assert_eq!(load(&mut open(store.close()), 1), Some(b"first".to_vec()));
}

#[test]
fn an_erase_is_announced_and_can_be_had_beforehand() {
    let mut store = open(Flash::new(2));
    let mut notices = Vec::new();
    assert!(store.needs_erase(100));
    assert_eq!(store.prepare(100, &mut |n| notices.push(n)), Ok(true));
    assert_eq!(notices, [Notice::Erasing { page: 0 }, Notice::Erased { page: 0 }]);
    assert_eq!(store.prepare(100, &mut |_| panic!()), Ok(false));
    assert_eq!(store.save(0, &[1; 100], &mut |_| panic!()).unwrap().erases, 0);
    assert!(!store.needs_erase(store.room()) && store.needs_erase(store.room() + 1));
    let room = vec![2; store.room() as usize];
    assert_eq!(store.save(0, &room, &mut |_| panic!()).unwrap().erases, 0);
    assert_eq!((store.room(), store.most_erases()), (0, Ok(1)));
    let full = Err(Error::Full { needed: 124, available: 120 });
    assert_eq!(store.save(1, &[3; 101], &mut |_| panic!()), full);
    assert_eq!(notices.len(), 2);
    assert_eq!(store.save(0, &[3; 8], &mut |n| notices.push(n)).unwrap().erases, 1);
    assert_eq!(notices[2..], [Notice::Erasing { page: 1 }, Notice::Erased { page: 1 }]);
}

#[test]
fn errors_leave_the_value_in_force() {
    let mut store = worked_with();
    let quiet = &mut |_: Notice| ();
    assert_eq!(store.save(3, b"x", quiet), Err(Error::NoSuchKey));
    assert_eq!(store.load(0, &mut [0; 29]), Err(Error::Short { needed: 30 }));
    assert_eq!(store.save(0, &[0; 500], quiet), Err(Error::Full { needed: 520, available: 496 - 52 }));
    assert_eq!(store.save_with(0, 10, &mut |put| put(&[1; 11]), quiet), Err(Error::Length));
    assert_eq!(store.save_with(0, 10, &mut |put| put(&[1; 9]), quiet), Err(Error::Length));
    assert_eq!(store.save_with(0, 10, &mut |put| !put(&[1; 10]), quiet), Err(Error::Length));
    assert_eq!(
        store.save_with(0, u32::MAX, &mut |_| true, quiet),
        Err(Error::Full { needed: u32::MAX, available: 444 })
    );
    let mut store = open(store.close());
    assert_eq!(store.found().unfinished, 3);
    assert_eq!([load(&mut store, 0), load(&mut store, 1)], [Some(vec![48; 30]), Some(vec![49; 30])]);
    assert!(matches!(Store::<_, 1>::open(Flash::new(1)), Err((Error::TooFewPages, _))));
}

#[test]
fn a_removed_value_stays_removed() {
    let mut store = worked_with();
    store.remove(0, &mut |_| ()).unwrap();
    for version in 0..60 {
        store = open(store.close());
        assert_eq!((store.length(0), load(&mut store, 0)), (None, None));
        save(&mut store, 1, &[version; 30]);
    }
    assert_eq!(store.remove(0, &mut |_| ()).unwrap().bytes, 20);
    assert_eq!(store.remove(2, &mut |_| ()).unwrap(), Saved::default());
}
