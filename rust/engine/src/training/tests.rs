//! Batches of an SVM and the average of their models.
extern crate std;

use super::{Job, Learner, Published, TrainOrder, Trainer, Training, fresh_svm};
use crate::link::Links;
use crate::memory::{FORMAT, Model, Slot, SvmModel};
use atomic_refcell::AtomicRefCell;
use hone_learn::{ClassId, Progress, TrainingSet};
use hone_signal::Micros;
use std::boxed::Box;
use std::vec;

/// A linear machine that tells rows below `boundary` from those above.
fn trained(model: &mut SvmModel, boundary: f32) {
    let mut set = TrainingSet::<8, 8, 1>::new();
    set.edit().clear(FORMAT, 1).unwrap();
    for (x, class) in [(-2.0, 1), (-1.0, 1), (1.0, 2), (2.0, 2)] {
        set.edit().push(&[x + boundary], Some(ClassId(class))).unwrap();
    }
    let checked = hone_svm::Params::default().check(hone_svm::Shape { rows: 8, features: 1 }).unwrap();
    let (mut trainer, mut workspace) = (hone_svm::Trainer::new(checked), vec![0; 256]);
    while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 1000).unwrap() {}
}

fn decision(model: &SvmModel, x: f32) -> f32 {
    model.view().decisions(&[x], &mut [0.0; 8]).unwrap()[0]
}

/// The decision at 0.25 of a batch's model of boundary 0, once it has met the published one of boundary 4 that stands for
/// `batches` batches; and what the two models say alone, the earlier one first.
fn averaged(batches: u32, continues: bool, in_use: bool) -> (f32, f32, f32) {
    let slots: &'static [Slot; crate::capacity::MODELS] =
        Box::leak(Box::new(core::array::from_fn(|_| AtomicRefCell::new(Model::Empty))));
    let links: &'static Links = Box::leak(Box::new(Links::new()));
    let mut training = Training::new(links, slots, Box::leak(Box::new([0u32; 4])));
    let mut alone = [0.0; 2];
    for ((slot, boundary), alone) in slots.iter().zip([4.0, 0.0]).zip(&mut alone) {
        let mut slot = slot.borrow_mut();
        fresh_svm(&mut slot);
        let Model::Svm(_, model) = &mut *slot else { panic!("no SVM") };
        trained(model, boundary);
        *alone = decision(model, 0.25);
    }
    let published = Published { slot: Some(0), generation: 7, learner: Learner::Svm, time: Micros(0) };
    links.published.set(Some(published));
    (training.generation, training.batches) = (7, batches);
    training.batches_of = if in_use { 7 } else { 6 };
    let mut job = Job {
        order: TrainOrder { id: 1, learner: Learner::Svm, windows: None, form: None },
        since: Micros(0),
        fed: Micros(0),
        patience: 0,
        place: Some((1, slots[1].borrow_mut())),
        learner: Trainer::Rce { from: None, wanted: 0 },
        continues,
    };
    training.average(&mut job);
    assert_eq!(training.batches, if continues { batches + 1 } else { 1 });
    assert_eq!(training.batches_of, 8);
    let Some((_, model)) = &job.place else { panic!("no place") };
    let Model::Svm(_, model) = &**model else { panic!("no SVM") };
    (decision(model, 0.25), alone[0], alone[1])
}

#[test]
fn the_model_of_a_batch_enters_the_average_of_those_before() {
    for batches in [2, 3, 9] {
        let (both, earlier, new) = averaged(batches, true, true);
        // Batch k counts k - 1 times.
        let share = 2.0 / (batches + 1) as f32;
        assert!((earlier - new).abs() > 1.0 && (both - (earlier + share * (new - earlier))).abs() < 1e-5);
    }
}

#[test]
fn a_new_set_or_another_model_in_use_begins_a_new_average() {
    for (continues, in_use) in [(false, true), (true, false)] {
        let (both, _, new) = averaged(5, continues, in_use);
        assert_eq!(both, new);
    }
}
