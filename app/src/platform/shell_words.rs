//! The engine's table of commands, as Zephyr's shell wants it for help and completion: texts that end in NUL.

use core::cell::UnsafeCell;
use core::ffi::{CStr, c_char, c_int};
use hone_engine::command::{COMMANDS, Command, complete};

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// What the engine does not have, since no learner of the build needs it.
const NOTHING: Command = Command { name: "", usage: "", help: "", sub: &[], words: hone_engine::command::Words::None };

const fn find(name: &str) -> &'static Command {
    let mut i = 0;
    while i < COMMANDS.len() {
        if equal(COMMANDS[i].name, name) {
            return &COMMANDS[i];
        }
        i += 1;
    }
    &NOTHING
}

/// What the shell shows of a command, and NUL; without an array to write into, only how long it is.
const fn help<const N: usize>(command: &Command) -> ([u8; N], usize) {
    let mut text = ([0; N], 0);
    append(&mut text, command.help);
    append(&mut text, "\n");
    append(&mut text, command.name);
    append(&mut text, " ");
    append(&mut text, command.usage);
    append(&mut text, "\0");
    text
}

const fn append<const N: usize>((text, len): &mut ([u8; N], usize), words: &str) {
    let mut i = 0;
    while i < words.len() {
        if *len < N {
            text[*len] = words.as_bytes()[i];
        }
        *len += 1;
        i += 1;
    }
}

/// The help of each command under the name by which C knows it. The list here and in `app/c/shell.c` is the engine's:
/// the build fails when one is missing.
macro_rules! help_of {
    ($($symbol:ident = $name:literal),* $(,)?) => {
        $(#[unsafe(no_mangle)]
        static $symbol: [u8; help::<0>(find($name)).1] = help(find($name)).0;)*

        const _: () = assert!(
            COMMANDS.len() == 0 $(+ !find($name).name.is_empty() as usize)*,
            "the engine has a command that app/c/shell.c and shell_words.rs do not register"
        );
    };
}

help_of! {
    hone_help_train = "train", hone_help_infer = "infer", hone_help_label = "label", hone_help_stats = "stats",
    hone_help_model = "model", hone_help_data = "data", hone_help_eval = "eval", hone_help_sensor = "sensor", hone_help_config = "config", hone_help_wait = "wait",
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
