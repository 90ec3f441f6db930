//! Work on a thread of its own, with room for models on its stack, while Python goes on: other threads run, Ctrl-C ends it,
//! and progress is told.

use hone_learn::learner::Point;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Models are values of fixed size, some of which pass over the stack while they are made. Only what is touched is taken.
const STACK: usize = 64 << 20;
/// How often it is looked whether to stop.
const LOOK: Duration = Duration::from_millis(100);
/// Looks between two calls that tell how far the work is.
const TELL: u32 = 5;

/// What the work and who waits for it share.
#[derive(Debug, Default)]
pub struct Watch {
    cancel: AtomicBool,
    done: AtomicU32,
    total: AtomicU32,
    point: Mutex<Option<Point>>,
}

impl Watch {
    /// Whether the work is to stop.
    pub fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    /// How far it is.
    pub fn at(&self, done: u32, total: u32) {
        self.done.store(done, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    /// The newest point of a training's curve.
    pub fn curve(&self, point: Point) {
        if let Ok(mut newest) = self.point.lock() {
            *newest = Some(point);
        }
    }

    fn tell(&self, told: &Bound<'_, PyAny>) -> PyResult<()> {
        let point = self.point.lock().map_or(None, |point| *point);
        let curve = point.map(|p| (p.pass, p.loss, p.held_back));
        told.call1((self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed), curve)).map(|_| ())
    }
}

/// Does `work` on its thread; `told` is called with done, total and (pass, loss, held back) twice a second and at the end.
///
/// # Errors
/// What a signal or `told` raised: the work has then been told to stop, and has.
pub fn run<T: Send>(
    py: Python<'_>,
    watch: &Watch,
    told: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    std::thread::scope(|scope| {
        let (ended, end) = channel();
        let here = move || {
            let result = work();
            // Who waited has gone if this fails.
            let _ = ended.send(());
            result
        };
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, here)?;
        let end = Mutex::new(end);
        let mut outcome = Ok(());
        for look in 1.. {
            let waited = py.detach(|| end.lock().ok().map(|end| end.recv_timeout(LOOK)));
            if !matches!(waited, Some(Err(RecvTimeoutError::Timeout))) {
                break;
            }
            let told = told.filter(|_| look % TELL == 0).map_or(Ok(()), |told| watch.tell(told));
            outcome = py.check_signals().and(told);
            if outcome.is_err() {
                watch.cancel.store(true, Ordering::Relaxed);
                break;
            }
        }
        let result = py.detach(|| thread.join());
        outcome?;
        let result = result.map_err(|_| PyRuntimeError::new_err("a mistake in Hone's code; its text is above"))?;
        told.map_or(Ok(()), |told| watch.tell(told))?;
        Ok(result)
    })
}
