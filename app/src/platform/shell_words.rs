//! The engine's table of commands, as Zephyr's shell wants it for help and completion: texts that end in NUL.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int};
use hone_engine::command::{COMMANDS, TEXTS, complete};

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// What `app/c/shell.c` registers. The build fails when the engine has another command.
const REGISTERED: [&str; 12] =
    ["train", "infer", "label", "stats", "model", "data", "eval", "sensor", "config", "wait", "time", "record"];

const fn is_registered(name: &str) -> bool {
    let mut i = 0;
    while i < REGISTERED.len() {
        if equal(REGISTERED[i], name) {
            return true;
        }
        i += 1;
    }
    false
}

const _: () = {
    let mut i = 0;
    while i < COMMANDS.len() {
        assert!(is_registered(COMMANDS[i].name), "the engine has a command that app/c/shell.c does not register");
        i += 1;
    }
};

/// What the shell shows of a command; null of what the engine does not have.
pub(super) fn text(name: &str) -> *const c_char {
    let place = COMMANDS.iter().position(|c| c.name == name);
    place.and_then(|place| TEXTS.get(place)).map_or(core::ptr::null(), |text| text.as_ptr())
}

const NAME: usize = 48;
const HELP: usize = 120;

/// A word on its way to the shell, which looks at two at a time.
struct Slot {
    name: [u8; NAME],
    help: [u8; HELP],
}

/// The words shown last.
struct Shown {
    slots: [Slot; 2],
    /// The newest is in this slot.
    turn: usize,
    /// Where its path lies, and its index.
    path: usize,
    index: usize,
}

struct Slots(UnsafeCell<Shown>);

// SAFETY: used from the shell's thread alone, which asks for words.
unsafe impl Sync for Slots {}

static SLOTS: Slots = Slots(UnsafeCell::new(Shown {
    slots: [const { Slot { name: [0; NAME], help: [0; HELP] } }; 2],
    turn: 0,
    path: 0,
    index: 0,
}));

/// Copies as much of `text` as fits, and NUL.
fn put(text: impl Iterator<Item = u8>, place: &mut [u8]) {
    place.fill(0);
    let room = place.len() - 1;
    place.iter_mut().take(room).zip(text).for_each(|(to, from)| *to = from);
}

/// The `index`-th word, in the order of the alphabet, that may follow `path` (words separated by spaces).
///
/// # Safety
/// Called from the shell's thread; the texts hold until the second call after this one.
pub(super) unsafe fn word(path: &str, index: usize, name: &mut *const c_char, text: &mut *const c_char) -> c_int {
    let mut words = [""; 4];
    let mut count = 0;
    for (place, word) in words.iter_mut().zip(path.split(' ')) {
        *place = word;
        count += 1;
    }
    let address = path.as_ptr() as usize;
    let path = words.get(..count).unwrap_or(&[]);
    // SAFETY: one thread, and no other reference lives: callers get pointers.
    let shown = unsafe { &mut *SLOTS.0.get() };
    // The shell asks for one after the other: the next one is found in one pass.
    let follows = shown.path == address && index == shown.index + 1;
    let newest = shown.slots.get(shown.turn).map_or([0; NAME], |slot| slot.name);
    let (mut chosen, first) = if follows { (newest, index) } else { ([0; NAME], 0) };
    for _ in first..=index {
        let Some(next) = after(path, &chosen) else { return 0 };
        chosen = next;
    }
    (shown.turn, shown.path, shown.index) = (1 - shown.turn, address, index);
    let Some(slot) = shown.slots.get_mut(shown.turn) else { return 0 };
    slot.name = chosen;
    let chosen = text_of(&slot.name);
    let command = path.first().and_then(|root| COMMANDS.iter().find(|c| c.name == *root));
    let help = command.and_then(|c| c.sub.iter().find(|s| s.name == chosen)).map_or("", |s| s.help);
    put(help.bytes(), &mut slot.help);
    *name = slot.name.as_ptr().cast();
    *text = if help.is_empty() { core::ptr::null() } else { slot.help.as_ptr().cast() };
    1
}

/// The text before NUL.
fn text_of(name: &[u8; NAME]) -> &str {
    CStr::from_bytes_until_nul(name).ok().and_then(|text| text.to_str().ok()).unwrap_or("")
}

/// The first word, in the order of the alphabet, that may follow `path` and comes after `last`. The engine shows words
/// in its own order; the shell's completion takes them to be sorted.
fn after(path: &[&str], last: &[u8; NAME]) -> Option<[u8; NAME]> {
    let mut found = [0; NAME];
    complete(path, "", &mut |word| {
        if word > text_of(last) && (found[0] == 0 || word < text_of(&found)) {
            put(word.bytes(), &mut found);
        }
    });
    (found[0] != 0).then_some(found)
}
