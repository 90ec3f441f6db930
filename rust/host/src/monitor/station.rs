//! A device's console that is listened to for long: set up when it is there, set up again when the device was reset, opened again when
//! it went away.

use super::reader::{BANNER, Heard, Reader};
use crate::transfer::console::{Console, Line};
use crate::transfer::send;
use hone_model::stream::{Frame, LONGEST, decode};
use std::io;
use std::time::{Duration, Instant};

/// A port that is not there is looked for so often.
const AGAIN: Duration = Duration::from_millis(250);
/// Without a byte for so long what came is all that was said.
const QUIET: Duration = Duration::from_millis(300);
/// The device is not set up again within so long after it was, and has so long to answer to Ctrl-C.
const SETTLED: Duration = Duration::from_secs(3);
/// Samples are asked for so many seconds, and again when these are over: a device that nobody listens to any more ends by itself.
const RECORD: &str = "record 3600";
/// A clock that is so much behind what it was belongs to a device that has started anew. Events of different loops may overtake
/// one another by less.
const RESET: u64 = 3_000_000;

/// A way to a console.
pub type Open = Box<dyn FnMut() -> io::Result<Box<dyn Line + Send>> + Send>;

/// What became of the line, and what came over it.
#[derive(Clone, Debug, PartialEq)]
pub enum News {
    /// The port is open.
    Open,
    /// It is no more, and why.
    Lost(String),
    /// The device has started anew.
    Reset,
    /// It said something.
    Heard(Heard),
    /// An answer to a command that the station itself gave.
    Own(String),
}

/// Whose a line of text is.
enum Whose {
    /// Of what was typed.
    Echo,
    /// An answer to it.
    Answer,
    /// Said unasked.
    Device,
}

/// What the device is told to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Every window's verdict and not changes alone.
    pub every: bool,
    /// Samples.
    pub samples: bool,
}

/// The console of a device.
pub struct Station {
    open: Open,
    wish: Wish,
    line: Option<Box<dyn Line + Send>>,
    reader: Reader,
    tried: Option<Instant>,
    byte: Instant,
    /// When the device was last told what to say; `None` when it is to be told.
    told: Option<Instant>,
    /// The device's clock, as last heard.
    clock: u64,
    /// How events were told before; put back at the end.
    before: Option<String>,
}

impl Station {
    /// Nothing is opened yet.
    pub fn new(open: Open, wish: Wish) -> Self {
        let (reader, byte) = (Reader::default(), Instant::now());
        Self { open, wish, line: None, reader, tried: None, byte, told: None, clock: 0, before: None }
    }

    /// Opens the port for the first time.
    ///
    /// # Errors
    /// The port's: who names one that is not there is told at once.
    pub fn begin(&mut self, see: &mut dyn FnMut(News)) -> io::Result<()> {
        self.line = Some((self.open)()?);
        see(News::Open);
        Ok(())
    }

    /// Whether there is a line.
    pub fn is_open(&self) -> bool {
        self.line.is_some()
    }

    /// Hears what comes within about `patience`, and returns as soon as something did. Opens the port and sets the device up where that is
    /// due.
    pub fn hear(&mut self, patience: Duration, see: &mut dyn FnMut(News)) {
        if self.line.is_none() {
            if let Some(tried) = self.tried {
                std::thread::sleep(AGAIN.saturating_sub(tried.elapsed()).min(patience));
                if tried.elapsed() < AGAIN {
                    return;
                }
            }
            self.tried = Some(Instant::now());
            let Ok(line) = (self.open)() else { return };
            (self.line, self.told) = (Some(line), None);
            see(News::Open);
        }
        if self.told.is_none() {
            self.set_up(see);
        }
        self.read(patience, &mut |_| Whose::Device, see);
    }

