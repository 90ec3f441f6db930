//! Lines of text into the receiver. The first byte sizes the memory; lines in braces are given their right CRC, so that
//! the fuzzer gets past it.
#![no_main]

use hone_model::frame::{Receiver, Reply};
use libfuzzer_sys::fuzz_target;

const CASTAGNOLI: u32 = 0x82f6_3b78;

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ CASTAGNOLI } else { crc >> 1 };
        }
        crc
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((size, text)) = data.split_first() else { return };
    let Ok(text) = core::str::from_utf8(text) else { return };
    let mut memory = vec![0; usize::from(*size)];
    let mut receiver = Receiver::new();
    for line in text.split('\n') {
        let sealed = line.strip_prefix('{').map(|l| format!("{l} {:08x}", crc(l.as_bytes())));
        let reply = receiver.line(sealed.as_deref().unwrap_or(line), &mut memory);
        if let Reply::Complete { length } = reply {
            assert!(length as usize <= memory.len());
        }
        let (there, length) = receiver.progress().unwrap_or((0, 0));
        assert!(there <= length && length as usize <= memory.len());
        let (word, number) = reply.words();
        let parsed = Reply::parse(&format!("{word} {number}"));
        assert!(matches!(reply, Reply::TooLong { .. }) || parsed == Some(reply));
        let _ = Reply::parse(line);
    }
});
