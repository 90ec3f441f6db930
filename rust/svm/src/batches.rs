//! Learning from more rows than fit: after each training the support vectors stay in the set, everything else makes
//! room for the next batch (Syed, Liu and Sung 1999, "Incremental learning with support vector machines").
//!
//! ```text
//! loop {
//!     push rows until SetError::Full or no more are to come
//!     train (Trainer::new, step … Done)
//!     if no more are to come: done
//!     keep_support(&trainer, set.edit(), workspace, room)
//! }
//! ```
//! The statistics of standardisation run on over all rows ever pushed, and each training applies them anew to the
//! rows kept.

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
