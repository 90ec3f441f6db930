//! What the loops share: bounded queues that move owned values, and snapshots that are copied whole.
//!
//! Both are guarded by a critical section as long as one copy. A value moves through a queue by ownership, so
//! a window or a training set has one holder at a time, and the type system knows which.
//!
//! | operation | cost | interrupts held off for |
//! |---|---|---|
//! | `Queue::send`, `receive` | one move of `T` | that move |
//! | `Shared::get`, `set` | one copy of `T` | that copy |
//!
//! The flags beside them are relaxed atomics: a flag says only that there is something to do, and what it is lies in a queue
//! or a `Shared`. Who sees the flag raised, and then looks there, finds what was put there before it was raised, since
//! the critical section puts the two in order.

use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use critical_section::Mutex;
use heapless::Deque;
use hone_signal::{Extractor, Micros, Rate};

use crate::capacity::{BLOCK_QUEUE, CLASSES, EVENT_QUEUE, WINDOW_POOL};
use crate::data::buffers::{BlockBuf, RECORD, RecordBuf, RowSet, WindowBuf};
use crate::data::config::Config;
use crate::data::event::Event;
use crate::data::order::{
    InferRequest, Job, JobOrder, KeepOrder, KeepRequest, KeepStatus, Offer, Published, Recording, Reply,
};
use crate::data::stats::{DataStats, Evaluation, InferenceStats, OnlineStats, SamplingStats, TrainingStatus};
use crate::learners::Learner;
use crate::pool::Held;

/// A bounded queue of `N` owned values, first in first out.
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

    /// Values it has room for.
    pub const fn capacity(&self) -> usize {
        N
    }
}

/// A value that is read and written whole, and seen by all.
#[derive(Debug)]
pub struct Shared<T: Copy>(Mutex<Cell<T>>);

impl<T: Copy> Shared<T> {
    /// Holds `value`.
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(Cell::new(value)))
    }

    /// A copy.
    pub fn get(&self) -> T {
        critical_section::with(|cs| self.0.borrow(cs).get())
    }

    /// Replaces the value.
    pub fn set(&self, value: T) {
        critical_section::with(|cs| self.0.borrow(cs).set(value));
    }

    /// Changes the value; `change` must be short, as interrupts wait for it.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        critical_section::with(|cs| {
            let cell = self.0.borrow(cs);
            let mut value = cell.get();
            let result = change(&mut value);
            cell.set(value);
            result
        })
    }
}

/// Pieces of a recording that may wait to be sent.
const RECORD_QUEUE: usize = if RECORD { 4 } else { 1 };

/// Names of classes, as many as the build has room for.
pub type Names = hone_learn::Names<CLASSES>;

/// A model on its way to learn in place.
#[derive(Debug)]
pub(crate) struct Teach {
    /// Its slot.
    pub held: Held,
    /// One that learns already goes on in its place, if it can.
    pub goes_on: bool,
}

