//! Whether the plugin's kinds are right: every instruction that the programs translate, against the name that QEMU's
//! disassembler gives it.

use std::collections::BTreeMap;

use super::emulator::Emulator;

/// Beginnings of names, longest first where one begins another; the first that fits decides.
const NAMES: &[(&str, &[&str])] = &[
    ("fp_mac", &["vmla.", "vmls.", "vnmla.", "vnmls.", "vfma.", "vfms.", "vfnma.", "vfnms."]),
    ("fp_div", &["vdiv.", "vsqrt."]),
    ("fp_load_many", &["vldm", "vpop"]),
    ("fp_store_many", &["vstm", "vpush"]),
    ("fp_load", &["vldr"]),
    ("fp_store", &["vstr"]),
    ("fp", &["v"]),
    ("load_many", &["ldm", "ldrd", "pop"]),
    ("store_many", &["stm", "strd", "push"]),
    ("load", &["ldr", "ldrex", "pld"]),
    ("store", &["strex", "str"]),
    ("div", &["sdiv", "udiv"]),
    (
        "mul",
        &[
            "mul", "mla", "mls", "smul", "smla", "smml", "smus", "smua", "umul", "umla", "umaal", "usad", "smlsd",
            "smlsld",
        ],
    ),
    ("other", &["dsb", "dmb", "isb", "bkpt", "svc", "msr", "mrs", "cps", "wfi", "wfe", "sev", "yield", "dbg", "udf"]),
    ("alu", &["bic", "bfi", "bfc"]),
    ("branch", &["b", "cbz", "cbnz", "tbb", "tbh"]),
];

/// The kind that a disassembled instruction should have.
fn expected(name: &str) -> &'static str {
    NAMES.iter().find(|(_, names)| names.iter().any(|n| name.starts_with(n))).map_or("alu", |n| n.0)
}

/// Words that a list of registers in braces stands for; two for the double forms.
fn words(text: &str) -> u64 {
    let name = text.split_whitespace().next().unwrap_or_default();
    if name.starts_with("ldrd") || name.starts_with("strd") {
        return 2;
    }
    let Some(list) = text.split_once('{').and_then(|t| t.1.split_once('}')) else { return 0 };
    let each = list.0.split(',').map(str::trim).map(|item| {
        let number = |r: &str| r.trim_start_matches(|c: char| c.is_alphabetic()).parse::<u64>().unwrap_or(0);
        let count = item.split_once('-').map_or(1, |(a, b)| number(b) - number(a) + 1);
        if item.starts_with('d') { 2 * count } else { count }
    });
    each.sum()
}

/// Runs all programs and compares.
///
/// # Errors
/// The instructions that are taken for another kind.
pub fn check(emulator: &Emulator) -> Result<(), String> {
    let (mut names, mut wrong) = (BTreeMap::<String, u64>::new(), Vec::new());
    for program in &emulator.programs {
        emulator.run(program, true)?;
        let list = std::fs::read_to_string(emulator.kinds()).map_err(|e| e.to_string())?;
        for line in list.lines() {
            let mut parts = line.splitn(3, ' ');
            let (Some(kind), Some(count), Some(text)) = (parts.next(), parts.next(), parts.next()) else { continue };
            let name = text.split_whitespace().next().unwrap_or_default();
            // A move or an addition to the program counter is a branch.
            let to_pc =
                kind == "branch" && (name.starts_with("mov") || name.starts_with("add")) && text.contains(" pc");
            let same_words = count == words(text).to_string() || !kind.ends_with("many");
            if (kind != expected(name) && !to_pc) || !same_words {
                wrong.push(format!("{line}, expected {}", expected(name)));
            }
            *names.entry(name.to_string()).or_default() += 1;
        }
    }
    wrong.sort();
    wrong.dedup();
    if names.is_empty() || names.contains_key("?") {
        return Err("this QEMU has no disassembler".into());
    }
    println!("{} different mnemonics, {} instructions", names.len(), names.values().sum::<u64>());
    if wrong.is_empty() { Ok(()) } else { Err(format!("wrong kinds:\n{}", wrong.join("\n"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_names_and_lists() {
        for (text, kind, count) in [
            ("ldm.w r4!, {r8, sb, sl, fp}", "load_many", 4),
            ("push {r4, r5, r7, lr}", "store_many", 4),
            ("vpush {d8, d9}", "fp_store_many", 4),
            ("vldmia r0!, {s0-s7}", "fp_load_many", 8),
            ("bic r0, r0, #3", "alu", 0),
            ("bls #0x40", "branch", 0),
            ("smlald r7, lr, r0, r8", "mul", 0),
            ("ldrd r0, r1, [r12]", "load_many", 2),
            ("vmrs apsr_nzcv, fpscr", "fp", 0),
        ] {
            assert_eq!((expected(text.split(' ').next().unwrap()), words(text)), (kind, count), "{text}");
        }
    }
}
