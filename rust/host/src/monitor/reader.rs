//! What a console says, told apart: events and counters as JSON, frames of samples, answers, and garbage.
//!
//! Nothing here waits: bytes go in as they come. What lies between two zeros and is a frame is one ([`hone_model::stream`]);
//! everything else is text, so that an event is whole also where a frame came in its midst. In a line of text an object is
//! looked for wherever one may begin: what stands before or behind it, be it a prompt, half an event or noise, costs nothing
//! but itself.

use crate::transfer::console::plain;
use hone_model::stream::{LONGEST, decode};
use serde_json::{Map, Value};

/// What a board says first.
pub const BANNER: &str = "*** Booting ";
/// A line that has not ended after so many bytes is taken as it is: longer than any object of the device's.
const LONGEST_LINE: usize = 8192;
/// What stands where a command may be typed: on boards, in other Zephyr shells, in `hone run`.
const PROMPTS: [&str; 3] = ["hone:~$", "uart:~$", "hone>"];

/// Something that the device said.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// An object with `event` or `stats`.
    Object(Object),
    /// A frame, for [`decode`].
    Frame(Vec<u8>),
    /// A line of text, without prompt and control sequences.
    Text(String),
    /// So many bytes that are neither, and how they look.
    Garbage(usize, String),
}

/// A JSON object of the device's.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// As it was sent.
    pub text: String,
    /// What it says.
    pub fields: Map<String, Value>,
}

impl Object {
    /// The event's name; `None` of an object of counters.
    pub fn event(&self) -> Option<&str> {
        self.fields.get("event")?.as_str()
    }

    /// Which counters these are; `None` of an event.
    pub fn stats(&self) -> Option<&str> {
        self.fields.get("stats")?.as_str()
    }

    /// When, in microseconds of the device.
    pub fn time(&self) -> Option<u64> {
        self.fields.get("time_us")?.as_u64()
    }
}

/// Takes bytes, gives what they say.
#[derive(Debug, Default)]
pub struct Reader {
    /// Since the last zero, as long as it may be a frame.
    piece: Vec<u8>,
    /// No zero has come yet behind which a frame could begin, or what came since is text.
    in_text: bool,
    line: Vec<u8>,
    heard: Vec<Heard>,
}

impl Reader {
    /// Takes what came; what is now known to have been said.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<Heard> {
        for byte in bytes {
            match byte {
                0 => self.zero(),
                byte if self.in_text => self.text(*byte),
                byte => {
                    self.piece.push(*byte);
                    if !may_be_frame(&self.piece) {
                        self.as_text();
                    }
                }
            }
        }
        std::mem::take(&mut self.heard)
    }

    /// Nothing came for a while, so that what looked like a frame is none.
    pub fn quiet(&mut self) -> Vec<Heard> {
        self.as_text();
        std::mem::take(&mut self.heard)
    }

    /// The line is gone: what had begun will not end.
    pub fn end(&mut self) -> Vec<Heard> {
        self.as_text();
        self.end_of_line();
        self.in_text = false;
        std::mem::take(&mut self.heard)
    }

    /// Whether the device waits for a command, as far as is known.
    pub fn at_prompt(&self) -> bool {
        let text = plain(&String::from_utf8_lossy(&self.line));
        PROMPTS.iter().any(|p| text.ends_with(p))
    }

    fn zero(&mut self) {
        if !self.piece.is_empty() && decode(&self.piece, &mut [0; LONGEST]).is_some() {
            self.heard.push(Heard::Frame(std::mem::take(&mut self.piece)));
        } else {
            self.as_text();
        }
        self.in_text = false;
    }

    fn as_text(&mut self) {
        for byte in std::mem::take(&mut self.piece) {
            self.text(byte);
        }
        self.in_text = true;
    }

    fn text(&mut self, byte: u8) {
        if matches!(byte, b'\n' | b'\r') {
            return self.end_of_line();
        }
        self.line.push(byte);
        if self.line.len() >= LONGEST_LINE {
            self.end_of_line();
        }
    }

    fn end_of_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let (mut rest, mut other) = (line.as_slice(), Vec::new());
        while let Some(at) = rest.windows(2).position(|w| w == b"{\"") {
            let (before, begun) = rest.split_at(at);
            other.extend_from_slice(before);
            match object(begun) {
                Some((object, length)) => {
                    self.heard.push(Heard::Object(object));
                    rest = &begun[length..];
                }
                None => {
                    other.extend_from_slice(&begun[..1]);
                    rest = &begun[1..];
                }
            }
        }
        other.extend_from_slice(rest);
        // A device that is reset in the midst of a line begins behind it.
        let banner = other.windows(BANNER.len()).position(|w| w == BANNER.as_bytes()).filter(|at| *at > 0);
        let started = banner.map(|at| other.split_off(at));
        self.other(&other);
        self.other(&started.unwrap_or_default());
    }

    /// What is no object.
    fn other(&mut self, other: &[u8]) {
        let text = String::from_utf8_lossy(other);
        let control = |c: char| c == char::REPLACEMENT_CHARACTER || c.is_control() && !"\t\x07\x08\x1b".contains(c);
        let harmed = text.contains("{\"event\"") || text.contains("{\"stats\"");
        if text.chars().any(control) || harmed {
            let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
            self.heard.push(Heard::Garbage(other.len(), shown));
            return;
        }
        let text = without_prompts(&plain(&text));
        if !text.is_empty() {
            self.heard.push(Heard::Text(text));
        }
    }
}

/// Whether these are the first bytes of a frame, as COBS makes them: a head's first byte is a zero, and so its code is 1; those of
/// data and ends come behind a code. Text has none of them.
fn may_be_frame(piece: &[u8]) -> bool {
    match piece {
        [1, ..] | [_] => piece.len() <= LONGEST,
        [_, 1 | 2, ..] => piece.len() <= LONGEST,
        _ => false,
    }
}

