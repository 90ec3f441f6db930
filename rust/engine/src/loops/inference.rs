//! The inference loop, from block to verdict:
//!
//! ```text
//!  read → window → features → {train | infer} → decide → emit
//!
//!   block ──► Windower ──► window complete
//!                            │ faulty? ──────────► counted, neither judged nor learnt
//!                            ├─► judge ──► verdict ──► stats, event on a change
//!                            │               └─► alarm ──► stats, light, event
//!                            ├─► labelled? ──► features ──► the model while it learns in place, else the training set
//!                            ├─► wanted as a row by a training? ──► features ──► the training set
//!                            └─► wanted by the trainer? ──► handed over, another window taken from the pool
//! ```
//!
//! It never waits: for a free window, for the trainer, for the console. What it cannot hand on is counted.

use super::judge::Judge;
use super::light::Light;
use super::online::{Online, OnlineMemory};
use super::rows::Rows;
use super::sight::Sight;
use crate::capacity::{BLOCK_QUEUE, WINDOW_FRAMES, WINDOW_POOL};
use crate::data::buffers::{ALARMS, BlockBuf, WindowBuf};
use crate::data::env::Led;
use crate::data::event::Event;
use crate::data::order::{InferRequest, Job};
use crate::data::preprocessing::Bench;
use crate::data::stats::{Last, Phase, count};
use crate::learners::{ENCODER, ROWS, Scratch};
use crate::link::queue::{Receiver, Sender};
use crate::link::{InferenceEnds, Links};
use crate::pool::Pool;
use core::sync::atomic::Ordering;
use hone_learn::alarm::{Alarm, Change};
use hone_learn::learner::Answer;
use hone_learn::{ClassId, Decision};
use hone_signal::{Faults, Micros, WindowView};

/// Windows with one of these are neither judged nor learnt. A saturated one is judged: a blow that overdrives the
/// sensor is what a detector is for.
const UNFIT_TO_JUDGE: Faults = Faults::NOT_A_NUMBER.with(Faults::STUCK);
/// Windows with one of these are not learnt.
const UNFIT_TO_LEARN: Faults = UNFIT_TO_JUDGE.with(Faults::SATURATED);
/// A contact that has not moved for this long has come to rest.
const DEBOUNCE: Micros = Micros(50_000);

/// Tells the time; inference measures its own latency.
pub trait Clock {
    /// Time since the device started.
    fn now(&self) -> Micros;
}

impl<F: Fn() -> Micros> Clock for F {
    fn now(&self) -> Micros {
        self()
    }
}

/// The loop's own state.
#[derive(Debug)]
pub struct Inference {
    links: &'static Links,
    blocks: Receiver<BlockBuf, BLOCK_QUEUE>,
    free_windows: Receiver<&'static mut WindowBuf, WINDOW_POOL>,
    train_windows: Sender<&'static mut WindowBuf, WINDOW_POOL>,
    judge: Judge,
    rows: Rows,
    sight: Sight,
    online: Online,
    window: Option<&'static mut WindowBuf>,
    next_frame: Option<u32>,
    sequence: u32,
    broken: bool,
    decision: Option<Decision>,
    alarm: Alarm,
    light: Light,
    lit: bool,
    trained: u32,
    edges: u32,
    /// When the button's contact last moved, and whether it was closed when it had come to rest.
    moved: Option<Micros>,
    held: bool,
}

impl Inference {
    pub(crate) fn new(
        links: &'static Links,
        ends: InferenceEnds,
        pool: Pool,
        bench: &'static mut Bench,
        scratch: &'static mut Scratch,
        online: &'static mut OnlineMemory,
    ) -> Self {
        let InferenceEnds { blocks, free_windows, train_windows, rows, online: online_ends } = ends;
        Self {
            links,
            blocks,
            free_windows,
            train_windows,
            judge: Judge::new(pool, scratch),
            rows: Rows::new(links, rows),
            sight: Sight::new(bench, pool),
            online: Online::new(links, online_ends, online),
            window: None,
            next_frame: None,
            sequence: 0,
            broken: true,
            decision: None,
            alarm: Alarm::NONE,
            light: Light::default(),
            lit: false,
            trained: 0,
            edges: 0,
            moved: None,
            held: false,
        }
    }

    /// Takes one block if there is one; false when there was none. Looks after button and light either way.
    pub fn turn(&mut self, clock: &impl Clock, led: &mut impl Led) -> bool {
        let now = clock.now();
        self.button(now);
        self.rows.turn();
        self.online.turn(now);
        let block = self.blocks.receive(); // read
        if let Some(block) = &block {
            self.block(block, clock);
        }
        self.show(now, led);
        block.is_some()
    }

