//! Zephyr's shell: where a command's words come from and its text goes, and where events are told.

use super::ffi::{self, Shell};
use super::{clock, thread};
use core::ffi::{CStr, c_char, c_int};
use core::time::Duration;
use hone_engine::data::env::{Io, ThreadInfo, Typed};
use hone_engine::text::Out;
use hone_signal::Micros;

/// Most words in a line: the shell's own limit (`CONFIG_SHELL_ARGC_MAX`).
const WORDS: usize = 20;
/// Text goes to the shell in lines of at most this many bytes: the shell draws its prompt anew after each.
const PIECE: usize = 192;
/// How often a command that waits looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(20);
/// How often a command that reads lines looks for what was typed.
const KEY: Duration = Duration::from_millis(2);

const CTRL_C: u8 = 3;
/// The line so far is to be forgotten.
const CTRL_U: u8 = 21;
const BACKSPACE: u8 = 8;
const DELETE: u8 = 127;

/// A shell, as the output of a command or of events. Text is gathered into lines, so that those of threads do not mix.
pub struct Output {
    shell: *const Shell,
    piece: [u8; PIECE],
    len: usize,
    /// The line read last ended in a carriage return, so that a line feed belongs to it.
    returned: bool,
}

impl Output {
    const fn new(shell: *const Shell) -> Self {
        Self { shell, piece: [0; PIECE], len: 0, returned: false }
    }

    /// The console's shell, once it runs.
    pub fn console() -> Option<Self> {
        let shell = ffi::hone_console();
        (!shell.is_null()).then(|| Self::new(shell))
    }

    fn flush(&mut self) {
        // SAFETY: shells are statics; the text has `len` bytes.
        unsafe { ffi::hone_shell_write(self.shell, self.piece.as_ptr().cast(), self.len) };
        self.len = 0;
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if self.len > 0 {
            self.flush();
        }
    }
}

impl Out for Output {
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

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        // SAFETY: shells are statics; `bytes` lives during the call.
        unsafe { ffi::hone_shell_send(self.shell, bytes.as_ptr(), bytes.len()) }
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
            if unsafe { ffi::hone_shell_interrupted(self.shell) } {
                return false;
            }
            let left = Duration::from_micros(end.0.saturating_sub(clock::now().0));
            clock::sleep(left.min(LOOK));
        }
        true
    }

    fn read_line(&mut self, memory: &mut [u8], patience: Micros) -> Typed {
        let end = Micros(clock::now().0.saturating_add(patience.0));
        let mut len = 0;
        loop {
            // SAFETY: the shell is a static; the command's thread alone takes its input meanwhile.
            let key = unsafe { ffi::hone_shell_key(self.shell) };
            let returned = core::mem::replace(&mut self.returned, key == c_int::from(b'\r'));
            match u8::try_from(key) {
                Ok(b'\n') if returned => {}
                Ok(b'\n' | b'\r') => return Typed::Line(len),
                Ok(CTRL_C) => return Typed::End,
                Ok(CTRL_U) => len = 0,
                Ok(BACKSPACE | DELETE) => len = len.saturating_sub(1),
                Ok(byte) => {
                    if let Some(place) = memory.get_mut(len) {
                        *place = byte;
                        len += 1;
                    }
                }
                Err(_) if clock::now() >= end => return Typed::Silence,
                Err(_) => {
                    self.returned = returned;
                    clock::sleep(KEY);
                }
            }
        }
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
