//! Prints what each chain of features costs for windows of a shape: `cargo run -p hone-signal --example cost -- [CHANNELS
//! FRAMES] [KEY=VALUE]...`, by default those of the NUCLEO-F401RE's build. `hone eval` prints it for a data set.

use hone_learn::{Kind, Settings};
use hone_signal::Shape;
use hone_signal::features::Params;

fn main() {
    let (given, numbers): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.contains('='));
    let mut params = Params::default();
    for pair in &given {
        let (key, value) = pair.split_once('=').expect("it has one");
        params.set_text(key, value).unwrap_or_else(|e| panic!("{pair}: {e:?}"));
    }
    let number = |i: usize, usual| numbers.get(i).map_or(usual, |n| n.parse().expect("a whole number"));
    let shape = Shape { channels: number(0, 3), frames: number(1, 128) };
    let Kind::Choice(words) = Params::SETTINGS[0].kind else { unreachable!("the first setting says which features") };
    println!("windows of {} x {} samples", shape.channels, shape.frames);
    println!("{:32} {:>8} {:>9} {:>9} {:>9}", "features", "number", "MAC", "scratch B", "output B");
    for word in words {
        for elm in [0, 24] {
            let mut params = params;
            if elm > 0 && !word.ends_with("convolution") {
                continue;
            }
            params.set_text("features", word).expect("its own word");
            params.set_text("elm-units", &elm.to_string()).expect("in range");
            let name = if elm > 0 { format!("{word}, elm-units {elm}") } else { (*word).to_string() };
            match params.check(shape) {
                Ok(extractor) => {
                    let cost = extractor.cost();
                    let out = 4 * cost.features;
                    println!("{name:32} {:8} {:9} {:9} {out:9}", cost.features, cost.mac, cost.workspace);
                }
                Err(e) => println!("{name:32} {e:?}"),
            }
        }
    }
}
