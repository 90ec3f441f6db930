//! The transfer: lines numbered and checked, asked for again when they are lost or damaged.

use super::console::{Console, Line};
use crate::model;
use hone_model::ReadError;
use hone_model::frame::{LINE, Receiver, Reply, Sender};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long a reply to a line is waited for before the line is sent again.
const REPLY: Duration = Duration::from_millis(1000);
/// How long the device may take over the model once it is there: longer than two erases of a large sector.
const TAKE: Duration = Duration::from_secs(15);
/// Without a line for so long the device has said what it had to say.
const QUIET: Duration = Duration::from_millis(200);
/// A device that still talks after so long, of events or verdicts, is not waited for.
const SETTLE: Duration = Duration::from_secs(2);
/// Times in a row that nothing came forward before the transfer is given up.
const TRIES: u32 = 12;
/// Times that an import is begun anew of which the device says that nothing came.
const RENEWALS: u32 = 5;

/// Why a model was not transferred.
#[derive(Debug)]
pub enum Trouble {
    /// The port.
    Port(PathBuf, io::Error),
    /// The file.
    File(PathBuf, io::Error),
    /// The line broke.
    Line(io::Error),
    /// The file is no model.
    Model(PathBuf, ReadError),
    /// What the device sent is no model.
    Received(ReadError),
    /// The model is longer than a transfer can be.
    TooLong,
    /// The device said no.
    Refused(String),
    /// Nothing sensible came in many tries.
    Silent(&'static str),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(path, e) => {
                write!(f, "{}: {e}; check that the port is right and that no other program has it open", path.display())
            }
            Self::File(path, e) => write!(f, "{}: {e}", path.display()),
            Self::Line(e) => write!(f, "the connection was lost: {e}; the device keeps the model it had"),
            Self::Model(path, e) => write!(f, "{}: {}", path.display(), model::why(e)),
            Self::Received(e) => write!(f, "the model that the device sent cannot be used: {}", model::why(e)),
            Self::TooLong => write!(f, "the model is larger than 3 MB, the most that a transfer carries"),
            Self::Refused(text) => write!(f, "the device refused: {text}"),
            Self::Silent(what) => write!(f, "{what}; check that this is the device's console, and --baud"),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Line(error)
    }
}

/// Lines that these bytes take.
pub(super) fn lines(bytes: &[u8]) -> Result<u32, Trouble> {
    Sender::new(bytes).map(|s| s.lines()).ok_or(Trouble::TooLong)
}

/// Sends a model; what the device says in the end. `see` is told of each line that arrived.
///
/// # Errors
/// [`Trouble`].
pub fn send<L: Line>(console: &mut Console<L>, bytes: &[u8], see: &mut dyn FnMut(u32)) -> Result<String, Trouble> {
    let sender = Sender::new(bytes).ok_or(Trouble::TooLong)?;
    let mut memory = [0; LINE];
    // Whatever was typed before is ended; an import that still waits asks anew.
    console.type_line("")?;
    let waits = matches!(settle(console)?, Some(Reply::Send(_)));
    console.type_line(if waits { "" } else { "model import" })?;
    let (mut next, mut tries, mut best, mut complete, mut renewed) = (None, 0, 0, false, 0);
    loop {
        match reply(console, if complete { TAKE } else { REPLY })? {
            Said::Reply(Reply::Send(line)) => {
                let line = u32::from(line);
                if line > best || next.is_none() {
                    tries = 0;
                }
                // Line 0 names the transfer: an import that was broken off goes on where it stopped if it was this one, and
                // begins anew if it was another. Sent again when nothing comes forward, as it may have been lost.
                let name = next.is_none() || tries % 4 == 3;
                if next.is_some() {
                    best = best.max(line);
                    see(line);
                }
                next = Some(line);
                if let Some(text) = sender.line(if name { 0 } else { line }, &mut memory) {
                    console.type_line(text)?;
                }
                tries += 1;
            }
            Said::Reply(Reply::Complete { .. }) => complete = true,
            Said::Reply(Reply::TooLong { length, .. }) => {
                return Err(Trouble::Refused(format!("{length} bytes are more than its working memory holds")));
            }
            Said::Reply(Reply::Mismatch) => {
                (next, best) = (Some(0), 0);
                tries += 1;
            }
            Said::Imported(text) => return Ok(text),
            Said::Error(text) if next.is_none() && (text.contains("is no command") || text.starts_with("usage")) => {
                // What was typed before, or a damaged order.
                tries += 1;
                console.type_line("model import")?;
            }
            Said::Error(text) if text.starts_with("nothing came for") && renewed < RENEWALS => {
                // What was sent was lost for so long, or this computer was busy. The device is at its prompt again.
                renewed += 1;
                (next, tries, best, complete) = (None, 0, 0, false);
                console.type_line("model import")?;
            }
            Said::Error(text) => return Err(Trouble::Refused(text)),
            Said::Nothing => {
                tries += 1;
                if complete {
                    // Its last word was lost. To import the same model again does no harm.
                    (next, best, complete) = (None, 0, false);
                }
                // Asks which line is wanted; if the order itself was lost, gives it again.
                console.type_line(if next.is_none() { "model import" } else { "" })?;
            }
        }
        if tries > TRIES {
            let _ = console.type_line("end");
            return Err(Trouble::Silent("the device does not answer the lines of the model"));
        }
    }
}