    /// Reads once; `own` says whose a line of text is.
    fn read(&mut self, patience: Duration, own: &mut dyn FnMut(&str) -> Whose, see: &mut dyn FnMut(News)) -> usize {
        let Some(line) = &mut self.line else { return 0 };
        let mut bytes = [0; 4096];
        let (heard, count) = match line.read(&mut bytes, patience) {
            Ok(0) if self.byte.elapsed() >= QUIET => (self.reader.quiet(), 0),
            Ok(0) => return 0,
            Ok(count) => {
                self.byte = Instant::now();
                (self.reader.take(bytes.get(..count).unwrap_or(&[])), count)
            }
            Err(error) => {
                for heard in self.reader.end() {
                    see(News::Heard(heard));
                }
                self.lose(&error, see);
                return 0;
            }
        };
        for heard in heard {
            match &heard {
                // The end of a recording is told whenever it has come.
                Heard::Text(text) if text.starts_with("recorded ") && text.ends_with(" lost") => continue,
                Heard::Text(text) => match own(text) {
                    Whose::Echo => continue,
                    Whose::Answer => {
                        see(News::Own(text.clone()));
                        continue;
                    }
                    Whose::Device => self.notice(text, see),
                },
                Heard::Object(object) => self.see_clock(object.time(), see),
                Heard::Frame(bytes) => match decode(bytes, &mut [0; LONGEST]) {
                    Some(Frame::Data(data)) => self.see_clock(Some(data.micros), see),
                    Some(Frame::End(_)) => self.told = None,
                    Some(Frame::Head(_)) | None => {}
                },
                Heard::Garbage(..) => {}
            }
            see(News::Heard(heard));
        }
        count
    }

    fn lose(&mut self, error: &io::Error, see: &mut dyn FnMut(News)) {
        (self.line, self.told, self.tried) = (None, None, Some(Instant::now()));
        see(News::Lost(error.to_string()));
    }

    fn see_clock(&mut self, time: Option<u64>, see: &mut dyn FnMut(News)) {
        let Some(time) = time else { return };
        if time + RESET < self.clock {
            self.reset(see);
        }
        self.clock = time;
    }

    fn reset(&mut self, see: &mut dyn FnMut(News)) {
        (self.clock, self.told) = (0, None);
        see(News::Reset);
    }

