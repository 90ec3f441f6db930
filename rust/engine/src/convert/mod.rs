//! Smaller forms of the model in use: made beside it, compared with it on live windows, and offered.
//!
//! ```text
//!  order ──► make (a free slot) ──► first windows: thresholds ──► the others: comparison ──► offer
//!  yes: published, and saved as any new model      no, or a training begins: forgotten
//! ```
//!
//! A conversion is a job of the background loop: it takes live windows, works in the workspace, and can be cancelled. The
//! windows that set the thresholds are not those of the report, and both are held back from training: they came after it.
//! A model that learns in place is converted from a copy.

use crate::data::order::{Changes, Job, JobFault, JobOrder, Offer};
use crate::data::stats::Phase;
use crate::keep::container;
use crate::learners::{Model, SMALL_MODELS, Scratch};
use crate::link::Links;
use crate::loops::feed::apart;
use crate::loops::train::{Advance, room_for};
use crate::pool::{Held, Slot};
use crate::workshop::Workshop;
use core::sync::atomic::Ordering;
use hone_learn::learner::{Answer, Form, Input};
use hone_learn::{ClassId, Decision, Metric, Report, Stop};

/// Windows of a conversion's report when nothing else is said, at least.
const WINDOWS: u16 = 48;

/// Where the model that is converted is.
#[derive(Debug)]
enum Source {
    /// In its slot.
    Slot(u8),
    /// In a copy, which is waited for.
    Awaited,
    /// There.
    Copy(Held),
}

/// A conversion under way.
#[derive(Debug)]
pub(crate) struct Convert {
    form: Form,
    source: Source,
    /// Of the model in use.
    generation: u32,
    new: Held,
    made: bool,
    asked: Option<u16>,
    /// Windows that set the thresholds, windows of the report, windows taken in.
    settle: u16,
    report: u16,
    seen: u16,
    /// Bytes of workspace that are kept while thresholds are set.
    bytes: usize,
    changes: Changes,
}

impl Convert {
    /// Takes a slot for the new form, and one for a copy of a model that learns.
    #[inline(never)]
    pub fn begin(
        links: &Links,
        workshop: &Workshop,
        order: &JobOrder,
        place: impl FnOnce(Self),
    ) -> Result<(), JobFault> {
        let Job::Convert(form) = order.job else { return Err(JobFault::NoSuchForm) };
        if !SMALL_MODELS {
            return Err(JobFault::NoSuchForm);
        }
        let published = links.published.get().ok_or(JobFault::NoModel)?;
        let mut new = workshop.free().ok_or(JobFault::NoFreeSlot)?;
        new.slot.model = Model::Empty;
        let source = if published.online {
            let copy = workshop.free().ok_or(JobFault::NoFreeSlot)?;
            workshop.ends.copy_wanted.send(copy).map_err(|_| JobFault::NoFreeSlot)?;
            Source::Awaited
        } else {
            Source::Slot(published.slot)
        };
        let asked = order.windows;
        place(Self {
            form,
            source,
            generation: published.generation,
            new,
            made: false,
            asked,
            settle: 0,
            report: 0,
            seen: 0,
            bytes: 0,
            changes: Changes::ZERO,
        });
        Ok(())
    }

    fn total(&self) -> u32 {
        u32::from(self.settle) + u32::from(self.report)
    }

    /// Makes the new form, or takes in one window.
    pub fn advance(&mut self, links: &Links, workshop: &mut Workshop, scratch: &mut [Scratch; 2]) -> Advance {
        match self.turn(links, workshop, scratch) {
            Ok(false) => Advance::Idle,
            Ok(true) if self.made && u32::from(self.seen) == self.total() => Advance::Ended(Ok(self.conclusion())),
            Ok(true) => Advance::Moved(self.seen.into(), self.total(), Phase::Collecting),
            Err(fault) => fault.into(),
        }
    }

    #[inline(never)]
    fn turn(&mut self, links: &Links, workshop: &mut Workshop, scratch: &mut [Scratch; 2]) -> Result<bool, JobFault> {
        if !SMALL_MODELS {
            // So that the build has none of what follows.
            return Err(JobFault::NoSuchForm);
        }
        if links.published.get().is_none_or(|p| p.generation != self.generation) {
            return Err(JobFault::Replaced);
        }
        if let Source::Awaited = self.source {
            let Some(copy) = workshop.ends.copied.receive() else { return Ok(false) };
            self.source = Source::Copy(copy);
        }
        let borrowed;
        let source: &Slot = match &self.source {
            Source::Slot(slot) => {
                borrowed = workshop.pool.get(*slot).ok_or(JobFault::Replaced)?;
                &borrowed
            }
            Source::Copy(copy) => &copy.slot,
            Source::Awaited => return Ok(false),
        };
        let workspace = workshop.workspace.as_deref_mut().unwrap_or(&mut []);
        if self.made {
            let Some(window) = workshop.ends.train_windows.receive() else { return Ok(false) };
            let view = window.view();
            let (front, bench) = apart(workspace, source.by.words(view.channels));
            let result = match source.by.see(&view, bench) {
                Some(input) => {
                    let progress = (&mut self.seen, self.settle);
                    compare(
                        progress,
                        &mut self.changes,
                        &source.model,
                        &mut self.new.slot.model,
                        scratch,
                        front,
                        &input,
                    )
                }
                None => Err(JobFault::Shape),
            };
            let _ = workshop.ends.free_windows.send(window);
            return result;
        }
        let channels = links.sampling.get().sensor.map_or(1, |s| usize::from(s.channels));
        if let Model::Empty = source.model {
            return Err(JobFault::Replaced);
        }
        let (settle, bytes) = source.model.settles(self.asked.map(|all| all / 2));
        (self.settle, self.bytes) = (settle, bytes);
        self.report = match self.asked {
            Some(all) if settle > 0 => all - all / 2,
            asked => asked.unwrap_or(WINDOWS.max(settle)),
        };
        room_for(bytes + source.by.words(channels) * 4)?;
        self.new.slot.by = source.by;
        self.new.slot.set_report(source.report());
        source.model.convert(self.form, &mut self.new.slot.model, workspace)?;
        for (scratch, model) in scratch.iter_mut().zip([&source.model, &self.new.slot.model]) {
            scratch.prepare(model);
        }
        workspace.iter_mut().take(bytes.div_ceil(4)).for_each(|word| *word = 0);
        links.windows_wanted.store(true, Ordering::Relaxed);
        self.made = true;
        Ok(true)
    }

