//! Runs the program as a user does.
#![allow(dead_code, reason = "each test program uses its own part")]

pub mod case;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a run of the program ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// Its exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output.
    pub out: String,
    /// What it wrote to standard error.
    pub err: String,
}

impl Run {
    /// The run succeeded.
    #[track_caller]
    pub fn well(self) -> Self {
        assert_eq!(self.status, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    /// The run failed with an error that a user can read, and did not panic.
    #[track_caller]
    pub fn refused(self) -> Self {
        self.no_panic();
        assert_ne!(self.status, Some(0), "{}\n{}", self.out, self.err);
        assert!(
            self.out.lines().chain(self.err.lines()).any(|l| l.starts_with("error: ")),
            "{}\n{}",
            self.out,
            self.err
        );
        self
    }

    /// The program ended by itself, and not by a panic.
    #[track_caller]
    pub fn no_panic(&self) {
        let known = matches!(self.status, Some(0..=2));
        assert!(known && !self.err.contains("panicked"), "{:?}\n{}\n{}", self.status, self.out, self.err);
    }

    /// What `--json` commands printed: one value per line.
    #[track_caller]
    pub fn json(&self) -> Vec<serde_json::Value> {
        let objects = self.out.lines().filter(|l| l.starts_with('{'));
        objects.map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{l}: {e}"))).collect()
    }
}

/// Runs `hone` with these arguments and this on standard input.
pub fn hone<S: AsRef<std::ffi::OsStr>>(args: &[S], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hone"))
        .args(args)
        .env_remove("HONE_DATA")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The program may leave, or fill its output, before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writer.join();
    Run {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Runs the device with this script.
pub fn script(text: &str) -> Run {
    hone::<&str>(&[], text.as_bytes())
}

/// An empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The bytes of a .npy file of 16-bit integers.
pub fn npy(shape: &[usize], values: &[i16]) -> Vec<u8> {
    let shape: String = shape.iter().map(|n| format!("{n},")).collect();
    let mut header = format!("{{'descr': '<i2', 'fortran_order': False, 'shape': ({shape}), }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    bytes
}

/// One channel of a hum with noise: healthy, or at half the speed and twice as strong.
pub fn hum(frames: usize, healthy: bool, seed: u32) -> Vec<i16> {
    let (step, gain) = if healthy { (0.61, 900.0) } else { (0.23, 1800.0) };
    let mut noise = seed.wrapping_mul(2_654_435_761) | 1;
    let sample = |i: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let rough = f64::from(noise >> 16) / 65_536.0 - 0.5;
        ((i as f64 * step).sin() * gain + rough * 200.0) as i16
    };
    (0..frames).map(sample).collect()
}

/// A data set of a hum for the detector, in `folder`: its manifest.
pub fn small_set(folder: &Path) -> PathBuf {
    let windows = 160;
    std::fs::write(folder.join("well.npy"), npy(&[windows, 64], &hum(windows * 64, true, 1))).unwrap();
    std::fs::write(folder.join("ill.npy"), npy(&[40, 64], &hum(40 * 64, false, 2))).unwrap();
    let manifest = folder.join("hum.toml");
    std::fs::write(&manifest, HUM).unwrap();
    manifest
}

const HUM: &str = r#"name = "hum"
title = "A hum, and another"
kind = "recordings"
task = "anomaly"
rate_hz = 640
window = { length = 64 }

[[channel]]
name = "x"
scale = 0.01
unit = "m/s2"

[[class]]
name = "well"

[[class]]
name = "ill"
anomalous = true

[[file]]
path = "well.npy"
axes = ["window", "time"]
class = "well"
split = { train = 0.50, calibrate = 0.25, test = 0.25 }

[[file]]
path = "ill.npy"
axes = ["window", "time"]
class = "ill"
part = "test"
"#;
