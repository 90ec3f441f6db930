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
//!
//! The statistics of standardisation run on over all rows ever pushed, and each training applies them anew to the
//! rows kept.

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
