//! The window that waits for a label.

/// The features of the last unknown window, kept until it is labelled, dismissed or replaced. All zero when empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending<const D: usize> {
    len: u16,
    sequence: u32,
    features: [f32; D],
}

impl<const D: usize> Default for Pending<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const D: usize> Pending<D> {
    /// No window waits.
    pub const fn new() -> Self {
        Self { len: 0, sequence: 0, features: [0.0; D] }
    }

    /// Keeps a window in place of the one that waited, with its number. False, and none waits, when it has more than `D` features.
    pub fn keep(&mut self, features: &[f32], sequence: u32) -> bool {
        self.len = 0;
        let (Ok(len), Some(place)) = (u16::try_from(features.len()), self.features.get_mut(..features.len())) else {
            return false;
        };
        place.copy_from_slice(features);
        self.len = len;
        self.sequence = sequence;
        true
    }

    /// The window that waits: its features and number.
    pub fn window(&self) -> Option<(&[f32], u32)> {
        if self.len == 0 { None } else { Some((self.features.get(..usize::from(self.len))?, self.sequence)) }
    }

    /// Lets the window go, because it was learnt or is not to be.
    pub fn dismiss(&mut self) {
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_until_dismissed() {
        let mut p = Pending::<3>::new();
        assert_eq!(p.window(), None);
        assert!(p.keep(&[1.0, 2.0], 7));
        assert!(p.keep(&[3.0], 8));
        assert_eq!(p.window(), Some((&[3.0][..], 8)));
        assert!(!p.keep(&[0.0; 4], 9));
        assert_eq!(p.window(), None);
        assert!(p.keep(&[3.0], 8));
        p.dismiss();
        assert_eq!(p.window(), None);
    }
}
