//! Learning from more rows than fit: after each training the support vectors stay in the set, everything else makes
//! room for the next batch (Syed, Liu and Sung 1999, "Incremental learning with support vector machines").
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
//! The statistics of standardisation run on over all rows ever pushed, and each training applies them anew to the
//! rows kept.

use crate::model::{ModelMut, ModelView};
use crate::train::{Role, Trainer};
use hone_learn::SetMut;

/// Drops all rows but the support vectors of the training just done, and of those, oldest first, as many as it takes
/// to have `room` rows free: first the bounded ones (rows on the wrong side or inside the margin), then free ones.
/// Gives the rows kept. `workspace` must be as the last step left it.
pub fn keep_support(trainer: &Trainer, mut set: SetMut<'_>, workspace: &mut [u32], room: usize) -> usize {
    let (mut free, mut bounded) = (0usize, 0usize);
    for role in trainer.roles(set.view(), workspace) {
        match role {
            Role::Free => free += 1,
            Role::Bounded => bounded += 1,
            Role::None => {}
        }
    }
    let excess = (free + bounded).saturating_sub(set.capacity().saturating_sub(room));
    let mut drop_bounded = excess.min(bounded);
    let mut drop_free = excess - drop_bounded;
    let mut roles = trainer.roles(set.view(), workspace);
    set.retain(|_| {
        let to_drop = match roles.next() {
            Some(Role::Free) => &mut drop_free,
            Some(Role::Bounded) => &mut drop_bounded,
            _ => return false,
        };
        let keep = *to_drop == 0;
        *to_drop = to_drop.saturating_sub(1);
        keep
    });
    set.view().len()
}

/// The share of the model of batch `batch` (the first is 1) in the average with those before.
pub fn share(batch: u32) -> f32 {
    (2.0 / batch.max(1) as f32).min(1.0)
}

impl ModelMut<'_> {
    /// Moves this linear model towards `earlier`, of which 1 − `share` enters. False, and nothing is changed, when
    /// either is not linear, or they differ in classes or features.
    pub fn average(&mut self, earlier: ModelView<'_>, share: f32) -> bool {
        let (own, other) = (&*self.head, &earlier.head);
        let alike = own.linear()
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
