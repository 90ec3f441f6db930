//! Has the module built by `cargo test`, with the features of the whole workspace, so that nothing is built twice for Python's tests.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

#[test]
fn the_module_is_one() {
    let program = std::env::current_exe().unwrap();
    let module = program.with_file_name(format!("{DLL_PREFIX}_hone{DLL_SUFFIX}"));
    let bytes = std::fs::read(&module).unwrap_or_else(|e| panic!("{}: {e}", module.display()));
    assert!(bytes.windows(13).any(|name| name == b"PyInit__hone\0"), "{} has no PyInit__hone", module.display());
}
