//! Any bytes as what is in the flash: the store opens, loads, saves, and keeps what it saved.
#![no_main]

use hone_store::Store;
use hone_store::ram::RamFlash;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut memory = vec![0xff; 1024];
    memory.iter_mut().zip(data).for_each(|(m, d)| *m = *d);
    let mut store: Store<RamFlash<4, 512>, 4> =
        Store::open(RamFlash::with_contents(memory)).unwrap_or_else(|_| panic!());
    let mut buffer = [0; 512];
    for key in 0..5 {
        let _ = store.load(key, &mut buffer);
    }
    if store.save(1, b"something else", &mut |_| ()).is_ok() {
        let mut store: Store<_, 4> = Store::open(store.close()).unwrap_or_else(|_| panic!());
        assert_eq!(store.load(1, &mut buffer), Ok(Some(&b"something else"[..])));
    }
});
