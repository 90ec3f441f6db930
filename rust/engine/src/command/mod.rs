//! The shell's commands: one table for dispatch, help and completion, the same on board and host.
//!
//! A command writes what it has to say, and an error as one line that says what to do; it fails by [`Failed`].

mod config;
mod convert;
mod data;
mod eval;
mod infer;
mod model;
mod record;
mod sensor;
mod stats;
mod time;
mod train;
mod transfer;

use crate::data::buffers::RECORD;
use crate::data::config::Section;
use crate::data::env::Io;
use crate::learners::{LABELS, Learner, PRUNES, ROWS, SMALL_MODELS as SMALL};
use crate::link::{Links, ShellEnds};
use crate::pool::Pool;
use core::ffi::CStr;
use hone_learn::Kind;
use hone_learn::text::{Line, Out, fill};
use hone_signal::Micros;
pub use transfer::{Import, ImportStep};

/// A command failed and has said why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// The outcome of a command.
pub type Outcome = Result<(), Failed>;

/// Words that may follow a command and are not in its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// None.
    None,
    /// A learner's name.
    Learner,
    /// A configuration key.
    Key,
}

/// One command or subcommand.
#[derive(Debug)]
pub struct Command {
    /// Its word.
    pub name: &'static str,
    /// What follows it, as help shows it.
    pub usage: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// Subcommands and options, for help and completion.
    pub sub: &'static [Self],
    /// Other words that may follow, for completion.
    pub words: Words,
}

const fn leaf(name: &'static str, usage: &'static str, help: &'static str) -> Command {
    Command { name, usage, help, sub: &[], words: Words::None }
}

/// Whether the build leaves out units of models.
const PRUNE: bool = SMALL && PRUNES;

static CONVERSION: &[Command] = &[
    leaf("--windows", "N", "live windows; the first half sets thresholds, the rest is for the report"),
    leaf("--yes", "", "replace the model in use without asking"),
];
static QUANTIZATION: &[Command] = &[
    leaf("int8", "", "8-bit integers"),
    leaf("q", "M N", "16-bit fixed point, M + N at most 15"),
    leaf("--windows", "N", "live windows; the first half sets thresholds, the rest is for the report"),
    leaf("--yes", "", "replace the model in use without asking"),
];

/// Subcommands of `model`. The last three are of builds that make smaller forms, the last of those with a learner whose models have some.
static MODEL: [Command; 9] = [
    leaf("info", "", "learner, parameters, threshold, age, bytes"),
    leaf("save", "", "keep the model across restarts"),
    leaf("load", "", "go back to the saved model"),
    leaf("erase", "", "delete the model in use and the saved one"),
    leaf("export", "[--from N [--lines COUNT]]", "print the model in use as framed lines"),
    leaf("import", "", "read such lines, then use and save the model"),
    Command {
        name: "compress",
        usage: "FACTOR [--windows N] [--yes]",
        help: "cluster the model's weights, 32/FACTOR bits each (4, 8, 16, 32); reports, then asks",
        sub: CONVERSION,
        words: Words::None,
    },
    Command {
        name: "quantize",
        usage: "int8 | q M N [--windows N] [--yes]",
        help: "the model in 8-bit integers, or fixed point with M bits before and N behind the point; as compress",
        sub: QUANTIZATION,
        words: Words::None,
    },
    Command {
        name: "prune",
        usage: "PERCENT [--windows N] [--yes]",
        help: "leave out the units and filters of a network that matter least (1 to 90 %); as compress",
        sub: CONVERSION,
        words: Words::None,
    },
];

