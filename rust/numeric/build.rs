//! Sets the cfg `m4f` for cores that run the assembly of `src/m4`.
//!
//! The compiler's own `target_feature = "dsp"` will not do: stable compilers do not show it to the code, so that a build by
//! one would fall back on the portable kernels in silence.
use std::env;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(m4f)");
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    // Every ARMv7E-M core has the DSP extension, and the ABI says that there is floating point.
    let dsp = target.starts_with("thumbv7em") || target.starts_with("thumb") && features.split(',').any(|f| f == "dsp");
    if dsp && target.ends_with("eabihf") {
        println!("cargo:rustc-cfg=m4f");
    }
}
