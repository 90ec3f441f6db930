//! Instructions as `cargo xtask bench` has counted them on an emulated core, cycles estimated from them, and the boards that run
//! them. The counts are the committed ones.

const M4F: [&str; 2] = [
    include_str!("../../../../counts/rustc-1.96.0-core-source.toml"),
    // Has the programs that the other has not.
    include_str!("../../../../counts/rustc-1.95.0-core-prebuilt.toml"),
];
const SIZES: [&str; 2] = [
    include_str!("../../../../sizes/rustc-1.96.0-core-source.toml"),
    include_str!("../../../../sizes/rustc-1.95.0-core-prebuilt.toml"),
];
/// Where cycles estimated by kinds of instruction stand.
const PERFORMANCE: &str = include_str!("../../../../docs/performance.md");
/// Where what was counted on the Cortex-M3 stands.
const COMPRESSION: &str = include_str!("../../../../docs/compression.md");

fn row(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|l| l.strip_prefix(&format!("\"{name}\" = "))?.trim().parse().ok())
}

/// Instructions of a case on the Cortex-M4F.
pub fn instructions(case: &str) -> Result<f64, String> {
    M4F.iter().find_map(|text| row(text, case)).ok_or_else(|| format!("there is no count of {case}"))
}

/// Bytes of a case: of `model`, `stack` or `workspace`.
pub fn bytes(kind: &str, case: &str) -> Result<f64, String> {
    let of = |text: &str| {
        let (_, section) = text.split_once(&format!("[{kind}]\n"))?;
        row(section.split("\n[").next()?, case)
    };
    SIZES.iter().find_map(|text| of(text)).ok_or_else(|| format!("there is no size of {case}, {kind}"))
}

/// The cells of the row of a page's table that begins so.
fn page_row<'a>(page: &'a str, first: &str) -> Result<Vec<&'a str>, String> {
    let row = page.lines().find(|l| l.starts_with(&format!("| {first} |")));
    let row = row.ok_or_else(|| format!("no page has the row {first}"))?;
    Ok(row.trim_matches(['|', ' ']).split(" | ").collect())
}

/// A number with commas.
fn number(cell: Option<&&str>) -> Result<f64, String> {
    let text = cell.map(|c| c.replace(',', "")).unwrap_or_default();
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// An operation of docs/performance.md's table of time and energy.
pub struct Operation {
    /// Cycles of a Cortex-M4F.
    pub cycles: f64,
    /// Bytes of code.
    pub flash: f64,
    /// Bytes of workspace, model and stack, without the rows.
    pub ram: f64,
}

/// The clock of that table.
const TABLE_MHZ: f64 = 84.0;

/// An operation by its name in the table.
pub fn operation(name: &str) -> Result<Operation, String> {
    let cells = page_row(PERFORMANCE, name)?;
    let at = |i: usize| number(cells.get(i));
    Ok(Operation { cycles: at(1)? * TABLE_MHZ, flash: at(3)?, ram: at(4)? })
}

/// Cycles an instruction takes where no count by kind is committed: somewhat above the greatest ratio of that table (1.92).
pub const CYCLES: f64 = 1.95;

/// Instructions on the Cortex-M3, by the row in docs/compression.md.
pub fn on_cortex_m3(training: &str) -> Result<f64, String> {
    number(page_row(COMPRESSION, training)?.get(2))
}

/// A processor.
pub struct Board {
    /// Its name.
    pub name: &'static str,
    /// Its core.
    pub core: &'static str,
    /// Clock, Hz.
    pub hz: f64,
    /// Power while it computes, W, where its maker says so.
    pub watts: Option<f64>,
}

impl Board {
    /// Seconds of so many cycles.
    pub fn time(&self, cycles: f64) -> f64 {
        cycles / self.hz
    }
}

const fn board(name: &'static str, core: &'static str, mhz: f64, milliwatts: Option<f64>) -> Board {
    let watts = match milliwatts {
        Some(milliwatts) => Some(milliwatts / 1e3),
        None => None,
    };
    Board { name, core, hz: mhz * 1e6, watts }
}

/// nRF52840, the core of Edge2Train's first board: 3.3 mA at 3 V from flash with the DC/DC converter (Nordic's product specification).
pub const NRF52840: Board = board("nRF52840", "Cortex-M4F", 64.0, Some(9.9));
/// 11.5 mA at 3.3 V, as docs/performance.md assumes.
pub const F401: Board = board("NUCLEO-F401RE", "Cortex-M4F", 84.0, Some(37.95));
/// 100 µA/MHz in run mode (ST's product text), at 3.3 V.
pub const L476: Board = board("NUCLEO-L476RG", "Cortex-M4F", 80.0, Some(26.4));
/// 260 µA/MHz from flash (ST's product text), at 3.3 V.
pub const F429: Board = board("NUCLEO-F429ZI", "Cortex-M4F", 180.0, Some(154.44));
/// No figure of its current was at hand.
pub const H743: Board = board("NUCLEO-H743ZI", "Cortex-M7, counted as a Cortex-M4F", 480.0, None);
/// 27 mA at 3.3 V at 72 MHz, peripherals off (ST, typical).
pub const F103: Board = board("STM32F103C8, \"Blue Pill\"", "Cortex-M3, no FPU", 72.0, Some(89.1));
/// The currents above are the makers' as commonly quoted: their sheets were not at hand to confirm them.
/// The images' boards and the two of the paper for which there are counts.
pub const BOARDS: [&Board; 6] = [&NRF52840, &F401, &L476, &F429, &H743, &F103];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_of_the_table_takes_more_cycles_an_instruction_than_is_said() {
        for (name, case, each) in [
            ("SVM, iris01, train", "svm/train/iris01 70", 1.0),
            ("SVM, dig38s, train", "svm/train/dig38s 120", 1.0),
            ("SVM, dig38s, infer", "svm/infer/dig38s 64", 1.0),
            ("ESN, infer a sample", "esn/infer/sample 64", 128.0),
            ("ESN, 64 units, train on a sample of 3 channels", "esn/train/sample 64", 128.0),
        ] {
            let ratio = operation(name).unwrap().cycles * each / instructions(case).unwrap();
            assert!((1.2..CYCLES).contains(&ratio), "{name}: {ratio}");
        }
    }

    #[test]
    fn every_figure_has_its_row() {
        assert!(bytes("model", "esn/infer/f32 64").unwrap() > 4000.0);
        assert!(on_cortex_m3("SVM, the same in 8 bits").unwrap() > 1e6);
        assert!(instructions("nothing 1").is_err() && operation("nothing").is_err());
    }
}
