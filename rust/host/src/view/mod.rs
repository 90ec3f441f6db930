//! `hone view`: a page on which a device is seen and taught, served on this machine alone.

mod feed;
mod hub;
mod prototypes;
mod serve;
mod take;

use crate::monitor::Which;
use crate::monitor::station::{Station, Wish};
use crate::output;
use crate::run::RunArgs;
use hub::Hub;
use serve::Server;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

/// What `hone view` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct ViewArgs {
    #[command(flatten)]
    which: Which,
    /// Where the page is, on this machine; 0 for any that is free
    #[arg(long = "port-number", value_name = "N", default_value_t = 7357)]
    number: u16,
    /// The folder in which recordings and models are written
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The folder that the paths of the manifest to replay begin from
    #[arg(long, value_name = "DIR", requires = "replay")]
    root: Option<PathBuf>,
    /// Keep model and parameters of the device on this PC in this file; made if missing
    #[arg(long, value_name = "FILE", conflicts_with = "port")]
    flash: Option<PathBuf>,
    /// Seed of the simulated motor
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Bits per second of the serial port
    #[arg(long, default_value_t = 115_200, value_name = "RATE")]
    baud: u32,
}

static ENDED: AtomicBool = AtomicBool::new(false);

/// `hone view`: serves until the program is ended.
///
/// # Errors
/// A sentence that says what to do.
pub fn run(args: &ViewArgs) -> Result<(), String> {
    let device = RunArgs { seed: args.seed, root: args.root.clone(), flash: args.flash.clone(), ..RunArgs::default() };
    let open = args.which.open(args.baud, device)?;
    if !args.dir.is_dir() {
        return Err(format!("{}: is no folder; --dir takes one that is there", args.dir.display()));
    }
    let mut station = Station::new(open, Wish { every: true, samples: true });
    let hub = Arc::new(Hub::new());
    let named = args.which.port.as_ref().map_or("the device".into(), |p| p.display().to_string());
    station
        .begin(&mut |news| hub.see(news))
        .map_err(|e| format!("{named}: {e}; check that the port is right and that no other program has it open"))?;
    let what = match (&args.which.port, &args.which.replay) {
        (Some(port), _) => ("board", port.display().to_string()),
        (None, Some(manifest)) => ("replay", manifest.clone()),
        (None, None) => ("demo", "the simulated motor".to_owned()),
    };
    hub.tell("what", "", &serde_json::json!({ "kind": what.0, "name": what.1 }));
    let (jobs, work) = channel();
    let interrupt = Arc::new(AtomicBool::new(false));
    let server = Server::bind(args.number, args.dir.clone(), Arc::clone(&hub), jobs, Arc::clone(&interrupt))?;
    output::print(&format!("{}\n", server.address()));
    output::note("open this in a browser on this machine; Ctrl-C ends");
    output::flush();
    // Without a handler Ctrl-C ends the program, and the device goes on sending for a while: no harm.
    let _ = ctrlc::set_handler(|| ENDED.store(true, Ordering::Release));
    std::thread::spawn(move || {
        if let Err(error) = server.run() {
            output::error(&error);
            ENDED.store(true, Ordering::Release);
        }
    });
    feed::run(station, &hub, &work, &interrupt, &ENDED);
    Ok(())
}
