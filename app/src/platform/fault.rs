//! What went wrong before the restart: a record in memory that a restart leaves alone.

use super::{clock, ffi};
use core::cell::UnsafeCell;
use core::ffi::CStr;
use core::mem::MaybeUninit;
use zephyr::raw;

/// Why the device restarted itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The processor or the kernel found an error: a bad access, a stack overflow, a panic. Zephyr's reason.
    Fatal(u32),
    /// A thread went without progress for too long; its name is in the record.
    Stalled,
}

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Why.
    pub cause: Cause,
    /// Where, when the processor knows: the address of the instruction.
    pub program_counter: u32,
    /// Time since the start, in milliseconds.
    pub uptime_ms: u32,
    /// Restarts of this kind since power came.
    pub count: u32,
    thread: [u8; NAME],
}

const NAME: usize = 16;
const MAGIC: u32 = 0x484f_4e45;
const STALLED: u32 = 0xffff_ffff;

/// As it lies in memory. After a loss of power it holds anything; the check tells.
#[repr(C)]
#[derive(Clone, Copy)]
struct Kept {
    magic: u32,
    /// Whether it has been reported.
    fresh: u32,
    cause: u32,
    program_counter: u32,
    uptime_ms: u32,
    count: u32,
    thread: [u8; NAME],
    check: u32,
}

struct Place(UnsafeCell<MaybeUninit<Kept>>);

// SAFETY: written in the fatal handler and by the watchdog just before the restart, and read once at the start.
unsafe impl Sync for Place {}

#[unsafe(link_section = ".noinit.hone_fault")]
static PLACE: Place = Place(UnsafeCell::new(MaybeUninit::uninit()));

impl Record {
    /// The thread that ran, or that stood still.
    pub fn thread(&self) -> &str {
        CStr::from_bytes_until_nul(&self.thread).ok().and_then(|name| name.to_str().ok()).unwrap_or("")
    }
}

impl Kept {
    fn sum(&self) -> u32 {
        let words = [self.magic, self.fresh, self.cause, self.program_counter, self.uptime_ms, self.count];
        let name = self.thread.iter().map(|byte| u32::from(*byte));
        words.into_iter().chain(name).fold(0x811c_9dc5, |hash, word| (hash ^ word).wrapping_mul(0x0100_0193))
    }
}

fn read() -> Option<Kept> {
    // SAFETY: every bit pattern is a `Kept`; the check decides whether it is one of ours. Volatile, since the compiler
    // takes uninitialised memory to hold whatever suits it.
    let kept = unsafe { PLACE.0.get().cast::<Kept>().read_volatile() };
    (kept.magic == MAGIC && kept.check == kept.sum()).then_some(kept)
}

fn write(mut kept: Kept) {
    kept.check = kept.sum();
    // SAFETY: nothing else accesses it: interrupts are off or the threads have not started.
    unsafe { PLACE.0.get().cast::<Kept>().write_volatile(kept) };
}

/// What led to this start, once; `None` after power on, a reset by hand, or a second call.
pub fn take() -> Option<Record> {
    let mut kept = read().filter(|kept| kept.fresh != 0)?;
    let record = Record {
        cause: if kept.cause == STALLED { Cause::Stalled } else { Cause::Fatal(kept.cause) },
        program_counter: kept.program_counter,
        uptime_ms: kept.uptime_ms,
        count: kept.count,
        thread: kept.thread,
    };
    kept.fresh = 0;
    write(kept);
    Some(record)
}

/// Notes what happened and restarts.
fn restart(cause: u32, program_counter: u32, name: &CStr) -> ! {
    let count = read().map_or(0, |kept| kept.count).saturating_add(1);
    let mut thread = [0; NAME];
    let room = thread.iter_mut().take(NAME - 1);
    room.zip(name.to_bytes()).for_each(|(to, from)| *to = *from);
    let uptime_ms = (clock::now().0 / 1000) as u32;
    write(Kept { magic: MAGIC, fresh: 1, cause, program_counter, uptime_ms, count, thread, check: 0 });
    ffi::sys_reboot(1)
}

/// A thread stood still.
pub(super) fn stalled(name: &CStr) -> ! {
    restart(STALLED, 0, name)
}

/// The kernel found a fatal error.
pub(super) fn fatal(reason: u32, frame: Option<&[u32; 8]>) -> ! {
    // r0 r1 r2 r3 r12 lr pc xpsr
    let program_counter = frame.map_or(0, |[.., pc, _]| *pc);
    // SAFETY: the current thread exists, and its name, if it has one, ends in NUL.
    let name = unsafe {
        let name = raw::k_thread_name_get(raw::k_sched_current_thread_query());
        if name.is_null() { c"" } else { CStr::from_ptr(name) }
    };
    restart(reason, program_counter, name)
}