/// The object that these bytes begin with, and its length.
fn object(bytes: &[u8]) -> Option<(Object, usize)> {
    let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Map<String, Value>>();
    let fields = values.next()?.ok()?;
    let length = values.byte_offset();
    let text = std::str::from_utf8(bytes.get(..length)?).ok()?.to_owned();
    let object = Object { text, fields };
    (object.event().is_some() || object.stats().is_some()).then_some((object, length))
}

fn without_prompts(text: &str) -> String {
    let mut rest = text.trim();
    while let Some(inner) = PROMPTS.iter().find_map(|p| rest.strip_prefix(p)) {
        rest = inner.trim_start();
    }
    rest.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hone_model::stream::{Data, End, Frame, Head, VERSION, channel, encode};

    fn frame(frame: Frame<'_>) -> Vec<u8> {
        encode(&frame, &mut [0; LONGEST]).unwrap().to_vec()
    }

    fn heard(pieces: &[&[u8]]) -> Vec<String> {
        let mut reader = Reader::default();
        let mut all: Vec<Heard> = pieces.iter().flat_map(|p| reader.take(p)).collect();
        all.extend(reader.end());
        let word = |h: &Heard| match h {
            Heard::Object(o) => o.event().or(o.stats()).unwrap().to_owned(),
            Heard::Frame(_) => "frame".into(),
            Heard::Text(t) => format!("text {t}"),
            Heard::Garbage(n, _) => format!("garbage {n}"),
        };
        all.iter().map(word).collect()
    }

    const EVENT: &[u8] = b"{\"event\":\"verdict\",\"time_us\":1,\"window\":2,\"decision\":\"normal\"}";

    #[test]
    fn events_are_found_whatever_stands_around_them() {
        assert_eq!(heard(&[EVENT, b"\r\n"]), ["verdict"]);
        assert_eq!(heard(&[b"hone:~$ \x1b[8D\x1b[J", EVENT, b"\r\nhone:~$ "]), ["verdict"]);
        assert_eq!(heard(&[b"\xff\x80ab", EVENT, b"x\xfe\n"]), ["verdict", "garbage 6"]);
        assert_eq!(heard(&[&EVENT[..30], EVENT, EVENT, b"\n"]), ["verdict", "verdict", "garbage 30"]);
        assert_eq!(
            heard(&[&EVENT[..30], b"\n*** Booting Zephyr ***\n"]),
            ["garbage 30", "text *** Booting Zephyr ***"]
        );
        assert_eq!(heard(&[&EVENT[..30], b"*** Booting Zephyr ***\n"]), ["garbage 30", "text *** Booting Zephyr ***"]);
        assert_eq!(heard(&[b"{\"a\":1}\n{\"stats\":\"device\"}\n"]), ["text {\"a\":1}", "device"]);
        assert_eq!(heard(&[b"{\"event\":\"x", EVENT, b"\n"]), ["verdict", "garbage 11"]);
        // A name that is no text is a harmed event.
        assert_eq!(heard(&[b"{\"event\":\"ver\xffdict\"}\n"]), ["garbage 20"]);
        assert_eq!(heard(&[&[b'x'; LONGEST_LINE + 5], b"\n", EVENT, b"\n"]).last().unwrap(), "verdict");
    }

    #[test]
    fn frames_are_told_from_text_and_cut_no_event() {
        let head = Head {
            version: VERSION,
            sensor: "s",
            frames: 10,
            seconds: 1,
            every: 1,
            epoch: 0,
            channels: &channel(1.0, hone_signal::Unit::None),
        };
        let data = Data { first: 10, micros: 13 * 256, faults: 0, samples: &[10, 0, 13, 0, b'{', b'"'] };
        let frames = [
            frame(Frame::Head(head)),
            frame(Frame::Data(data)),
            frame(Frame::Data(Data { first: 0, ..data })),
            frame(Frame::End(End { frames: 1, lost: 0 })),
        ];
        for frame in &frames {
            // A frame begins as one, so that text behind a zero need not wait for the next.
            assert!(may_be_frame(&frame[1..3]), "{frame:?}");
            assert_eq!(heard(&[&EVENT[..9], frame, &EVENT[9..], b"\r\n"]), ["frame", "verdict"]);
            assert_eq!(heard(&[frame, EVENT, b"\n", frame]), ["frame", "verdict", "frame"]);
            // One whose last zero was lost, and one with its first.
            assert!(heard(&[&frame[..frame.len() - 1], b"\n", EVENT, b"\n", frame]).contains(&"verdict".to_owned()));
            assert!(heard(&[&frame[1..], EVENT, b"\n", frame]).contains(&"verdict".to_owned()));
        }
        assert_eq!(heard(&[&frames.concat()]), ["frame"; 4]);
    }

    #[test]
    fn what_may_be_a_frame_waits_no_longer_than_the_quiet() {
        let mut reader = Reader::default();
        assert_eq!(reader.take(b"\0\x01"), []);
        assert_eq!(reader.take(&[EVENT, b"\n"].concat()), []);
        assert!(matches!(reader.quiet().as_slice(), [Heard::Object(_), Heard::Garbage(1, _)]));
    }

    #[test]
    fn a_prompt_is_seen() {
        let mut reader = Reader::default();
        assert!(!reader.at_prompt());
        reader.take(b"\x1b[mhone:~$ ");
        assert!(reader.at_prompt());
        reader.take(b"led");
        assert!(!reader.at_prompt());
        reader.take(b"\r\noff\r\nhone:~$ \x1b[8D\x1b[J[1.0] x\r\nhone:~$ ");
        assert!(reader.at_prompt());
    }
}
