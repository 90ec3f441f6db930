//! Any text as a manifest.
#![no_main]

use hone_host::dataset::{Manifest, Source};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = String::from_utf8(data.to_vec()) else { return };
    match Manifest::parse(&Source::new(Path::new("fuzzed.toml"), text)) {
        Ok(manifest) => assert!(manifest.step() > 0),
        Err(fault) => assert!(!fault.problem.is_empty()),
    }
});
