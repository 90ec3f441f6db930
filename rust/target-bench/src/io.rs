//! Text to the host's standard output, files from it, and the exit code, by Arm semihosting.

use cortex_m_semihosting::{debug, nr, syscall};

/// A piece of a printed line.
#[derive(Clone, Copy)]
pub enum Text<'a> {
    /// As it stands.
    Str(&'a str),
    /// In decimal.
    Dec(u32),
    /// Eight hexadecimal digits.
    Hex(u32),
}

/// Prints one line made of `parts`.
pub fn print(parts: &[Text<'_>]) {
    let mut line = Line { bytes: [0; 256], used: 0 };
    for part in parts {
        match *part {
            Text::Str(text) => line.push(text.as_bytes()),
            Text::Dec(number) => line.push_number(number, 10, 1),
            Text::Hex(number) => line.push_number(number, 16, 8),
        }
    }
    line.push(b"\n");
    // SYS_WRITE0 takes a string that ends in a zero byte; the last byte of `Line` is never used for text.
    // SAFETY: the bytes live until the call returns, and hold a zero after the text.
    unsafe { cortex_m_semihosting::syscall1(nr::WRITE0, line.bytes.as_ptr() as usize) };
}

/// A fact that the host compares with its own: the line `value KEY HEX`.
pub fn value(key: &str, number: u32) {
    print(&[Text::Str("value "), Text::Str(key), Text::Str(" "), Text::Hex(number)]);
}

/// Ends QEMU: exit code 0 or 1.
pub fn exit(success: bool) -> ! {
    debug::exit(if success { debug::EXIT_SUCCESS } else { debug::EXIT_FAILURE });
    loop {
        cortex_m::asm::wfi();
    }
}

/// Reads the host's file `name` (relative to QEMU's working directory; `cargo xtask bench` puts it where the prepared
/// data are) into `memory`; the part that was filled. `None` when there is no such file or it is larger than `memory`.
pub fn read_file<'a>(name: &str, memory: &'a mut [u8]) -> Option<&'a mut [u8]> {
    const READ_BINARY: usize = 1;
    // The name ends in a zero byte, which its length does not count; the last byte of `Line` stays zero.
    let mut path = Line { bytes: [0; 256], used: 0 };
    path.push(name.as_bytes());
    // SAFETY: each call gets the argument block that the semihosting specification states, over live memory.
    unsafe {
        let handle = syscall!(OPEN, path.bytes.as_ptr(), READ_BINARY, path.used) as isize;
        if handle < 0 {
            return None;
        }
        let length = syscall!(FLEN, handle as usize);
        let missing =
            if length <= memory.len() { syscall!(READ, handle as usize, memory.as_mut_ptr(), length) } else { 1 };
        syscall!(CLOSE, handle as usize);
        if missing == 0 { memory.get_mut(..length) } else { None }
    }
}

struct Line {
    bytes: [u8; 256],
    used: usize,
}

impl Line {
    fn push(&mut self, text: &[u8]) {
        for (to, from) in self.bytes[..255].iter_mut().skip(self.used).zip(text) {
            *to = *from;
            self.used += 1;
        }
    }

    fn push_number(&mut self, mut number: u32, base: u32, least: usize) {
        let mut digits = [b'0'; 10];
        let mut at = digits.len();
        while number > 0 || digits.len() - at < least {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(number % base) as usize];
            number /= base;
        }
        self.push(&digits[at..]);
    }
}
