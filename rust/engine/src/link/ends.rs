//! The queues of a device, and who holds which end of them.
//!
//! | queue | sent by | received by |
//! |---|---|---|
//! | `blocks` | sampling | inference |
//! | `free_windows` | background | inference |
//! | `train_windows` | inference | background |
//! | `full_set` | inference | background |
//! | `lent_set` | inference | shell |
//! | `set_home` | background, shell | inference |
//! | `teach`, `copy_wanted` | background | inference |
//! | `copied` | inference | background |
//! | `orders` | who has [`Links`](super::Links) | background |
//! | `keep_orders` | shell | background |
//! | `workspace_lent` | background | shell |
//! | `workspace_home` | shell | background |
//! | `recorded` | sampling | who prints |
//! | `events` | who has [`Links`](super::Links) | who prints |

use super::queue::{Queue, Receiver, Sender};
use crate::capacity::{BLOCK_QUEUE, EVENT_QUEUE, WINDOW_POOL};
use crate::data::buffers::{BlockBuf, RECORD, RecordBuf, RowSet, WindowBuf};
use crate::data::event::Event;
use crate::data::order::{JobOrder, KeepOrder};
use crate::pool::Held;

/// A window, and who has it is its holder; as the training set and the workspace.
type Window = &'static mut WindowBuf;
type Set = &'static mut RowSet;
type Words = &'static mut [u32];

/// What is to be told, for who prints it.
pub type Events = Receiver<Event, EVENT_QUEUE>;

/// Pieces of a recording that may wait to be sent.
pub const RECORD_QUEUE: usize = if RECORD { 4 } else { 1 };

/// What is recorded, for who prints.
pub type Recorded = Receiver<RecordBuf, RECORD_QUEUE>;

/// A model on its way to learn in place.
#[derive(Debug)]
pub(crate) struct Teach {
    /// Its slot.
    pub held: Held,
    /// One that learns already goes on in its place, if it can.
    pub goes_on: bool,
}

/// The queues themselves.
#[derive(Debug)]
pub(super) struct Queues {
    pub blocks: Queue<BlockBuf, BLOCK_QUEUE>,
    pub free_windows: Queue<Window, WINDOW_POOL>,
    train_windows: Queue<Window, WINDOW_POOL>,
    full_set: Queue<Set, 1>,
    lent_set: Queue<Set, 1>,
    set_home: Queue<Set, 1>,
    teach: Queue<Teach, 1>,
    copy_wanted: Queue<Held, 1>,
    copied: Queue<Held, 1>,
    pub orders: Queue<JobOrder, 2>,
    keep_orders: Queue<KeepOrder, 2>,
    workspace_lent: Queue<Words, 1>,
    workspace_home: Queue<Words, 1>,
    recorded: Queue<RecordBuf, RECORD_QUEUE>,
    pub events: Queue<Event, EVENT_QUEUE>,
}

/// All ends, by who holds them.
#[derive(Debug)]
pub(crate) struct Ends {
    /// Sampling's: samples.
    pub blocks: Sender<BlockBuf, BLOCK_QUEUE>,
    /// Sampling's: a recording.
    pub record: Sender<RecordBuf, RECORD_QUEUE>,
    pub inference: InferenceEnds,
    pub background: BackgroundEnds,
    pub shell: ShellEnds,
    pub events: Events,
    pub recorded: Recorded,
}

/// Those of the inference loop.
#[derive(Debug)]
pub(crate) struct InferenceEnds {
    /// Samples.
    pub blocks: Receiver<BlockBuf, BLOCK_QUEUE>,
    /// Windows that nobody uses.
    pub free_windows: Receiver<Window, WINDOW_POOL>,
    /// Windows for the job under way.
    pub train_windows: Sender<Window, WINDOW_POOL>,
    pub rows: RowsEnds,
    pub online: OnlineEnds,
}

/// Those of the training set's home.
#[derive(Debug)]
pub(crate) struct RowsEnds {
    /// The set, for the job under way.
    pub full_set: Sender<Set, 1>,
    /// The set, lent to the shell.
    pub lent_set: Sender<Set, 1>,
    /// The set, coming home.
    pub set_home: Receiver<Set, 1>,
}

