//! Any lines as shell commands, with completion. The device behind them lives on from input to input; nothing runs it, so
//! whatever waits is broken off.
#![no_main]

use hone_engine::command::{self, Console};
use hone_engine::data::env::{Io, ThreadInfo};
use hone_engine::text::Out;
use hone_engine::{Links, Memory};
use hone_signal::Micros;
use libfuzzer_sys::fuzz_target;

struct Screen(usize);

impl Out for Screen {
    fn str(&mut self, text: &str) {
        self.0 += text.len();
    }
}

impl Io for Screen {
    fn now(&self) -> Micros {
        Micros(0)
    }
    fn pause(&mut self, _: Micros) -> bool {
        false
    }
    fn threads(&mut self, see: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>)) {
        see(self, ThreadInfo { name: "sampling", stack_bytes: 1024, stack_used: 400, cpu_permille: 15 });
    }
}

thread_local! {
    static CONSOLE: &'static Console = {
        let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
        memory.split(links).console
    };
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = core::str::from_utf8(data) else { return };
    let console = CONSOLE.with(|c| *c);
    for line in text.split('\n').take(8) {
        let mut screen = Screen(0);
        if let Ok(words) = command::split::<16>(line) {
            let failed = console.run(&words, &mut screen).is_err();
            assert!(!failed || screen.0 > 0, "failed without a word");
            let start = words.last().copied().unwrap_or("");
            let before = words.get(..words.len().saturating_sub(1)).unwrap_or(&[]);
            command::complete(before, start, &mut |word| assert!(word.starts_with(start)));
        }
        assert!(screen.0 < 100_000);
    }
});
