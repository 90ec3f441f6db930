//! Gives the application Kconfig's values: `cfg(CONFIG_X)` for what is `y`, and a module of constants.
//!
//! The `zephyr` crate has such a module, but does not see that `.config` changed when a build is repeated.

use std::fmt::Write as _;
use std::{env, fs, path::Path};

fn main() {
    for variable in ["DOTCONFIG", "ZEPHYR_DTS"] {
        println!("cargo:rerun-if-env-changed={variable}");
        if let Ok(path) = env::var(variable) {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    zephyr_build::export_kconfig_bool_options();
    let dotconfig = env::var("DOTCONFIG").expect("DOTCONFIG: build with west, not with cargo alone");
    let text = fs::read_to_string(&dotconfig).expect("cannot read DOTCONFIG");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("kconfig.rs"), constants(&text)).expect("cannot write kconfig.rs");
}

/// One constant for each of Hone's settings, and of the clock's, that is a number, a text, or yes or no; numbers as `usize`, unless negative.
fn constants(dotconfig: &str) -> String {
    let mut code = String::new();
    for line in dotconfig.lines() {
        let (name, value) = match line.strip_prefix("# ").and_then(|l| l.strip_suffix(" is not set")) {
            Some(name) => (name, "n"),
            None => match line.split_once('=') {
                Some(pair) => pair,
                None => continue,
            },
        };
        let Some(short) =
            name.strip_prefix("CONFIG_").filter(|n| n.starts_with("HONE_") || n.starts_with("SYS_CLOCK_"))
        else {
            continue;
        };
        let (kind, value) = match value {
            "y" => ("bool", "true".to_owned()),
            "n" => ("bool", "false".to_owned()),
            text if text.starts_with('"') => ("&str", text.to_owned()),
            number if number.starts_with('-') => ("isize", number.to_owned()),
            number => ("usize", number.to_owned()),
        };
        writeln!(code, "/// `CONFIG_{short}`\npub const {short}: {kind} = {value};").expect("writes to a string");
    }
    code
}
