//! The tables of `docs/performance.md`, made from the rows: what stands between `<!-- bench: NAME -->` and
//! `<!-- end -->` is replaced, the text around stays.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::cost::Board;
use super::growth;
use super::row::{Row, thousands};

/// The kernels that issue 6 sets a figure for: label, row, CMSIS-DSP's, the figure, all per unit.
const KERNELS: &[(&str, &str, &str, &str)] = &[
    ("dot f32, n = 600", "kernel/dot_f32 600", "4.0", "2.6"),
    ("dot i16, n = 600, exact", "kernel/dot_i16 600", "2.4", "1.1"),
    ("dot i8, n = 600", "kernel/dot_i8 600", "–", "1.8"),
    ("matrix · vector f32, 100 × 100", "kernel/matvec_f32 100", "2.8", "2.4"),
    ("matrix · vector i16", "kernel/matvec_i16 100", "1.9", "1.0"),
    ("matrix · vector i8", "kernel/matvec_i8 100", "1.96", "1.5"),
    ("squared distance f32, n = 600", "kernel/squared_distance_f32 600", "6.0", "3.4"),
    ("Manhattan u8, n = 48", "kernel/manhattan_u8 48", "–", "1.2"),
    ("Manhattan u8, n = 48, 100 rows in one call", "kernel/manhattans_u8 48", "–", "1.4"),
    ("squared distance f32, n = 48, 100 rows in one call", "kernel/squared_distances_f32 48", "–", "3.5"),
    ("Cholesky, factor and solve, n = 65", "kernel/cholesky 65", "–", "3.0"),
    ("sparse reservoir step, 64 units, per non-zero", "kernel/reservoir_step 64", "–", "6.0"),
    ("ESN, 64 units, 3 channels, one sample: infer", "esn/infer/sample 64", "–", "4,000"),
    ("ESN, one sample: train", "esn/train/sample 64", "–", "9,500"),
];

/// Edge2Train's tasks: name, its training, LIBSVM's training, LIBSVM's inference; `docs/performance.md` has the source.
const TASKS: &[(&str, &str, &str, &str)] = &[
    ("iris01", "157.2 M", "92.5 k", "811"),
    ("iris12", "534.5 M", "292 k", "2,075"),
    ("dig38s", "4,057 M", "2.64 M", "12,507"),
    ("dig6rs", "2,547 M", "1.36 M", "8,064"),
];

/// Operations of the table of time and energy besides the tasks: label, row, how many of them the row counts.
const OPERATIONS: &[(&str, &str, u64)] = &[
    ("ESN, 64 units, train on a sample of 3 channels", "esn/train/sample 64", 128),
    ("ESN, the readout, once per training", "esn/solve 64", 1),
    ("ESN, infer a sample", "esn/infer/sample 64", 128),
    ("RCE, 8-bit, learn a window of 48 features", "rce/alone/learn", 2808),
    ("RCE, 8-bit, infer a window, 200 prototypes", "rce/alone/infer", 100),
    ("log-spectrum of 256 frames of 3 channels", "features/log-spectrum 768", 1),
];

/// Integers against f32 on a core without floating point: label, row in f32, row in integers.
const INTEGERS: &[(&str, &str, &str)] = &[
    ("ESN, 64 units, 128 samples, 8-bit", "esn/infer/f32 64", "esn/infer/8-bit 64"),
    ("ESN, 64 units, 128 samples, Q3.12", "esn/infer/f32 64", "esn/infer/q3.12 64"),
    ("SVM, linear, 24 features, 8-bit", "svm/infer/linear/f32 13", "svm/infer/linear/8-bit 13"),
    ("SVM, linear, 24 features, Q3.12", "svm/infer/linear/f32 13", "svm/infer/linear/q3.12 13"),
    ("SVM, RBF, 43 vectors of 24 features, 8-bit", "svm/infer/rbf/f32 43", "svm/infer/rbf/8-bit 43"),
    ("SVM, RBF, 43 vectors of 24 features, Q3.12", "svm/infer/rbf/f32 43", "svm/infer/rbf/q3.12 43"),
    ("SVM, RBF, 4 classes, 68 vectors, 8-bit", "svm/infer/rbf-4/f32 68", "svm/infer/rbf-4/8-bit 68"),
    ("SVM, RBF, 4 classes, 68 vectors, Q3.12", "svm/infer/rbf-4/f32 68", "svm/infer/rbf-4/q3.12 68"),
    ("RCE, 24 features, about 75 prototypes, 8-bit", "rce/infer/f32", "rce/infer/8-bit/integer"),
    ("RCE, 24 features, about 75 prototypes, Q3.12", "rce/infer/f32", "rce/infer/q3.12/integer"),
    ("dot product, n = 600, i16", "kernel/dot_f32 600", "kernel/dot_i16 600"),
    ("dot product, n = 600, i8", "kernel/dot_f32 600", "kernel/dot_i8 600"),
    ("matrix · vector 100 × 100, i16", "kernel/matvec_f32 100", "kernel/matvec_i16 100"),
    ("matrix · vector 100 × 100, i8", "kernel/matvec_f32 100", "kernel/matvec_i8 100"),
];

