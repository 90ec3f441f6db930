//! `hone run`: the device with a shell on it, for a person or for a script.

use crate::dataset::{self, Dataset};
use crate::device::flash::HostFlash;
use crate::device::replay::Replay;
use crate::device::session::{self, Answer, Handles, HostDevice, Input, Next, Script, Time};
use crate::device::source::{Control, Source};
use crate::{model, output};
use hone_engine::text::Out;
use hone_signal::Micros;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Editor, ExternalPrinter, Helper, Highlighter, Hinter, Validator};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What `hone run` is told.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RunArgs {
    /// Seed of the simulated motor
    #[arg(long, default_value_t = 1, value_name = "N", conflicts_with = "replay")]
    pub seed: u64,
    /// Play recordings instead of the simulated motor: the path of a manifest, or the name of one of the project's data sets
    #[arg(long, value_name = "MANIFEST")]
    pub replay: Option<String>,
    /// The folder that the manifest's paths begin from [default: the manifest's own, else HONE_DATA, else ../shared/data]
    #[arg(long, value_name = "DIR", requires = "replay")]
    pub root: Option<PathBuf>,
    /// Keep model and parameters in this file, as a board does in flash; made if missing
    #[arg(long, value_name = "FILE")]
    pub flash: Option<PathBuf>,
    /// Use this model from the start, as 'hone push' would give it to a board
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Of a script: print each command before its answer
    #[arg(long)]
    pub echo: bool,
    /// Offer the console at this path in place of this terminal: a pseudo-terminal, to which 'hone view LINK', 'hone monitor LINK' and
    /// 'hone push LINK FILE' attach as to a board's port
    #[arg(long, value_name = "LINK", conflicts_with = "echo")]
    pub pty: Option<PathBuf>,
}

impl RunArgs {
    fn source(&self) -> Result<Source, String> {
        let Some(name) = &self.replay else { return Ok(Source::rig(self.seed)) };
        let source = dataset::find_manifest(name).map_err(|e| e.to_string())?;
        let set = Dataset::look(&source, &dataset::recordings_of(&source, self.root.as_deref()))
            .map_err(|e| e.to_string())?;
        Ok(Source::Replay(Box::new(Replay::new(set)?)))
    }
}

impl RunArgs {
    /// The device that is told.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub fn device(&self) -> Result<HostDevice, String> {
        let source = self.source()?;
        let flash = match &self.flash {
            Some(path) => output::replaceable(path, &[])
                .and_then(|()| HostFlash::file(path))
                .map_err(|e| format!("the flash {}: {e}", path.display()))?,
            None => HostFlash::ram(),
        };
        let mut device = session::device(source, flash);
        if let Some(path) = &self.model {
            session::give(&model::bytes(path)?, &mut device).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(device)
    }
}

