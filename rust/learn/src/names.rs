//! Names of classes.

use crate::ClassId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest name, in bytes of UTF-8.
pub const NAME_BYTES: usize = 13;

/// Why a name was not kept; the names are as they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Longer than [`NAME_BYTES`], empty, or with a control character or space in it.
    Unfit,
    /// All places are taken by other classes.
    Full,
    /// It is the name of this other class.
    Taken(ClassId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Name {
    class: u16,
    len: u8,
    text: [u8; NAME_BYTES],
}

/// White space, as Unicode has it; less than the 256 bytes of `core`'s table.
const fn is_blank(c: char) -> bool {
    matches!(
        c,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Up to `N` named classes, 16 bytes each. All zero when new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names<const N: usize> {
    names: [Name; N],
}

impl<const N: usize> Default for Names<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Names<N> {
    /// No names.
    pub const fn new() -> Self {
        Self { names: [Name { class: 0, len: 0, text: [0; NAME_BYTES] }; N] }
    }

    /// The name of a class.
    pub fn name(&self, class: ClassId) -> Option<&str> {
        let name = self.names.iter().find(|n| n.len > 0 && n.class == class.0)?;
        core::str::from_utf8(name.text.get(..usize::from(name.len))?).ok()
    }

    /// The class of a name.
    pub fn class(&self, name: &str) -> Option<ClassId> {
        self.iter().find(|(_, n)| *n == name).map(|(class, _)| class)
    }

    /// All names in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (ClassId, &str)> + '_ {
        self.names
            .iter()
            .filter(|n| n.len > 0)
            .filter_map(|n| Some((ClassId(n.class), core::str::from_utf8(n.text.get(..usize::from(n.len))?).ok()?)))
    }

    /// Names a class, or renames it.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn set(&mut self, class: ClassId, name: &str) -> Result<(), NameError> {
        if name.is_empty() || name.chars().any(|c| c.is_control() || is_blank(c)) {
            return Err(NameError::Unfit);
        }
        if let Some(other) = self.class(name).filter(|other| *other != class) {
            return Err(NameError::Taken(other));
        }
        let mut text = [0; NAME_BYTES];
        let room = text.get_mut(..name.len()).ok_or(NameError::Unfit)?;
        room.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        let place = self.names.iter().position(|n| n.len > 0 && n.class == class.0);
        let place = place.or_else(|| self.names.iter().position(|n| n.len == 0)).ok_or(NameError::Full)?;
        let slot = self.names.get_mut(place).ok_or(NameError::Full)?;
        *slot = Name { class: class.0, len: name.len() as u8, text };
        Ok(())
    }

    /// Takes a class's name away.
    pub fn remove(&mut self, class: ClassId) {
        for name in self.names.iter_mut().filter(|n| n.class == class.0) {
            name.len = 0;
        }
    }
}

impl<const N: usize> Serialize for Names<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut seq = serializer.serialize_seq(Some(self.iter().count()))?;
        for (class, name) in self.iter() {
            seq.serialize_element(&(class.0, name))?;
        }
        seq.end()
    }
}

impl<const N: usize> Names<N> {
    /// Replaces all names by those of untrusted bytes.
    ///
    /// # Errors
    /// The deserializer's, also for unfit or too many names; there are then no names.
    pub fn load<'de, D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Visitor<'a, const N: usize>(&'a mut Names<N>);
        impl<'de, const N: usize> serde::de::Visitor<'de> for Visitor<'_, N> {
            type Value = ();
            fn expecting(&self, f: &mut core::fmt::Formatter) -> core::fmt::Result {
                f.write_str("names of classes")
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
                while let Some((class, name)) = seq.next_element::<(u16, &str)>()? {
                    if self.0.set(ClassId(class), name).is_err() {
                        *self.0 = Names::new();
                        return Err(serde::de::Error::custom("name unfit or too many"));
                    }
                }
                Ok(())
            }
        }
        *self = Self::new();
        deserializer.deserialize_seq(Visitor(self))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn names_rename_and_refuse() {
        let mut names = Names::<2>::new();
        assert_eq!(names.set(ClassId(0), "still"), Ok(()));
        assert_eq!(names.set(ClassId(3), "walking"), Ok(()));
        assert_eq!(names.set(ClassId(3), "läuft"), Ok(()));
        assert_eq!(names.set(ClassId(4), "running"), Err(NameError::Full));
        for bad in ["", "two words", "fourteen-bytes", "bell\u{7}"] {
            assert_eq!(names.set(ClassId(3), bad), Err(NameError::Unfit), "{bad}");
        }
        assert_eq!((names.name(ClassId(3)), names.class("still")), (Some("läuft"), Some(ClassId(0))));
        names.remove(ClassId(0));
        assert_eq!(names.name(ClassId(0)), None);
    }
}
