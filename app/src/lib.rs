//! Hone as a Zephyr application: the engine's three loops as threads, its commands in Zephyr's shell, and Zephyr's
//! devices behind the engine's traits.
#![no_std]

mod platform;

use core::time::Duration;
use platform::{Channel, clock, fault, pins, sensor, thread, watchdog};

/// Kconfig's values of this build, without `CONFIG_` before the name.
mod config {
    #![allow(dead_code)]
    include!(concat!(env!("OUT_DIR"), "/kconfig.rs"));
}

static READINGS: Channel<[i32; sensor::CHANNELS], 4> = Channel::new();
static TICKER: clock::Ticker = clock::Ticker::new();

zephyr::kobj_define! {
    static SAMPLING: StaticThread;
    static SAMPLING_STACK: ThreadStack<{config::HONE_SAMPLING_STACK}>;
}

/// What Zephyr's main thread runs, once the kernel and the devices are up.
fn main() {
    let _ = (watchdog::start(), pins::init_led(), pins::init_button());
    if let Some(record) = fault::take() {
        zephyr::printkln!("restarted: {:?} in {}", record.cause, record.thread());
    }
    zephyr::printkln!("hone on {}", sensor::name());
    if let Some(t) = SAMPLING_STACK.init_once(()).and_then(|stack| SAMPLING.init_once(stack)) {
        thread::spawn(t, c"sampling", -1, sampling);
    }
}

fn sampling() -> ! {
    let watch = watchdog::Watch::new(c"sampling");
    let _ = sensor::init();
    TICKER.start(Duration::from_micros(1_000_000 / config::HONE_SAMPLE_RATE as u64));
    loop {
        TICKER.wait();
        watch.feed();
        if let Ok(values) = sensor::read() {
            let _ = READINGS.try_send(values);
        }
    }
}

fn command(words: &[&str], output: &mut platform::Output) -> i32 {
    match words.get(1) {
        Some(&"crash") => panic!("asked to"),
        _ => {}
    }
    while let Some(r) = READINGS.try_recv() {
        zephyr::printkln!("{} {:?} {}", clock::micros(), r, READINGS.len());
    }
    thread::each(&mut |u| zephyr::printkln!("{:?}", u));
    output.write("ok\n");
    0
}