/// The tables by name. `key` is the compiler's, and with the core's suffix tells which tables there are.
///
/// # Errors
/// The row that a table needs and the programs no longer have.
pub fn tables(
    key: &str,
    rows: &[Row],
    programs: &BTreeMap<String, u64>,
    board: &Board,
) -> Result<BTreeMap<&'static str, String>, String> {
    let mut tables = BTreeMap::new();
    if key.ends_with("-cortex-m3") {
        tables.insert("integer", format!("`{key}`:\n\n{}", integers(rows)?));
    } else {
        tables.insert("compiler", format!("The tables are of `{key}`.\n"));
        tables.insert("kernels", kernels(rows)?);
        tables.insert("tasks", tasks(rows)?);
        tables.insert("cost", costs(rows, board)?);
        tables.insert("code", code(programs));
        tables.insert("growth", exponents(rows));
    }
    Ok(tables)
}

/// Replaces the tables in `text`.
///
/// # Errors
/// A table without a place for it.
pub fn splice(text: &str, tables: &BTreeMap<&str, String>) -> Result<String, String> {
    let mut text = text.to_string();
    for (name, table) in tables {
        let begin = format!("<!-- bench: {name} -->\n");
        let from = text.find(&begin).ok_or_else(|| format!("no `{}`", begin.trim()))? + begin.len();
        let length = text[from..].find("<!-- end -->").ok_or_else(|| format!("no end of `{}`", begin.trim()))?;
        text.replace_range(from..from + length, &format!("\n{table}\n"));
    }
    Ok(text)
}

/// The row of that name and size; a name alone is enough where there is one such row.
fn find<'a>(rows: &'a [Row], key: &str) -> Result<&'a Row, String> {
    rows.iter().find(|r| r.key() == key || r.name == key).ok_or_else(|| format!("no case {key}"))
}

fn lines(head: &str, body: impl IntoIterator<Item = Result<String, String>>) -> Result<String, String> {
    let rule = "|---".repeat(head.matches('|').count() - 1) + "|";
    let body: Vec<String> = body.into_iter().collect::<Result<_, _>>()?;
    Ok(format!("{head}\n{rule}\n{}\n", body.join("\n")))
}

fn kernels(rows: &[Row]) -> Result<String, String> {
    let line = |(label, key, theirs, asked): &(&str, &str, &str, &str)| {
        let unit = find(rows, key)?.per_unit.ok_or_else(|| format!("{key} counts no units"))?;
        let ours = if unit < 100.0 { format!("{unit:.2}") } else { thousands(unit as u64) };
        Ok(format!("| {label} | {theirs} | {asked} | {ours} |"))
    };
    lines("| kernel | CMSIS-DSP | asked | measured |", KERNELS.iter().map(line))
}

/// 1234567 as `1.23 M`.
fn short(number: u64) -> String {
    match number {
        0..10_000 => thousands(number),
        10_000..1_000_000 => format!("{:.1} k", number as f64 / 1e3),
        _ => format!("{:.2} M", number as f64 / 1e6),
    }
}

fn tasks(rows: &[Row]) -> Result<String, String> {
    let line = |(task, edge, train, infer): &(&str, &str, &str, &str)| {
        let ours = |what: &str| find(rows, &format!("svm/{what}/{task}")).map(|r| short(r.instructions));
        Ok(format!("| {task} | {edge} | {train} | {} | {infer} | {} |", ours("train")?, ours("infer")?))
    };
    let head = "| task | Edge2Train train | LIBSVM train | Hone train | LIBSVM infer | Hone infer |";
    lines(head, TASKS.iter().map(line))
}

