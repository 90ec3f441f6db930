//! Text over a stream of bytes: lines out, and lines typed in. The stream is whatever implements the traits of `embedded-io`.

use super::env::Typed;
use embedded_io::{Read, ReadReady, Write};
use hone_learn::text::Out;

/// Text goes out in lines of at most this many bytes: a console draws its prompt anew after each.
const PIECE: usize = 192;

const CTRL_C: u8 = 3;
/// The line so far is to be forgotten.
const CTRL_U: u8 = 21;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;

/// A terminal at the other end of a stream. Text is gathered into lines, so that those of threads do not mix; what is left goes
/// out when this is dropped.
pub struct Terminal<S: Write> {
    /// The stream.
    pub stream: S,
    piece: [u8; PIECE],
    len: usize,
    /// The line read last ended in a carriage return, so that a line feed belongs to it.
    returned: bool,
}

impl<S: Write> Terminal<S> {
    /// Nothing written, nothing read.
    pub const fn new(stream: S) -> Self {
        Self { stream, piece: [0; PIECE], len: 0, returned: false }
    }

    fn flush(&mut self) {
        let mut rest = self.piece.get(..self.len).unwrap_or(&[]);
        // What cannot be written is lost. (`write_all` panics where a stream takes nothing.)
        while !rest.is_empty() {
            let Ok(count @ 1..) = self.stream.write(rest) else { break };
            rest = rest.get(count..).unwrap_or(&[]);
        }
        self.len = 0;
    }
}

impl<S: Write> Drop for Terminal<S> {
    fn drop(&mut self) {
        if self.len > 0 {
            self.flush();
        }
    }
}

impl<S: Write> Out for Terminal<S> {
    fn str(&mut self, text: &str) {
        for byte in text.bytes() {
            if let Some(place) = self.piece.get_mut(self.len) {
                *place = byte;
                self.len += 1;
            }
            if byte == b'\n' || self.len == PIECE {
                self.flush();
            }
        }
    }
}

impl<S: Write + Read + ReadReady> Terminal<S> {
    /// Reads the next line into `memory`, without its end; what does not fit is cut. Ctrl-U forgets it, backspace a byte of it,
    /// Ctrl-C ends it all. Where nothing has come `wait` lets some time pass; false when there is no patience left.
    pub fn read_line(&mut self, memory: &mut [u8], mut wait: impl FnMut() -> bool) -> Typed {
        let mut len = 0;
        loop {
            let mut byte = 0;
            match self.stream.read_ready() {
                Ok(true) => {}
                Ok(false) if wait() => continue,
                Ok(false) => return Typed::Silence,
                Err(_) => return Typed::End,
            }
            let Ok(1..) = self.stream.read(core::slice::from_mut(&mut byte)) else { return Typed::End };
            let returned = core::mem::replace(&mut self.returned, byte == b'\r');
            match byte {
                b'\n' if returned => {}
                b'\n' | b'\r' => return Typed::Line(len),
                CTRL_C => return Typed::End,
                CTRL_U => len = 0,
                BACKSPACE | DELETE => len = len.saturating_sub(1),
                byte => {
                    if let Some(place) = memory.get_mut(len) {
                        *place = byte;
                        len += 1;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::convert::Infallible;
    use embedded_io::ErrorType;
    use std::vec::Vec;

    /// What was typed and what was written; it takes five bytes at a time.
    #[derive(Default)]
    struct Line<'a> {
        typed: &'a [u8],
        written: Vec<u8>,
    }

    impl ErrorType for Line<'_> {
        type Error = Infallible;
    }

    impl Write for Line<'_> {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
            let taken = &bytes[..bytes.len().min(5)];
            self.written.extend_from_slice(taken);
            Ok(taken.len())
        }

        fn flush(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    impl Read for Line<'_> {
        fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
            self.typed.read(to)
        }
    }

    impl ReadReady for Line<'_> {
        fn read_ready(&mut self) -> Result<bool, Infallible> {
            Ok(!self.typed.is_empty())
        }
    }

    #[test]
    fn lines_are_read_as_they_were_meant() {
        let typed = b"one\r\ntwo\n\rth\x15three\x08\x7f\n123456789\nlate\x03";
        let mut terminal = Terminal::new(Line { typed, written: Vec::new() });
        let mut memory = [0; 8];
        let mut line = |memory: &mut [u8]| match terminal.read_line(memory, || false) {
            Typed::Line(length) => Ok(Vec::from(&memory[..length])),
            other => Err(other),
        };
        for wanted in [&b"one"[..], b"two", b"", b"thr", b"12345678"] {
            assert_eq!(line(&mut memory), Ok(Vec::from(wanted)));
        }
        assert_eq!(line(&mut memory), Err(Typed::End));
        assert_eq!(line(&mut memory), Err(Typed::Silence));
        let mut waits = 0;
        terminal.read_line(&mut memory, || {
            waits += 1;
            waits < 3
        });
        assert_eq!(waits, 3);
    }

    #[test]
    fn text_goes_out_in_lines_and_whole() {
        let mut terminal = Terminal::new(Line::default());
        terminal.str("half ");
        assert!(terminal.stream.written.is_empty());
        terminal.str("a line\nmore");
        assert_eq!(terminal.stream.written, b"half a line\n");
        for _ in 0..PIECE {
            terminal.str("x");
        }
        assert_eq!(terminal.stream.written.len(), 12 + PIECE);
    }
}