    /// Lines that a device says when it starts, or when it tells of events as text: it is not as it was set up.
    fn notice(&mut self, text: &str, see: &mut dyn FnMut(News)) {
        if text.contains(BANNER) {
            return self.reset(see);
        }
        let seconds = text.strip_prefix('[').and_then(|t| t.split_once("] ")).map(|(seconds, _)| seconds);
        let of_event = seconds.is_some_and(|s| s.contains('.') && s.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
        if of_event && self.told.is_none_or(|told| told.elapsed() > SETTLED) {
            self.told = None;
        }
    }

    /// Tells the device what to say.
    fn set_up(&mut self, see: &mut dyn FnMut(News)) {
        self.told = Some(Instant::now());
        // Whatever was typed before is ended.
        self.order("", see);
        let style = self.order("config get device.telemetry", see);
        if !style.iter().any(|line| line == "json") {
            self.order("config set device.telemetry json", see);
            let known = style.into_iter().find(|line| line == "text" || line == "off");
            self.before = self.before.take().or(known);
        }
        if self.wish.every {
            self.order("infer on -v", see);
        }
        // What a program that was killed has left running is ended.
        self.order(if self.wish.samples { RECORD } else { "record off" }, see);
    }

    /// Tells the device anew what to say where a command may have changed that, such as `config reset` or `infer on`.
    pub fn told_still(&mut self, command: &str, see: &mut dyn FnMut(News)) {
        let style = self.order("config get device.telemetry", see);
        if style.iter().any(|line| line == "text" || line == "off") {
            self.order("config set device.telemetry json", see);
        }
        if self.wish.every && command.split_whitespace().eq(["infer", "on"]) {
            self.order("infer on -v", see);
        }
    }

    /// Leaves the device as it was found.
    pub fn leave(&mut self, see: &mut dyn FnMut(News)) {
        if self.line.is_none() {
            return;
        }
        if self.wish.samples {
            self.order("record off", see);
        }
        if self.wish.every {
            self.order("infer on", see);
        }
        if let Some(style) = self.before.take() {
            self.order(&format!("config set device.telemetry {style}"), see);
        }
    }

    /// The lines that answer a command that nobody typed; objects among the answer are seen.
    pub fn look(&mut self, command: &str, see: &mut dyn FnMut(News)) -> Vec<String> {
        let mut others = |news: News| match news {
            News::Own(_) => {}
            news => see(news),
        };
        self.ask(command, Duration::from_secs(2), &mut || false, &mut others).unwrap_or_default()
    }

    /// Gives the device a model; what it says of it. Events that come meanwhile are seen.
    ///
    /// # Errors
    /// Why it has none.
    pub fn push(
        &mut self,
        bytes: &[u8],
        progress: &mut dyn FnMut(u32),
        see: &mut dyn FnMut(News),
    ) -> Result<String, String> {
        if self.wish.samples {
            // Frames between the replies would harm them.
            self.order("record off", see);
            let until = Instant::now() + QUIET;
            while Instant::now() < until {
                self.read(Duration::from_millis(20), &mut |_| Whose::Device, see);
            }
        }
        let line = self.line.as_mut().ok_or("the port is not there")?;
        let mut tap = Tap { line: line.as_mut(), reader: &mut self.reader, heard: Vec::new() };
        let answer = send(&mut Console::new(&mut tap), bytes, progress).map_err(|e| e.to_string());
        let heard = tap.heard.into_iter();
        heard.filter(|h| !matches!(h, Heard::Text(_))).for_each(|h| see(News::Heard(h)));
        if self.wish.samples {
            self.order(RECORD, see);
        }
        answer
    }

    /// A command of the station's own. Its answer is not seen, but for an error that means something.
    fn order(&mut self, command: &str, see: &mut dyn FnMut(News)) -> Vec<String> {
        let answer = self.look(command, see);
        let error = |line: &&String| line.starts_with("error: ") && !line.contains("recording is under way");
        // What answers an empty line is about what was typed before.
        for error in answer.iter().filter(error).filter(|_| !command.is_empty()) {
            see(News::Own(error.clone()));
        }
        answer
    }

    /// Types a command, and gives the lines of its answer; what else comes is seen as it comes. It is answered when the prompt is back,
    /// or, of a console whose prompt is not known, when nothing more is said. `stop` breaks the waiting off by Ctrl-C.
    ///
    /// # Errors
    /// A sentence: there is no line, or no answer within `patience`.
    pub fn ask(
        &mut self,
        command: &str,
        patience: Duration,
        stop: &mut dyn FnMut() -> bool,
        see: &mut dyn FnMut(News),
    ) -> Result<Vec<String>, String> {
        self.type_bytes(format!("{command}\n").as_bytes(), see)?;
        let (mut answer, mut echoed) = (Vec::new(), false);
        let begun = Instant::now();
        let (mut last, mut stopped) = (begun, None::<Instant>);
        loop {
            let before = answer.len();
            let mut own = |text: &str| {
                if !echoed && text == command {
                    echoed = true;
                    Whose::Echo
                } else if of_boot_or_event(text) {
                    Whose::Device
                } else {
                    answer.push(text.to_owned());
                    Whose::Answer
                }
            };
            let count = self.read(Duration::from_millis(20), &mut own, see);
            let Some(_) = self.line else { return Err("the port went away before the answer came".into()) };
            if answer.len() > before || count > 0 && before == 0 {
                last = Instant::now();
            }
            if (echoed || command.is_empty()) && self.reader.at_prompt() {
                return Ok(answer);
            }
            // A console without an echo, or whose echo was harmed.
            if !echoed && last.elapsed() > QUIET && (!answer.is_empty() || self.reader.at_prompt()) {
                return Ok(answer);
            }
            if stop() {
                self.type_bytes(b"\x03", see)?;
                stopped = stopped.or(Some(Instant::now()));
            }
            if begun.elapsed() > patience || stopped.is_some_and(|s| s.elapsed() > SETTLED) {
                return if answer.is_empty() && !echoed {
                    Err("the device does not answer; check that this is its console, and --baud".into())
                } else {
                    Ok(answer)
                };
            }
        }
    }

    fn type_bytes(&mut self, bytes: &[u8], see: &mut dyn FnMut(News)) -> Result<(), String> {
        let line = self.line.as_mut().ok_or("the port is not there")?;
        line.write_all(bytes).and_then(|()| line.flush()).map_err(|error| {
            self.lose(&error, see);
            format!("the port went away: {error}")
        })
    }
}

/// A line whose bytes are read by two.
struct Tap<'a> {
    line: &'a mut dyn Line,
    reader: &'a mut Reader,
    heard: Vec<Heard>,
}

impl io::Write for &mut Tap<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl Line for &mut Tap<'_> {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        let count = self.line.read(bytes, patience)?;
        self.heard.extend(self.reader.take(bytes.get(..count).unwrap_or(&[])));
        Ok(count)
    }
}

/// Text that is no answer to a command.
fn of_boot_or_event(text: &str) -> bool {
    text.contains(BANNER) || text.starts_with('[') && text.contains("] ")
}
