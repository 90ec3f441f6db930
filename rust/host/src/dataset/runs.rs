//! A value for each of many frames, held once for as many in a row as have it.

/// Runs of equal values.
#[derive(Clone, Debug)]
pub struct Runs<T> {
    /// Where each begins.
    runs: Vec<(usize, T)>,
    len: usize,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self { runs: Vec::new(), len: 0 }
    }
}

impl<T: Copy + PartialEq> Runs<T> {
    /// Values in all.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds one.
    pub fn push(&mut self, value: T) {
        self.push_many(value, 1);
    }

    /// Adds so many.
    pub fn push_many(&mut self, value: T, count: usize) {
        if count > 0 && self.runs.last().is_none_or(|r| r.1 != value) {
            self.runs.push((self.len, value));
        }
        self.len += count;
    }

    /// The value at `index`.
    pub fn get(&self, index: usize) -> Option<T> {
        if index >= self.len {
            return None;
        }
        let run = self.runs.partition_point(|r| r.0 <= index).checked_sub(1)?;
        self.runs.get(run).map(|r| r.1)
    }

    /// Each value from `from` on that begins before `to`, with how many of the range have it.
    pub fn range(&self, from: usize, to: usize) -> impl Iterator<Item = (T, usize)> + '_ {
        let to = to.min(self.len);
        let first = self.runs.partition_point(|r| r.0 <= from).saturating_sub(1);
        (first..self.runs.len()).map_while(move |i| {
            let (begin, value) = *self.runs.get(i)?;
            let end = self.runs.get(i + 1).map_or(self.len, |r| r.0);
            (begin < to).then(|| (value, end.min(to).saturating_sub(begin.max(from))))
        })
    }

    /// Where each run begins, and its value.
    pub fn iter(&self) -> impl Iterator<Item = (usize, T)> + '_ {
        self.runs.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_the_values_that_were_added() {
        let mut runs = Runs::default();
        let values = [1, 1, 2, 2, 2, 1, 3, 3];
        values.iter().for_each(|v| runs.push(*v));
        assert_eq!((runs.len(), runs.iter().count()), (8, 4));
        for from in 0..8 {
            assert_eq!(runs.get(from), Some(values[from]));
            for to in from..=9 {
                let flat: Vec<i32> = runs.range(from, to).flat_map(|(v, n)| vec![v; n]).collect();
                assert_eq!(flat, values[from..to.min(8)], "{from} {to}");
            }
        }
        assert_eq!(runs.get(8), None);
    }
}
