//! The device's console: bytes out, lines in, with a limit on how long a line is waited for.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Something that bytes go over, that may be waited for.
pub trait Line: Write {
    /// Reads what there is, waiting at most about `patience`; 0 when nothing came.
    ///
    /// # Errors
    /// The line is gone.
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize>;
}

/// A serial port or pseudo-terminal.
pub struct Serial(Box<dyn serialport::SerialPort>);

impl Serial {
    /// Opens a port at a rate.
    ///
    /// # Errors
    /// There is no such port, or it is in use.
    pub fn open(path: &Path, baud: u32) -> io::Result<Self> {
        let name = path.to_str().ok_or_else(|| io::Error::other("its name is not UTF-8 text"))?;
        let port = serialport::new(name, baud).timeout(Duration::from_millis(20));
        // A pseudo-terminal has no rate and refuses to be set to one.
        let port = port.open().or_else(|_| serialport::new(name, 0).timeout(Duration::from_millis(20)).open());
        Ok(Self(port.map_err(why)?))
    }
}

/// The system's words in the user's.
fn why(error: serialport::Error) -> io::Error {
    let text = error.to_string();
    let any = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if any(&["exclusive lock", "resource busy"]) {
        io::Error::new(io::ErrorKind::ResourceBusy, "another program has it open")
    } else if any(&["Not a typewriter", "Inappropriate ioctl"]) {
        io::Error::new(io::ErrorKind::InvalidInput, "it is no serial port")
    } else {
        error.into()
    }
}

impl Write for Serial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Line for Serial {
    fn read(&mut self, bytes: &mut [u8], patience: Duration) -> io::Result<usize> {
        self.0.set_timeout(patience.clamp(Duration::from_millis(1), Duration::from_millis(200)))?;
        match self.0.read(bytes) {
            Err(e) if matches!(e.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => Ok(0),
            result => result,
        }
    }
}

/// Lines of a console.
pub struct Console<L> {
    line: L,
    received: Vec<u8>,
}

impl<L: Line> Console<L> {
    /// The console behind `line`.
    pub fn new(line: L) -> Self {
        Self { line, received: Vec::new() }
    }

    /// Types a line.
    ///
    /// # Errors
    /// The line is gone.
    pub fn type_line(&mut self, text: &str) -> io::Result<()> {
        self.line.write_all(text.as_bytes())?;
        self.line.write_all(b"\n")?;
        self.line.flush()
    }

    /// The next line of the device's; `None` when none came in time.
    ///
    /// # Errors
    /// The line is gone.
    pub fn next_line(&mut self, patience: Duration) -> io::Result<Option<String>> {
        let until = Instant::now() + patience;
        loop {
            if let Some(end) = self.received.iter().position(|b| matches!(b, b'\n' | b'\r')) {
                let line: Vec<u8> = self.received.drain(..=end).collect();
                let line = plain(&String::from_utf8_lossy(&line));
                if !line.is_empty() {
                    return Ok(Some(line));
                }
                continue;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            let mut bytes = [0; 512];
            let count = self.line.read(&mut bytes, left)?;
            self.received.extend_from_slice(&bytes[..count]);
            // A device that never ends a line is not to fill the memory.
            if self.received.len() > 65536 {
                self.received.clear();
            }
        }
    }
}

/// A line without a terminal's control sequences and blanks around it.
pub(crate) fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // CSI sequences end with a letter or ~; others have one more character.
            if chars.next() == Some('[') {
                for c in chars.by_ref() {
                    if c.is_ascii_alphabetic() || c == '~' {
                        break;
                    }
                }
            }
        } else if !c.is_control() {
            text.push(c);
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn control_sequences_are_not_text() {
        assert_eq!(plain("\u{1b}[8D\u{1b}[Juart:~$ \u{1b}[msend 12\r\n"), "uart:~$ send 12");
        assert_eq!(plain("\u{1b}[?2004h\n"), "");
    }
}
