//! Everything `extern "C"`: the shims of `app/c`, kernel functions that the `zephyr` crate does not bind, and the
//! functions of ours that C calls.
//!
//! The declarations mirror `app/c/hone.h`.

use core::ffi::{CStr, c_char, c_int, c_void};

/// Zephyr's shell instance; only ever behind a pointer.
#[repr(C)]
pub struct Shell {
    _opaque: [u8; 0],
}

/// A reading of all channels.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Frame {
    /// When it was read.
    pub cycles: u64,
    /// Frames before it that are lost.
    pub missed: u32,
    /// 0, or a negative errno.
    pub rc: i32,
    /// Millionths of the unit.
    pub micro: [i64; hone_engine::capacity::CHANNELS],
}

/// `HONE_PACE_CLOCK`; else the sensor sets the pace, by its trigger or
pub const PACE_CLOCK: c_int = 0;
/// `HONE_PACE_STREAM`.
pub const PACE_STREAM: c_int = 2;

unsafe extern "C" {
    pub fn hone_sensor_init(micro_hertz: &mut u64, pace: &mut c_int) -> c_int;
    pub fn hone_sensor_full_scale(channel: u32) -> i64;
    pub fn hone_sensor_unit(channel: u32) -> u8;
    pub fn hone_sensor_read(frame: &mut Frame);
    pub fn hone_sensor_next(frame: &mut Frame, wait_us: u32) -> bool;
    pub fn hone_sensor_drop();
    pub safe fn hone_sensor_name() -> *const c_char;
    pub safe fn hone_led_init() -> c_int;
    pub safe fn hone_led_set(on: bool);
    pub safe fn hone_button_init() -> c_int;
    pub safe fn hone_watchdog_init() -> c_int;
    pub safe fn hone_interrupt_stack(size: &mut usize, unused: &mut usize);
    pub safe fn hone_flash_size() -> c_int;
    pub safe fn hone_flash_erase_size() -> c_int;
    pub safe fn hone_flash_write_size() -> c_int;
    pub fn hone_flash_read(offset: u32, data: *mut c_void, len: usize) -> c_int;
    pub fn hone_flash_write(offset: u32, data: *const c_void, len: usize) -> c_int;
    pub safe fn hone_flash_erase(offset: u32, len: usize) -> c_int;
    pub fn hone_shell_write(shell: *const Shell, text: *const c_char, len: usize);
    pub fn hone_shell_send(shell: *const Shell, bytes: *const u8, len: usize) -> bool;
    pub safe fn hone_console_bits() -> u32;
    pub safe fn hone_clock_set(seconds: u64) -> c_int;
    pub safe fn hone_clock_get(seconds: &mut u64) -> c_int;
    pub fn hone_shell_interrupted(shell: *const Shell) -> bool;
    pub fn hone_shell_key(shell: *const Shell) -> c_int;
    pub safe fn hone_console() -> *const Shell;
    pub safe fn hone_events_start();
    pub safe fn hone_events_soon();
    pub safe fn hone_lines_refused(why: &mut u32) -> u32;

    pub fn task_wdt_add(
        period_ms: u32,
        callback: Option<extern "C" fn(c_int, *mut c_void)>,
        user_data: *mut c_void,
    ) -> c_int;
    pub safe fn task_wdt_feed(channel: c_int) -> c_int;
    pub safe fn sys_reboot(kind: c_int) -> !;
}

/// Called by the module's `main.c` in the main thread.
#[unsafe(no_mangle)]
extern "C" fn rust_main() {
    crate::main();
}

/// Called from the button's interrupt when the contact closes or opens.
#[unsafe(no_mangle)]
extern "C" fn hone_button_changed(down: bool) {
    crate::button(down);
}

/// Called by the system's work queue; whether to call again soon.
#[unsafe(no_mangle)]
extern "C" fn hone_tell_events() -> bool {
    // What happens before the shell runs waits for it.
    super::console::Output::console().is_none_or(|mut output| crate::tell(&mut output))
}

/// Called by the test suite's thread, which has 16 KB of stack: hands `tell` the name and the value of each of the ESN's
/// test vectors.
#[cfg(feature = "vectors")]
#[unsafe(no_mangle)]
extern "C" fn hone_vectors(tell: extern "C" fn(*const c_char, usize, u32)) {
    hone_vectors::esn(&mut |name, value| tell(name.as_ptr().cast(), name.len(), value));
}

/// Called by the shell's thread for a word that may follow `path`; false when there are no more.
#[unsafe(no_mangle)]
extern "C" fn hone_shell_word(
    path: *const c_char,
    index: usize,
    name: &mut *const c_char,
    help: &mut *const c_char,
) -> c_int {
    // SAFETY: C passes a text that ends in NUL, from the shell's thread.
    unsafe { super::shell_words::word(CStr::from_ptr(path).to_str().unwrap_or(""), index, name, help) }
}

/// Called once for each command: what the shell shows of it.
#[unsafe(no_mangle)]
extern "C" fn hone_shell_text(name: *const c_char) -> *const c_char {
    // SAFETY: C passes a text that ends in NUL.
    super::shell_words::text(unsafe { CStr::from_ptr(name) }.to_str().unwrap_or(""))
}

/// Called by the shell's thread with the words of a line; `argv` holds `argc` texts that end in NUL.
#[unsafe(no_mangle)]
extern "C" fn hone_shell_run(shell: *const Shell, argc: usize, argv: *const *const c_char) -> c_int {
    // SAFETY: the shell passes pointers that are valid for the call, as the contract above says.
    unsafe { super::console::run(shell, argc, argv) }
}

/// Overrides the kernel's weak handler: a fault, a failed assertion, a stack overflow, or a panic. An exception's frame
/// (`struct arch_esf`) begins with the eight words that a Cortex-M pushes.
#[unsafe(no_mangle)]
extern "C" fn k_sys_fatal_error_handler(reason: u32, frame: *const [u32; 8]) -> ! {
    // SAFETY: the kernel passes the exception's frame, or null.
    super::fault::fatal(reason, unsafe { frame.as_ref() })
}
