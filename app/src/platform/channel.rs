//! A bounded queue that moves values from thread to thread: `k_msgq` with a type.

use core::cell::UnsafeCell;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use zephyr::raw;

/// A queue of at most `N` values of type `T`. A value that goes in is owned by the queue, then by who takes it out;
/// no lock is held while anyone works on it.
pub struct Channel<T: Send, const N: usize> {
    queue: UnsafeCell<raw::k_msgq>,
    buffer: UnsafeCell<MaybeUninit<[T; N]>>,
    ready: AtomicBool,
}

// SAFETY: the kernel serialises access to the queue and its buffer; values cross threads, hence `T: Send`.
unsafe impl<T: Send, const N: usize> Sync for Channel<T, N> {}

impl<T: Send, const N: usize> Channel<T, N> {
    /// An empty queue, all of it zero bits.
    pub const fn new() -> Self {
        const { assert!(N > 0 && size_of::<T>() > 0) };
        Self {
            // SAFETY: plain C data, for which zero bits are valid; `queue` has the kernel initialise it.
            queue: UnsafeCell::new(unsafe { MaybeUninit::zeroed().assume_init() }),
            buffer: UnsafeCell::new(MaybeUninit::zeroed()),
            ready: AtomicBool::new(false),
        }
    }

    /// The kernel's queue, initialised. It points into itself, so that this can only be done in place.
    fn queue(&self) -> *mut raw::k_msgq {
        let queue = self.queue.get();
        if !self.ready.load(Ordering::Acquire) {
            critical_section::with(|_| {
                if !self.ready.load(Ordering::Relaxed) {
                    // SAFETY: a channel in use lies in a static or behind a reference for ever; the buffer holds
                    // N values of T.
                    unsafe { raw::k_msgq_init(queue, self.buffer.get().cast(), size_of::<T>(), N as u32) };
                    self.ready.store(true, Ordering::Release);
                }
            });
        }
        queue
    }

    /// Puts `item` in without waiting; gives it back when the queue is full. Also for interrupts.
    pub fn try_send(&'static self, item: T) -> Result<(), T> {
        let item = ManuallyDrop::new(item);
        // SAFETY: the kernel copies size_of::<T>() bytes. On success the copy is the value, and `item` is not dropped.
        let rc = unsafe { raw::k_msgq_put(self.queue(), (&raw const *item).cast(), zephyr::sys::K_NO_WAIT) };
        if rc == 0 { Ok(()) } else { Err(ManuallyDrop::into_inner(item)) }
    }

    /// Takes the oldest value out, if there is one.
    pub fn try_recv(&'static self) -> Option<T> {
        self.take(zephyr::sys::K_NO_WAIT)
    }

    /// Takes the oldest value out, waiting for one at most this long.
    pub fn recv(&'static self, wait: Duration) -> Option<T> {
        self.take(super::clock::timeout(wait))
    }

    /// How many values wait.
    pub fn len(&'static self) -> usize {
        // SAFETY: the queue is initialised.
        unsafe { raw::k_msgq_num_used_get(self.queue()) as usize }
    }

    fn take(&'static self, wait: raw::k_timeout_t) -> Option<T> {
        let mut item = MaybeUninit::<T>::uninit();
        // SAFETY: the kernel copies size_of::<T>() bytes out of the queue, which no longer holds them afterwards.
        unsafe {
            (raw::k_msgq_get(self.queue(), item.as_mut_ptr().cast(), wait) == 0).then(|| item.assume_init())
        }
    }
}
