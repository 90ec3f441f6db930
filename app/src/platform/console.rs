//! Zephyr's shell: where a command's words come from and its text goes, and where events are told.

use super::ffi::{self, Shell};
use super::{clock, thread};
use core::convert::Infallible;
use core::ffi::{CStr, c_char, c_int};
use core::time::Duration;
use embedded_io::{ErrorType, Read, ReadReady, Write};
use hone_engine::data::env::{Io, ThreadInfo, Typed};
use hone_engine::data::terminal::Terminal;
use hone_engine::text::Out;
use hone_signal::Micros;

/// Most words in a line: the shell's own limit (`CONFIG_SHELL_ARGC_MAX`).
const WORDS: usize = 20;
/// How often a command that waits looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(20);
/// How often a command that reads lines looks for what was typed.
const KEY: Duration = Duration::from_millis(2);

/// The bytes of a shell: what is written to it, and what is typed while a command runs, whose thread alone takes it meanwhile.
pub struct Stream {
    shell: *const Shell,
    /// The key that was looked at and not read yet.
    key: Option<u8>,
}

impl ErrorType for Stream {
    type Error = Infallible;
}

impl Write for Stream {
    fn write(&mut self, text: &[u8]) -> Result<usize, Infallible> {
        // SAFETY: shells are statics; the text has that many bytes.
        unsafe { ffi::hone_shell_write(self.shell, text.as_ptr().cast(), text.len()) };
        Ok(text.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl ReadReady for Stream {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        if self.key.is_none() {
            // SAFETY: the shell is a static; the command's thread alone takes its input meanwhile.
            self.key = u8::try_from(unsafe { ffi::hone_shell_key(self.shell) }).ok();
        }
        Ok(self.key.is_some())
    }
}

impl Read for Stream {
    fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        let Some(place) = to.first_mut() else { return Ok(0) };
        while !self.read_ready()? {
            clock::sleep(KEY);
        }
        *place = self.key.take().unwrap_or(0);
        Ok(1)
    }
}

/// A shell, as the output of a command or of events.
pub struct Output(Terminal<Stream>);

impl Output {
    const fn new(shell: *const Shell) -> Self {
        Self(Terminal::new(Stream { shell, key: None }))
    }

    /// The console's shell, once it runs.
    pub fn console() -> Option<Self> {
        let shell = ffi::hone_console();
        (!shell.is_null()).then(|| Self::new(shell))
    }
}

impl Out for Output {
    fn str(&mut self, text: &str) {
        self.0.str(text);
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        // SAFETY: shells are statics; `bytes` lives during the call.
        unsafe { ffi::hone_shell_send(self.0.stream.shell, bytes.as_ptr(), bytes.len()) }
    }
}

impl Io for Output {
    fn now(&self) -> Micros {
        clock::now()
    }

    fn bits_a_second(&self) -> Option<u32> {
        Some(ffi::hone_console_bits())
    }

    fn keep_time(&mut self, seconds: u64) -> bool {
        clock::keep(seconds)
    }

    fn pause(&mut self, span: Micros) -> bool {
        let end = Micros(clock::now().0.saturating_add(span.0));
        while clock::now() < end {
            // SAFETY: the shell is a static; the command's thread alone takes its input meanwhile.
            if unsafe { ffi::hone_shell_interrupted(self.0.stream.shell) } {
                return false;
            }
            let left = Duration::from_micros(end.0.saturating_sub(clock::now().0));
            clock::sleep(left.min(LOOK));
        }
        true
    }

    fn read_line(&mut self, memory: &mut [u8], patience: Micros) -> Typed {
        let end = Micros(clock::now().0.saturating_add(patience.0));
        self.0.read_line(memory, || {
            let wait = clock::now() < end;
            if wait {
                clock::sleep(KEY);
            }
            wait
        })
    }

    fn interactive(&self) -> bool {
        true
    }

    fn threads(&mut self, see: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>)) {
        thread::each(&mut |info| see(self, info));
    }
}

/// Runs a command; 0 when it succeeded.
///
/// # Safety
/// `shell` is a shell, and `argv` has `argc` texts that end in NUL; all live during the call.
pub(super) unsafe fn run(shell: *const Shell, argc: usize, argv: *const *const c_char) -> c_int {
    let mut words = [""; WORDS];
    let count = argc.min(WORDS);
    for (index, word) in words.iter_mut().take(count).enumerate() {
        // SAFETY: as the contract above says.
        *word = unsafe { CStr::from_ptr(*argv.add(index)) }.to_str().unwrap_or("\u{fffd}");
    }
    let mut output = Output::new(shell);
    match crate::command(words.get(..count).unwrap_or(&[]), &mut output) {
        Ok(()) => 0,
        // Any error number: the command has said what is wrong.
        Err(_) => -1,
    }
}