    /// Whether the button's contact moves or the light blinks, which takes a look each 10 ms or so; else nothing happens until a
    /// block comes, the button moves or a command asks for something.
    pub fn is_restless(&self) -> bool {
        self.moved.is_some() || self.light.blinks()
    }

    fn block(&mut self, block: &BlockBuf, clock: &impl Clock) {
        if self.next_frame != Some(block.first_frame) {
            self.start_anew();
        }
        let channels = usize::from(block.channels.max(1));
        let frames_of = |samples: usize| samples.checked_div(channels).unwrap_or(0);
        let frames = frames_of(block.len.into()) as u32;
        self.next_frame = Some(block.first_frame.wrapping_add(frames));
        let mut rest = block.samples.get(..usize::from(block.len)).unwrap_or(&[]);
        let rate = self.links.rate();
        let at = |left: usize| {
            let frames = frames_of(usize::from(block.len).saturating_sub(left));
            Micros(block.time.0 + rate.span(frames as u32).0)
        };
        while !rest.is_empty() {
            if self.window.is_none() {
                self.window = self.free_windows.receive();
            }
            let Some(window) = self.window.as_deref_mut() else {
                // Every window is with the trainer, which cannot be while the pool has one more than its queue takes.
                return self.start_anew();
            };
            if window.len > 0 && window.channels != channels {
                return self.start_anew();
            }
            rest = fill(window, block, at(rest.len()), rest); // window
            if window.len >= WINDOW_FRAMES * channels {
                self.complete(at(rest.len()), clock);
            }
        }
    }

    /// The stream was broken: what is half full is given up, and the next window continues nothing.
    fn start_anew(&mut self) {
        if let Some(window) = self.window.as_deref_mut().filter(|w| w.len > 0) {
            window.len = 0;
            self.links.inference.update(|s| count(&mut s.broken));
        }
        self.broken = true;
    }

    fn complete(&mut self, end: Micros, clock: &impl Clock) {
        let Some(window) = self.window.take() else { return };
        let request = self.links.request.get();
        window.sequence = self.sequence;
        window.label = request.label;
        if self.broken {
            window.faults = window.faults.with(Faults::GAP);
            // A gap is a jump in the numbers too.
            self.sequence = self.sequence.wrapping_add(1);
            window.sequence = self.sequence;
            self.judge.reset();
            self.broken = false;
        }
        self.sequence = self.sequence.wrapping_add(1);
        if self.judge.swap_in(self.links) {
            // What the one before it said is not its word.
            (self.decision, self.light.asking) = (None, false);
            let ended = if ALARMS { self.alarm.end(end) } else { None };
            self.alarmed(ended);
            self.links.inference.update(|s| s.last = None);
        }
        self.links.inference.update(|s| count(&mut s.windows));
        if ENCODER.is_some() {
            self.sight.follow(self.links.encoder.get());
        }

        if window.faults.any(UNFIT_TO_JUDGE) {
            self.links.inference.update(|s| count(&mut s.rejected));
            self.judge.reset();
        } else if request.infer || request.once != self.links.inference.get().once_done {
            let answer = self.infer(&window.view()); // features, infer
            self.decide(answer, request, window.sequence, end, clock); // decide, emit
        }
        if !window.faults.any(UNFIT_TO_LEARN) {
            self.learn(&window.view()); // features, train
            self.labelled(window.label);
        }
        self.window = self.hand_over(window); // train
        if let Some(window) = self.window.as_deref_mut() {
            window.len = 0;
        }
    }

    /// What the model in use says of a window.
    fn infer(&mut self, window: &WindowView<'_>) -> Option<Answer> {
        if self.judge.learns()? {
            self.online.infer(&mut self.sight, window)
        } else {
            self.judge.infer(window, &mut self.sight)
        }
    }

    /// A model that learns in place learns a window at once; for the others a labelled one becomes a row, while there is such a
    /// model only if a training asked for rows. Those of a learner over time go to the trainer whole.
    fn learn(&mut self, window: &WindowView<'_>) {
        let learnt = self.online.learns(window.label);
        if learnt {
            self.online.learn(&mut self.sight, window);
        }
        if ROWS && (self.rows.asked() || (window.label.is_some() && !learnt)) {
            self.rows.add(&mut self.sight, window);
        }
    }

    /// Counts a window that had a label down, where the label is for so many.
    fn labelled(&self, label: Option<ClassId>) {
        if label.is_some() {
            self.links.request.update(|r| {
                if r.label == label && r.label_left > 0 {
                    r.label_left -= 1;
                    r.label = r.label.filter(|_| r.label_left > 0);
                }
            });
        }
    }

