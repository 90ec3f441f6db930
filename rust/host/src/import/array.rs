//! Constants of a graph: numbers with a shape.

use super::proto;

/// Numbers of a constant at most.
const MOST: usize = 1 << 20;

/// Numbers with a shape, the last dimension running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
    /// The least that its type holds, of whole numbers.
    pub least: Option<f64>,
    /// The greatest.
    pub most: Option<f64>,
}

impl Array {
    pub fn new(shape: Vec<usize>, data: Vec<f64>) -> Self {
        Self { shape, data, least: None, most: None }
    }

    /// Of one dimension.
    pub fn list(data: Vec<f64>) -> Self {
        Self::new(vec![data.len()], data)
    }

    /// Reads a tensor.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow its name.
    pub fn read(tensor: &proto::Tensor) -> Result<Self, String> {
        if tensor.location != 0 {
            return Err("keeps its numbers in another file; save the model with them in it".into());
        }
        let shape: Option<Vec<usize>> = tensor.dims.iter().map(|d| usize::try_from(*d).ok()).collect();
        let count = shape.as_ref().and_then(|s| s.iter().try_fold(1usize, |n, d| n.checked_mul(*d)));
        let (Some(shape), Some(count)) = (shape, count.filter(|n| *n <= MOST)) else {
            return Err(format!("is larger than the {MOST} numbers that a constant may have here"));
        };
        let raw = |size: usize, number: fn(&[u8]) -> f64| tensor.raw.chunks_exact(size).map(number).collect();
        let whole = || tensor.int32s.iter().map(|x| f64::from(*x)).collect();
        let is_raw = !tensor.raw.is_empty();
        let mut range = (None, None);
        let data: Vec<f64> = match tensor.data_type {
            1 if is_raw => raw(4, |b| f32::from_le_bytes(bytes(b)).into()),
            1 => tensor.floats.iter().map(|x| f64::from(*x)).collect(),
            11 if is_raw => raw(8, |b| f64::from_le_bytes(bytes(b))),
            11 => tensor.doubles.clone(),
            kind @ (2 | 3) => {
                let signed = kind == 3;
                range = if signed { (Some(-128.0), Some(127.0)) } else { (Some(0.0), Some(255.0)) };
                match (is_raw, signed) {
                    (true, true) => raw(1, |b| i8::from_le_bytes(bytes(b)).into()),
                    (true, false) => raw(1, |b| u8::from_le_bytes(bytes(b)).into()),
                    (false, _) => whole(),
                }
            }
            6 if is_raw => raw(4, |b| i32::from_le_bytes(bytes(b)).into()),
            6 => whole(),
            7 if is_raw => raw(8, |b| i64::from_le_bytes(bytes(b)) as f64),
            7 => tensor.int64s.iter().map(|x| *x as f64).collect(),
            other => {
                let kind = ["", "", "", "", "uint16", "int16", "", "", "string", "bool", "float16"]
                    .get(other.unsigned_abs() as usize)
                    .filter(|name| !name.is_empty());
                let kind = kind.map_or_else(|| format!("the type number {other}"), |name| (*name).to_string());
                return Err(format!("has numbers of {kind}; here they are float, double, int8, uint8, int32 or int64"));
            }
        };
        if data.len() != count {
            return Err(format!("has {} numbers, and its shape {count}", data.len()));
        }
        if !data.iter().all(|x| x.is_finite()) {
            return Err("has a number that is infinite, or not a number".into());
        }
        Ok(Self { shape, data, least: range.0, most: range.1 })
    }

    /// Its only number.
    pub fn scalar(&self) -> Option<f64> {
        if let [one] = self.data[..] { Some(one) } else { None }
    }

    /// Whole numbers.
    pub fn ints(&self) -> Vec<i64> {
        self.data.iter().map(|x| *x as i64).collect()
    }

    /// What it has at each place of a tensor of this shape, by the rule of NumPy; `None` where it does not fit.
    pub fn broadcast(&self, shape: &[usize]) -> Option<Vec<f64>> {
        let skip = shape.len().checked_sub(self.shape.len())?;
        let fits = self.shape.iter().zip(&shape[skip..]).all(|(own, d)| own == d || *own == 1);
        let count: usize = shape.iter().product();
        (fits && !self.data.is_empty()).then(|| {
            (0..count)
                .map(|mut place| {
                    let (mut at, mut step) = (0, 1);
                    for (axis, d) in shape.iter().enumerate().rev() {
                        let (i, rest) = (place % d, place / d);
                        place = rest;
                        if let Some(own) = axis.checked_sub(skip).map(|axis| self.shape[axis]) {
                            at += if own == 1 { 0 } else { i * step };
                            step *= own;
                        }
                    }
                    self.data[at]
                })
                .collect()
        })
    }

    /// Its axes in another order; `None` where that is none.
    pub fn transposed(&self, axes: &[usize]) -> Option<Self> {
        let places = transposed(&self.shape, axes)?;
        let data = places.iter().map(|place| self.data[*place]).collect();
        Some(Self { shape: axes.iter().map(|a| self.shape[*a]).collect(), data, ..self.clone() })
    }

    /// (q − zero)·scale, with one scale or one for each index along an axis; `None` where they do not fit.
    pub fn dequantised(&self, scale: &Self, zero: Option<&Self>, axis: i64) -> Option<Self> {
        let zeros = zero.map_or_else(|| vec![0.0], |zero| zero.data.clone());
        let by_axis = scale.data.len() > 1;
        let axis = if by_axis && self.shape.len() > 1 { place(axis, self.shape.len())? } else { 0 };
        let along = self.shape.get(axis).copied().unwrap_or(1);
        if by_axis && along != scale.data.len() || zeros.len() != scale.data.len() && zeros.len() != 1 {
            return None;
        }
        let inner: usize = self.shape.iter().skip(axis + 1).product();
        let of = |list: &[f64], i: usize| {
            let at = if list.len() > 1 { i / inner.max(1) % along } else { 0 };
            list.get(at).copied()
        };
        let real = |(i, q): (usize, &f64)| Some((q - of(&zeros, i)?) * of(&scale.data, i)?);
        let data = self.data.iter().enumerate().map(real).collect::<Option<_>>()?;
        Some(Self::new(self.shape.clone(), data))
    }
}

