//! Threads: starting the three loops, and what each takes of the machine.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use hone_engine::data::env::ThreadInfo;
use zephyr::raw;
use zephyr::sys::thread::Thread;

/// Starts `thread` with `entry`, which never returns.
pub fn spawn(mut thread: Thread, name: &'static CStr, priority: isize, entry: fn() -> !) {
    thread.set_priority(priority as c_int);
    thread.set_name(name);
    // SAFETY: the entry goes through the kernel as a pointer and comes back as what it was.
    unsafe { thread.simple_spawn(Some(enter), entry as *mut c_void, core::ptr::null_mut(), core::ptr::null_mut()) };
}

/// Gives the current thread a name and a priority.
pub fn become_one(name: &'static CStr, priority: isize) {
    // SAFETY: the current thread exists; the name is static.
    unsafe {
        let current = raw::k_sched_current_thread_query();
        raw::k_thread_name_set(current, name.as_ptr());
        raw::k_thread_priority_set(current, priority as c_int);
    }
}

unsafe extern "C" fn enter(entry: *mut c_void, _: *mut c_void, _: *mut c_void) {
    // SAFETY: `spawn` passed a `fn() -> !`.
    let entry = unsafe { core::mem::transmute::<*mut c_void, fn() -> !>(entry) };
    entry()
}

/// Shows every thread to `see`, the kernel's own included, and the interrupts' stack.
pub fn each(see: &mut dyn FnMut(ThreadInfo<'_>)) {
    struct Visitor<'a>(&'a mut dyn FnMut(ThreadInfo<'_>));

    unsafe extern "C" fn one(thread: *const raw::k_thread, visitor: *mut c_void) {
        // SAFETY: the pointer that `each` passes below, and a thread, which never ends.
        unsafe {
            let visitor = &mut *visitor.cast::<Visitor<'_>>();
            let thread = thread.cast_mut();
            let name: *const c_char = raw::k_thread_name_get(thread);
            let name = if name.is_null() { "" } else { CStr::from_ptr(name).to_str().unwrap_or("") };
            let mut unused = 0usize;
            let stack_bytes = (*thread).stack_info.size as u32;
            let known = raw::k_thread_stack_space_get(thread, &mut unused) == 0;
            let stack_used = if known { stack_bytes.saturating_sub(unused as u32) } else { 0 };
            let mut stats: raw::k_thread_runtime_stats_t = MaybeUninit::zeroed().assume_init();
            raw::k_thread_runtime_stats_get(thread, &mut stats);
            let share = stats.execution_cycles.saturating_mul(1000) / super::clock::cycles().max(1);
            (visitor.0)(ThreadInfo { name, stack_bytes, stack_used, cpu_permille: share as u16 });
        }
    }

    let mut visitor = Visitor(&mut *see);
    // SAFETY: the visitor outlives the call. Unlocked, since to print takes long and no thread ever ends.
    unsafe { raw::k_thread_foreach_unlocked(Some(one), (&raw mut visitor).cast()) };
    let (mut size, mut unused) = (0, 0);
    super::ffi::hone_interrupt_stack(&mut size, &mut unused);
    let stack_used = size.saturating_sub(unused) as u32;
    // Their time is counted to the thread that they interrupt.
    see(ThreadInfo { name: "interrupts", stack_bytes: size as u32, stack_used, cpu_permille: 0 });
}
