//! Recordings and tables in the form that the bare-metal programs read (`rust/target-bench/README.md`).

use std::fs;
use std::path::Path;

/// Turns each `data/svm/*.csv` into `prepared/svm/NAME.f32`. Returns how many there were.
///
/// # Errors
/// A file that cannot be read or is no table of numbers.
pub fn prepare(data: &Path, prepared: &Path) -> Result<usize, String> {
    let to = prepared.join("svm");
    // What an earlier run prepared from other data is not to be measured.
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).map_err(|e| format!("{}: {e}", to.display()))?;
    let Ok(files) = fs::read_dir(data.join("svm")) else { return Ok(0) };
    let mut count = 0;
    for file in files.flatten().map(|f| f.path()).filter(|f| f.extension().is_some_and(|e| e == "csv")) {
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let table = table(&text).ok_or_else(|| format!("{}: no table of numbers", file.display()))?;
        let name = file.with_extension("f32");
        fs::write(to.join(name.file_name().unwrap_or_default()), table).map_err(|e| e.to_string())?;
        count += 1;
    }
    Ok(count)
}

fn table(text: &str) -> Option<Vec<u8>> {
    let mut values = Vec::new();
    let (mut rows, mut columns) = (0u32, 0u32);
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        let before = values.len();
        for field in line.split(',') {
            values.push(field.trim().parse::<f32>().ok()?);
        }
        let width = u32::try_from(values.len() - before).ok()?;
        if rows > 0 && width != columns {
            return None;
        }
        (rows, columns) = (rows + 1, width);
    }
    let head = [rows, columns].into_iter().flat_map(u32::to_le_bytes);
    Some(head.chain(values.into_iter().flat_map(f32::to_le_bytes)).collect())
}
