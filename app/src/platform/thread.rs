//! Threads: starting the three loops, and what they use.

use core::ffi::{CStr, c_char, c_void};
use core::mem::MaybeUninit;
use zephyr::raw;
use zephyr::sys::thread::Thread;

/// Starts `thread` with `entry`, which never returns.
pub fn spawn(mut thread: Thread, name: &'static CStr, priority: i32, entry: fn() -> !) {
    thread.set_priority(priority);
    thread.set_name(name);
    // SAFETY: the entry goes through the kernel as a pointer and comes back as what it was.
    unsafe { thread.simple_spawn(Some(enter), entry as *mut c_void, core::ptr::null_mut(), core::ptr::null_mut()) };
}

unsafe extern "C" fn enter(entry: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: `spawn` passed a `fn() -> !`.
    let entry = unsafe { core::mem::transmute::<*mut c_void, fn() -> !>(entry) };
    entry()
}

/// What a thread uses.
#[derive(Clone, Copy, Debug)]
pub struct Usage<'a> {
    /// Its name; empty when it has none.
    pub name: &'a str,
    /// Bytes of its stack.
    pub stack_size: u32,
    /// Most bytes of it that were ever in use.
    pub stack_used: u32,
    /// Cycles that it has run, of `total_cycles`.
    pub cycles: u64,
}

/// Cycles that have passed in all, for a thread's share of them.
pub fn total_cycles() -> u64 {
    // SAFETY: fills in a C structure.
    unsafe {
        let mut all: raw::k_thread_runtime_stats_t = MaybeUninit::zeroed().assume_init();
        if raw::k_thread_runtime_stats_all_get(&mut all) == 0 { all.execution_cycles } else { 0 }
    }
}

/// Shows every thread to `visit`, the kernel's own included. Interrupts are held off only while the next is looked up.
pub fn each(visit: &mut dyn FnMut(Usage<'_>)) {
    struct Visitor<'a>(&'a mut dyn FnMut(Usage<'_>));

    unsafe extern "C" fn one(thread: *const raw::k_thread, visitor: *mut c_void) {
        // SAFETY: the pointer that `each` passes below, and a thread that the kernel holds while it is visited.
        unsafe {
            let visitor = &mut *visitor.cast::<Visitor<'_>>();
            let thread = thread.cast_mut();
            let name: *const c_char = raw::k_thread_name_get(thread);
            let name = if name.is_null() { "" } else { CStr::from_ptr(name).to_str().unwrap_or("") };
            let mut unused = 0usize;
            let stack_size = (*thread).stack_info.size as u32;
            let known = raw::k_thread_stack_space_get(thread, &mut unused) == 0;
            let mut stats: raw::k_thread_runtime_stats_t = MaybeUninit::zeroed().assume_init();
            raw::k_thread_runtime_stats_get(thread, &mut stats);
            let stack_used = if known { stack_size.saturating_sub(unused as u32) } else { 0 };
            (visitor.0)(Usage { name, stack_size, stack_used, cycles: stats.execution_cycles });
        }
    }

    let mut visitor = Visitor(visit);
    // SAFETY: the visitor outlives the call. Unlocked: threads are never ended here.
    unsafe { raw::k_thread_foreach_unlocked(Some(one), (&raw mut visitor).cast()) };
}