/// The texts of the first words: help, a line break, the word, what follows it.
const TRAIN: &CStr = c"collect, then train, in the background; the model in use stays until the new one is done
train [LEARNER] [--windows N] [--continue] [--last N] [--wait]";
const INFER: &CStr = c"judge windows; a line for each change of verdict, or with -v for each window
infer on [-v] | off | once";
const STATS: &CStr = c"windows, verdicts, latency, memory, overruns, faults, training history
stats [--json]";
const MODEL_TEXT: &CStr = if PRUNE {
    c"the model in use
model info | save | load | erase | export | import | compress | quantize | prune"
} else if SMALL {
    c"the model in use
model info | save | load | erase | export | import | compress | quantize"
} else {
    c"the model in use
model info | save | load | erase | export | import"
};
const SENSOR: &CStr = c"the accelerometer
sensor info | read";
const CONFIG: &CStr = c"run-time parameters, kept across restarts; those of a learner count from the next training on
config get KEY | set KEY VALUE | reset [KEY] | list [SECTION]";
const EVAL: &CStr = c"train without some of the rows and judge on these; the model in use stays
eval [LEARNER] [--holdout PERCENT | --folds N] [--windows N]";
const WAIT: &CStr = c"let device time pass
wait SECONDS";
const TIME: &CStr = c"the time of day, UTC
time [set YYYY-MM-DDTHH:MM:SSZ]";
const RECORD_TEXT: &CStr = c"what is sampled, to the console; 'hone record PORT FILE' makes files of it
record SECONDS [--raw] | off";
const LABEL: &CStr = c"the class of the windows that follow, and of the unknown one that waits
label ID [NAME] [--once | --windows N] | none | dismiss | list";
const DATA: &CStr = c"the training set of the classifiers; labelled windows become its rows
data info | clear | export";

/// The first word that a text is of, with nothing that may follow it.
#[allow(clippy::panic, reason = "evaluated at compile time")]
const fn first(text: &'static CStr) -> Command {
    let Ok(text) = text.to_str() else { panic!("a text is UTF-8") };
    let (help, rest) = cut(text, b'\n');
    let (name, usage) = cut(rest, b' ');
    leaf(name, usage, help)
}

/// What is before and behind the first `at`.
#[allow(clippy::indexing_slicing, reason = "evaluated at compile time, where an index out of range is an error")]
const fn cut(text: &str, at: u8) -> (&str, &str) {
    let mut i = 0;
    while text.as_bytes()[i] != at {
        i += 1;
    }
    (text.split_at(i).0, text.split_at(i + 1).1)
}

static ALL: [Command; 12] = [
    Command {
        sub: &[
            leaf("status", "", "how far the training is, and how the last ones ended"),
            leaf("cancel", "", "give up the training under way; the model in use stays"),
            leaf("--windows", "N", "windows to collect, 10 to 10000"),
            leaf("--continue", "", "continue from the model in use, if of this learner"),
            leaf("--last", "N", "train only the last N layers, if the learner has any"),
            leaf("--wait", "", "show progress and return when finished; fails if the training does"),
        ],
        words: Words::Learner,
        ..first(TRAIN)
    },
    Command {
        sub: &[
            leaf("on", "[-v]", "judge every window"),
            leaf("off", "", "stop judging"),
            leaf("once", "", "judge the next window and say the verdict"),
        ],
        ..first(INFER)
    },
    Command { sub: &[leaf("--json", "", "one JSON object per line")], ..first(STATS) },
    Command { sub: MODEL.split_at(6 + 2 * SMALL as usize + PRUNE as usize).0, ..first(MODEL_TEXT) },
    Command {
        sub: &[
            leaf("info", "", "name, rate, channels, scale, health"),
            leaf("read", "", "the newest frame, in its unit"),
        ],
        ..first(SENSOR)
    },
    Command {
        sub: &[
            Command { name: "get", usage: "KEY", help: "the value of one parameter", sub: &[], words: Words::Key },
            Command { name: "set", usage: "KEY VALUE", help: "change one parameter", sub: &[], words: Words::Key },
            Command {
                name: "reset",
                usage: "[KEY]",
                help: "the default of one parameter, or of all",
                sub: &[],
                words: Words::Key,
            },
            leaf("list", "[SECTION]", "all parameters with their values, ranges and meaning"),
        ],
        ..first(CONFIG)
    },
    Command {
        sub: &[
            leaf("--holdout", "PERCENT", "hold back this share of each class, once (25)"),
            leaf("--folds", "N", "hold back each N-th part in turn, 2 to 20"),
            leaf("--windows", "N", "learners of live windows: N windows in all"),
        ],
        words: Words::Learner,
        ..first(EVAL)
    },
    first(WAIT),
    Command { sub: &[leaf("set", "YYYY-MM-DDTHH:MM:SSZ", "the time now")], ..first(TIME) },
    Command {
        sub: &[leaf("off", "", "end the recording"), leaf("--raw", "", "each frame as it is, or none at all")],
        ..first(RECORD_TEXT)
    },
    Command {
        sub: &[
            leaf("none", "", "the windows that follow have no class"),
            leaf("--once", "", "only the waiting window"),
            leaf("--windows", "N", "the next N windows"),
            leaf("dismiss", "", "drop the window that waits for a label"),
            leaf("list", "", "the classes with names"),
        ],
        ..first(LABEL)
    },
    Command {
        sub: &[
            leaf("info", "", "rows per class"),
            leaf("clear", "", "empty it"),
            leaf("export", "", "a line per row: class and features, separated by commas"),
        ],
        ..first(DATA)
    },
];

