//! The beginning of a training: what it takes is checked and put in its place, before a window is collected for it.

use super::{Feed, Job, TrainFault, TrainOrder, Trainer, Training, feed, fresh_esn, fresh_svm};
use crate::capacity::{FEATURES, TRAINING_ROWS, WINDOW_FRAMES};
use crate::config::{Config, Learner, Section};
use crate::included::{self, ESN, RCE, SVM};
use crate::memory::EsnModel;
use crate::{rows, teach};
use core::sync::atomic::Ordering;

/// Rows that a first SVM training collects when nothing else is said; a quarter less than the set has room for.
const FIRST_ROWS: u32 = (crate::capacity::TRAINING_ROWS as u32) * 3 / 4;

impl Training {
    /// Checks what the training takes, and makes `job` ready for it.
    // With a frame of its own, which is free again once the training runs.
    #[inline(never)]
    pub(super) fn prepare(&mut self, job: &mut Job) -> Result<(), TrainFault> {
        let Job { order, place, learner, .. } = job;
        #[cfg(feature = "small-models")]
        if let Some(form) = order.form {
            let (slot, convert) = self.prepare_conversion(form, order.windows)?;
            (*place, *learner) = (Some(slot), Trainer::Convert(convert));
            return Ok(());
        }
        let config = self.links.config.get();
        let channels = self.links.sampling.get().sensor.map_or(1, |s| usize::from(s.channels));
        match order.learner {
            Learner::Esn if ESN => *learner = self.prepare_esn(&config, *order, channels)?,
            Learner::Svm if SVM => *learner = self.prepare_svm(&config, *order, channels)?,
            Learner::Rce if RCE => return self.prepare_rce(&config, channels),
            left_out => return Err(left_out.missing().map_or(TrainFault::NoFreeSlot, TrainFault::Missing)),
        }
        let (slot, mut model) = self.free_slot().ok_or(TrainFault::NoFreeSlot)?;
        if order.learner == Learner::Svm {
            fresh_svm(&mut model)
        } else {
            fresh_esn(&mut model)
        }
        *place = Some((slot, model));
        Ok(())
    }

    fn prepare_rce(&self, config: &Config, channels: usize) -> Result<(), TrainFault> {
        let extractor =
            rows::extractor(&config.features, channels).map_err(|e| TrainFault::params(Section::Features, &e))?;
        teach::check(&config.rce, extractor.len()).map_err(|e| TrainFault::params(Section::Rce, &e))?;
        self.links.teaching.store(true, Ordering::Relaxed);
        self.links.rce_begin.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn prepare_esn(&self, config: &Config, order: TrainOrder, channels: usize) -> Result<Trainer, TrainFault> {
        let mut params = config.esn;
        let sequence =
            rows::sequence(&config.features, channels).map_err(|e| TrainFault::params(Section::Features, &e))?;
        let mut shape = hone_esn::Shape { channels: channels as u16, window_frames: WINDOW_FRAMES as u16 };
        let (mut measured, mut bench) = (0, 0);
        if let Some(sequence) = &sequence {
            shape = hone_esn::Shape { channels: sequence.inputs() as u16, window_frames: sequence.steps() as u16 };
            // The level of a feature is what tells; of samples it is the sensor's tilt.
            params.remove_mean = false;
            measured = order.windows.map_or(params.scale_windows, |all| (all / 8).max(2));
            bench = feed::words(sequence, channels) * 4;
        }
        if let Some(windows) = order.windows {
            share(&mut params, windows - measured);
        }
        let checked = params.check(shape).map_err(|e| TrainFault::params(Section::Esn, &e))?;
        EsnModel::accepts(&checked).map_err(|e| TrainFault::params(Section::Esn, &e))?;
        self.room_for(hone_esn::required(&checked) + bench)?;
        self.links.windows_wanted.store(true, Ordering::Relaxed);
        let trainer = included::Esn::new(hone_esn::Trainer::new(checked)).ok_or(TrainFault::NoFreeSlot)?;
        Ok(Trainer::Esn(trainer, sequence.map(|s| Feed::new(s, measured))))
    }

    fn prepare_svm(&self, config: &Config, order: TrainOrder, channels: usize) -> Result<Trainer, TrainFault> {
        let shape = hone_svm::Shape { rows: TRAINING_ROWS, features: FEATURES };
        let checked = config.svm.check(shape).map_err(|e| TrainFault::params(Section::Svm, &e))?;
        self.room_for(hone_svm::required(&checked, shape))?;
        rows::extractor(&config.features, channels).map_err(|e| TrainFault::params(Section::Features, &e))?;
        let total = self.links.data.update(|d| {
            let first = if d.rows == 0 { FIRST_ROWS } else { 0 };
            d.wanted = order.windows.map_or(first, u32::from);
            d.wanted
        });
        self.links.set_for_training.store(true, Ordering::Relaxed);
        let checked = included::Svm::new(checked).ok_or(TrainFault::NoFreeSlot)?;
        Ok(Trainer::SvmRows { checked, total, left: total })
    }
}

/// Shares out `windows` among the ESN's phases in the proportions of its parameters, at least two to each.
fn share(params: &mut hone_esn::Params, windows: u16) {
    let phases = [params.scale_windows, params.fit_windows, params.calibrate_windows].map(u32::from);
    let total = phases.iter().sum::<u32>().max(1);
    let part = |n: u32| (n * u32::from(windows) / total).clamp(2, 20_000) as u16;
    params.scale_windows = part(phases[0]);
    params.calibrate_windows = part(phases[2]);
    params.fit_windows = windows.saturating_sub(params.scale_windows + params.calibrate_windows).max(2);
}
