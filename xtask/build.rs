//! Passes on the platform for which cargo builds this program.
fn main() {
    let triple = std::env::var("TARGET").unwrap_or_default();
    println!("cargo:rustc-env=HONE_HOST_TRIPLE={triple}");
    println!("cargo:rerun-if-changed=build.rs");
}
