//! Learning from more rows than fit: after each training the support vectors stay in the set, other rows make room
//! for the next batch (Syed, Liu and Sung 1999, "Incremental learning with support vector machines").
//!
//! ```text
//! loop {
//!     push rows until SetError::Full or no more are to come
//!     train (Trainer::new, step … Done)
//!     if no more are to come: done
//!     keep_support(&trainer, set.edit(), workspace, room)
//!     linear: model.average(the average so far, share(batch))
//! }
//! ```
//! When the support vectors of all pairs are more than the rows kept, each batch forgets some of what went before, and
//! its model wavers. The average of the models does not: that of linear machines is a linear machine, whose decision
//! values are the average ones. Batch k counts k times as much as the first (Lacoste-Julien, Schmidt and Bach 2012,
//! "A simpler approach to obtaining an O(1/t) convergence rate for the projected stochastic subgradient method").
//! A kernel machine has no weight vector to average. Where its support vectors are more than rows are kept, it learns on a
//! basis instead (feature `basis`):
//!
//! ```text
//! train (Trainer::founds) on the first batch
//! loop {
//!     keep_basis(&trainer, set.edit(), workspace)
//!     push rows until SetError::Full or no more are to come
//!     train (Trainer::resumes) into a copy of the model
//!     model.average_on_basis(the model before, share(batch))
//! }
//! ```
//! The vectors of the first model stay as the first rows of the set, with their coefficients; the decision values of that
//! model are what the multipliers of the new rows start from, so that these learn what the model has wrong (a proximal
//! step: Rockafellar 1976). What they add is projected onto the basis (Orabona, Keshet and Caputo 2009, "Bounded
//! kernel-based online learning"), and the average of all batches goes on.
//!
//! The statistics of standardisation run on over all rows ever pushed, and each training applies them anew to the
//! rows kept.

#[cfg(feature = "basis")]
use crate::model::{Head, Task, numbers_of};
use crate::model::{ModelMut, ModelView};
use crate::train::{Role, Trainer};
use hone_learn::SetMut;

/// Drops rows until `room` are free: the support vectors of the training just done stay, and of the others as many as
/// there is space for; with less space than support vectors, only of these. What has to go is taken evenly from old and
/// new, on the margin and inside it: to prefer any of them changes what the rows stand for, batch by batch.
/// Gives the rows kept. `workspace` must be as the last step left it.
pub fn keep_support(trainer: &Trainer, mut set: SetMut<'_>, workspace: &mut [u32], room: usize) -> usize {
    let rows = set.view().len();
    let support = trainer.roles(set.view(), workspace).filter(|r| *r != Role::None).count();
    let most = set.capacity().saturating_sub(room);
    let support_kept = support.min(most);
    let others = rows - support.min(rows);
    let others_kept = others.min(most - support_kept);
    let (mut support_share, mut others_share) = (Share::new(support_kept, support), Share::new(others_kept, others));
    let mut roles = trainer.roles(set.view(), workspace);
    set.retain(|_| match roles.next() {
        Some(Role::Free | Role::Bounded) => support_share.next(),
        _ => others_share.next(),
    });
    set.view().len()
}

/// Drops all rows but the support vectors of the model just trained, which are its basis from then on. Gives the rows kept.
/// `workspace` must be as the last step left it.
#[cfg(feature = "basis")]
pub fn keep_basis(trainer: &Trainer, mut set: SetMut<'_>, workspace: &mut [u32]) -> usize {
    let mut records = trainer.records(set.view(), workspace);
    set.retain(|_| records.next().unwrap_or(false));
    set.view().len()
}

/// Says yes `kept` times out of `all`, evenly.
struct Share {
    kept: usize,
    all: usize,
    sum: usize,
}

impl Share {
    fn new(kept: usize, all: usize) -> Self {
        Self { kept, all, sum: 0 }
    }

    fn next(&mut self) -> bool {
        self.sum += self.kept;
        let yes = self.sum >= self.all && self.kept > 0;
        if yes {
            self.sum -= self.all;
        }
        yes
    }
}

/// The share of the model of batch `batch` (the first is 1) in the average with those before.
pub fn share(batch: u32) -> f32 {
    (2.0 / batch.max(1) as f32).min(1.0)
}

impl ModelMut<'_> {
    /// Moves this model's coefficients and biases towards those of `earlier`, of which 1 − `share` enters; this one was trained
    /// by [`Trainer::resumes`] from a copy of that one. False, and nothing is changed, when that cannot be, as it founded a
    /// basis of its own.
    #[cfg(feature = "basis")]
    pub fn average_on_basis(&mut self, earlier: ModelView<'_>, share: f32) -> bool {
        let (own, other) = (&*self.head, &earlier.head);
        let alike = |h: &Head| (h.task, h.kernel, h.format, h.features, h.classes, h.vectors, h.precision);
        if alike(own) != alike(other) || own.linear() || own.task != Task::Classes {
            return false;
        }
        let (classes, pairs, fixed, record) = (usize::from(own.classes), own.pairs(), own.fixed(), own.record());
        let (Some(words), Some(others)) = (self.words.get_mut(..own.used()), earlier.words.get(..own.used())) else {
            return false;
        };
        // Words of a record that are no coefficients: the squared length, and the class if there are three or more.
        let first = if classes > 2 { 2 } else { 1 };
        let numbers = numbers_of(classes);
        for (i, (to, from)) in words.iter_mut().zip(others).enumerate() {
            let averaged = match i.checked_sub(fixed) {
                None => (classes..classes + pairs).contains(&i),
                Some(i) => (first..numbers).contains(&(i % record.max(1))),
            };
            if averaged {
                let (new, old) = (f32::from_bits(*to), f32::from_bits(*from));
                *to = (old + share * (new - old)).to_bits();
            }
        }
        true
    }

    /// Moves this linear model towards `earlier`, of which 1 − `share` enters. False, and nothing is changed, when
    /// either is not linear or is in integers, or they differ in classes or features.
    pub fn average(&mut self, earlier: ModelView<'_>, share: f32) -> bool {
        let (own, other) = (&*self.head, &earlier.head);
        let alike = own.linear()
            && (own.precision, other.precision) == (0, 0)
            && (own.task, own.kernel.kind, own.features, own.classes)
                == (other.task, other.kernel.kind, other.features, other.classes);
        let classes = usize::from(own.classes);
        let used = own.used();
        let (Some(own), Some(other)) = (self.words.get_mut(..used), earlier.words.get(..used)) else { return false };
        let (Some((ids, own)), Some((other_ids, other))) =
            (own.split_at_mut_checked(classes), other.split_at_checked(classes))
        else {
            return false;
        };
        if !alike || own.is_empty() || *ids != *other_ids {
            return false;
        }
        for (own, other) in own.iter_mut().zip(other) {
            let (new, old) = (f32::from_bits(*own), f32::from_bits(*other));
            *own = (old + share * (new - old)).to_bits();
        }
        true
    }
}
