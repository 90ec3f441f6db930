//! How the caller's workspace is carved in training.

use crate::network::State;
use crate::normal;
use crate::params::Checked;
use hone_learn::{Shortage, Workspace};

/// Words of the running state.
pub(crate) const fn state_words(c: &Checked) -> usize {
    3 * c.units() + 3 * c.channels()
}

/// Words that the phases use one after the other: running statistics of the channels, normal equations, scores.
pub(crate) const fn shared_words(c: &Checked) -> usize {
    let normal = normal::words(c.unknowns(), c.channels());
    let scores = 2 * c.params().calibrate_windows as usize;
    if normal > scores { normal } else { scores }
}

/// The workspace of one call.
pub(crate) struct Carved<'a> {
    pub state: State<'a>,
    pub shared: &'a mut [f32],
}

#[inline]
pub(crate) fn carve<'a>(memory: &'a mut [u32], c: &Checked) -> Result<Carved<'a>, Shortage> {
    let needed = crate::required(c);
    let mut ws = Workspace::new(memory);
    if ws.available() < needed {
        return Err(Shortage { needed, available: ws.available() });
    }
    let state = State {
        x: ws.take(2 * c.units())?,
        next: ws.take(c.units())?,
        u: ws.take(c.channels())?,
        y: ws.take(c.channels())?,
        offset: ws.take(c.channels())?,
    };
    Ok(Carved { state, shared: ws.take(shared_words(c))? })
}