/// Every command; the last ones are of builds with a learner that takes labels, and with one that learns from rows.
pub static COMMANDS: &[Command] = ALL.split_at(10 + LABELS as usize + ROWS as usize).0;

/// Their texts, as Zephyr's shell takes them.
pub static TEXTS: &[&CStr] =
    [TRAIN, INFER, STATS, MODEL_TEXT, SENSOR, CONFIG, EVAL, WAIT, TIME, RECORD_TEXT, LABEL, DATA]
        .split_at(COMMANDS.len())
        .0;

/// Runs commands for one shell.
#[derive(Debug)]
pub struct Console {
    links: &'static Links,
    ends: ShellEnds,
    pool: Pool,
    /// Bytes of static memory that the engine takes.
    memory: u32,
}

impl Console {
    pub(crate) fn new(links: &'static Links, ends: ShellEnds, pool: Pool, memory: u32) -> Self {
        Self { links, ends, pool, memory }
    }

    /// The models, to read.
    pub fn pool(&self) -> Pool {
        self.pool
    }

    /// Runs one command; no words are no command and succeed.
    ///
    /// # Errors
    /// [`Failed`], after an error line.
    pub fn run(&self, words: &[&str], io: &mut dyn Io) -> Outcome {
        let Some((name, rest)) = words.split_first() else { return Ok(()) };
        // None is inlined: this frame would be the largest of all and below each.
        match *name {
            "train" => train::run(self.links, rest, io),
            "infer" => infer::run(self.links, rest, io),
            "label" if LABELS => infer::label(self.links, rest, io),
            "stats" => stats::run(self, rest, io),
            "data" if ROWS => data::run(self, rest, io),
            "eval" => eval::run(self.links, rest, io),
            "model" => model::run(self, rest, io),
            "sensor" => sensor::run(self.links, rest, io),
            "config" => config::run(self.links, rest, io),
            "wait" => wait(rest, io),
            "time" if RECORD => time::run(self.links, rest, io),
            "record" if RECORD => record::run(self.links, rest, io),
            "record" | "time" => fail(io, "not in this build: CONFIG_HONE_RECORD"),
            other => unknown(other, io),
        }
    }
}

/// Splits a line at white space; words beyond `N` and what follows them are an error.
///
/// # Errors
/// [`Failed`] when there are too many words; the caller says so.
pub fn split<const N: usize>(line: &str) -> Result<heapless::Vec<&str, N>, Failed> {
    let mut words = heapless::Vec::new();
    for word in line.split_ascii_whitespace() {
        words.push(word).map_err(|_| Failed)?;
    }
    Ok(words)
}

