//! Hone as a Zephyr application: the engine's three loops as threads, its commands in Zephyr's shell, and Zephyr's
//! devices behind the engine's traits.
//!
//! ```text
//!  thread      woken by                 does
//!  sampling    the sensor, or the clock reads a frame, sends blocks
//!  inference   a block, the button      windows, verdicts, button, light
//!  background  a window, an order       one bounded step after another: trains, converts, saves
//!  shell       the console              commands
//!  sysworkq    50 ms after an event     tells of events on the console
//! ```
//!
//! While a command runs, which may ask something of any of them, and while the button moves or the light blinks, they look around
//! more often. Else the processor sleeps between a slow sensor's readings, but for a round in each eighth of the watchdog's time.
#![no_std]

mod platform;

use core::cell::Cell;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use critical_section::Mutex;
use hone_engine::background::Background;
use hone_engine::command::{Console, Failed, Outcome};
use hone_engine::data::env::Io;
use hone_engine::link::{Events, Recorded};
use hone_engine::loops::inference::Inference;
use hone_engine::loops::sampling::Sampling;
use hone_engine::say::{record, telemetry};
use hone_engine::text::{Out, Write};
use hone_engine::{Flash, Links, Memory, Parts, Sensor as _};
use hone_signal::Micros;
use platform::{clock, fault, flash::Storage, pins, sensor, signal::Signal, thread, watchdog};
use static_cell::{ConstStaticCell, StaticCell};

/// Kconfig's values of this build, without `CONFIG_` before the name.
mod config {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/kconfig.rs"));
}

/// Work (multiply-accumulates) that the training thread does between two looks at its orders: some milliseconds.
const TRAINING_STEP: u32 = 20_000;
/// How long a thread sleeps at most, for the watchdog: an erase of flash may stop the processor for seconds besides.
const REST: Duration = Duration::from_millis(config::HONE_WATCHDOG_MS as u64 / 8);
/// How long the inference thread does while button, light or a command want its attention.
const LOOK: Duration = Duration::from_millis(10);
/// How long the training thread does while a command runs.
const GLANCE: Duration = Duration::from_millis(100);

static MEMORY: ConstStaticCell<Memory> = ConstStaticCell::new(Memory::ZERO);
/// Made at the start, in memory that is zero until then: as an initialised static it took 3 KB of flash.
static LINKS: Place<&'static Links> = Mutex::new(Cell::new(None));

/// A loop on its way from the main thread to its own.
type Place<T> = Mutex<Cell<Option<T>>>;
static SAMPLING: Place<&'static mut Sampling> = Mutex::new(Cell::new(None));
static SENSOR: Place<sensor::Sensors> = Mutex::new(Cell::new(None));
static INFERENCE: Place<&'static mut Inference> = Mutex::new(Cell::new(None));
static CONSOLE: Place<&'static Console> = Mutex::new(Cell::new(None));
static EVENTS: Place<&'static Events> = Mutex::new(Cell::new(None));
static RECORDED: Place<&'static Recorded> = Mutex::new(Cell::new(None));
static RESTARTED: Place<fault::Record> = Mutex::new(Cell::new(None));

static BLOCK_SENT: Signal = Signal::new();
static WORK_TO_DO: Signal = Signal::new();
/// A command runs.
static COMMAND: AtomicBool = AtomicBool::new(false);

zephyr::kobj_define! {
    static SAMPLING_THREAD: StaticThread;
    static SAMPLING_STACK: ThreadStack<{config::HONE_SAMPLING_STACK}>;
    static INFERENCE_THREAD: StaticThread;
    static INFERENCE_STACK: ThreadStack<{config::HONE_INFERENCE_STACK}>;
}

/// What the loops share; `None` until the main thread has made it.
#[inline(never)]
fn links() -> Option<&'static Links> {
    get(&LINKS)
}

fn get<T: Copy>(place: &Place<T>) -> Option<T> {
    critical_section::with(|cs| place.borrow(cs).get())
}

fn put<T>(place: &Place<T>, value: T) {
    critical_section::with(|cs| place.borrow(cs).set(Some(value)));
}

fn take<T>(place: &Place<T>) -> Option<T> {
    critical_section::with(|cs| place.borrow(cs).take())
}