/// All that passes between the loops and the shell. One static per device.
#[derive(Debug)]
pub struct Links {
    /// Samples, from sampling to inference.
    pub blocks: Queue<BlockBuf, BLOCK_QUEUE>,
    /// Windows that nobody uses.
    pub free_windows: Queue<&'static mut WindowBuf, WINDOW_POOL>,
    train_windows: Queue<&'static mut WindowBuf, WINDOW_POOL>,
    /// The training set, coming home from trainer or shell.
    pub set_home: Queue<&'static mut RowSet, 1>,
    /// The training set, for the trainer.
    pub full_set: Queue<&'static mut RowSet, 1>,
    /// The training set, lent to the shell.
    pub lent_set: Queue<&'static mut RowSet, 1>,
    /// The trainer wants the set as soon as it has the rows wanted.
    pub set_for_training: AtomicBool,
    /// The shell wants the set lent.
    pub set_for_shell: AtomicBool,
    /// The set is to be emptied.
    pub data_clear: AtomicBool,
    /// What the set holds.
    pub data: Shared<DataStats>,
    /// What the set's rows were computed by.
    pub extractor: Shared<Option<Extractor>>,
    /// What the user says of the window that waits for a label.
    pub reply: Shared<Option<Reply>>,
    /// Labelled windows are learnt in place: such a model is in use, or being trained.
    pub teaching: AtomicBool,
    /// The model that learns in place is to be forgotten.
    pub forget: AtomicBool,
    /// A model that begins to learn in place, from the background loop to the inference loop.
    pub(crate) teach: Queue<Teach, 1>,
    /// A slot into which the model that learns in place is to be copied.
    pub(crate) copy_wanted: Queue<Held, 1>,
    /// It comes back; empty where there was nothing to copy.
    pub(crate) copied: Queue<Held, 1>,
    /// How the model that learns in place does.
    pub online: Shared<OnlineStats>,
    /// Names of classes.
    pub names: Shared<Names>,
    orders: Queue<JobOrder, 2>,
    keep_orders: Queue<KeepOrder, 2>,
    /// How that went, and how the flash is.
    pub keeping: Shared<KeepStatus>,
    /// The training's workspace, lent to the shell.
    pub workspace_lent: Queue<&'static mut [u32], 1>,
    /// It comes back.
    workspace_home: Queue<&'static mut [u32], 1>,
    /// The shell waits for the workspace, or has it.
    pub workspace_wanted: AtomicBool,
    /// Changes of the configuration by the user, to be kept.
    pub config_changes: AtomicU32,
    /// Counts beginnings and ends of erases of flash, which may stop the processor: odd during one.
    pub erases: AtomicU32,
    /// Telemetry for whoever prints.
    pub events: Queue<Event, EVENT_QUEUE>,
    /// Events that found their queue full.
    pub events_lost: AtomicU32,
    /// The time of the newest event told.
    told: Shared<Micros>,
    /// The newest model; inference takes it at its next window boundary.
    pub published: Shared<Option<Published>>,
    /// A converted model that waits for the user's word.
    pub offer: Shared<Option<Offer>>,
    /// What is sampled, from sampling to whoever writes to the console.
    pub recorded: Queue<RecordBuf, RECORD_QUEUE>,
    /// So many frames are one that is recorded; 0 while nothing is.
    pub recording: AtomicU32,
    /// Numbers of those that found no room.
    pub record_lost: AtomicU32,
    /// The recording is to end.
    pub record_off: AtomicBool,
    /// The recording; begun by the shell where there is none, else changed by whoever writes to the console.
    pub record: Shared<Recording>,
    /// The time of day at time 0, in microseconds since 1970 UTC.
    pub epoch: Shared<Option<u64>>,
    /// How the last evaluation came out.
    pub evaluation: Shared<Evaluation>,
    /// Run-time parameters.
    pub config: Shared<Config>,
    /// What the user last asked of inference.
    pub request: Shared<InferRequest>,
    /// Counted by sampling.
    pub sampling: Shared<SamplingStats>,
    /// Counted by inference.
    pub inference: Shared<InferenceStats>,
    /// Kept by training.
    pub training: Shared<TrainingStatus>,
    /// The trainer takes windows.
    pub windows_wanted: AtomicBool,
    /// The training under way is to be given up.
    pub cancel: AtomicBool,
    button: Shared<Button>,
    /// Wakes the background loop.
    waker: Shared<Option<fn()>>,
}

/// What the button's contact does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Button {
    /// How often it has closed or opened, bounces included.
    pub edges: u32,
    /// It is closed.
    pub down: bool,
}

impl Default for Links {
    fn default() -> Self {
        Self::new()
    }
}

impl Links {
    /// Nothing has happened yet.
    pub const fn new() -> Self {
        Self {
            blocks: Queue::new(),
            free_windows: Queue::new(),
            train_windows: Queue::new(),
            set_home: Queue::new(),
            full_set: Queue::new(),
            lent_set: Queue::new(),
            set_for_training: AtomicBool::new(false),
            set_for_shell: AtomicBool::new(false),
            data_clear: AtomicBool::new(false),
            data: Shared::new(DataStats::ZERO),
            extractor: Shared::new(None),
            reply: Shared::new(None),
            teaching: AtomicBool::new(false),
            forget: AtomicBool::new(false),
            teach: Queue::new(),
            copy_wanted: Queue::new(),
            copied: Queue::new(),
            online: Shared::new(OnlineStats::ZERO),
            names: Shared::new(Names::new()),
            orders: Queue::new(),
            keep_orders: Queue::new(),
            keeping: Shared::new(KeepStatus::ZERO),
            workspace_lent: Queue::new(),
            workspace_home: Queue::new(),
            workspace_wanted: AtomicBool::new(false),
            config_changes: AtomicU32::new(0),
            erases: AtomicU32::new(0),
            events: Queue::new(),
            events_lost: AtomicU32::new(0),
            told: Shared::new(Micros(0)),
            published: Shared::new(None),
            offer: Shared::new(None),
            recorded: Queue::new(),
            recording: AtomicU32::new(0),
            record_lost: AtomicU32::new(0),
            record_off: AtomicBool::new(false),
            record: Shared::new(Recording::OFF),
            epoch: Shared::new(None),
            evaluation: Shared::new(Evaluation::ZERO),
            config: Shared::new(Config::DEFAULT),
            request: Shared::new(InferRequest::DEFAULT),
            sampling: Shared::new(SamplingStats::ZERO),
            inference: Shared::new(InferenceStats::ZERO),
            training: Shared::new(TrainingStatus::IDLE),
            windows_wanted: AtomicBool::new(false),
            cancel: AtomicBool::new(false),
            button: Shared::new(Button { edges: 0, down: false }),
            waker: Shared::new(None),
        }
    }