fn bytes<const N: usize>(from: &[u8]) -> [u8; N] {
    let mut to = [0; N];
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to
}

/// An axis counted from the end where it is negative.
pub fn place(axis: i64, rank: usize) -> Option<usize> {
    let axis = if axis < 0 { axis.checked_add(rank as i64)? } else { axis };
    usize::try_from(axis).ok().filter(|axis| *axis < rank)
}

/// For each place of a tensor whose axes were put into another order, its place before.
pub fn transposed(shape: &[usize], axes: &[usize]) -> Option<Vec<usize>> {
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.iter().copied().eq(0..shape.len()) {
        return None;
    }
    let step = |axis: usize| shape[axis + 1..].iter().product::<usize>();
    let count = shape.iter().product();
    let place = |mut place: usize| {
        axes.iter().rev().fold(0, |at, axis| {
            let i = place % shape[*axis];
            place /= shape[*axis];
            at + i * step(*axis)
        })
    };
    Some((0..count).map(place).collect())
}

/// The shape that a reshape to `wanted` gives; `None` where there is none.
pub fn reshaped(shape: &[usize], wanted: &[i64]) -> Option<Vec<usize>> {
    let count: usize = shape.iter().product();
    let mut free = None;
    let mut made = Vec::new();
    for (i, d) in wanted.iter().enumerate() {
        made.push(match d {
            0 => *shape.get(i)?,
            -1 if free.is_none() => {
                free = Some(i);
                1
            }
            d => usize::try_from(*d).ok()?,
        });
    }
    let known = made.iter().try_fold(1usize, |n, d| n.checked_mul(*d))?;
    if let Some(free) = free {
        made[free] = count.checked_div(known)?;
    }
    (made.iter().try_fold(1usize, |n, d| n.checked_mul(*d))? == count).then_some(made)
}

/// The shape without the axes, or without all of length 1; `None` where one is longer.
pub fn squeezed(shape: &[usize], axes: Option<&[i64]>) -> Option<Vec<usize>> {
    let all: Vec<i64> = (0..shape.len() as i64).filter(|i| shape[*i as usize] == 1).collect();
    let out: Vec<usize> = axes.unwrap_or(&all).iter().map(|a| place(*a, shape.len())).collect::<Option<_>>()?;
    let kept = |(i, d): (usize, &usize)| (!out.contains(&i)).then_some(*d);
    out.iter().all(|a| shape[*a] == 1).then(|| shape.iter().enumerate().filter_map(kept).collect())
}

/// The shape with axes of length 1 put in; `None` where that is none.
pub fn unsqueezed(shape: &[usize], axes: &[i64]) -> Option<Vec<usize>> {
    let rank = shape.len() + axes.len();
    let new: Vec<usize> = axes.iter().map(|a| place(*a, rank)).collect::<Option<_>>()?;
    let mut old = shape.iter();
    let made: Vec<usize> =
        (0..rank).map(|i| if new.contains(&i) { Some(1) } else { old.next().copied() }).collect::<Option<_>>()?;
    old.next().is_none().then_some(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_follow_the_rules_of_numpy() {
        let a = Array::new(vec![2, 3], (0..6).map(f64::from).collect());
        assert_eq!(a.transposed(&[1, 0]).unwrap().data, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(a.transposed(&[1, 1]), None);
        assert_eq!(transposed(&[2, 3, 2], &[0, 2, 1]).unwrap(), [0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11]);
        assert_eq!(reshaped(&[2, 3], &[-1]).unwrap(), [6]);
        assert_eq!(reshaped(&[1, 4, 6], &[0, -1]).unwrap(), [1, 24]);
        assert_eq!(reshaped(&[2, 3], &[4, -1]), None);
        assert_eq!(reshaped(&[0, 2], &[0, -1]), None);
        assert_eq!(squeezed(&[1, 4, 1], Some(&[-1])).unwrap(), [1, 4]);
        assert_eq!(squeezed(&[1, 4], Some(&[1])), None);
        assert_eq!(unsqueezed(&[1, 4], &[2]).unwrap(), [1, 4, 1]);
        assert_eq!(unsqueezed(&[1, 4], &[1, 1]), None);
        let row = Array::list(vec![1.0, 2.0]);
        assert_eq!(row.broadcast(&[1, 2, 2]).unwrap(), [1.0, 2.0, 1.0, 2.0]);
        assert_eq!(Array::new(vec![2, 1], vec![1.0, 2.0]).broadcast(&[1, 2, 2]).unwrap(), [1.0, 1.0, 2.0, 2.0]);
        assert_eq!(row.broadcast(&[3]), None);
    }

    #[test]
    fn whole_numbers_become_real() {
        let q = Array::new(vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]);
        let scales = Array::list(vec![0.5, 2.0]);
        assert_eq!(q.dequantised(&scales, None, 0).unwrap().data, [0.5, 1.0, 6.0, 8.0]);
        assert_eq!(q.dequantised(&scales, Some(&Array::list(vec![1.0])), -1).unwrap().data, [0.0, 2.0, 1.0, 6.0]);
        assert_eq!(q.dequantised(&Array::list(vec![1.0; 3]), None, 0), None);
    }
}
