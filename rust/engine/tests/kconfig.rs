//! The capacities of the host's build are Kconfig's defaults.

use hone_engine::capacity;

/// The default of a whole number in a Kconfig file.
fn default(text: &str, name: &str) -> usize {
    let start = text.find(&format!("config HONE_{name}\n")).unwrap_or_else(|| panic!("no HONE_{name}"));
    let entry = text[start..].split("\nconfig ").next().unwrap();
    let value = entry.lines().find_map(|l| {
        let value = l.trim().strip_prefix("default ")?;
        let with_net = value.strip_suffix(" if HONE_NET").filter(|_| cfg!(feature = "net"));
        with_net.unwrap_or(value).parse().ok()
    });
    value.unwrap_or_else(|| panic!("HONE_{name} has no default"))
}

#[test]
fn defaults_are_read_from_the_whole_and_from_each_learners_folder() {
    let all = include_str!("../../../Kconfig");
    assert!(all.contains("rsource \"rust/learners/*/Kconfig\""), "the learners' options are part of the whole");
    for (name, value) in [
        ("WINDOW_FRAMES", capacity::WINDOW_FRAMES),
        ("MODELS", capacity::MODELS),
        ("TRAINING_ROWS", capacity::TRAINING_ROWS),
        ("CLASSES", capacity::CLASSES),
        ("WORKSPACE_BYTES", capacity::WORKSPACE_BYTES),
        ("RAM_BUDGET", capacity::RAM_BUDGET),
    ] {
        assert_eq!(value, default(all, name), "HONE_{name}");
    }
    for (there, text, name, value) in [
        (cfg!(feature = "esn"), include_str!("../../learners/esn/Kconfig"), "ESN_UNITS", capacity::ESN_UNITS),
        (cfg!(feature = "svm"), include_str!("../../learners/svm/Kconfig"), "SVM_CLASSES", capacity::SVM_CLASSES),
        (cfg!(feature = "rce"), include_str!("../../learners/rce/Kconfig"), "RCE_PROTOTYPES", capacity::RCE_PROTOTYPES),
    ] {
        assert_eq!(value, if there { default(text, name) } else { 0 }, "HONE_{name}");
    }
}
