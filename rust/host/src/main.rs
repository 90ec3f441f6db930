//! The hone program.
use hone_host::device::{session, source::Source};
use std::io::BufRead;
fn main() {
    let mut device = session::device(Source::rig(1));
    let failed = session::run_script(std::io::stdin().lock().split(b'\n'), &mut device, &mut session::Stdout);
    std::process::exit(i32::from(failed > 0));
}
