//! Capacities: from Zephyr's Kconfig where there is one (`DOTCONFIG` names the file that the build wrote), else the
//! defaults below, which are those of Kconfig for the NUCLEO-F401RE (tests/kconfig.rs compares them).

use std::{env, fmt::Write as _, fs, path::Path};

/// Kconfig name without `CONFIG_HONE_`, default, least, greatest, what it is. Those of a learner that the build leaves out
/// ([`learners`]) are 0.
const CAPACITIES: &[(&str, u32, u32, u32, &str)] = &[
    ("SAMPLE_RATE_HZ", 1000, 1, 8000, "Frames per second that the sensor is read"),
    ("WINDOW_FRAMES", 128, 16, 1024, "Frames per window"),
    ("CHANNELS", 3, 1, 6, "Channels per frame"),
    ("BLOCK_FRAMES", 16, 1, 64, "Frames per block from sampling to inference"),
    ("BLOCK_QUEUE", 8, 2, 64, "Blocks that may wait for inference"),
    ("WINDOW_POOL", 4, 2, 16, "Windows: one being filled, the others on their way to the trainer"),
    ("EVENT_QUEUE", 16, 4, 64, "Telemetry events that may wait to be printed"),
    ("MODELS", 3, 3, 4, "Models: in use, challenger, being saved"),
    ("FEATURES", 48, 4, 256, "Features per window"),
    ("FEATURE_WORKSPACE_BYTES", 1024, 256, 65_536, "Working memory for the features of one window"),
    ("TRAINING_ROWS", 64, 8, 2048, "Labelled rows that the training set holds"),
    ("ROW_BITS", 8, 8, 32, "Bits per feature of a stored row: 8, 16 or 32"),
    ("SVM_CLASSES", 6, 2, 32, "Classes that one SVM tells apart"),
    ("SVM_SUPPORT_VECTORS", 32, 4, 1024, "Support vectors per model"),
    ("CLASSES", 16, 2, 64, "Classes that can be named"),
    ("ESN_UNITS", 64, 4, 256, "Reservoir units"),
    ("ESN_INPUTS", 3, 1, 16, "Inputs of an ESN that sees features; the channels, where these are more"),
    ("ESN_CONNECTIONS", 384, 4, 16384, "Non-zero weights of the reservoir"),
    ("RCE_PROTOTYPES", 64, 4, 1024, "Prototypes of 8 bits a feature"),
    ("WORKSPACE_BYTES", 12288, 1024, 262_144, "Working memory of a training"),
    ("RAM_BUDGET", 49152, 4096, 1_048_576, "Static memory that the engine may take, in bytes"),
];

/// The learners whose a capacity is; none for those of every build.
fn learners(capacity: &str) -> &'static [&'static str] {
    match capacity {
        "ESN_UNITS" | "ESN_INPUTS" | "ESN_CONNECTIONS" => &["ESN"],
        "SVM_CLASSES" | "SVM_SUPPORT_VECTORS" | "TRAINING_ROWS" => &["SVM"],
        "RCE_PROTOTYPES" => &["RCE"],
        "CLASSES" => &["SVM", "RCE"],
        _ => &[],
    }
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DOTCONFIG");
    let kconfig = env::var("DOTCONFIG").ok().map(|path| {
        println!("cargo:rerun-if-changed={path}");
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("DOTCONFIG names {path}, which cannot be read: {e}"))
    });
    let mut code = String::new();
    for (name, default, min, max, help) in CAPACITIES {
        let of = learners(name);
        let included = of.is_empty() || of.iter().any(|l| env::var_os(format!("CARGO_FEATURE_{l}")).is_some());
        let value = match &kconfig {
            _ if !included => 0,
            Some(text) => {
                let key = format!("CONFIG_HONE_{name}=");
                let line = text.lines().find_map(|l| l.strip_prefix(&key));
                let line = line.unwrap_or_else(|| panic!("Kconfig has no CONFIG_HONE_{name}"));
                line.parse().unwrap_or_else(|_| panic!("CONFIG_HONE_{name}={line} is not a whole number"))
            }
            None => *default,
        };
        assert!(!included || (*min..=*max).contains(&value), "CONFIG_HONE_{name}={value} is outside {min} to {max}");
        writeln!(code, "/// {help}; `CONFIG_HONE_{name}`.\npub const {name}: usize = {value};")
            .expect("writes to a string");
    }
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("capacity.rs"), code).expect("OUT_DIR is writable");
}
