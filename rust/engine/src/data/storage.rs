//! Flash as the engine sees it: values by key, through a trait that a board, a file and a test implement alike.

use embedded_storage::nor_flash::NorFlash;
use hone_store::{Error, Found, Notice, Put, Saved, Store};

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The model, in its container.
    Model,
    /// Run-time parameters that differ from their defaults.
    Config,
    /// The encoder that the model learnt behind, in its container.
    Encoder,
}

impl Key {
    /// Its number in the log. A number once given is never given another meaning.
    pub const fn number(self) -> u16 {
        match self {
            Self::Model => 0,
            Self::Config => 1,
            Self::Encoder => 2,
        }
    }
}

/// Keys that the log has room for; more than there are, so that a newer build's values survive an older one.
pub const KEYS: usize = 4;

/// Why flash did not do as asked. What it held, it still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageError {
    /// There is none, or it is of another kind than the build expects.
    Absent,
    /// The driver failed.
    Driver,
    /// It does not hold what was written to it.
    Verify,
    /// There is no room.
    Full {
        /// Bytes that the value takes.
        needed: u32,
        /// Bytes that there are.
        available: u32,
    },
    /// The value does not fit the memory lent.
    Short {
        /// Bytes of the value.
        needed: u32,
    },
    /// The value could not be made, or came out longer or shorter than announced.
    Length,
}

impl<E> From<Error<E>> for StorageError {
    fn from(error: Error<E>) -> Self {
        match error {
            Error::Flash(_) => Self::Driver,
            Error::Verify => Self::Verify,
            Error::Full { needed, available } => Self::Full { needed, available },
            Error::Length => Self::Length,
            Error::Short { needed } => Self::Short { needed },
            Error::NoSuchKey | Error::TooFewPages => Self::Absent,
        }
    }
}

/// How the flash is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// It can be used.
    pub ready: bool,
    /// What was found in it at the start.
    pub found: Found,
    /// Bytes that a value may have before a page is erased.
    pub free: u32,
    /// Bytes of the model saved; 0 without one.
    pub model: u32,
}

/// Flash that keeps values by key through a loss of power at any time.
pub trait Storage {
    /// How it is.
    fn health(&self) -> Health;

    /// Bytes of a value; 0 when there is none.
    fn length(&self, key: Key) -> u32;

    /// Copies a value into `memory`; its bytes, 0 when there is none.
    ///
    /// # Errors
    /// [`StorageError`].
    fn load(&mut self, key: Key, memory: &mut [u8]) -> Result<usize, StorageError>;

    /// Whether saving a value of `length` bytes would erase a page first.
    fn needs_erase(&self, length: u32) -> bool;

    /// Saves a value of `length` bytes that `fill` passes on piece by piece; of none to remove it. Until this returns,
    /// and whatever goes wrong, the value before is in force.
    ///
    /// # Errors
    /// [`StorageError`].
    fn save(
        &mut self,
        key: Key,
        length: u32,
        fill: &mut dyn FnMut(Put<'_>) -> bool,
        notice: &mut dyn FnMut(Notice),
    ) -> Result<Saved, StorageError>;
}

/// No flash: nothing outlives the power.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFlash;

impl Storage for NoFlash {
    fn health(&self) -> Health {
        Health::default()
    }

    fn length(&self, _: Key) -> u32 {
        0
    }

    fn load(&mut self, _: Key, _: &mut [u8]) -> Result<usize, StorageError> {
        Err(StorageError::Absent)
    }

    fn needs_erase(&self, _: u32) -> bool {
        false
    }

    fn save(
        &mut self,
        _: Key,
        _: u32,
        _: &mut dyn FnMut(Put<'_>) -> bool,
        _: &mut dyn FnMut(Notice),
    ) -> Result<Saved, StorageError> {
        Err(StorageError::Absent)
    }
}

/// The store over any NOR flash.
#[derive(Debug)]
pub enum Flash<F> {
    /// The log, opened.
    Ready(Store<F, KEYS>),
    /// It could not be opened; the flash itself, where there is one.
    Unusable(Option<F>),
}

impl<F: NorFlash> Flash<F> {
    /// Opens the log, whatever is in the flash; `None` when there is none. Never erases.
    pub fn open(flash: Option<F>) -> Self {
        match flash.map(Store::open) {
            Some(Ok(store)) => Self::Ready(store),
            Some(Err((_, flash))) => Self::Unusable(Some(flash)),
            None => Self::Unusable(None),
        }
    }

    /// The flash back.
    pub fn close(self) -> Option<F> {
        match self {
            Self::Ready(store) => Some(store.close()),
            Self::Unusable(flash) => flash,
        }
    }
}

impl<F: NorFlash> Storage for Flash<F> {
    fn health(&self) -> Health {
        match self {
            Self::Ready(store) => Health {
                ready: true,
                found: store.found(),
                free: store.room(),
                model: store.length(Key::Model.number()).unwrap_or(0),
            },
            Self::Unusable(_) => Health::default(),
        }
    }

    fn length(&self, key: Key) -> u32 {
        match self {
            Self::Ready(store) => store.length(key.number()).unwrap_or(0),
            Self::Unusable(_) => 0,
        }
    }

    fn load(&mut self, key: Key, memory: &mut [u8]) -> Result<usize, StorageError> {
        let Self::Ready(store) = self else { return Err(StorageError::Absent) };
        Ok(store.load(key.number(), memory)?.map_or(0, <[u8]>::len))
    }

    fn needs_erase(&self, length: u32) -> bool {
        matches!(self, Self::Ready(store) if store.needs_erase(length))
    }

    fn save(
        &mut self,
        key: Key,
        length: u32,
        fill: &mut dyn FnMut(Put<'_>) -> bool,
        notice: &mut dyn FnMut(Notice),
    ) -> Result<Saved, StorageError> {
        let Self::Ready(store) = self else { return Err(StorageError::Absent) };
        if length == 0 {
            return Ok(store.remove(key.number(), notice)?);
        }
        Ok(store.save_with(key.number(), length, fill, notice)?)
    }
}
