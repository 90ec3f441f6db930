//! Rates, scales and units.

use hone_learn::text::{Out, Write};
use hone_signal::{Channel, Rate, Unit};

/// `1000 Hz`, `12.5 Hz`, `1/60 Hz`: below one a second as a ratio.
pub fn rate(rate: Rate, out: &mut dyn Out) {
    let (frames, seconds) = (rate.frames(), rate.seconds());
    let whole = frames / seconds;
    if whole == 0 {
        return out.counts("%/% Hz", &[frames, seconds]);
    }
    // To thousandths, without zeros behind the last.
    let mut part = (u64::from(frames % seconds) * 1000 / u64::from(seconds)) as u32;
    out.uint(whole);
    if part > 0 {
        out.str(".");
        let mut place = 100;
        while part > 0 {
            out.uint(part / place);
            part %= place;
            place /= 10;
        }
    }
    out.str(" Hz");
}

/// The unit, after a blank; nothing where there is none.
pub fn unit(unit: Unit, out: &mut dyn Out) {
    if unit != Unit::None {
        out.str(" ");
        out.str(unit.name());
    }
}

/// `0.001197 m/s2 per LSB`.
pub fn scale(channel: Channel, out: &mut dyn Out) {
    out.real(channel.scale);
    unit(channel.unit, out);
    out.str(" per LSB");
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use hone_learn::text::Line;

    #[test]
    fn rates_are_not_rounded() {
        for (frames, seconds, text) in [
            (1000, 1, "1000 Hz"),
            (25, 2, "12.5 Hz"),
            (2, 120, "1/60 Hz"),
            (1, 86_400, "1/86400 Hz"),
            (25_000, 1000, "25 Hz"),
            (1001, 1000, "1.001 Hz"),
            (102_400, 1000, "102.4 Hz"),
        ] {
            let mut line = Line::<32>::default();
            rate(Rate::new(frames, seconds), &mut line);
            assert_eq!(line.as_str(), text);
        }
    }
}