    /// Has `wake` called whenever there is something to do for the background loop.
    pub fn on_work(&self, wake: fn()) {
        self.waker.set(Some(wake));
    }

    fn wake(&self) {
        if let Some(wake) = self.waker.get() {
            wake();
        }
    }

    /// Orders something of the background loop; its number. `None` when orders are waiting already.
    pub fn order(&self, learner: Learner, windows: Option<u16>, job: Job) -> Option<u32> {
        let id = self.training.update(|t| {
            t.ordered = t.ordered.wrapping_add(1);
            t.ordered
        });
        self.orders.send(JobOrder { id, learner, windows, job }).ok()?;
        self.wake();
        Some(id)
    }

    /// The order that waits.
    pub fn waiting_order(&self) -> Option<JobOrder> {
        self.orders.front()
    }

    /// Takes the order that waits.
    pub fn take_order(&self) -> Option<JobOrder> {
        self.orders.receive()
    }

    /// Asks for something to be kept, loaded or lent; its number. `None` when orders are waiting already.
    pub fn keep(&self, request: KeepRequest) -> Option<u32> {
        let id = self.keeping.update(|k| {
            k.ordered = k.ordered.wrapping_add(1).max(1);
            k.ordered
        });
        self.keep_orders.send(KeepOrder { id, request }).ok()?;
        self.wake();
        Some(id)
    }

    pub(crate) fn take_keep_order(&self) -> Option<KeepOrder> {
        self.keep_orders.receive()
    }

    /// Gives the workspace back, which the shell had.
    pub fn return_workspace(&self, memory: &'static mut [u32]) {
        let _ = self.workspace_home.send(memory);
        self.wake();
    }

    pub(crate) fn take_workspace(&self) -> Option<&'static mut [u32]> {
        self.workspace_home.receive()
    }

    /// Hands a window to the trainer.
    pub(crate) fn send_window(&self, window: &'static mut WindowBuf) -> Result<(), &'static mut WindowBuf> {
        self.train_windows.send(window)?;
        self.wake();
        Ok(())
    }

    pub(crate) fn take_window(&self) -> Option<&'static mut WindowBuf> {
        self.train_windows.receive()
    }

    /// Whether a window waits for the trainer.
    pub(crate) fn window_waits(&self) -> bool {
        !self.train_windows.is_empty()
    }

    /// Gives a copy of the model that learns in place to the background loop.
    pub(crate) fn send_copy(&self, copy: Held) {
        // There is one at a time, so that there is room.
        let _ = self.copied.send(copy);
        self.wake();
    }

    /// Tells of something. Events are told in order of time: one that comes after a newer one, since its loop was held up
    /// (by an erase, say), has the newer one's time. An event that finds no room is counted and lost.
    pub fn tell(&self, mut event: Event) {
        self.told.update(|told| {
            *told = Micros(told.0.max(event.time().0));
            *event.time_mut() = *told;
            if self.events.send(event).is_err() {
                self.events_lost.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    /// The sensor's rate; one a second before it is known.
    pub fn rate(&self) -> Rate {
        self.sampling.get().sensor.map_or(Rate::new(1, 1), |s| s.rate)
    }

    /// The button's contact closed or opened; may be called from an interrupt, and as often as the contact bounces.
    pub fn button_changed(&self, down: bool) {
        self.button.update(|b| *b = Button { edges: b.edges.wrapping_add(1), down });
    }

    /// The button was pressed and let go.
    pub fn press_button(&self) {
        self.button_changed(true);
        self.button_changed(false);
    }

    /// What the contact has done so far.
    pub fn button(&self) -> Button {
        self.button.get()
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
    fn an_update_is_seen_whole() {
        let s = Shared::new((1, 2));
        assert_eq!(s.update(|v| core::mem::replace(&mut v.0, 5)), 1);
        assert_eq!(s.get(), (5, 2));
    }

    #[test]
    fn events_are_in_order_of_time() {
        static LINKS: Links = Links::new();
        for time in [5, 9, 7, 8, 12] {
            LINKS.tell(Event::FlashErasing { time: Micros(time) });
        }
        let times = [(); 5].map(|()| LINKS.events.receive().map_or(0, |e| e.time().0));
        assert_eq!(times, [5, 9, 9, 9, 12]);
    }
}