/// Runs the device until its shell ends. `alone`: nothing was asked for, so that who gives no command is told what there is.
pub fn run(args: &RunArgs, alone: bool) -> ExitCode {
    let device = match args.device() {
        Ok(device) => device,
        Err(error) => {
            output::error(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    if let Some(link) = &args.pty {
        return output::exit(offered(device, link));
    }
    if std::io::stdin().is_terminal() { interactive(device) } else { script(device, args.echo, alone) }
}

#[cfg(unix)]
fn offered(device: HostDevice, link: &std::path::Path) -> Result<(), String> {
    static ENDED: AtomicBool = AtomicBool::new(false);
    // Without a handler Ctrl-C ends the program without keeping what was learnt since the last time.
    let _ = ctrlc::set_handler(|| ENDED.store(true, Ordering::Release));
    crate::monitor::pty::offer(device, link, &ENDED)
}

#[cfg(not(unix))]
fn offered(_: HostDevice, _: &std::path::Path) -> Result<(), String> {
    Err("this system has no pseudo-terminals; 'hone view --demo' and 'hone monitor --demo' have a device of their own"
        .into())
}

fn script(mut device: HostDevice, echo: bool, alone: bool) -> ExitCode {
    let lines = std::io::stdin().lock().split(b'\n');
    let done = session::run_script(lines, &mut device, &mut session::Stdout, echo);
    if done.lines == 0 && alone {
        output::note(
            "there were no commands on standard input. Three things to try: 'hone demo' tells the whole story, 'hone' on a \
             terminal is the device to play with, and 'hone new FILE...' begins with your own recordings",
        );
    }
    if done.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The file in which the console's history is kept: in the user's folder for state (XDG).
fn history() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = named("XDG_STATE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".local/state")))
        .or_else(|| named("LOCALAPPDATA"))?;
    let folder = folder.join("hone");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// What stands at the first prompt.
fn greeting(sensor: &Control) -> String {
    let (what, first, second) = match sensor {
        Control::Rig(_) => (
            "a simulated accelerometer on a simulated motor",
            "train --wait       teach it how the motor runs well (17 s)",
            "rig imbalance      break the motor; it tells when it has noticed, 'rig normal' mends it",
        ),
        Control::Replay(_) => (
            "recordings that play as a sensor's",
            "train --wait       learn from what plays",
            "replay             list the recordings; 'replay NUMBER' plays another",
        ),
        Control::Room(_) => (
            "a simulated thermometer",
            "train linear       teach it what temperature is to be expected",
            "sensor read        the temperature now",
        ),
    };
    format!(
        "hone {}: the device on this PC, with {what}. Three things to try:\n  {first}\n  {second}\n  \
         help               all commands; Tab completes, Ctrl-D leaves\n\
         Elsewhere: 'hone demo' tells the whole story, 'hone new FILE...' begins with your own recordings.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Time on the wall, which another thread lets the device have.
struct Wall {
    now: Arc<AtomicU64>,
    interrupted: Arc<AtomicBool>,
}

impl Time for Wall {
    fn now(&self) -> Micros {
        Micros(self.now.load(Ordering::Acquire))
    }

    fn pause(&mut self, span: Micros, _out: &mut dyn Out) -> bool {
        let end = self.now().0.saturating_add(span.0);
        while self.now().0 < end {
            if self.interrupted.swap(false, Ordering::AcqRel) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

/// Lines typed in the midst of a command.
struct Typing {
    interrupted: Arc<AtomicBool>,
}

/// How often who waits for a line looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

impl Input for Typing {
    fn line(&mut self, patience: Micros) -> Answer {
        let until = Instant::now() + Duration::from_micros(patience.0);
        // A terminal gives a line at a time, so that none waits in a buffer of ours.
        while !readable(std::io::stdin(), LOOK.min(until.saturating_duration_since(Instant::now()))) {
            if self.interrupted.swap(false, Ordering::AcqRel) {
                return Answer::End;
            }
            if Instant::now() >= until {
                return Answer::Silence;
            }
        }
        let mut line = Vec::new();
        match std::io::stdin().lock().read_until(b'\n', &mut line) {
            Ok(1..) => Answer::Line(line),
            Ok(0) | Err(_) => Answer::End,
        }
    }

    fn interactive(&self) -> bool {
        true
    }
}

/// Whether there is something to read, or the end, within about `patience`.
#[cfg(unix)]
fn readable(input: impl std::os::fd::AsFd, patience: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wait = Timespec { tv_sec: patience.as_secs() as _, tv_nsec: patience.subsec_nanos() as _ };
    let mut wanted = [PollFd::new(&input, PollFlags::IN)];
    // A signal ends the waiting early; who asks looks for what it meant, and asks again.
    poll(&mut wanted, Some(&wait)).is_ok_and(|ready| ready > 0)
}

/// Elsewhere it is not known, and the line is waited for.
#[cfg(not(unix))]
fn readable(_: std::io::Stdin, _: Duration) -> bool {
    true
}

#[derive(Helper, Hinter, Highlighter, Validator)]
struct Words(Handles);

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, pos: usize, _: &rustyline::Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or(line);
        let start = before.rfind(char::is_whitespace).map_or(0, |i| i + 1);
        let (words, word) = before.split_at(start);
        let words: Vec<&str> = words.split_ascii_whitespace().collect();
        let mut found = self.0.complete(&words, word);
        if let [only] = found.as_mut_slice() {
            // What is clear is done; the next word may follow.
            only.push(' ');
        }
        Ok((start, found))
    }
}

fn interactive(device: HostDevice) -> ExitCode {
    let handles = Handles::of(&device);
    // Tab shows all that may follow, as shells do.
    let builder = || rustyline::Config::builder().completion_type(rustyline::CompletionType::List);
    let config = builder().max_history_size(1000).unwrap_or_else(|_| builder()).build();
    let mut editor = match Editor::<Words, DefaultHistory>::with_config(config) {
        Ok(editor) => editor,
        Err(error) => {
            output::error(&format!(
                "this terminal has no line editing ({error}); give the commands on standard input instead"
            ));
            return ExitCode::FAILURE;
        }
    };
    editor.set_helper(Some(Words(handles.clone())));
    let history = history();
    if let Some(path) = &history {
        // Of the first time there is none.
        let _ = editor.load_history(path);
    }
    let colours = output::colours();
    let now = Arc::new(AtomicU64::new(0));
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Without a handler Ctrl-C ends the program in the middle of a command, which is what it did before: no loss.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Release));
    match editor.create_external_printer() {
        Ok(mut printer) => {
            let now = Arc::clone(&now);
            std::thread::spawn(move || pace(device, &now, &mut |text| printer.print(painted(text, colours)).is_ok()));
        }
        Err(_) => {
            let now = Arc::clone(&now);
            std::thread::spawn(move || {
                pace(device, &now, &mut |text| {
                    output::print(&text);
                    true
                });
            });
        }
    }
    output::print(&greeting(&handles.sensor));
    let mut screen = Screen { colours };
    let mut time = Wall { now, interrupted: Arc::clone(&interrupted) };
    let mut typing = Typing { interrupted: Arc::clone(&interrupted) };
    loop {
        match editor.readline("hone> ") {
            Ok(line) => {
                let _ = editor.add_history_entry(line.as_str());
                if let Some(path) = &history {
                    // A session goes on without; where it cannot be kept is no concern of a device.
                    let _ = editor.append_history(path);
                }
                interrupted.store(false, Ordering::Release);
                if handles.line(&line, &mut time, &mut typing, &mut screen) == Next::Quit {
                    handles.keep(&mut time);
                    return ExitCode::SUCCESS;
                }
            }
            // Ctrl-C gives up the line, Ctrl-D ends.
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => {
                handles.keep(&mut time);
                return ExitCode::SUCCESS;
            }
            Err(error) => {
                output::error(&error.to_string());
                return ExitCode::FAILURE;
            }
        }
    }
}

/// Lets the device have the time that passes on the wall, until nobody listens.
fn pace(mut device: HostDevice, now: &AtomicU64, print: &mut dyn FnMut(String) -> bool) {
    let start = Instant::now();
    let mut text = Text::default();
    loop {
        let target = Micros(start.elapsed().as_micros() as u64);
        let mut script = Script { device: &mut device, watch: &mut |_| true, pace: None };
        let behind = Micros(target.0.saturating_sub(script.now().0));
        script.pause(behind, &mut text);
        now.store(target.0, Ordering::Release);
        if !text.0.is_empty() && !print(std::mem::take(&mut text.0)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Events as a terminal shows them: what is anomalous in red, what is normal in green.
fn painted(text: String, colours: bool) -> String {
    if !colours {
        return text;
    }
    let line = |line: &str| {
        let style = [("] anomalous", output::WRONG), ("] normal", output::WELL)];
        match style.into_iter().find_map(|(words, style)| Some((line.find(words)? + 2, words.len() - 2, style))) {
            Some((at, length, style)) => format!(
                "{}{}{}{}{}",
                &line[..at],
                style.render(),
                &line[at..at + length],
                style.render_reset(),
                &line[at + length..]
            ),
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Answers on a terminal: errors begin in red.
struct Screen {
    colours: bool,
}

impl Out for Screen {
    fn str(&mut self, text: &str) {
        match text.strip_prefix("error:").filter(|_| self.colours) {
            Some(rest) => {
                output::print(&format!("{}error:{}{rest}", output::WRONG.render(), output::WRONG.render_reset()));
            }
            None => output::print(text),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        output::bytes(bytes);
        true
    }
}

/// Text gathered for the printer.
#[derive(Default)]
struct Text(String);

impl Out for Text {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }

    // Not above the prompt: who records is a program.
    fn bytes(&mut self, bytes: &[u8]) -> bool {
        output::bytes(bytes);
        true
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_line_is_waited_for_and_not_for_ever() {
        let (input, mut output) = std::io::pipe().unwrap();
        let begun = Instant::now();
        assert!(!readable(&input, Duration::from_millis(30)));
        assert!(begun.elapsed() >= Duration::from_millis(30));
        output.write_all(b"HM\n").unwrap();
        assert!(readable(&input, Duration::from_secs(60)));
        // The end can be read too: nobody waits for one who is gone.
        drop(output);
        let mut rest = Vec::new();
        std::io::Read::read_to_end(&mut &input, &mut rest).unwrap();
        assert!(rest == b"HM\n" && readable(&input, Duration::from_secs(60)));
    }
}
