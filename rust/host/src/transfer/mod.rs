//! `hone push` and `hone pull`: a model to and from a device, over the console that people use too. What the device
//! prints beside the replies (its prompt, echoes, events) is passed over.

pub mod console;
mod protocol;

use crate::output;
use console::{Console, Serial};
use hone_model::Container;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
pub use protocol::{Trouble, fetch, send};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What `hone push` and `hone pull` are told.
#[derive(Clone, Debug, clap::Args)]
pub struct TransferArgs {
    /// The serial port of the device's console, such as /dev/ttyACM0, or a pseudo-terminal.
    #[arg(value_name = "PORT")]
    pub port: PathBuf,
    /// The model file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Bits per second of the port.
    #[arg(long, default_value_t = 115_200, value_name = "RATE")]
    pub baud: u32,
}

fn bar(lines: u32) -> ProgressBar {
    let bar = ProgressBar::new(lines.into());
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} lines, {eta} left") {
        bar.set_style(style);
    }
    bar
}

/// `hone push PORT FILE`.
///
/// # Errors
/// [`Trouble`]; the device's model is then as it was, unless the last reply alone was lost.
pub fn push(args: &TransferArgs) -> Result<(), Trouble> {
    let bytes = read(&args.file)?;
    let mut console = open(args)?;
    let bar = bar(protocol::lines(&bytes)?);
    let answer = send(&mut console, &bytes, &mut |line| bar.set_position(line.into()))?;
    bar.finish_and_clear();
    output::print(&format!("{answer}\n"));
    Ok(())
}

/// `hone pull PORT FILE`.
///
/// # Errors
/// [`Trouble`]; no file is then written.
pub fn pull(args: &TransferArgs) -> Result<(), Trouble> {
    output::replaceable(&args.file, output::MODEL).map_err(|e| Trouble::File(args.file.clone(), e))?;
    let mut console = open(args)?;
    let bar = bar(1);
    let bytes = fetch(&mut console, &mut |line, lines| {
        bar.set_length(lines.into());
        bar.set_position(line.into());
    })?;
    bar.finish_and_clear();
    let container = Container::read(&bytes).map_err(Trouble::Received)?;
    output::write_file(&args.file, &bytes).map_err(|e| Trouble::File(args.file.clone(), e))?;
    output::print(&format!(
        "fetched: {}, {} bytes, to {}\n",
        crate::model::learner(container.learner()),
        bytes.len(),
        args.file.display()
    ));
    Ok(())
}

fn open(args: &TransferArgs) -> Result<Console<Serial>, Trouble> {
    Serial::open(&args.port, args.baud).map(Console::new).map_err(|e| Trouble::Port(args.port.clone(), e))
}

/// Larger files are no models.
const LARGEST: u64 = 64 << 20;

/// The file's bytes, found to be a model.
fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    let bytes = output::read_file(path, LARGEST).map_err(|e| Trouble::File(path.to_owned(), e))?;
    Container::read(&bytes).map_err(|e| Trouble::Model(path.to_owned(), e))?;
    Ok(bytes)
}
