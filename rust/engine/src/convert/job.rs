//! A conversion under way.

use super::{Bench, Changes, ConvertFault, Form, Offer, Stream, esn};
use crate::capacity::MODELS;
use crate::config::Learner;
use crate::link::Links;
use crate::memory::{Model, Slot};
use crate::stats::Phase;
use crate::training::{Advance, TrainFault, Training, apart};
use atomic_refcell::{AtomicRef, AtomicRefMut};
use core::sync::atomic::Ordering;
use hone_learn::{Decision, Metric, Report, Stop, Workspace};
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
    /// Slot and generation of the model in use.
    source: (u8, u32),
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
    /// A slot for the new form, one for the comparison, and how long to wait for a window.
    pub(crate) fn prepare_conversion(
        &mut self,
        form: Form,
        windows: Option<u16>,
    ) -> Result<(Held, Convert, u64), TrainFault> {
        let fault = |f| Err(TrainFault::Convert(f));
        let Some(published) = self.links.published.get() else { return fault(ConvertFault::NoModel) };
        let Some(slot) = published.slot.filter(|_| published.learner != Learner::Rce) else {
            return fault(ConvertFault::Rce);
        };
        let model = self.slots.get(usize::from(slot)).and_then(|s| s.try_borrow().ok());
        let calibrate = match model.as_deref() {
            Some(Model::Esn(esn)) if esn.form() == hone_esn::Form::Plain => esn.params().calibrate_windows,
            Some(Model::Esn(_) | Model::EsnInt8(_) | Model::EsnFixed(_)) => return fault(ConvertFault::Converted),
            _ => return fault(ConvertFault::NoSuchForm),
        };
        let (calibrate, report) = match windows {
            Some(all) => (all / 2, all - all / 2),
            None => (calibrate, WINDOWS.max(calibrate)),
        };
        // Two errors for each.
        self.room_for(usize::from(calibrate) * 8)?;
        let place = self.free_slot()?;
        let mut bench = self.free_slot()?;
        fresh_bench(&mut bench.1);
        self.links.windows_wanted.store(true, Ordering::Release);
        let convert = Convert {
            form,
            source: (slot, published.generation),
            bench,
            made: false,
            calibrate,
            report,
            seen: 0,
            errors: 0,
            anomalous: 0,
        };
        Ok((place, convert, self.patience()))
    }

    /// The new form is done: what it would change in bytes, and the report. From here on the shell may look.
    pub(crate) fn offer(&mut self, mut convert: Convert, place: Option<Held>) -> Report {
        let (source, slot) = (convert.source.0, place.map_or(0, |(slot, _)| slot));
        let mut report = convert.conclusion();
        let bytes = [source, slot].map(|slot| self.container_bytes(slot));
        let weights = [source, slot].map(|slot| {
            let model = self.slots.get(usize::from(slot)).and_then(|s| s.try_borrow().ok());
            model.map_or(0, |m| esn::weight_bytes(&m) as u32)
        });
        if let Model::Bench(bench) = &mut *convert.bench.1 {
            (bench.changes.bytes, bench.changes.weights) = (bytes, weights);
            report.quality = bench.changes.comparison.mse[1];
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
        if !self.made {
            let Model::Esn(esn) = &*source else { return Err(TrainFault::Convert(ConvertFault::NoSuchForm)) };
            esn::make(esn, self.form, place, workspace).map_err(TrainFault::Convert)?;
            if let Model::Bench(bench) = &mut *self.bench.1 {
                bench.streams.iter_mut().zip([&*source, place]).for_each(|(stream, model)| stream.prepare(model));
            }
            self.made = true;
            return Ok(Some(()));
        }
        let Some(window) = links.train_windows.receive() else { return Ok(None) };
        let view = window.view();
        let result = match links.published.get().and_then(|p| p.sequence) {
            None => self.window(&source, place, &view, workspace),
            Some(sequence) => {
                let (workspace, bench) = apart(workspace, &sequence, view.channels);
                let frames = sequence.frames(&view, bench).ok_or(ConvertFault::Replaced);
                frames.and_then(|frames| self.window(&source, place, &frames, workspace))
            }
        };
        let _ = links.free_windows.send(window);
        result.map(Some).map_err(TrainFault::Convert)
    }

    /// The model in use, if it is still that.
    fn source<'s>(&self, links: &Links, slots: &'s [Slot; MODELS]) -> Result<AtomicRef<'s, Model>, TrainFault> {
        let (slot, generation) = self.source;
        let same = links.published.get().is_some_and(|p| p.generation == generation);
        let model = slots.get(usize::from(slot)).filter(|_| same).and_then(|s| s.try_borrow().ok());
        model.ok_or(TrainFault::Convert(ConvertFault::Replaced))
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
            metric: Metric::MeanSquaredError,
            quality: 0.0,
        }
    }
}
