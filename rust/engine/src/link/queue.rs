//! Bounded queues that move owned values from one loop to another.
//!
//! A queue has two ends. [`Sender`] may be copied, [`Receiver`] is there once; who holds an end can do what the end does and
//! nothing else:
//!
//! ```
//! use hone_engine::link::queue::{Queue, Receiver, Sender};
//!
//! fn sampling(blocks: Sender<u16, 2>) -> u32 {
//!     let sent = (1..=3).map(|block| blocks.send(block));
//!     sent.filter(Result::is_err).count() as u32 // a full queue hands the value back: it is lost, and counted
//! }
//!
//! fn inference(blocks: &Receiver<u16, 2>) -> Option<u16> {
//!     blocks.receive()
//! }
//!
//! // On a board it is in a static.
//! let queue: &'static mut Queue<u16, 2> = Box::leak(Box::new(Queue::new()));
//! let (sender, receiver) = queue.split();
//! assert_eq!(sampling(sender), 1);
//! assert_eq!((inference(&receiver), inference(&receiver), inference(&receiver)), (Some(1), Some(2), None));
//! ```
//!
//! A loop that was given the receiver cannot send:
//!
//! ```compile_fail,E0599
//! # use hone_engine::link::queue::Receiver;
//! fn inference(blocks: &Receiver<u16, 2>) {
//!     blocks.send(7);
//! }
//! ```
//!
//! | operation | cost | interrupts held off for |
//! |---|---|---|
//! | `send`, `receive`, `take_back` | one move of `T`, however full the queue is | that move |
//! | `front` | one copy of `T` | that copy |
//! | `len`, `is_empty` | a few comparisons | these |
//! | an end | the address of its queue: 4 bytes on a board | |

use core::cell::RefCell;
use critical_section::Mutex;
use heapless::Deque;

/// A bounded queue of `N` owned values, first in first out. Who has the queue itself has both ends of it.
#[derive(Debug)]
pub struct Queue<T, const N: usize>(Mutex<RefCell<Deque<T, N>>>);

impl<T, const N: usize> Default for Queue<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const N: usize> Queue<T, N> {
    /// An empty queue.
    pub const fn new() -> Self {
        const { assert!(N > 0, "a queue of no capacity passes nothing") };
        Self(Mutex::new(RefCell::new(Deque::new())))
    }

    /// Its two ends; nobody has the queue itself any more.
    pub const fn split(&'static mut self) -> (Sender<T, N>, Receiver<T, N>) {
        (self.sender(), self.receiver())
    }

    pub(super) const fn sender(&'static self) -> Sender<T, N> {
        Sender(self)
    }

    /// To be called once.
    pub(super) const fn receiver(&'static self) -> Receiver<T, N> {
        Receiver(self)
    }

    /// Puts a value at the end.
    ///
    /// # Errors
    /// Gives the value back when the queue is full.
    pub fn send(&self, value: T) -> Result<(), T> {
        critical_section::with(|cs| match self.0.borrow(cs).try_borrow_mut() {
            Ok(mut queue) => queue.push_back(value),
            Err(_) => Err(value),
        })
    }

    /// Takes the value at the front.
    pub fn receive(&self) -> Option<T> {
        critical_section::with(|cs| self.0.borrow(cs).try_borrow_mut().ok()?.pop_front())
    }

    /// A copy of the value at the front, which stays.
    pub fn front(&self) -> Option<T>
    where
        T: Copy,
    {
        critical_section::with(|cs| self.0.borrow(cs).try_borrow().ok()?.front().copied())
    }

    /// Values waiting.
    pub fn len(&self) -> usize {
        critical_section::with(|cs| self.0.borrow(cs).try_borrow().map_or(0, |q| q.len()))
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The end of a queue that values are put in at. Several may hold it.
#[derive(Debug)]
pub struct Sender<T: 'static, const N: usize>(&'static Queue<T, N>);

impl<T, const N: usize> Clone for Sender<T, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, const N: usize> Copy for Sender<T, N> {}

impl<T, const N: usize> Sender<T, N> {
    /// Puts a value at the end.
    ///
    /// # Errors
    /// Gives the value back when the queue is full.
    pub fn send(self, value: T) -> Result<(), T> {
        self.0.send(value)
    }

    /// Takes the oldest value back that was sent and not received.
    pub fn take_back(self) -> Option<T> {
        self.0.receive()
    }

    /// Values waiting.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// Whether none waits: all that was sent has been received.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

/// The end of a queue that values are taken out at. There is one.
#[derive(Debug)]
pub struct Receiver<T: 'static, const N: usize>(&'static Queue<T, N>);

impl<T, const N: usize> Receiver<T, N> {
    /// Takes the value at the front.
    pub fn receive(&self) -> Option<T> {
        self.0.receive()
    }

    /// A copy of the value at the front, which stays.
    pub fn front(&self) -> Option<T>
    where
        T: Copy,
    {
        self.0.front()
    }

    /// Values waiting.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_hands_the_value_back() {
        let q = Queue::<u8, 2>::new();
        assert_eq!((q.send(1), q.send(2), q.send(3)), (Ok(()), Ok(()), Err(3)));
        assert_eq!((q.front(), q.receive(), q.front()), (Some(1), Some(1), Some(2)));
        assert_eq!((q.len(), q.receive(), q.receive(), q.front()), (1, Some(2), None, None));
    }

    #[test]
    fn what_was_not_received_can_be_taken_back() {
        static QUEUE: Queue<u8, 2> = Queue::new();
        let (sender, receiver) = (QUEUE.sender(), QUEUE.receiver());
        let another = sender;
        assert_eq!((sender.send(1), another.send(2), sender.len(), receiver.len()), (Ok(()), Ok(()), 2, 2));
        assert_eq!((sender.take_back(), receiver.front(), receiver.receive()), (Some(1), Some(2), Some(2)));
        assert!(sender.is_empty() && receiver.is_empty() && sender.take_back().is_none());
    }
}