/// What Zephyr's main thread runs, once the kernel and the devices are up. It becomes the training thread: what the
/// start takes of its stack is free again by then.
fn main() {
    if let Some(record) = fault::take() {
        put(&RESTARTED, record);
    }
    // Both are there: this is the one call.
    let Some(background) = link().and_then(place) else { return };
    let Some(flash) = open_flash() else { return };
    restore(background, flash);
    // Without a hardware watchdog the loops are still watched.
    let _ = watchdog::start();
    // Without a button trainings begin at the shell.
    let _ = pins::init_button();
    platform::start_events();
    start_threads();
    thread::become_one(c"training", config::HONE_TRAINING_PRIORITY as isize);
    background_loop(background, flash)
}

// Functions of their own, so that what one of them takes of the stack is free for the next.

/// Puts the loops in their places.
#[inline(never)]
fn place(links: &'static mut Links) -> Option<&'static mut Background> {
    static SAMPLING_LOOP: StaticCell<Sampling> = StaticCell::new();
    static INFERENCE_LOOP: StaticCell<Inference> = StaticCell::new();
    static BACKGROUND_LOOP: StaticCell<Background> = StaticCell::new();
    static TOLD: StaticCell<Events> = StaticCell::new();
    static TO_SEND: StaticCell<Recorded> = StaticCell::new();

    let Parts { links, sampling, inference, background, console, events, recorded } = MEMORY.try_take()?.split(links);
    put(&LINKS, links);
    put(&EVENTS, TOLD.try_init(events)?);
    put(&RECORDED, TO_SEND.try_init(recorded)?);
    put(&CONSOLE, console);
    put(&SAMPLING, SAMPLING_LOOP.try_init(sampling)?);
    put(&INFERENCE, INFERENCE_LOOP.try_init(inference)?);
    BACKGROUND_LOOP.try_init(background)
}

/// Makes what the loops share.
#[inline(never)]
fn link() -> Option<&'static mut Links> {
    static PLACE: StaticCell<Links> = StaticCell::new();
    let links = PLACE.try_init_with(Links::new)?;
    links.on_work(|| WORK_TO_DO.raise());
    links.epoch.set(clock::epoch());
    Some(links)
}

/// Opens the storage partition. On a board without one nothing is kept.
#[inline(never)]
fn open_flash() -> Option<&'static mut Flash<Storage>> {
    static FLASH: StaticCell<Flash<Storage>> = StaticCell::new();
    FLASH.try_init(Flash::open(Storage::open()))
}

/// Restores what flash keeps.
#[inline(never)]
fn restore(background: &mut Background, flash: &mut Flash<Storage>) {
    let sensors = sensor::Sensors::new();
    background.restore(clock::now(), sensors.info(), flash);
    put(&SENSOR, sensors);
}

/// Starts the sampling and the inference thread.
#[inline(never)]
#[allow(clippy::unnecessary_cast, reason = "Kconfig's numbers are usize, or isize where they are negative")]
fn start_threads() {
    let sampling = config::HONE_SAMPLING_PRIORITY as isize;
    let inference = config::HONE_INFERENCE_PRIORITY as isize;
    let threads = [
        (&SAMPLING_THREAD, &SAMPLING_STACK, c"sampling", sampling, sampling_loop as fn() -> !),
        (&INFERENCE_THREAD, &INFERENCE_STACK, c"inference", inference, inference_loop),
    ];
    for (object, stack, name, priority, entry) in threads {
        if let Some(ready) = stack.init_once(()).and_then(|stack| object.init_once(stack)) {
            thread::spawn(ready, name, priority, entry);
        }
    }
}

fn sampling_loop() -> ! {
    let watch = watchdog::Watch::new(c"sampling");
    let (Some(links), Some(sampling), Some(mut accelerometer)) = (links(), take(&SAMPLING), take(&SENSOR)) else {
        stand_still()
    };
    accelerometer.drop_waiting();
    loop {
        let due = sampling.turn(clock::now(), &mut accelerometer);
        watch.feed();
        if links.blocks_waiting() > 0 {
            BLOCK_SENT.raise();
        }
        tell_soon(links);
        // Before a slow sensor's next reading the thread goes round often enough for the watchdog.
        accelerometer.rest(Micros(due.0.min(clock::now().0 + REST.as_micros() as u64)));
    }
}