fn costs(rows: &[Row], board: &Board) -> Result<String, String> {
    let line = |label: &str, row: &Row, times: u64| {
        let times = times as f64;
        format!(
            "| {label} | {} | {} | {} | {} |",
            significant(board.time(row) * 1000.0 / times),
            significant(board.energy(row) / times),
            thousands(row.text_bytes),
            thousands(row.workspace_bytes + row.model_bytes + row.stack_bytes)
        )
    };
    let task = |(task, ..): &(&str, &str, &str, &str)| {
        ["train", "infer"].map(|what| {
            let row = find(rows, &format!("svm/{what}/{task}"))?;
            Ok(line(&format!("SVM, {task}, {what}"), row, 1))
        })
    };
    let other = |(label, key, times): &(&str, &str, u64)| Ok(line(label, find(rows, key)?, *times));
    let body: Vec<_> = TASKS.iter().flat_map(task).chain(OPERATIONS.iter().map(other)).collect();
    lines("| operation | µs | µJ | flash, bytes | RAM, bytes |", body)
}

/// Three digits that count.
fn significant(value: f64) -> String {
    match value {
        v if v >= 100.0 => thousands(v.round() as u64),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v => format!("{v:.3}"),
    }
}

fn code(programs: &BTreeMap<String, u64>) -> String {
    let mut crates: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, bytes) in programs {
        if let Some((program, name)) = name.split_once('/') {
            crates.entry(program).or_default().push(format!("`{name}` {}", thousands(*bytes)));
        }
    }
    let body = crates.iter().map(|(program, crates)| Ok(format!("| `{program}` | {} |", crates.join(", "))));
    lines("| program | bytes of code by crate |", body).unwrap_or_default()
}

fn exponents(rows: &[Row]) -> String {
    let mut text =
        "| case | sizes | instructions | exponent | bytes of RAM | exponent |\n|---|---|---|---|---|---|\n".to_string();
    for series in growth::series(rows) {
        let ends = |figure: fn(&Row) -> u64| match (series.rows.first(), series.rows.last()) {
            (Some(first), Some(last)) => format!("{} to {}", short(figure(first)), short(figure(last))),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "| [{}](growth/{}) | {} | {} | {} | {} | {} |",
            series.name,
            series.file(),
            ends(|r| r.size),
            ends(|r| r.instructions),
            series.exponent(|r| r.instructions),
            ends(growth::bytes),
            series.exponent(growth::bytes),
        );
    }
    text
}

fn integers(rows: &[Row]) -> Result<String, String> {
    let line = |(label, float, integer): &(&str, &str, &str)| {
        let (float, integer) = (find(rows, float)?.instructions, find(rows, integer)?.instructions);
        let share = 100.0 * integer as f64 / float as f64;
        Ok(format!("| {label} | {} | {} | {share:.1} % |", thousands(float), thousands(integer)))
    };
    lines("| operation | f32 | integers | share |", INTEGERS.iter().map(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_replace_what_stands_between_the_marks() {
        let text = "a\n<!-- bench: one -->\nold\n<!-- end -->\nb\n<!-- bench: two -->\n<!-- end -->\n";
        let tables = BTreeMap::from([("one", "| 1 |\n".to_string()), ("two", "| 2 |\n".to_string())]);
        let spliced = splice(text, &tables).unwrap();
        assert_eq!(
            spliced,
            "a\n<!-- bench: one -->\n\n| 1 |\n\n<!-- end -->\nb\n<!-- bench: two -->\n\n| 2 |\n\n<!-- end -->\n"
        );
        assert_eq!(splice(&spliced, &tables).unwrap(), spliced);
        assert!(splice("no marks", &tables).is_err());
    }

    #[test]
    fn figures_keep_three_digits() {
        assert_eq!([1234.4, 12.34, 1.234, 0.1234].map(significant), ["1,234", "12.3", "1.23", "0.123"]);
        assert_eq!([999, 12_345, 1_234_567].map(short), ["999", "12.3 k", "1.23 M"]);
        assert!(tables("k", &[], &BTreeMap::new(), &Board { clock: 84.0, current: 1.0, voltage: 1.0 }).is_err());
    }
}
