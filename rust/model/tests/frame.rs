//! Lines over a line that loses, damages, repeats and reorders them.

use hone_model::frame::{BYTES, LINE, Receiver, Reply, Sender};
use proptest::prelude::*;

fn lines(bytes: &[u8]) -> Vec<String> {
    let sender = Sender::new(bytes).unwrap();
    let mut memory = [0; LINE];
    let lines: Vec<_> = (0..sender.lines()).map(|n| sender.line(n, &mut memory).unwrap().to_string()).collect();
    assert_eq!(sender.line(sender.lines(), &mut memory), None);
    lines
}

#[test]
fn the_lines_are_what_other_programs_make_of_them() {
    // Base64 by Python's base64.b64encode; CRC-32C of the line up to the blank before it, by its definition.
    let got = lines(b"Some bytes of a model.\xff");
    let castagnoli = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    let transfer = format!("{:08x}", castagnoli.checksum(b"Some bytes of a model.\xff"));
    let want = [format!("HM 0000 {transfer} FwAAAA=="), format!("HM 0001 {transfer} U29tZSBieXRlcyBvZiBhIG1vZGVsLv8=")]
        .map(|l| format!("{l} {:08x}", castagnoli.checksum(l.as_bytes())));
    assert_eq!(got, want);
}

#[test]
fn goes_on_after_a_break() {
    let bytes: Vec<u8> = (0..=255).collect();
    let lines = lines(&bytes);
    assert_eq!((lines.len(), lines.iter().map(String::len).max()), (7, Some(LINE)));
    let mut memory = [0; 300];
    let mut receiver = Receiver::new();
    assert_eq!(receiver.line(&lines[3], &mut memory), Reply::Send(0));
    assert_eq!(receiver.line(&lines[0], &mut memory), Reply::Send(1));
    assert_eq!(receiver.line(&lines[1], &mut memory), Reply::Send(2));
    assert_eq!(receiver.line(&lines[1], &mut memory), Reply::Send(2));
    assert_eq!(receiver.line(&lines[4], &mut memory), Reply::Send(2));
    assert_eq!(receiver.line(&lines[2].replacen(&lines[2][20..21], "*", 1), &mut memory), Reply::Send(2));
    assert_eq!(receiver.line(&format!("\r {}\r\n", lines[2]), &mut memory), Reply::Send(3));
    // The sender starts over and is told where to go on.
    assert_eq!(receiver.line(&lines[0], &mut memory), Reply::Send(3));
    assert_eq!(receiver.progress(), Some((2 * BYTES as u32, 256)));
    for (line, next) in lines[3..6].iter().zip(4..) {
        assert_eq!(receiver.line(line, &mut memory), Reply::Send(next));
    }
    assert_eq!(receiver.line(&lines[6], &mut memory), Reply::Complete { length: 256 });
    assert_eq!(receiver.line(&lines[6], &mut memory), Reply::Complete { length: 256 });
    assert_eq!(memory[..256], bytes);
}

#[test]
fn another_transfer_starts_afresh_and_never_mixes() {
    let (one, two) = (lines(&[1; 100]), lines(&[2; 100]));
    let mut memory = [0; 100];
    let mut receiver = Receiver::new();
    receiver.line(&one[0], &mut memory);
    receiver.line(&one[1], &mut memory);
    assert_eq!(receiver.line(&two[2], &mut memory), Reply::Send(2));
    assert_eq!(receiver.line(&two[0], &mut memory), Reply::Send(1));
    assert_eq!(receiver.line(&one[1], &mut memory), Reply::Send(1));
    for line in &two[1..] {
        receiver.line(line, &mut memory);
    }
    assert_eq!((receiver.wanted(&memory), memory), (Reply::Complete { length: 100 }, [2; 100]));
    // The memory was used for something else in between.
    memory[50] = 0;
    assert_eq!((receiver.wanted(&memory), receiver), (Reply::Mismatch, Receiver::new()));
    let too_long = Reply::TooLong { length: 100, memory: 99 };
    assert_eq!(Receiver::new().line(&one[0], &mut [0; 99]), too_long);
}

#[test]
fn every_changed_character_is_noticed() {
    let lines = lines(&(0..90).collect::<Vec<u8>>());
    let mut memory = [0; 90];
    let mut receiver = Receiver::new();
    receiver.line(&lines[0], &mut memory);
    for at in 0..lines[1].len() {
        for bit in 0..7 {
            let mut bytes = lines[1].clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let line = String::from_utf8(bytes).unwrap();
            assert_eq!(receiver.line(&line, &mut memory), Reply::Send(1), "{line}");
        }
        assert_eq!(receiver.line(&lines[1][..at], &mut memory), Reply::Send(1));
    }
}

#[test]
fn replies_pass_over_the_console() {
    for reply in [Reply::Send(0), Reply::Send(65_535), Reply::Complete { length: 4096 }, Reply::Mismatch] {
        let (word, number) = reply.words();
        assert_eq!(Reply::parse(&format!("  {word} {number}\r\n")), Some(reply));
    }
    for line in ["", "send", "send x", "send 65536", "send -1", "uart:~$ model import", "complete"] {
        assert_eq!(Reply::parse(line), None, "{line}");
    }
}

#[test]
fn nothing_and_too_much() {
    assert_eq!(Receiver::new().line(&lines(&[])[0], &mut []), Reply::Complete { length: 0 });
    assert!(Sender::new(&vec![0; BYTES * 65_535 + 1]).is_none());
}

proptest! {
    #[test]
    fn any_line_is_taken_or_not(text in ".{0,110}", memory in 0usize..100) {
        let mut receiver = Receiver::new();
        prop_assert_eq!(receiver.line(&text, &mut vec![0; memory]), Reply::Send(0));
    }

    /// However bad the line, a sender that follows the replies gets its bytes across.
    #[test]
    fn a_bad_line_only_costs_time(
        bytes in prop::collection::vec(any::<u8>(), 0..700),
        faults in prop::collection::vec((0u8..5, any::<prop::sample::Index>(), 0u8..7), 0..60),
    ) {
        let lines = lines(&bytes);
        let (mut receiver, mut memory) = (Receiver::new(), vec![0xaa; 700]);
        let (mut at, mut faults) = (0usize, faults.into_iter());
        for _ in 0..200 {
            let mut line = lines[at].clone();
            let reply = match faults.next() {
                // Lost, reply lost, damaged, repeated.
                Some((0, ..)) => receiver.wanted(&memory),
                Some((1, ..)) => { receiver.line(&line, &mut memory); continue }
                Some((2, index, bit)) => {
                    let i = index.index(line.len());
                    let mut damaged = line.into_bytes();
                    damaged[i] ^= 1 << bit;
                    line = String::from_utf8(damaged).unwrap();
                    receiver.line(&line, &mut memory)
                }
                Some((3, index, _)) => receiver.line(&lines[index.index(lines.len())], &mut memory),
                _ => receiver.line(&line, &mut memory),
            };
            match reply {
                Reply::Send(next) => at = next.into(),
                Reply::Complete { length } => {
                    prop_assert_eq!(&memory[..length as usize], &bytes[..]);
                    return Ok(());
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        prop_assert!(false, "not across");
    }
}
