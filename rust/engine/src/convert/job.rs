//! A conversion under way.

use super::{Bench, Changes, ConvertFault, Form, Offer, Stream, esn, rows};
use crate::capacity::MODELS;
use crate::link::Links;
use crate::memory::{Model, Slot, WindowBuf};
use crate::persist::{Snapshot, Task};
use crate::stats::Phase;
use crate::training::{Advance, TrainFault, Training, apart};
use atomic_refcell::{AtomicRef, AtomicRefMut};
use core::sync::atomic::Ordering;
use hone_esn::Comparison;
use hone_learn::{Decision, Metric, Report, Stop, Workspace};
use hone_model::Counter;
use hone_rce::FreezeError;
use hone_signal::WindowView;

/// A slot of the pool, held alone.
type Held = (u8, AtomicRefMut<'static, Model>);

/// Windows of a conversion when nothing else is said, if the model does not say how many set its thresholds.
const WINDOWS: u16 = 48;
/// Thresholds are set by windows of which at most one in so many is anomalous to the model in use.
const ABNORMAL: u32 = 4;

/// A conversion under way.
#[derive(Debug)]
pub(crate) struct Convert {
    form: Form,
    /// Slot (none for TinyRCE in its own place) and generation of the model in use.
    source: (Option<u8>, u32),
    /// TinyRCE as it learns, once it is in integers at the front of the workspace.
    pub(crate) frozen: Option<Result<Snapshot, FreezeError>>,
    esn: bool,
    bench: Held,
    made: bool,
    /// Windows that set the thresholds, windows of the report, windows taken in.
    calibrate: u16,
    report: u16,
    seen: u16,
    /// Errors there are, and windows among those that set the thresholds that are anomalous to the model in use.
    errors: u16,
    anomalous: u16,
}

// As the slots' `fresh_esn`.
#[inline(never)]
fn fresh_bench(slot: &mut Model) {
    const NEW: Bench = Bench { streams: [Stream::new(), Stream::new()], changes: Changes::ZERO };
    *slot = Model::Bench(NEW);
}

impl Training {
    /// A slot for the new form, and one for the comparison.
    pub(crate) fn prepare_conversion(
        &mut self,
        form: Form,
        windows: Option<u16>,
    ) -> Result<(Held, Convert), TrainFault> {
        let fault = |f| Err(TrainFault::Convert(f));
        let Some(published) = self.links.published.get() else { return fault(ConvertFault::NoModel) };
        let source = published.slot.and_then(|slot| self.slots.get(usize::from(slot))?.try_borrow().ok());
        let (calibrate, learns) = match source.as_deref() {
            Some(Model::Esn(esn)) if esn.form() == hone_esn::Form::Plain => (esn.params().calibrate_windows, None),
            Some(Model::Svm(_, svm)) if svm.view().precision().is_none() => {
                form.precision().ok_or(TrainFault::Convert(ConvertFault::NoSuchForm))?;
                (WINDOWS, None)
            }
            None if published.in_place() => {
                (0, Some(form.precision().ok_or(TrainFault::Convert(ConvertFault::NoSuchForm))?))
            }
            Some(_) => return fault(ConvertFault::Converted),
            None => return fault(ConvertFault::NoModel),
        };
        let (calibrate, report) = match windows {
            Some(all) if learns.is_none() => (all / 2, all - all / 2),
            _ => (calibrate, windows.unwrap_or(WINDOWS.max(calibrate))),
        };
        // Two errors for each.
        self.room_for((usize::from(calibrate) * 8).max(rows::BYTES))?;
        let place = self.free_slot().ok_or(TrainFault::NoFreeSlot)?;
        let mut bench = self.free_slot().ok_or(TrainFault::NoFreeSlot)?;
        fresh_bench(&mut bench.1);
        if let Some(precision) = learns {
            if !self.links.wish.get().infer {
                return fault(ConvertFault::NotJudged);
            }
            // The inference loop, which has the model, puts it into integers.
            self.loan(Task::Freeze(precision)).map_err(|_| TrainFault::NoFreeSlot)?;
        }
        self.links.windows_wanted.store(true, Ordering::Relaxed);
        let convert = Convert {
            form,
            source: (published.slot, published.generation),
            frozen: None,
            esn: matches!(source.as_deref(), Some(Model::Esn(_))),
            bench,
            made: false,
            calibrate,
            report,
            seen: 0,
            errors: 0,
            anomalous: 0,
        };
        Ok((place, convert))
    }

    /// The new form is done: what it would change in bytes, and the report. From here on the shell may look.
    pub(crate) fn offer(&mut self, convert: &mut Convert, slot: Option<u8>) -> Report {
        let slot = slot.unwrap_or(0);
        let mut report = convert.conclusion();
        let of = [convert.source.0, Some(slot)];
        let mut bytes = of.map(|slot| slot.map_or(0, |slot| self.container_bytes(slot)));
        let mut weights = of.map(|slot| {
            let model = slot.and_then(|slot| self.slots.get(usize::from(slot))?.try_borrow().ok());
            model.map_or(0, |m| weight_bytes(&m) as u32)
        });
        if let Some(Ok(source)) = &convert.frozen {
            // As many, whatever is in the workspace by now.
            let mut counter = Counter::default();
            let _ = self.write_snapshot(source, self.workspace.as_deref().unwrap_or(&[]), &mut counter);
            (bytes[0], weights[0]) = (counter.0, source.length);
        }
        if let Model::Bench(bench) = &mut *convert.bench.1 {
            (bench.changes.bytes, bench.changes.weights) = (bytes, weights);
            let Comparison { windows, changed, mse, .. } = bench.changes.comparison;
            report.quality = match report.metric {
                Metric::MeanSquaredError => mse[1],
                // Of the windows that are judged as before.
                _ => 1.0 - changed as f32 / windows.max(1) as f32,
            };
        }
        let bench = convert.bench.0;
        self.links.training.update(|t| t.offer = Some(Offer { slot, bench }));
        report
    }
}

impl Convert {
    fn total(&self) -> u32 {
        u32::from(self.calibrate) + u32::from(self.report)
    }

    /// Makes the new form, or takes in one window.
    pub(crate) fn advance(
        &mut self,
        links: &Links,
        slots: &[Slot; MODELS],
        place: &mut Model,
        workspace: &mut [u32],
    ) -> Advance {
        match self.turn(links, slots, place, workspace) {
            Ok(None) => Advance::Idle,
            Ok(Some(())) if u32::from(self.seen) == self.total() => Advance::Ended(Ok(self.conclusion())),
            Ok(Some(())) => Advance::Moved(self.seen.into(), self.total(), Phase::Collecting),
            Err(fault) => Advance::Ended(Err(fault)),
        }
    }

    fn turn(
        &mut self,
        links: &Links,
        slots: &[Slot; MODELS],
        place: &mut Model,
        workspace: &mut [u32],
    ) -> Result<Option<()>, TrainFault> {
        let source = self.source(links, slots)?;
        let source = source.as_deref();
        if !self.made {
            self.made = self.make(source, place, workspace).map_err(TrainFault::Convert)?;
            return Ok(self.made.then_some(()));
        }
        let Some(window) = links.train_windows.receive() else { return Ok(None) };
        let result = match source {
            Some(source @ Model::Esn(_)) => {
                let view = window.view();
                let done = match links.sequence.get().1 {
                    None => self.window(source, place, &view, workspace),
                    Some(sequence) => {
                        let (workspace, bench) = apart(workspace, &sequence, view.channels);
                        let frames = sequence.frames(&view, bench).ok_or(ConvertFault::Replaced);
                        frames.and_then(|frames| self.window(source, place, &frames, workspace))
                    }
                };
                done.map(Some)
            }
            _ => Ok(self.row(source, place, window, workspace)),
        };
        let _ = links.free_windows.send(window);
        result.map_err(TrainFault::Convert)
    }

    /// Makes the new form; false while TinyRCE's is waited for.
    // With a frame of its own, near to which its values lie: smaller code.
    #[inline(never)]
    fn make(&mut self, source: Option<&Model>, place: &mut Model, workspace: &mut [u32]) -> Result<bool, ConvertFault> {
        match source {
            Some(source @ Model::Esn(esn)) => {
                esn::make(esn, self.form, place, workspace)?;
                if let Model::Bench(bench) = &mut *self.bench.1 {
                    bench.streams.iter_mut().zip([source, place]).for_each(|(stream, model)| stream.prepare(model));
                }
            }
            Some(Model::Svm(extractor, svm)) => {
                let precision = self.form.precision().ok_or(ConvertFault::NoSuchForm)?;
                rows::make_svm((extractor, svm), precision, place, workspace)?;
            }
            Some(_) => return Err(ConvertFault::NoSuchForm),
            None => match &self.frozen {
                Some(Ok(source)) => rows::take_rce(source.extractor, place, workspace)?,
                Some(Err(error)) => return Err(ConvertFault::Freeze(*error)),
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    /// The model in use, if it is still that; none of TinyRCE in its own place.
    fn source<'s>(&self, links: &Links, slots: &'s [Slot; MODELS]) -> Result<Option<AtomicRef<'s, Model>>, TrainFault> {
        let (slot, generation) = self.source;
        let same = links.published.get().is_some_and(|p| p.generation == generation);
        let model = slot.and_then(|slot| slots.get(usize::from(slot))?.try_borrow().ok());
        if !same || model.is_some() != slot.is_some() {
            return Err(TrainFault::Convert(ConvertFault::Replaced));
        }
        Ok(model)
    }

    /// Takes in a window of a learner that judges features.
    fn row(
        &mut self,
        source: Option<&Model>,
        place: &mut Model,
        window: &WindowBuf,
        workspace: &mut [u32],
    ) -> Option<()> {
        let share = if self.seen < self.calibrate { 1.0 / f32::from(self.calibrate) } else { 0.0 };
        let (before, after) = rows::judge(source, place, window, share, workspace)?;
        self.seen = self.seen.saturating_add(1);
        if self.seen > self.calibrate {
            let Model::Bench(bench) = &mut *self.bench.1 else { return None };
            bench.changes.comparison.add(before, after);
            bench.changes.labelled += u32::from(window.label.is_some());
            for (right, said) in bench.changes.right.iter_mut().zip([&before, &after]) {
                *right += rows::right(window, said);
            }
        } else if self.seen == self.calibrate {
            rows::settle(place, workspace);
        }
        Some(())
    }

    fn window(
        &mut self,
        source: &Model,
        place: &mut Model,
        window: &WindowView<'_>,
        workspace: &mut [u32],
    ) -> Result<(), ConvertFault> {
        let Model::Bench(bench) = &mut *self.bench.1 else { return Err(ConvertFault::Replaced) };
        let [old, new] = &mut bench.streams;
        let (before, after) = (old.judge(source, window), new.judge(place, window));
        self.seen = self.seen.saturating_add(1);
        if self.seen > self.calibrate {
            bench.changes.comparison.add(before, after);
            return Ok(());
        }
        let mut memory = Workspace::new(workspace);
        let room = usize::from(self.calibrate).min(memory.available() / 8);
        let (Ok(mse), Ok(nmse)) = (memory.take::<f32>(room), memory.take::<f32>(room)) else {
            return Err(ConvertFault::NoThreshold);
        };
        self.anomalous = self.anomalous.saturating_add((before.decision == Decision::Anomalous).into());
        // What the model in use is not yet sure of, or finds anomalous, would move the threshold.
        if before.warm
            && before.decision == Decision::Normal
            && let Some(e) = after.errors
            && let (Some(m), Some(n)) = (mse.get_mut(usize::from(self.errors)), nmse.get_mut(usize::from(self.errors)))
        {
            (*m, *n) = (e.mse, e.nmse);
            self.errors = self.errors.saturating_add(1);
        }
        if self.seen < self.calibrate {
            return Ok(());
        }
        let (anomalous, windows) = (u32::from(self.anomalous), u32::from(self.seen));
        if anomalous * ABNORMAL > windows {
            return Err(ConvertFault::Abnormal { anomalous, windows });
        }
        if self.errors < self.calibrate / 2 {
            return Err(ConvertFault::NoThreshold);
        }
        let count = usize::from(self.errors);
        let errors = mse.get_mut(..count).zip(nmse.get_mut(..count)).ok_or(ConvertFault::NoThreshold)?;
        esn::calibrate(place, errors.0, errors.1)?;
        bench.changes.comparison.threshold = [esn::threshold(source), esn::threshold(place)];
        Ok(())
    }

    fn conclusion(&self) -> Report {
        Report {
            stop: Stop::Converged,
            rows: self.seen.into(),
            iterations: self.seen.into(),
            work: 0,
            metric: if self.esn { Metric::MeanSquaredError } else { Metric::Accuracy },
            quality: 0.0,
        }
    }
}

/// Bytes of the numbers that a conversion makes smaller.
fn weight_bytes(model: &Model) -> usize {
    match model {
        Model::Svm(_, svm) => svm.view().used() * 4,
        Model::RceInteger(_, rce) => rce.used() * 4,
        model => esn::weight_bytes(model),
    }
}
