//! The cache of kernel rows: as many lines as the workspace holds, least recently used first to go (Joachims 1999). Lines
//! and their columns follow the positions of the variables, which shrinking permutes; a line may hold a leading part of a
//! row.

use crate::rows::{Operand, cheap, fill_narrow, unfold};
use crate::smo::{Problem, Variable};
use crate::space::{Line, Space};

/// The position of a line that has none.
pub(crate) const NOBODY: usize = u16::MAX as usize;

/// A line not used yet.
pub(crate) const VACANT_LINE: Line = [(NOBODY as u32) << 16, 0];

/// Where a variable keeps the number of its line; all ones when it has none.
pub(crate) const LINE: u32 = 0xfff << 16;

/// What of a cache outlives a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// Lines in use, which are the first ones.
    used: usize,
    now: u32,
}

/// The line of a variable; there is none of that number when it has none.
fn line_of(v: &Variable) -> usize {
    ((v.state & LINE) >> 16) as usize
}

fn position(line: &Line) -> usize {
    (line[0] >> 16) as usize
}

/// The columns that a line holds.
fn held(line: &Line) -> usize {
    (line[0] & 0xffff) as usize
}

fn pack(position: usize, held: usize) -> u32 {
    (position << 16 | held) as u32
}

impl Problem<'_> {
    /// A line for position `p`, with no column yet: one not used yet, or that used longest ago.
    #[inline(never)]
    pub fn evict(&mut self, p: usize) -> usize {
        let Clock { used, now } = self.run.clock;
        let Space { vars, lines, .. } = &mut *self.space;
        let lines = &mut **lines;
        let mut number = used;
        if used < lines.len() {
            self.run.clock.used += 1;
        } else {
            let mut age = 0;
            for (i, line) in lines.iter().enumerate() {
                let unused = now.wrapping_sub(line[1]);
                if unused >= age {
                    (number, age) = (i, unused);
                }
            }
        }
        if let Some(line) = lines.get_mut(number) {
            if let Some(v) = vars.get_mut(position(line)) {
                v.state |= LINE;
            }
            line[0] = pack(p, 0);
        }
        if let Some(v) = vars.get_mut(p) {
            v.state = v.state & !LINE | (number << 16) as u32;
        }
        number
    }

    /// A line whose numbers are the caller's until other two were claimed after it was last held: another one, or `number`
    /// again.
    #[cfg(feature = "reduce")]
    pub fn hold(&mut self, number: Option<usize>) -> usize {
        let number = number.unwrap_or_else(|| self.evict(NOBODY));
        self.run.clock.now = self.run.clock.now.wrapping_add(1);
        if let Some(line) = self.space.lines.get_mut(number) {
            *line = [pack(NOBODY, 0), self.run.clock.now];
        }
        number
    }

    /// Where the numbers of a line begin.
    fn start(&self, line: usize) -> usize {
        line * self.space.vars.len()
    }

    /// The numbers of a line.
    pub fn numbers(&self, line: usize) -> &[f32] {
        self.space.kept.get(self.start(line)..).unwrap_or(&[])
    }

    /// Columns `from` to `to` of a line.
    pub fn columns(&mut self, line: usize, from: usize, to: usize) -> &mut [f32] {
        let start = self.start(line);
        self.space.kept.get_mut(start + from..start + to).unwrap_or(&mut [])
    }

    /// The line with the kernel row of position `p`, of at least `len` columns.
    #[inline(never)]
    pub fn fetch(&mut self, p: usize, len: usize) -> usize {
        let Some(v) = self.space.vars.get(p) else { return 0 };
        let (row, own, mut number) = (v.row(), v.square, line_of(v));
        self.run.clock.now = self.run.clock.now.wrapping_add(1);
        if number >= self.space.lines.len() {
            number = self.evict(p);
        }
        let Some(line) = self.space.lines.get_mut(number) else { return 0 };
        line[1] = self.run.clock.now;
        let have = held(line);
        if have < len
            && let Some(row) = self.rows.row(row)
        {
            let constant = unfold(row, self.rows.format(), self.space.scaling, self.space.z);
            self.complete(number, p, (have, len), (constant, own));
            if let Some(line) = self.space.lines.get_mut(number) {
                line[0] = pack(p, len);
            }
        }
        number
    }

    /// Computes columns `have` to `len` of a line, of the folded row in the scratch row, save those that other lines hold as
    /// their number `column`, the row's position: K is symmetric. `own` is what the diagonal has for that row.
    #[inline(never)]
    pub fn complete(&mut self, number: usize, column: usize, (have, len): (usize, usize), (constant, own): (f32, f32)) {
        let (plan, rows) = (self.plan, self.rows);
        let Space { z, vars, lines, kept, .. } = &mut *self.space;
        let (lines, kept, size) = (&**lines, &mut **kept, vars.len());
        let mut at = number * size + have;
        let Some(vars) = vars.get(have..len) else { return };
        if cheap(&plan.kernel, rows.format(), plan.width) {
            // To look numbers up in other lines would cost more.
            fill_narrow(&self.rows, z, constant, vars, kept.get_mut(at..).unwrap_or_default());
        } else {
            let operand = Operand::of(z, plan.width, rows.format());
            for v in vars {
                let other = line_of(v);
                let value = if lines.get(other).is_some_and(|line| column < held(line))
                    && let Some(k) = kept.get(other * size + column)
                {
                    *k
                } else {
                    let Some(row) = rows.row(v.row()) else { return };
                    let dot = operand.dot(row) + constant;
                    if plan.linear() { dot } else { plan.kernel.value(dot, own, v.square) }
                };
                if let Some(out) = kept.get_mut(at) {
                    *out = value;
                }
                at += 1;
            }
        }
        self.spend((len - have) * plan.width);
    }

    /// Exchanges positions `p` < `q`. A line that has column `p` but not `q` ends before `p`.
    #[inline(never)]
    pub fn exchange(&mut self, p: usize, q: usize) {
        let Space { vars, lines, kept, .. } = &mut *self.space;
        let (lines, kept, size) = (&mut **lines, &mut **kept, vars.len());
        if let Some((front, back)) = vars.split_at_mut_checked(q)
            && let (Some(v), Some(w)) = (front.get_mut(p), back.first_mut())
        {
            v.swap(w);
            let mut moved = |v: &Variable, position: usize| {
                if let Some(line) = lines.get_mut(line_of(v)) {
                    line[0] = pack(position, held(line));
                }
            };
            moved(v, p);
            moved(w, q);
        }
        for (line, row) in lines.iter_mut().zip(kept.chunks_exact_mut(size.max(1))).take(self.run.clock.used) {
            let held = held(line);
            if p < q && q < held && q < row.len() {
                row.swap(p, q);
            } else if p < held && held <= q {
                line[0] = line[0] & 0xffff_0000 | p as u32;
            }
        }
        // The extremes are never set aside; the first may have moved.
        if self.run.first == q {
            self.run.first = p;
        }
    }
}
