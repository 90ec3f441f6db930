//! What the device samples: rates, scales and units as they are, from a manifest's recordings to what it says.

mod common;

use common::{folder, hone};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Recordings of a hum and of another, `rate` frames a second, and the arguments that replay them.
struct Played {
    folder: PathBuf,
    arguments: Vec<String>,
}

impl Played {
    fn new(name: &str, rate: &str, channels: &[(&str, f64, &str)]) -> Self {
        let folder = folder(&format!("sensors-{name}"));
        let width = channels.len();
        let mut noise = 7u32;
        let mut text = channels.iter().map(|c| c.0).collect::<Vec<_>>().join(",") + "\n";
        for i in 0..40_000 {
            for c in 0..width {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let rough = f64::from(noise >> 16) / 65_536.0 - 0.5;
                let value = 3.0 + (0.69 * f64::from(i) + c as f64).sin() + 0.2 * rough;
                let _ = write!(text, "{value:.4}{}", if c + 1 == width { '\n' } else { ',' });
            }
        }
        std::fs::write(folder.join("ok.csv"), text).unwrap();
        let mut played = Self { folder, arguments: Vec::new() };
        played.arguments = played.at(rate, channels);
        played
    }

    /// The same recordings at another rate, or of other units.
    fn at(&self, rate: &str, channels: &[(&str, f64, &str)]) -> Vec<String> {
        let mut manifest = format!(
            "name = \"m\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = {rate}\nwindow = {{ length = 128 }}\n"
        );
        for (name, scale, unit) in channels {
            let _ = writeln!(manifest, "[[channel]]\nname = \"{name}\"\nscale = {scale}\nunit = \"{unit}\"");
        }
        manifest += "[[class]]\nname = \"normal\"\n[[class]]\nname = \"fault\"\nanomalous = true\n\
                     [[file]]\npath = \"ok.csv\"\nclass = \"normal\"\nsplit = { train = 0.5, test = 0.5 }\n";
        let path = self.folder.join(format!("{}.toml", rate.replace('.', "_")));
        std::fs::write(&path, manifest).unwrap();
        let text = |p: &Path| p.to_str().unwrap().to_owned();
        let flash = text(&self.folder.join("flash.bin"));
        ["--replay", &text(&path), "--root", &text(&self.folder), "--flash", &flash].map(str::to_owned).to_vec()
    }
}

const ONE: &[(&str, f64, &str)] = &[("x", 0.001, "m/s2")];

#[test]
fn a_model_of_another_rate_is_not_restored_and_both_are_named() {
    let played = Played::new("rate", "100", ONE);
    let run = hone(&played.arguments, b"train esn --wait\nmodel info\n").well();
    assert!(run.out.contains("\nesn, "), "{}", run.out);
    let run = hone(&played.at("1000", ONE), b"model info\n").refused();
    assert!(run.out.contains("trained at 100.0 Hz and the sensor's rate is 1000 Hz"), "{}", run.out);
    assert!(run.out.contains("error: there is no model"), "{}", run.out);
    // What is saved stays, for the sensor that it is for.
    let run = hone(&played.arguments, b"model info\n").well();
    assert!(run.out.contains("model restored: esn"), "{}", run.out);
}

#[test]
fn a_model_of_other_units_is_not_restored_and_both_are_named() {
    let both = [("a", 0.001, "m/s2"), ("t", 0.01, "degC")];
    let played = Played::new("units", "100", &both);
    hone(&played.arguments, b"train esn --wait\n").well();
    let run = hone(&played.at("100", &[("a", 0.001, "m/s2"), ("t", 0.01, "rad/s")]), b"model info\n").refused();
    assert!(run.out.contains("channel 1 of the model has 0.01000 degC per LSB"), "{}", run.out);
    assert!(run.out.contains("the sensor's has 0.01000 rad/s per LSB"), "{}", run.out);
}

#[test]
fn each_channel_has_its_own_scale_and_unit() {
    let played = Played::new("scales", "12.5", &[("a", 0.001, "m/s2"), ("t", 0.01, "degC"), ("w", 0.0005, "rad/s")]);
    let run = hone(&played.arguments, b"sensor info\nsensor read\nstats --json\n").well();
    let info = "recordings of m: 3 channels at 12.5 Hz by the clock\n  channel 0: 0.001000 m/s2 per LSB\n  channel 1: 0.01000 degC per LSB\n  \
                channel 2: 5.000e-4 rad/s per LSB\nwell\n";
    assert!(run.out.contains(info), "{}", run.out);
    let read = run.out.lines().find(|l| l.contains(" m/s2, ")).unwrap_or_else(|| panic!("{}", run.out));
    let values: Vec<f64> = read.split(", ").map(|v| v.split(' ').next().unwrap().parse().unwrap()).collect();
    assert!(values.iter().all(|v| (1.8..4.2).contains(v)), "each in its own scale: {read}");
    assert!(read.contains(" degC, ") && read.ends_with(" rad/s"), "{read}");
}

#[test]
fn rates_are_not_rounded_and_a_frame_a_minute_is_sampled() {
    let played = Played::new("slow", "12.5", ONE);
    // Each line takes 10 ms: 80 s at 12.5 Hz.
    let run = hone(&played.arguments, b"wait 80\nstats --json\n").well();
    let sampling = run.json().into_iter().find(|o| o["stats"] == "sampling").unwrap();
    assert!((1000..=1002).contains(&sampling["frames"].as_u64().unwrap()), "{sampling}");
    for (rate, shown, seconds) in
        [("0.016666666666666666", "1/60 Hz", 60), ("0.000011574074074074073", "1/86400 Hz", 86_400)]
    {
        // A window of 128 frames takes two hours, or four months; a training takes 128 windows.
        let script = "sensor info\ntrain esn --windows 24\n".to_owned();
        let waits = "wait 100000\n".repeat(24 * 128 * seconds / 100_000 + 2);
        let script = script + &waits + "train status\nmodel info\ninfer once\nstats --json\n";
        let run = hone(&played.at(rate, ONE), script.as_bytes()).well();
        assert!(run.out.contains(&format!("1 channel at {shown}")), "{}", run.out);
        assert!(run.out.contains("converged on 24 windows"), "{}", run.out);
        let sampling = run.json().into_iter().find(|o| o["stats"] == "sampling").unwrap();
        assert!(sampling["overruns"] == 0 && sampling["health"] == "well", "{sampling}");
    }
}
