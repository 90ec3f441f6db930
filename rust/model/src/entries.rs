//! Named values: the parameters of a learner or of the feature pipeline, and run-time configuration. They carry their
//! own names and kinds, so that a program that knows no learner can show them.

use crate::cursor::Cursor;
use hone_learn::sink::{Refused, Sink};
use hone_learn::{Kind, Setting, Settings, Text, Value};

/// A value as stored. A choice is stored as its word, so that a reordered table does not change its meaning; a text, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry<'a> {
    /// A whole number.
    Int(i32),
    /// A finite real number.
    Real(f32),
    /// On or off.
    Flag(bool),
    /// A word.
    Word(&'a str),
}

impl<'a> Entry<'a> {
    /// The value of `setting` as stored; `None` when it is not of the setting's kind.
    pub fn of(setting: &Setting, value: &'a Value) -> Option<Self> {
        Some(match (setting.kind, value) {
            (Kind::Int { .. }, Value::Int(v)) => Entry::Int(*v),
            (Kind::Real { .. }, Value::Real(v)) => Entry::Real(*v),
            (Kind::Flag, Value::Flag(v)) => Entry::Flag(*v),
            (Kind::Choice(words), Value::Choice(i)) => Entry::Word(words.get(usize::from(*i))?),
            (Kind::Text(_), Value::Text(text)) => Entry::Word(text.as_str()),
            _ => return None,
        })
    }

    /// This as a value of `setting`; `None` when it is not of the setting's kind or out of its range.
    pub fn value(self, setting: &Setting) -> Option<Value> {
        let value = match (setting.kind, self) {
            (Kind::Int { .. }, Self::Int(v)) => Value::Int(v),
            (Kind::Real { .. }, Self::Real(v)) => Value::Real(v),
            (Kind::Flag, Self::Flag(v)) => Value::Flag(v),
            (Kind::Choice(words), Self::Word(word)) => {
                Value::Choice(u8::try_from(words.iter().position(|w| *w == word)?).ok()?)
            }
            (Kind::Text(_), Self::Word(word)) => Value::Text(Text::new(word)?),
            _ => return None,
        };
        setting.accepts(value).then_some(value)
    }
}

/// Calls `each` with the name and value of every setting, in the order of the table.
pub fn each_setting<S: Settings>(settings: &S, each: &mut dyn FnMut(&str, Entry<'_>)) {
    each_of(S::SETTINGS, &|index| settings.get(index), each);
}

fn each_of(table: &[Setting], get: &dyn Fn(usize) -> Option<Value>, each: &mut dyn FnMut(&str, Entry<'_>)) {
    for (index, setting) in table.iter().enumerate() {
        let Some(value) = get(index) else { continue };
        if let Some(entry) = Entry::of(setting, &value) {
            each(setting.name, entry);
        }
    }
}

/// What [`apply`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Settings that were set.
    pub set: u16,
    /// Entries left out: no setting has the name, or takes the value.
    pub skipped: u16,
}

/// Sets every setting that an entry names and whose range has the entry's value; the rest stay as they were.
pub fn apply<S: Settings>(settings: &mut S, entries: Entries<'_>) -> Applied {
    apply_to(S::SETTINGS, &mut |index, value| settings.store(index, value), entries)
}

fn apply_to(table: &[Setting], store: &mut dyn FnMut(usize, Value) -> bool, entries: Entries<'_>) -> Applied {
    let mut applied = Applied::default();
    for (name, entry) in entries {
        let found = table.iter().enumerate().find(|(_, s)| s.name == name);
        let set = found.is_some_and(|(i, s)| entry.value(s).is_some_and(|v| store(i, v)));
        let count = if set { &mut applied.set } else { &mut applied.skipped };
        *count = count.saturating_add(1);
    }
    applied
}

/// Puts one entry.
///
/// # Errors
/// [`Refused`] by the sink, or for a name or word above 255 bytes or a real number that is not finite.
pub fn put(sink: &mut dyn Sink, name: &str, entry: Entry<'_>) -> Result<(), Refused> {
    put_text(sink, name)?;
    match entry {
        Entry::Int(v) => {
            sink.put(&[0])?;
            sink.put(&v.to_le_bytes())
        }
        Entry::Real(v) if v.is_finite() => {
            sink.put(&[1])?;
            sink.put(&v.to_le_bytes())
        }
        Entry::Real(_) => Err(Refused),
        Entry::Flag(v) => sink.put(&[2, u8::from(v)]),
        Entry::Word(v) => {
            sink.put(&[3])?;
            put_text(sink, v)
        }
    }
}

pub(crate) fn put_text(sink: &mut dyn Sink, text: &str) -> Result<(), Refused> {
    sink.put(&[u8::try_from(text.len()).map_err(|_| Refused)?])?;
    sink.put(text.as_bytes())
}

/// Entries in stored bytes; ends at the first byte that is not an entry.
#[derive(Clone, Debug)]
pub struct Entries<'a>(Cursor<'a>);

impl<'a> Entries<'a> {
    /// Entries from bytes that are trusted no further: what is not an entry ends them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(Cursor(bytes))
    }

    /// Whether there are entries up to the last byte.
    pub fn intact(&self) -> bool {
        let mut probe = self.clone();
        while probe.next().is_some() {}
        probe.0.is_empty()
    }

    /// The value of the first entry of this name.
    pub fn named(&self, name: &str) -> Option<Entry<'a>> {
        self.clone().find(|(n, _)| *n == name).map(|(_, e)| e)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, Entry<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.0.clone();
        let name = rest.text()?;
        let entry = match rest.u8()? {
            0 => Entry::Int(rest.i32()?),
            1 => Entry::Real(rest.real()?),
            2 => Entry::Flag(match rest.u8()? {
                0 => false,
                1 => true,
                _ => return None,
            }),
            3 => Entry::Word(rest.text()?),
            _ => return None,
        };
        self.0 = rest;
        Some((name, entry))
    }
}
