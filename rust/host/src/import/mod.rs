//! `hone model import`: a network that was trained on a PC, in ONNX's format, as a model that a device takes.
//!
//! ```text
//!  file ──proto──► graph ──ops──► draft: layers, orders, what is folded ──make──► model in f32 ──► in 8 bits ──► container
//!                                                          rows: ranges, means ──────┘
//! ```

#![allow(missing_docs, reason = "its parts are told by their modules")]

mod array;
mod draft;
mod graph;
mod make;
mod ops;
mod proto;
mod rows;
#[cfg(test)]
mod tests;

pub use graph::{Read, read};
pub use make::{Agreement, Made, Net, Standard, agreement, classes, make};
pub use rows::Rows;

use crate::output;
use hone_engine::data::order::KeepError;
use hone_engine::keep::container;
use hone_engine::{learners, say};
use hone_learn::text::{Out, Write};
use hone_learn::{ClassId, Settings, TEXT_BYTES};
use hone_model::entries::each_setting;
use hone_model::{Container, Contents, Entry, write};
use hone_net::{Numbers, Params};
use std::path::{Path, PathBuf};

/// What `hone model import` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportArgs {
    /// The network, in ONNX's format (.onnx)
    pub file: PathBuf,
    /// Where to: a model file
    pub to: PathBuf,
    /// Rows by which it is put into 8 bits and compared: a manifest (its part to train on), or a .csv or .npy of rows as the
    /// network takes them in
    #[arg(long, value_name = "MANIFEST|FILE")]
    pub calibrate: Option<String>,
    /// The folder that the manifest's paths begin from [default: the manifest's own, else HONE_DATA, else ../shared/data]
    #[arg(long, value_name = "DIR", requires = "calibrate")]
    pub root: Option<PathBuf>,
    /// Set how the manifest's windows become features, as in --set bands=16; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", requires = "calibrate")]
    pub set: Vec<String>,
    /// Names or numbers of the classes, in the order of the outputs [default: as the graph or the manifest has them]
    #[arg(long, value_name = "A,B,...", value_delimiter = ',')]
    pub classes: Option<Vec<String>>,
    /// What weights and activations are kept in
    #[arg(long, default_value = "int8", value_parser = numbers)]
    pub numbers: Numbers,
}

fn numbers(text: &str) -> Result<Numbers, &'static str> {
    let all = [("int8", Numbers::Int8), ("mixed", Numbers::Mixed), ("f32", Numbers::F32)];
    all.into_iter().find(|(name, _)| *name == text).map(|(_, n)| n).ok_or("int8, mixed or f32")
}

/// Larger files are no networks for a device.
const LARGEST: u64 = 64 << 20;

/// Runs `hone model import`.
///
/// # Errors
/// A line that says what is wrong with the file or with what was asked for.
pub fn run(args: &ImportArgs) -> Result<(), String> {
    output::replaceable(&args.to, output::MODEL).map_err(|e| format!("{} {e}", args.to.display()))?;
    let told = |why: String| format!("{}: {why}", args.file.display());
    let bytes = output::read_file(&args.file, LARGEST).map_err(|e| told(e.to_string()))?;
    let network = read(&bytes).map_err(told)?;
    let rows = match &args.calibrate {
        Some(from) => rows::read(from, args.root.as_deref(), &args.set, &network)?,
        None => Rows::default(),
    };
    let classes = classes(&network, args.classes.as_deref(), &rows.classes).map_err(told)?;
    let made = make(&network, &classes, &rows.rows, args.numbers).map_err(told)?;
    let found = agreement(&made, &rows.rows, &rows.labels);
    let bytes = contained(&made, &classes, &rows)?;
    output::write_file(&args.to, &bytes).map_err(|e| format!("{}: {e}", args.to.display()))?;
    output::print(&report(&args.to, &made, &found, &bytes));
    Ok(())
}

/// Words of the device, gathered.
struct Text<'a>(&'a mut String);

impl Out for Text<'_> {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

fn report(to: &Path, made: &Made, found: &Agreement, bytes: &[u8]) -> String {
    let mut text = String::new();
    let view = made.model.view();
    let input = view.input();
    Text(&mut text).counts("takes in % x % numbers\n", &[input.frames.into(), input.channels.into()]);
    text.push_str(&format!("standardised {}\n", made.standard.words()));
    if made.constant > 0 {
        text.push_str(&format!("note: {} of these never change in the rows and count for nothing\n", made.constant));
    }
    view.layers().for_each(|layer| hone_net::learner::draw(&layer, &mut Text(&mut text)));
    hone_net::learner::numbers(&view, &mut Text(&mut text));
    if found.rows > 0 {
        let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
        text.push_str(&format!(
            "on {} rows the same class as in floating point: {:.4}\n",
            found.rows,
            share(found.same, found.rows)
        ));
        if found.labelled > 0 {
            let [real, model] = found.right.map(|n| share(n, found.labelled));
            text.push_str(&format!("accuracy on them: {real:.4} in floating point, {model:.4} as saved\n"));
        }
    }
    text.push_str(&format!("saved {}: net, {} bytes\n", to.display(), bytes.len()));
    match Container::read(bytes).map_err(KeepError::Read).and_then(|c| container::check(&c, None, None)) {
        Ok(_) => {
            let to = to.display();
            text.push_str(&format!(
                "next: hone push PORT {to}, or hone run --model {to}; there it learns more, with new labels, by\n"
            ));
            text.push_str("    train net --continue --last 1\n");
        }
        Err(error) => {
            text.push_str("note: the NUCLEO-F401RE's image, and hone run, refuse it: ");
            say::keep_error(&error, &mut Text(&mut text));
            text.push('\n');
        }
    }
    text
}

/// Those by which the network goes on learning.
fn params(made: &Made) -> Params {
    Params { network: made.network, numbers: made.model.view().numbers(), ..Params::DEFAULT }
}

/// The model as a file.
fn contained(made: &Made, classes: &[(ClassId, String)], rows: &Rows) -> Result<Vec<u8>, String> {
    let learner = learners::Learner::from_name("net").ok_or("this program has no learner net")?;
    let params = params(made);
    if params.get(0).is_none() {
        return Err(format!("its layers as a text, as net.layers has them, are longer than {TEXT_BYTES} bytes"));
    }
    let windows = rows.windows.as_ref();
    let contents = Contents {
        learner: hone_model::Learner(learner.code()),
        layout: hone_net::LAYOUT,
        parameters: &|each| each_setting(&params, each),
        pipeline: &|each| {
            let Some(windows) = windows else { return };
            each("window-frames", Entry::Int(windows.frames as i32));
            each("rate-hz", Entry::Real(windows.rate_hz as f32));
            each_setting(&windows.features, each);
        },
        channels: windows.map_or(&[], |w| &w.channels),
        scaling: &|_| {},
        classes: &|each| classes.iter().filter(|c| !c.1.is_empty()).for_each(|(id, name)| each(*id, name)),
        report: None,
    };
    let mut bytes = Vec::new();
    let written = write(&contents, &*made.model, &mut |part: &[u8]| {
        bytes.extend_from_slice(part);
        Ok(())
    });
    written.map_err(|e| format!("the model cannot be saved: {e:?}"))?;
    Ok(bytes)
}