/// Shows every word that may come after `words` and begins with `start`.
pub fn complete(words: &[&str], start: &str, see: &mut dyn FnMut(&str)) {
    if let ["config", "set", key] = words {
        return values(key, start, see);
    }
    let mut list = COMMANDS;
    let mut extra = Words::None;
    if words.is_empty() && "help".starts_with(start) {
        see("help");
    }
    let words = if words.first() == Some(&"help") { words.get(1..).unwrap_or(&[]) } else { words };
    for word in words {
        let Some(command) = list.iter().find(|c| c.name == *word) else {
            // An option's value or a learner: what may follow stays the same.
            continue;
        };
        if !command.sub.is_empty() || command.words != Words::None {
            list = command.sub;
            extra = command.words;
        } else if !command.name.starts_with('-') {
            list = &[];
            extra = Words::None;
        }
    }
    for command in list.iter().filter(|c| c.name.starts_with(start)) {
        see(command.name);
    }
    match extra {
        Words::None => {}
        Words::Learner => {
            for name in Learner::NAMES.iter().filter(|n| n.starts_with(start)) {
                see(name);
            }
        }
        Words::Key => {
            for section in Section::all() {
                for setting in section.settings() {
                    let mut key = Line::<48>::default();
                    key.str(section.name());
                    key.str(".");
                    key.str(setting.name);
                    if key.as_str().starts_with(start) {
                        see(key.as_str());
                    }
                }
            }
        }
    }
}

/// Shows the words that a parameter takes, where it takes words.
fn values(key: &str, start: &str, see: &mut dyn FnMut(&str)) {
    let Some((section, name)) = key.split_once('.') else { return };
    let section = Section::all().find(|s| s.name() == section);
    let setting = section.and_then(|s| s.settings().iter().find(|s| s.name == name));
    let words = match setting.map(|s| s.kind) {
        Some(Kind::Choice(words)) => words,
        Some(Kind::Flag) => &["off", "on"],
        Some(Kind::Text(grammar)) => grammar.examples(),
        _ => &[],
    };
    words.iter().filter(|w| w.starts_with(start)).for_each(|w| see(w));
}

/// The command `help`, of a shell that has none of its own.
///
/// # Errors
/// [`Failed`], after an error line.
pub fn help(words: &[&str], io: &mut dyn Io) -> Outcome {
    let Some(name) = words.first() else {
        for command in COMMANDS {
            entry(command, "", io);
        }
        io.str("'help COMMAND' says more\n");
        return Ok(());
    };
    let Some(command) = COMMANDS.iter().find(|c| c.name == *name) else {
        return unknown(name, io);
    };
    entry(command, "", io);
    for sub in command.sub {
        entry(sub, "  ", io);
    }
    Ok(())
}

/// Writes a command's help: its usage, and below it what it does.
pub fn entry(command: &Command, indent: &str, io: &mut dyn Out) {
    io.str(indent);
    io.str(command.name);
    if !command.usage.is_empty() {
        io.str(" ");
        io.str(command.usage);
    }
    io.str("\n");
    io.str(indent);
    io.str("    ");
    io.str(command.help);
    io.str("\n");
}

fn wait(words: &[&str], io: &mut dyn Io) -> Outcome {
    let seconds = match words {
        [text] => hone_learn::setting::parse_real(text).filter(|s| (0.0..=100_000.0).contains(s)),
        _ => None,
    };
    let Some(seconds) = seconds else {
        return fail(io, "wait takes a number of seconds from 0 to 100000");
    };
    if io.pause(Micros(u64::from((seconds * 1000.0 + 0.5) as u32) * 1000)) { Ok(()) } else { fail(io, "interrupted") }
}

/// Writes an error line.
fn fail(io: &mut dyn Io, text: &str) -> Outcome {
    fail_of(io, text, &[])
}

/// Writes an error line, with `words` in the places of `%`.
fn fail_of(io: &mut dyn Io, text: &str, words: &[&str]) -> Outcome {
    io.str("error: ");
    fill(io, text, words.len(), &mut |out, i| {
        // What a user typed comes back without control characters, so that it cannot garble the terminal.
        for piece in words.get(i).copied().unwrap_or("").split(|c: char| c.is_control()) {
            out.str(piece);
        }
    });
    io.str("\n");
    Err(Failed)
}

/// Writes the error that these words are not the command's.
fn misuse(name: &str, io: &mut dyn Io) -> Outcome {
    let usage = COMMANDS.iter().find(|c| c.name == name).map_or("", |c| c.usage);
    io.str("error: usage: ");
    io.str(name);
    io.str(" ");
    io.str(usage);
    io.str("\n");
    Err(Failed)
}

fn unknown(name: &str, io: &mut dyn Io) -> Outcome {
    fail_of(io, "'%' is no command; 'help' lists them", &[name])
}
