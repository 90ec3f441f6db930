//! Any bytes into the container's reader and, where it takes them, into the learners' models. CRCs are made right, so
//! that the fuzzer gets past them; a first byte of 0 leaves them as they come.
#![no_main]

use hone_engine::learners::{Learner, Model};
use hone_model::Container;
use libfuzzer_sys::fuzz_target;

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
        crc
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((seal, bytes)) = data.split_first() else { return };
    let mut bytes = bytes.to_vec();
    if *seal != 0 && bytes.len() >= 20 {
        bytes[..6].copy_from_slice(b"HONE\x01\x00");
        let (length, end) = (bytes.len() as u32, bytes.len() - 4);
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let head = crc(&bytes[..12]);
        bytes[12..16].copy_from_slice(&head.to_le_bytes());
        let all = crc(&bytes[..end]);
        bytes[end..].copy_from_slice(&all.to_le_bytes());
    }
    let Ok(container) = Container::read(&bytes) else { return };
    let items = container.parameters().count()
        + container.pipeline().count()
        + container.channels().count()
        + container.scaling().count()
        + container.classes().count()
        + container.payload().len();
    assert!(items <= bytes.len());
    assert!(container.scaling().all(|(o, f)| o.is_finite() && f.is_finite()));
    // Of whatever learner it says to be, and of each other.
    for learner in Learner::ALL {
        let mut model = Model::Empty;
        let _ = model.read(*learner, container.layout(), container.parameters(), container.payload());
    }
});
