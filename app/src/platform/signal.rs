//! One thread tells another that there is something to do.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use zephyr::raw;

/// A flag that a thread can wait for: a kernel semaphore that counts to one.
pub struct Signal {
    semaphore: UnsafeCell<raw::k_sem>,
    ready: AtomicBool,
}

// SAFETY: the kernel serialises access to the semaphore.
unsafe impl Sync for Signal {}

impl Signal {
    /// Not raised.
    pub const fn new() -> Self {
        // SAFETY: plain C data, for which zero bits are valid; `semaphore` has the kernel initialise it.
        let zero = unsafe { MaybeUninit::zeroed().assume_init() };
        Self { semaphore: UnsafeCell::new(zero), ready: AtomicBool::new(false) }
    }

    /// The kernel's semaphore, initialised. It points into itself, so that this can only be done in place.
    fn semaphore(&'static self) -> *mut raw::k_sem {
        let semaphore = self.semaphore.get();
        if !self.ready.load(Ordering::Acquire) {
            critical_section::with(|_| {
                if !self.ready.load(Ordering::Relaxed) {
                    // SAFETY: a static, not yet used by anyone.
                    unsafe { raw::k_sem_init(semaphore, 0, 1) };
                    self.ready.store(true, Ordering::Release);
                }
            });
        }
        semaphore
    }

    /// Raises it. Also for interrupts.
    pub fn raise(&'static self) {
        // SAFETY: initialised.
        unsafe { raw::k_sem_give(self.semaphore()) };
    }

    /// Waits until it is raised, at most this long, and lowers it.
    pub fn wait(&'static self, limit: Duration) {
        // SAFETY: initialised; called from threads only.
        unsafe { raw::k_sem_take(self.semaphore(), super::clock::timeout(limit)) };
    }
}