enum Said {
    Reply(Reply),
    Imported(String),
    Error(String),
    Nothing,
}

fn reply<L: Line>(console: &mut Console<L>, patience: Duration) -> Result<Said, Trouble> {
    let until = Instant::now() + patience;
    while let Some(line) = console.next_line(until.saturating_duration_since(Instant::now()))? {
        // A prompt may stand before what the device says.
        for (at, _) in line.match_indices(|c: char| c.is_ascii_lowercase()) {
            let rest = &line[at..];
            let begins = at == 0 || line.as_bytes()[at - 1].is_ascii_whitespace();
            if !begins {
                continue;
            }
            if let Some(reply) = Reply::parse(rest).filter(|_| rest.split_whitespace().count() == 2) {
                return Ok(Said::Reply(reply));
            }
            if rest.starts_with("imported: ") {
                return Ok(Said::Imported(rest.to_owned()));
            }
            if let Some(text) = rest.strip_prefix("error: ") {
                return Ok(Said::Error(text.to_owned()));
            }
        }
    }
    Ok(Said::Nothing)
}

/// Waits until the device has said all that it had to say, or is found to chatter on; the last reply among that.
fn settle<L: Line>(console: &mut Console<L>) -> Result<Option<Reply>, Trouble> {
    let mut last = None;
    let until = Instant::now() + SETTLE;
    while let Some(line) = console.next_line(QUIET)? {
        last = Reply::parse(&line).or(last);
        if Instant::now() >= until {
            break;
        }
    }
    Ok(last)
}

