//! What the loops share: queues that move owned values, and snapshots that are copied whole.
//!
//! Who may send and who receives is in the type: the queues are private, and [`Memory::split`](crate::Memory::split) gives each
//! loop the [ends](queue) that are its own. What is in a queue has one holder at a time, and the compiler knows
//! which. Who has no more than [`Links`] can order, tell and look, but can neither send samples nor take an event away:
//!
//! ```compile_fail,E0616
//! fn shell(links: &'static hone_engine::Links) {
//!     links.queues.events.receive();
//! }
//! ```
//!
//! All are guarded by a critical section as long as one copy: `Shared::get` and `set` hold interrupts off for one copy of the value,
//! a queue for one move of it.
//!
//! The flags beside them are relaxed atomics: a flag says only that there is something to do, and what it is lies in a queue
//! or a `Shared`. Who sees the flag raised, and then looks there, finds what was put there before it was raised, since
//! the critical section puts the two in order.

mod ends;
pub mod queue;

use core::cell::Cell;
use critical_section::Mutex;
use hone_signal::{Micros, Rate};
use portable_atomic::{AtomicBool, AtomicU32, Ordering};

use crate::capacity::CLASSES;
use crate::data::config::Config;
use crate::data::event::Event;
use crate::data::order::{InferRequest, Job, JobOrder, KeepStatus, Offer, Published, Recording, Reply};
use crate::data::preprocessing::{Encoder, RowBy};
use crate::data::stats::{DataStats, Evaluation, InferenceStats, OnlineStats, SamplingStats, TrainingStatus};
use crate::learners::Learner;
use ends::Queues;
pub(crate) use ends::{BackgroundEnds, Ends, InferenceEnds, OnlineEnds, RowsEnds, ShellEnds, Teach};
pub use ends::{Events, RECORD_QUEUE, Recorded};

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

/// Names of classes, as many as the build has room for.
pub type Names = hone_learn::Names<CLASSES>;

/// All that passes between the loops and the shell. One static per device.
#[derive(Debug)]
pub struct Links {
    queues: Queues,
    /// The trainer wants the set as soon as it has the rows wanted.
    pub set_for_training: AtomicBool,
    /// The shell wants the set lent.
    pub set_for_shell: AtomicBool,
    /// The set is to be emptied.
    pub data_clear: AtomicBool,
    /// What the set holds.
    pub data: Shared<DataStats>,
    /// What the set's rows were computed by.
    pub rows_by: Shared<Option<RowBy>>,
    /// The newest model that makes rows for others.
    pub encoder: Shared<Option<Encoder>>,
    /// What the user says of the window that waits for a label.
    pub reply: Shared<Option<Reply>>,
    /// Labelled windows are learnt in place: such a model is in use, or being trained.
    pub teaching: AtomicBool,
    /// The model that learns in place is to be forgotten.
    pub forget: AtomicBool,
    /// How the model that learns in place does.
    pub online: Shared<OnlineStats>,
    /// Names of classes.
    pub names: Shared<Names>,
    /// How what was to be kept, loaded or lent went, and how the flash is.
    pub keeping: Shared<KeepStatus>,
    /// The shell waits for the workspace, or has it.
    pub workspace_wanted: AtomicBool,
    /// Changes of the configuration by the user, to be kept.
    pub config_changes: AtomicU32,
    /// Counts beginnings and ends of erases of flash, which may stop the processor: odd during one.
    pub erases: AtomicU32,
    /// Events that found their queue full.
    pub events_lost: AtomicU32,
    /// The time of the newest event told.
    told: Shared<Micros>,
    /// The newest model; inference takes it at its next window boundary.
    pub published: Shared<Option<Published>>,
    /// A converted model that waits for the user's word.
    pub offer: Shared<Option<Offer>>,
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
            queues: Queues::new(),
            set_for_training: AtomicBool::new(false),
            set_for_shell: AtomicBool::new(false),
            data_clear: AtomicBool::new(false),
            data: Shared::new(DataStats::ZERO),
            rows_by: Shared::new(None),
            encoder: Shared::new(None),
            reply: Shared::new(None),
            teaching: AtomicBool::new(false),
            forget: AtomicBool::new(false),
            online: Shared::new(OnlineStats::ZERO),
            names: Shared::new(Names::new()),
            keeping: Shared::new(KeepStatus::ZERO),
            workspace_wanted: AtomicBool::new(false),
            config_changes: AtomicU32::new(0),
            erases: AtomicU32::new(0),
            events_lost: AtomicU32::new(0),
            told: Shared::new(Micros(0)),
            published: Shared::new(None),
            offer: Shared::new(None),
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

    /// What is shared, and the ends of its queues. There is one holder of `self`, and from now on none.
    pub(crate) fn split(&'static mut self) -> (&'static Self, Ends) {
        let links: &'static Self = self;
        (links, links.queues.ends())
    }

    /// Has `wake` called whenever there is something to do for the background loop.
    pub fn on_work(&self, wake: fn()) {
        self.waker.set(Some(wake));
    }

    /// Something was sent to the background loop.
    pub(crate) fn wake(&self) {
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
        self.queues.orders.send(JobOrder { id, learner, windows, job }).ok()?;
        self.wake();
        Some(id)
    }

    /// The order that waits.
    pub fn waiting_order(&self) -> Option<JobOrder> {
        self.queues.orders.front()
    }

    /// Takes the order back that waits.
    pub fn withdraw_order(&self) -> Option<JobOrder> {
        self.queues.orders.receive()
    }

    /// Blocks that wait for inference, of [`BLOCK_QUEUE`](crate::capacity::BLOCK_QUEUE).
    pub fn blocks_waiting(&self) -> usize {
        self.queues.blocks.len()
    }

    /// Windows that nobody uses, of [`WINDOW_POOL`](crate::capacity::WINDOW_POOL).
    pub fn windows_free(&self) -> usize {
        self.queues.free_windows.len()
    }

    /// Events that wait to be printed, of [`EVENT_QUEUE`](crate::capacity::EVENT_QUEUE).
    pub fn events_waiting(&self) -> usize {
        self.queues.events.len()
    }

    /// Tells of something. Events are told in order of time: one that comes after a newer one, since its loop was held up
    /// (by an erase, say), has the newer one's time. An event that finds no room is counted and lost.
    pub fn tell(&self, mut event: Event) {
        self.told.update(|told| {
            *told = Micros(told.0.max(event.time().0));
            *event.time_mut() = *told;
            if self.queues.events.send(event).is_err() {
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
        let times = [(); 5].map(|()| LINKS.queues.events.receive().map_or(0, |e| e.time().0));
        assert_eq!(times, [5, 9, 9, 9, 12]);
    }
}