    fn decide(
        &mut self,
        answer: Option<Answer>,
        request: InferRequest,
        sequence: u32,
        end: Micros,
        clock: &impl Clock,
    ) {
        let Some(answer) = answer else {
            return self.links.inference.update(|s| s.once_done = request.once);
        };
        let last = Last { sequence, time: end, answer };
        let decision = answer.verdict.decision;
        let now = clock.now();
        self.links.inference.update(|s| {
            s.judge(last);
            s.once_done = request.once;
            s.latency.add(Micros(now.0.saturating_sub(end.0)));
        });
        let asking = decision == Decision::Unknown && self.links.online.get().waiting == Some(sequence);
        self.light.asking = asking;
        if request.infer && (request.verbose || self.decision != Some(decision)) {
            self.links.tell(if asking {
                Event::LabelWanted { time: end, sequence, nearest: answer.nearest }
            } else {
                Event::Verdict { time: end, sequence, answer }
            });
        }
        self.decision = Some(decision);
        if !ALARMS {
            self.light.alarm = decision == Decision::Anomalous;
        } else if request.infer {
            let params = self.links.config.get().alarm;
            let changed = self.alarm.push(&params, self.judge.bounds(), &answer, end);
            self.alarmed(changed);
        }
    }

    /// Tells of an alarm's begin or end; the light is on while one lasts.
    fn alarmed(&mut self, changed: Option<Change>) {
        let alarm = self.alarm;
        self.light.alarm = ALARMS && alarm.active().is_some();
        if !ALARMS {
            return;
        }
        self.links.inference.update(|s| s.alarm = alarm);
        if let Some(Change::Begins(episode) | Change::Ends(episode)) = changed {
            self.links.tell(Event::Alarm { time: episode.end.unwrap_or(episode.begin), episode });
        }
    }

    /// Gives the window to the trainer if it wants it and another is free; else keeps it.
    fn hand_over(&mut self, window: &'static mut WindowBuf) -> Option<&'static mut WindowBuf> {
        if !self.links.windows_wanted.load(Ordering::Relaxed) {
            return Some(window);
        }
        if window.faults.any(UNFIT_TO_LEARN) {
            // The trainer sees the jump in the numbers.
            return Some(window);
        }
        let Some(free) = self.free_windows.receive() else {
            self.links.inference.update(|s| count(&mut s.windows_lost));
            return Some(window);
        };
        // The queue has a place for each window.
        let _ = self.train_windows.send(window);
        self.links.wake();
        Some(free)
    }

    /// A press starts a training of the default learner, once, however the contact bounces, also when it is let go,
    /// and however long it is held. While a training is under way it changes nothing.
    fn button(&mut self, now: Micros) {
        let button = self.links.button();
        let rests = self.moved.is_none_or(|at| now.0.saturating_sub(at.0) >= DEBOUNCE.0);
        if button.edges == self.edges {
            if rests {
                self.held = button.down;
                self.moved = None;
            }
            return;
        }
        self.edges = button.edges;
        self.moved = Some(now);
        if rests && !core::mem::replace(&mut self.held, true) {
            let learner = self.links.config.get().device.learner;
            let _ = self.links.order(learner, None, Job::TRAINING);
        }
    }

    fn show(&mut self, now: Micros, led: &mut impl Led) {
        let training = self.links.training.get();
        if training.phase == Phase::Done && !matches!(training.job, Job::Evaluate { .. }) && training.id != self.trained
        {
            self.trained = training.id;
            self.light.training_finished(now);
        }
        if !self.links.request.get().infer {
            let ended = if ALARMS { self.alarm.end(now) } else { None };
            if ended.is_some() || !ALARMS {
                self.alarmed(ended);
            }
            self.light.asking = false;
            self.decision = None;
        }
        let on = self.light.on(now);
        if on != self.lit {
            self.lit = on;
            led.set(on);
        }
    }
}

/// Copies frames into the window until it is full; what is left over.
fn fill<'a>(window: &mut WindowBuf, block: &BlockBuf, time: Micros, rest: &'a [i16]) -> &'a [i16] {
    if window.len == 0 {
        window.time = time;
        window.channels = usize::from(block.channels.max(1));
        window.faults = Faults::NONE;
    }
    window.faults = window.faults.with(block.faults);
    let room = (WINDOW_FRAMES * window.channels).saturating_sub(window.len).min(rest.len());
    let (taken, left) = rest.split_at_checked(room).unwrap_or((rest, &[]));
    if let Some(place) = window.samples.get_mut(window.len..window.len + room) {
        place.iter_mut().zip(taken).for_each(|(to, from)| *to = *from);
    }
    window.len += room;
    left
}
