//! What a save costs on the STM32F401's two 128 KB sectors: `cargo test -p hone-store --test cost -- --nocapture`.

use hone_store::Store;
use hone_store::ram::RamFlash;

#[test]
fn saves_of_a_4_kb_model() {
    let mut store: Store<RamFlash<4, 131_072>, 16> = Store::open(RamFlash::new(2)).unwrap();
    let quiet = &mut |_| ();
    // Three models and the configuration are kept; it is one model that is saved over and over.
    for (key, length) in [(0, 4096), (1, 4096), (2, 4096), (3, 512)] {
        store.save(key, &vec![key as u8; length], quiet).unwrap();
    }
    let mut flash = store.close();
    let before = flash.counts;
    let mut store: Store<_, 16> = Store::open(flash).unwrap();
    let (mut memory, mut model) = ([0; 4096], [0; 4096]);
    flash = store.close();
    let opened = flash.counts;
    store = Store::open(flash).unwrap();
    let saves = 1000u32;
    let (mut erases, mut bytes, mut moved) = (0, 0, 0);
    for save in 0..saves {
        model[..4].copy_from_slice(&save.to_le_bytes());
        let saved = store.save(0, &model, quiet).unwrap();
        erases += saved.erases;
        bytes += saved.bytes;
        moved += saved.moved;
    }
    let flash = store.close();
    let after = flash.counts;
    let mut store: Store<_, 16> = Store::open(flash).unwrap();
    let flash = store.close();
    let reopened = flash.counts;
    store = Store::open(flash).unwrap();
    let mut flash = store.close();
    let base = flash.counts;
    store = Store::open(flash).unwrap();
    assert_eq!(store.load(0, &mut memory).unwrap(), Some(&model[..]));
    flash = store.close();
    let loaded = flash.counts;
    let n = u64::from(saves);
    println!(
        "save of 4096 bytes, mean of {saves}: {:.4} erases, {} bytes written in {} writes, {} bytes read in {} reads",
        f64::from(erases) / f64::from(saves),
        (after.bytes_written - opened.bytes_written) / n,
        (after.writes - opened.writes) / n,
        (after.bytes_read - opened.bytes_read) / n,
        (after.reads - opened.reads) / n
    );
    println!("log growth {bytes} bytes, {moved} other values moved");
    println!(
        "open: {} bytes read in {} reads with 4 records, {} in {} after {saves} saves",
        opened.bytes_read - before.bytes_read,
        opened.reads - before.reads,
        reopened.bytes_read - after.bytes_read,
        reopened.reads - after.reads
    );
    println!("open and load: {} bytes in {} reads", loaded.bytes_read - base.bytes_read, loaded.reads - base.reads);
    println!("RAM: {} bytes with 16 keys, without the flash driver", size_of::<Store<(), 16>>());
    assert!(erases * 10 <= saves, "{erases} erases in {saves} saves");
    assert_eq!(after.erases - opened.erases, u64::from(erases));
}
