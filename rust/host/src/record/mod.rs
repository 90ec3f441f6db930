//! `hone record`: samples from a device over its console, as a file with its manifest.

pub mod file;
pub mod receive;

use crate::output;
use crate::transfer::console::Serial;
use file::Kind;
use receive::{Recording, receive};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What `hone record` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct RecordArgs {
    /// The serial port of the device's console, such as /dev/ttyACM0, or a pseudo-terminal.
    #[arg(value_name = "PORT")]
    pub port: PathBuf,
    /// The file to be: .csv, .wav or .npy; its manifest is put beside it, as .toml.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Seconds of the device's time. Ctrl-C ends it early, and what came is kept.
    #[arg(long, default_value_t = 10.0, value_name = "S")]
    pub seconds: f64,
    /// Each frame as it was sampled; refused where the line is too slow, which else carries means of some frames.
    #[arg(long)]
    pub raw: bool,
    /// Bits per second of the port.
    #[arg(long, default_value_t = 115_200, value_name = "RATE")]
    pub baud: u32,
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// `hone record PORT FILE`.
///
/// # Errors
/// A sentence that says what to do; no file is then written.
pub fn run(args: &RecordArgs) -> Result<(), String> {
    let of = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let kind = Kind::of(&args.file).map_err(|e| of(&args.file, &e))?;
    let manifest = args.file.with_extension("toml");
    for path in [&args.file, &manifest] {
        output::absent(path)?;
    }
    let port = Serial::open(&args.port, args.baud).map_err(|e| {
        format!("{}: {e}; check that the port is right and that no other program has it open", args.port.display())
    })?;
    // Without a handler Ctrl-C ends the program and the device ends by itself: no harm.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Release));
    let recording = receive(port, args.seconds, args.raw, &mut output::note, &|| INTERRUPTED.load(Ordering::Acquire))?;
    let bytes = file::bytes(kind, &recording).map_err(|e| of(&args.file, &e))?;
    let text = file::manifest(kind, &recording, &args.file)?;
    output::write_file(&args.file, &bytes).map_err(|e| of(&args.file, &e))?;
    output::write_file(&manifest, text.as_bytes()).map_err(|e| of(&manifest, &e))?;
    output::print(&told(&recording, &args.file, &manifest));
    Ok(())
}

fn told(recording: &Recording, file: &Path, manifest: &Path) -> String {
    let missing = recording.missing();
    let mut text = format!(
        "recorded: {} frames of {} channels, {:.3} s at {} Hz, to {}\n",
        recording.frames(),
        recording.channels.len(),
        recording.seconds(),
        recording.rate_hz(),
        file.display()
    );
    if missing > 0 {
        text += &format!("{missing} frames are missing, in {} gaps\n", recording.gaps());
    }
    text + &format!("next: hone check {0}, then hone eval {0} --learner esn\n", manifest.display())
}