    fn conclusion(&self) -> Report {
        let windows = self.changes.windows.max(1);
        // Of the windows that are judged as before; with thresholds the mean score of the new form.
        let same = 1.0 - self.changes.changed as f32 / windows as f32;
        let bounds = self.new.slot.model.bounds().is_some();
        let [_, score] = self.changes.score;
        Report {
            stop: Stop::Converged,
            rows: self.seen.into(),
            iterations: self.seen.into(),
            work: 0,
            metric: if bounds { Metric::MeanSquaredError } else { Metric::Accuracy },
            quality: if bounds { score } else { same },
        }
    }

    /// The new form is done: what it would change in bytes, and the offer. Its slot is let go.
    #[inline(never)]
    pub fn offer(mut self, links: &Links, workshop: &Workshop) {
        if !SMALL_MODELS {
            return;
        }
        let mut note = |place: usize, slot: &Slot| {
            if let Some(weights) = self.changes.weights.get_mut(place) {
                *weights = slot.model.weights() as u32;
            }
            if let Some(bytes) = self.changes.bytes.get_mut(place) {
                *bytes = container::bytes(links, slot);
            }
        };
        note(1, &self.new.slot);
        let before = match &self.source {
            Source::Slot(slot) => workshop.pool.get(*slot).and_then(|slot| {
                note(0, &slot);
                slot.model.bounds()
            }),
            Source::Copy(copy) => {
                note(0, &copy.slot);
                copy.slot.model.bounds()
            }
            Source::Awaited => None,
        };
        let after = self.new.slot.model.bounds();
        self.changes.threshold = before.zip(after).map(|(a, b)| [a.upper, b.upper]);
        self.give_up_copy();
        links.offer.set(Some(Offer { slot: self.new.number, changes: self.changes }));
    }

    fn give_up_copy(&mut self) {
        if let Source::Copy(copy) = &mut self.source {
            copy.slot.model = Model::Empty;
        }
    }

    /// It came to nothing.
    pub fn drop_all(mut self) {
        self.give_up_copy();
        self.new.slot.model = Model::Empty;
    }
}

/// Takes in one window: it sets thresholds, or is compared on. False when it was not judged.
fn compare(
    (seen, settle): (&mut u16, u16),
    changes: &mut Changes,
    old: &Model,
    new: &mut Model,
    scratch: &mut [Scratch; 2],
    workspace: &mut [u32],
    input: &Input<'_>,
) -> Result<bool, JobFault> {
    let [a, b] = scratch;
    if *seen < settle {
        old.settle(new, [a, b], workspace, (*seen, settle), input).map_err(JobFault::Learner)?;
    } else {
        let Some((before, after)) = old.infer(input, a).zip(new.infer(input, b)) else { return Ok(false) };
        add(changes, input.window.label, &before, &after);
    }
    *seen = seen.saturating_add(1);
    Ok(true)
}

/// Takes in what the two say of one window.
fn add(c: &mut Changes, label: Option<ClassId>, before: &Answer, after: &Answer) {
    let decisions = [before.verdict.decision, after.verdict.decision];
    c.windows = c.windows.saturating_add(1);
    c.changed = c.changed.saturating_add((decisions[0] != decisions[1]).into());
    for (count, decision) in c.anomalous.iter_mut().zip(decisions) {
        *count = count.saturating_add((decision == Decision::Anomalous).into());
    }
    if let (Some(old), Some(new)) = (before.alone, after.alone) {
        c.judged = c.judged.saturating_add(1);
        // Running means.
        for (mean, score) in c.score.iter_mut().zip([old, new]) {
            *mean += (score - *mean) / c.judged as f32;
        }
    }
    if let Some(class) = label {
        c.labelled = c.labelled.saturating_add(1);
        for (right, decision) in c.right.iter_mut().zip(decisions) {
            *right = right.saturating_add((decision == Decision::Class(class)).into());
        }
    }
}
