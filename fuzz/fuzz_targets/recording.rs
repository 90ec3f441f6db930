//! Any bytes as a recording (.npy).
#![no_main]

use hone_host::dataset::file::array::Array;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(array) = Array::parse(data.to_vec()) else { return };
    assert!(array.len() <= data.len());
    for index in [0, array.len() / 2, array.len().wrapping_sub(1)] {
        assert_eq!(array.get(index).is_some(), index < array.len());
    }
    assert!(array.get(array.len()).is_none());
});