/// Fetches the model in use. `see` is told of each line that arrived, and of how many there are.
///
/// # Errors
/// [`Trouble`].
pub fn fetch<L: Line>(console: &mut Console<L>, see: &mut dyn FnMut(u32, u32)) -> Result<Vec<u8>, Trouble> {
    let mut memory = vec![0; 3 << 20];
    let mut receiver = Receiver::new();
    let (mut next, mut tries) = (0u16, 0);
    console.type_line("")?;
    settle(console)?;
    'order: loop {
        tries += 1;
        if tries > TRIES {
            return Err(Trouble::Silent("the device does not send the model"));
        }
        console.type_line(&format!("model export --from {next}"))?;
        let before = next;
        let mut until = Instant::now() + 2 * REPLY;
        while let Some(line) = console.next_line(until.saturating_duration_since(Instant::now()))? {
            if let Some(at) = line.find("HM ") {
                let known = next;
                match receiver.line(&line[at..], &mut memory) {
                    Reply::Send(line) => {
                        next = line;
                        if next > known {
                            until = Instant::now() + 2 * REPLY;
                        }
                        let total = receiver.progress().map_or(1, |(_, n)| 1 + n.div_ceil(48));
                        see(next.into(), total);
                    }
                    Reply::Complete { length } => {
                        memory.truncate(length as usize);
                        // The console is left at its prompt.
                        settle(console)?;
                        return Ok(memory);
                    }
                    Reply::TooLong { .. } => return Err(Trouble::TooLong),
                    Reply::Mismatch => {
                        (next, receiver) = (0, Receiver::new());
                        continue 'order;
                    }
                }
            } else if line.contains("exported ") && line.contains(" lines") {
                // Lines are missing, or the model is another one by now.
                if next == before && tries > 3 {
                    (next, receiver) = (0, Receiver::new());
                }
                break;
            } else if let Some((_, text)) = line.split_once("error: ")
                && !text.contains("is no command")
                && !text.starts_with("usage")
            {
                return Err(Trouble::Refused(text.to_owned()));
            }
        }
        if next > before {
            tries = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    /// A device that loses patience after every so many lines, and each time forgets what it has.
    struct Impatient {
        receiver: Option<Receiver>,
        memory: Vec<u8>,
        lines: u32,
        most: u32,
        patience_grows: bool,
        given_up: u32,
        typed: Vec<u8>,
        said: io::Cursor<Vec<u8>>,
    }

    impl Impatient {
        fn new(most: u32) -> Self {
            let (typed, said) = (Vec::new(), io::Cursor::default());
            Self {
                receiver: None,
                memory: vec![0; 4096],
                lines: 0,
                most,
                patience_grows: true,
                given_up: 0,
                typed,
                said,
            }
        }

        fn say(&mut self, text: &str) {
            self.said.get_mut().extend(text.bytes());
        }

        fn answer(&mut self, line: &str) {
            let Some(receiver) = &mut self.receiver else {
                if line == "model import" {
                    self.receiver = Some(Receiver::new());
                    self.say("send the lines of 'model export'; 'end' gives up\nsend 0\n");
                }
                return;
            };
            let (word, number) = receiver.line(line, &mut self.memory).words();
            self.say(&format!("{word} {number}\n"));
            if word == "complete" {
                return self.say("imported: esn, 1 byte\n");
            }
            self.lines += 1;
            if self.lines == self.most {
                (self.receiver, self.lines) = (None, 0);
                self.most *= if self.patience_grows { 3 } else { 1 };
                self.given_up += 1;
                self.say("error: nothing came for 30 s; nothing was changed\n");
            }
        }
    }

    impl Write for Impatient {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            for byte in bytes {
                if *byte == b'\n' {
                    let line = String::from_utf8(std::mem::take(&mut self.typed)).unwrap();
                    self.answer(&line);
                } else {
                    self.typed.push(*byte);
                }
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Line for &mut Impatient {
        fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
            let count = self.said.read(bytes)?;
            if count == 0 {
                std::thread::sleep(patience.min(Duration::from_millis(5)));
            }
            Ok(count)
        }
    }

    /// A device that never holds its tongue.
    struct Chatty<'a>(&'a mut Impatient);

    impl Write for Chatty<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Line for Chatty<'_> {
        fn read(&mut self, bytes: &mut [u8], _: Duration) -> io::Result<usize> {
            match self.0.said.read(bytes)? {
                0 => {
                    std::thread::sleep(Duration::from_millis(50));
                    let text = b"[1.000] normal, score 0.1 (window 7)\n";
                    bytes[..text.len()].copy_from_slice(text);
                    Ok(text.len())
                }
                count => Ok(count),
            }
        }
    }

    #[test]
    fn what_a_device_says_beside_is_set_aside_and_not_waited_for() {
        let mut device = Impatient::new(u32::MAX);
        let said = send(&mut Console::new(Chatty(&mut device)), b"a model", &mut |_| {}).unwrap();
        assert!(said.starts_with("imported: esn"));
        // One that says nothing of the transfer is given up.
        let mut deaf = Impatient { typed: vec![b'#'], ..Impatient::new(u32::MAX) };
        let mut console = Console::new(Chatty(&mut deaf));
        assert!(settle(&mut console).is_ok_and(|last| last.is_none()));
        assert!(matches!(reply(&mut console, REPLY), Ok(Said::Nothing)));
    }

    #[test]
    fn a_device_that_lost_patience_is_asked_again() {
        let model: Vec<u8> = (0..1000u32).map(|i| (i * 7) as u8).collect();
        let mut device = Impatient::new(5);
        let said = send(&mut Console::new(&mut device), &model, &mut |_| {}).unwrap();
        assert_eq!((said.as_str(), device.given_up), ("imported: esn, 1 byte", 2));
        assert_eq!(device.memory.get(..1000), Some(&*model));
        // But not for ever.
        let mut device = Impatient { patience_grows: false, ..Impatient::new(5) };
        assert!(matches!(send(&mut Console::new(&mut device), &model, &mut |_| {}), Err(Trouble::Refused(_))));
        assert_eq!(device.given_up, RENEWALS + 1);
    }
}
