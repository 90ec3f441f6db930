//! Zephyr's shell: where a command's words come from and its text goes.

use super::ffi::{self, Shell};
use core::ffi::{CStr, c_char, c_int};

/// Most words in a line: the shell's own limit (`CONFIG_SHELL_ARGC_MAX`).
const WORDS: usize = 20;

/// The shell that a command came from.
pub struct Output {
    shell: *const Shell,
}

impl Output {
    /// Writes text; a newline ends a line.
    pub fn write(&mut self, text: &str) {
        // SAFETY: the shell outlives the command, and takes a pointer with a length.
        unsafe { ffi::hone_shell_write(self.shell, text.as_ptr().cast(), text.len()) };
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
    let mut output = Output { shell };
    crate::command(words.get(..count).unwrap_or(&[]), &mut output)
}
