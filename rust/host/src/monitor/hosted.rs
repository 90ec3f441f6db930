//! The device on this PC behind a console, as a board is behind its port: an echo, a prompt, events above it. What is typed and what is
//! said goes through memory.

use crate::device::session::{Answer, Handles, HostDevice, Input, Next, Script, Time};
use crate::transfer::console::Line;
use hone_engine::text::Out;
use hone_signal::Micros;
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// As on a board.
const PROMPT: &str = "hone:~$ ";
/// Time passes in steps of this length.
const STEP: Micros = Micros(10_000);
const CTRL_C: u8 = 0x03;

/// The host's end of the line.
struct Wire {
    typed: Sender<Vec<u8>>,
    said: Receiver<Vec<u8>>,
    rest: Vec<u8>,
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.typed.send(bytes.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Line for Wire {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        if self.rest.is_empty() {
            match self.said.recv_timeout(patience) {
                Ok(said) => self.rest = said,
                Err(RecvTimeoutError::Timeout) => return Ok(0),
                Err(RecvTimeoutError::Disconnected) => return Err(io::Error::other("the device has ended")),
            }
        }
        let count = self.rest.len().min(bytes.len());
        for (place, byte) in bytes.iter_mut().zip(self.rest.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

/// Starts the device in a thread of its own, at the pace of the clock on the wall; its console. It ends with it.
pub fn start(device: HostDevice) -> Box<dyn Line + Send> {
    let ((typed, typing), (saying, said)) = (channel(), channel());
    std::thread::spawn(move || {
        let mut device = device;
        if run(&mut device, typing, saying) {
            keep(&mut device);
        }
    });
    Box::new(Wire { typed, said, rest: Vec::new() })
}

/// Keeps what was learnt since the last time.
pub(super) fn keep(device: &mut HostDevice) {
    Handles::of(device).keep(&mut Script { device, watch: &mut |_| true, pace: None });
}

/// Runs the device until nobody types any more, or until `quit`: then true.
pub(super) fn run(device: &mut HostDevice, typing: Receiver<Vec<u8>>, saying: Sender<Vec<u8>>) -> bool {
    let handles = Handles::of(device);
    let keys = Keys(Rc::new(RefCell::new(Typed { typing, bytes: Vec::new(), gone: false })));
    let mut screen = Screen { saying, last: Last::Answer };
    let origin = (Instant::now(), device.now());
    screen.show_prompt();
    while !keys.gone() {
        if let Answer::Line(line) = keys.clone().line(STEP) {
            let text = String::from_utf8_lossy(&line).into_owned();
            screen.say(format!("{text}\r\n").as_bytes());
            screen.last = Last::Answer;
            let mut clock = Clock { device, keys: keys.clone(), origin };
            if handles.line(&text, &mut clock, &mut keys.clone(), &mut screen) == Next::Quit {
                return true;
            }
            screen.show_prompt();
        }
        let mut script = Script { device, watch: &mut |_| true, pace: None };
        let behind = Micros(wall(origin).0.saturating_sub(script.now().0));
        script.pause(behind, &mut screen);
    }
    false
}

/// The device's time, were it as late as the clock on the wall.
fn wall(origin: (Instant, Micros)) -> Micros {
    Micros(origin.1.0 + origin.0.elapsed().as_micros() as u64)
}

struct Typed {
    typing: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    gone: bool,
}

/// What is typed, for the shell and for commands that read or wait.
#[derive(Clone)]
struct Keys(Rc<RefCell<Typed>>);

impl Keys {
    fn gone(&self) -> bool {
        self.0.borrow().gone
    }

    /// Takes what comes until then.
    fn wait(&self, patience: Duration) {
        let mut typed = self.0.borrow_mut();
        match typed.typing.recv_timeout(patience) {
            Ok(bytes) => typed.bytes.extend(bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => typed.gone = true,
        }
    }

    /// Whether Ctrl-C was typed; it and what came before it are gone then.
    fn interrupted(&self) -> bool {
        let bytes = &mut self.0.borrow_mut().bytes;
        let at = bytes.iter().position(|b| *b == CTRL_C);
        at.is_some_and(|at| bytes.drain(..=at).count() > 0)
    }

    fn next(&self) -> Option<Vec<u8>> {
        let bytes = &mut self.0.borrow_mut().bytes;
        let end = bytes.iter().position(|b| matches!(b, b'\n' | b'\r'))?;
        let mut line: Vec<u8> = bytes.drain(..=end).collect();
        line.pop();
        Some(line)
    }
}

impl Input for Keys {
    fn line(&mut self, patience: Micros) -> Answer {
        let until = Instant::now() + Duration::from_micros(patience.0);
        loop {
            if self.interrupted() {
                return Answer::End;
            }
            if let Some(line) = self.next() {
                return Answer::Line(line);
            }
            let left = until.saturating_duration_since(Instant::now());
            if self.gone() {
                return Answer::End;
            }
            if left.is_zero() {
                return Answer::Silence;
            }
            self.wait(left);
        }
    }

    fn interactive(&self) -> bool {
        true
    }
}

/// Time for commands that wait: as on the wall, and ended by Ctrl-C.
struct Clock<'a> {
    device: &'a mut HostDevice,
    keys: Keys,
    origin: (Instant, Micros),
}

impl Time for Clock<'_> {
    fn now(&self) -> Micros {
        self.device.now()
    }

    fn pause(&mut self, span: Micros, out: &mut dyn Out) -> bool {
        let end = self.now().0.saturating_add(span.0);
        while self.now().0 < end {
            let step = Micros(STEP.0.min(end - self.now().0));
            Script { device: self.device, watch: &mut |_| true, pace: None }.pause(step, out);
            let ahead = self.now().0.saturating_sub(wall(self.origin).0);
            self.keys.wait(Duration::from_micros(ahead));
            if self.keys.gone() || self.keys.interrupted() {
                return false;
            }
        }
        true
    }
}

/// What stands in the last line of the console.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// What a command says.
    Answer,
    /// The prompt.
    Prompt,
    /// An event that has taken the prompt's place.
    Event,
}

/// What the device says. A line that comes while the prompt stands takes its place, as in Zephyr's shell.
struct Screen {
    saying: Sender<Vec<u8>>,
    last: Last,
}

impl Screen {
    fn say(&mut self, bytes: &[u8]) {
        // Who does not listen any more has let go of the keys, too.
        let _ = self.saying.send(bytes.to_vec());
    }

    fn show_prompt(&mut self) {
        self.last = Last::Prompt;
        self.say(PROMPT.as_bytes());
    }
}

impl Out for Screen {
    fn str(&mut self, text: &str) {
        if self.last == Last::Prompt {
            self.last = Last::Event;
            self.say(b"\x1b[8D\x1b[J");
        }
        self.say(text.replace('\n', "\r\n").as_bytes());
        // An event comes in pieces, the last of which ends its line.
        if self.last == Last::Event && text.ends_with('\n') {
            self.show_prompt();
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        self.say(bytes);
        true
    }
}