/// Those of the model that learns in place.
#[derive(Debug)]
pub(crate) struct OnlineEnds {
    /// A model that begins.
    pub teach: Receiver<Teach, 1>,
    /// A slot for a copy of the model.
    pub copy_wanted: Receiver<Held, 1>,
    /// It goes back; empty where there was nothing to copy.
    pub copied: Sender<Held, 1>,
}

/// Those of the background loop.
#[derive(Debug)]
pub(crate) struct BackgroundEnds {
    /// Windows for the job under way.
    pub train_windows: Receiver<Window, WINDOW_POOL>,
    /// Where they go afterwards. It has a place for each window.
    pub free_windows: Sender<Window, WINDOW_POOL>,
    /// The training set, for the job under way.
    pub full_set: Receiver<Set, 1>,
    /// Where it goes afterwards. There is one set, so that its way home is free.
    pub set_home: Sender<Set, 1>,
    /// A model that begins to learn in place.
    pub teach: Sender<Teach, 1>,
    /// A slot into which the model that learns in place is to be copied.
    pub copy_wanted: Sender<Held, 1>,
    /// It comes back.
    pub copied: Receiver<Held, 1>,
    /// Jobs.
    pub orders: Receiver<JobOrder, 2>,
    /// What is to be kept, loaded or lent.
    pub keep_orders: Receiver<KeepOrder, 2>,
    /// The workspace, lent to the shell.
    pub workspace_lent: Sender<Words, 1>,
    /// It comes back.
    pub workspace_home: Receiver<Words, 1>,
}

/// Those of the shell.
#[derive(Debug)]
pub(crate) struct ShellEnds {
    /// What is to be kept, loaded or lent.
    pub keep_orders: Sender<KeepOrder, 2>,
    /// The training set, lent.
    pub lent_set: Receiver<Set, 1>,
    /// Where it goes afterwards.
    pub set_home: Sender<Set, 1>,
    /// The workspace, lent.
    pub workspace_lent: Receiver<Words, 1>,
    /// Where it goes afterwards.
    pub workspace_home: Sender<Words, 1>,
}

impl Queues {
    pub const fn new() -> Self {
        Self {
            blocks: Queue::new(),
            free_windows: Queue::new(),
            train_windows: Queue::new(),
            full_set: Queue::new(),
            lent_set: Queue::new(),
            set_home: Queue::new(),
            teach: Queue::new(),
            copy_wanted: Queue::new(),
            copied: Queue::new(),
            orders: Queue::new(),
            keep_orders: Queue::new(),
            workspace_lent: Queue::new(),
            workspace_home: Queue::new(),
            recorded: Queue::new(),
            events: Queue::new(),
        }
    }

    /// Deals the ends out. To be called once, so that each queue has one receiver.
    pub const fn ends(&'static self) -> Ends {
        Ends {
            blocks: self.blocks.sender(),
            record: self.recorded.sender(),
            inference: InferenceEnds {
                blocks: self.blocks.receiver(),
                free_windows: self.free_windows.receiver(),
                train_windows: self.train_windows.sender(),
                rows: RowsEnds {
                    full_set: self.full_set.sender(),
                    lent_set: self.lent_set.sender(),
                    set_home: self.set_home.receiver(),
                },
                online: OnlineEnds {
                    teach: self.teach.receiver(),
                    copy_wanted: self.copy_wanted.receiver(),
                    copied: self.copied.sender(),
                },
            },
            background: BackgroundEnds {
                train_windows: self.train_windows.receiver(),
                free_windows: self.free_windows.sender(),
                full_set: self.full_set.receiver(),
                set_home: self.set_home.sender(),
                teach: self.teach.sender(),
                copy_wanted: self.copy_wanted.sender(),
                copied: self.copied.receiver(),
                orders: self.orders.receiver(),
                keep_orders: self.keep_orders.receiver(),
                workspace_lent: self.workspace_lent.sender(),
                workspace_home: self.workspace_home.receiver(),
            },
            shell: ShellEnds {
                keep_orders: self.keep_orders.sender(),
                lent_set: self.lent_set.receiver(),
                set_home: self.set_home.sender(),
                workspace_lent: self.workspace_lent.receiver(),
                workspace_home: self.workspace_home.sender(),
            },
            events: self.events.receiver(),
            recorded: self.recorded.receiver(),
        }
    }
}