fn inference_loop() -> ! {
    let watch = watchdog::Watch::new(c"inference");
    let mut light = pins::Light::new();
    let (Some(links), Some(inference)) = (links(), take(&INFERENCE)) else { stand_still() };
    loop {
        while inference.turn(&clock::now, &mut light) {}
        watch.feed();
        tell_soon(links);
        let often = inference.is_restless() || COMMAND.load(Ordering::Relaxed);
        BLOCK_SENT.wait(if often { LOOK } else { REST });
    }
}

/// A loop that was not put in its place. Its thread feeds the watchdog no longer, which notes its name and restarts the
/// device.
fn stand_still() -> ! {
    loop {
        clock::sleep(REST);
    }
}

#[inline(never)]
fn background_loop(background: &mut Background, flash: &mut Flash<Storage>) -> ! {
    let watch = watchdog::Watch::new(c"training");
    loop {
        while background.turn(clock::now(), TRAINING_STEP, flash) {
            watch.feed();
        }
        watch.feed();
        if let Some(links) = links() {
            tell_soon(links);
        }
        WORK_TO_DO.wait(if COMMAND.load(Ordering::Relaxed) { GLANCE } else { REST });
    }
}

/// Has events told that wait.
fn tell_soon(links: &Links) {
    if links.events_waiting() > 0 {
        platform::tell_soon();
    }
}

/// The button's contact closed or opened; in its interrupt.
fn button(down: bool) {
    if let Some(links) = links() {
        links.button_changed(down);
        BLOCK_SENT.raise();
    }
}

/// Runs the shell's command.
fn command(words: &[&str], io: &mut dyn Io) -> Outcome {
    let Some(console) = get(&CONSOLE) else {
        io.str("error: the device is just starting; try again\n");
        return Err(Failed);
    };
    attention(true);
    let outcome = console.run(words, io);
    attention(false);
    platform::tell_soon();
    outcome
}

/// A command begins, or has ended: the loops see at once what it asks of them.
fn attention(wanted: bool) {
    COMMAND.store(wanted, Ordering::Relaxed);
    BLOCK_SENT.raise();
    WORK_TO_DO.raise();
}

/// Tells on the console of what has happened since the last call; whether there is more to come, of a recording.
fn tell(out: &mut dyn Out) -> bool {
    if let Some(record) = take(&RESTARTED) {
        restarted(&record, out);
    }
    lines_refused(out);
    let (Some(links), Some(events), Some(recorded)) = (links(), get(&EVENTS), get(&RECORDED)) else { return false };
    let more = record::write(links, recorded, clock::now(), out);
    while let Some(event) = events.receive() {
        telemetry::write(&event, links.config.get().device.telemetry, &links.names.get(), out);
    }
    more
}

/// Tells of lines that were typed and not run.
fn lines_refused(out: &mut dyn Out) {
    let (count, reasons) = platform::lines_refused();
    if count == 0 {
        return;
    }
    out.counts("error: lines not run: % (", &[count]);
    for (index, reason) in reasons.iter().filter(|r| !r.is_empty()).enumerate() {
        out.str(if index == 0 { "" } else { ", " });
        out.str(reason);
    }
    out.str(")\n");
}

/// Tells of the fault that made the device restart.
fn restarted(record: &fault::Record, out: &mut dyn Out) {
    out.str("restarted after ");
    out.str(match record.cause {
        fault::Cause::Stalled => "no progress",
        // From 16 on: what exactly the processor found.
        fault::Cause::Fatal(0 | 16..) => "a processor exception",
        fault::Cause::Fatal(1) => "a spurious interrupt",
        fault::Cause::Fatal(2) => "a stack overflow",
        fault::Cause::Fatal(3) => "a kernel oops",
        fault::Cause::Fatal(4) => "a panic",
        fault::Cause::Fatal(_) => "a fatal error",
    });
    out.str(" in thread ");
    out.str(record.thread());
    if record.program_counter != 0 {
        out.str(" at ");
        hex(record.program_counter, out);
    }
    out.str(", ");
    out.seconds(hone_signal::Micros(u64::from(record.uptime_ms) * 1000));
    out.counts(" s after the start; %", &[record.count]);
    out.str(if record.count == 1 { " such restart since power on\n" } else { " such restarts since power on\n" });
}

/// `0x0000abcd`, as `addr2line` takes it.
fn hex(value: u32, out: &mut dyn Out) {
    out.str("0x");
    for shift in (0..8).rev() {
        let digit = (value >> (4 * shift)) as usize & 15;
        out.str("0123456789abcdef".get(digit..=digit).unwrap_or(""));
    }
}
