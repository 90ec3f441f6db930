//! The pairs by which texts on a device are packed (`rust/learn/src/text`), and what they save.
//!
//! Every `text!("...")` in the portable crates and the application is read. The pair of neighbours that is most often seen
//! in them becomes a byte of its own, again and again, until the bytes are used up (Gage 1994).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proc_macro2::{TokenStream, TokenTree};

use crate::workspace;

const PAIRS: &str = "rust/learn/src/text/pairs.rs";

/// A byte that stands for a pair: 0x80 to 0xff, then 0 to 0x1f.
const CODES: usize = 160;

/// The place of the line's end, which is text and stands for no pair.
const LINE_END: usize = 0x8a;

/// A pair seen less often takes more in the table than it saves.
const LEAST: usize = 4;

type Pair = [u8; 2];

/// `cargo xtask texts`.
pub fn task(write: bool) -> Result<(), String> {
    let texts = texts()?;
    let plain: usize = texts.iter().map(Vec::len).sum();
    let (pairs, packed) = pairs_of(texts.clone());
    let file = workspace::root().join(PAIRS);
    let now: usize = texts.iter().map(|t| packed_len(t)).sum();
    println!("{} texts of {plain} bytes; packed {now}, with a table of {} bytes", texts.len(), 2 * CODES);
    println!("with the best pairs {packed}");
    if packed >= now {
        println!("the pairs there are stay");
    } else if write {
        std::fs::write(&file, source(&pairs)).map_err(|e| format!("{PAIRS}: {e}"))?;
        println!("{PAIRS} written");
    } else {
        println!("`cargo xtask texts --write` takes them");
    }
    Ok(())
}

/// What the compiler makes of a text.
fn packed_len(text: &[u8]) -> usize {
    std::str::from_utf8(text).map_or(text.len(), |text| hone_learn::text::pack(text).1)
}

/// Every distinct text; equal ones are in flash once.
fn texts() -> Result<Vec<Vec<u8>>, String> {
    let mut all = std::collections::BTreeSet::new();
    for path in workspace::files()? {
        if !on_device(&path) {
            continue;
        }
        let source = std::fs::read_to_string(workspace::root().join(&path)).map_err(|e| format!("{path}: {e}"))?;
        let tokens: TokenStream = source.parse().map_err(|e| format!("{path}: {e}"))?;
        collect(tokens, &mut |text| {
            all.insert(text.into_bytes());
        });
    }
    Ok(all.into_iter().collect())
}

/// Whether a file's texts can be on a device.
fn on_device(path: &str) -> bool {
    let source = path.starts_with("rust/") && path.contains("/src/") || path.starts_with("app/src/");
    source && path.ends_with(".rs") && !path.starts_with("rust/host/") && !path.ends_with("text/mod.rs")
}

/// Shows each literal in `text!( )`, at any depth.
fn collect(tokens: TokenStream, see: &mut dyn FnMut(String)) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (i, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        let called = match (i.checked_sub(2).map(|i| &tokens[i]), i.checked_sub(1).map(|i| &tokens[i])) {
            (Some(TokenTree::Ident(name)), Some(TokenTree::Punct(mark))) => name == "text" && mark.as_char() == '!',
            _ => false,
        };
        match syn::parse2::<syn::LitStr>(group.stream()) {
            Ok(text) if called => see(text.value()),
            _ => collect(group.stream(), see),
        }
    }
}

/// The pairs, and how many bytes the texts take with them.
fn pairs_of(mut texts: Vec<Vec<u8>>) -> (Vec<Pair>, usize) {
    let mut pairs: Vec<Pair> = Vec::new();
    while pairs.len() < CODES {
        if pairs.len() == LINE_END {
            pairs.push([0, 0]);
        }
        let Some((pair, count)) = most_frequent(&texts) else { break };
        if count < LEAST {
            break;
        }
        let code = (pairs.len() as u8).wrapping_add(0x80);
        texts.iter_mut().for_each(|text| *text = replace(text, pair, code));
        pairs.push(pair);
    }
    let packed = texts.iter().map(Vec::len).sum();
    (pairs, packed)
}

/// Pairs that overlap (`aaa`) count once. Of equals the first in order, so that the same texts give the same pairs.
fn most_frequent(texts: &[Vec<u8>]) -> Option<(Pair, usize)> {
    let mut counts = BTreeMap::<Pair, usize>::new();
    for text in texts {
        let mut last = None;
        for (i, pair) in text.windows(2).enumerate() {
            let pair = [pair[0], pair[1]];
            if last == Some((i.wrapping_sub(1), pair)) {
                last = None;
                continue;
            }
            last = Some((i, pair));
            *counts.entry(pair).or_default() += 1;
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count)
}

fn replace(text: &[u8], pair: Pair, code: u8) -> Vec<u8> {
    let (mut new, mut rest) = (Vec::with_capacity(text.len()), text);
    while let Some((first, after)) = rest.split_first() {
        if rest.starts_with(&pair) {
            new.push(code);
            rest = &rest[2..];
        } else {
            new.push(*first);
            rest = after;
        }
    }
    new
}

/// The table as a source file.
fn source(pairs: &[Pair]) -> String {
    let mut text = String::from(
        "//! What `cargo xtask texts --write` found in the project's texts. Byte 0x80 stands for the first pair, and so on past\n\
         //! 0xff to 0x00; the line's end has a place and stands for itself.\n\n\
         #[rustfmt::skip]\n",
    );
    let _ = writeln!(text, "pub(super) const PAIRS: [[u8; 2]; {}] = [", pairs.len());
    for line in pairs.chunks(8) {
        let line: Vec<String> = line.iter().map(|[a, b]| format!("[0x{a:02x}, 0x{b:02x}]")).collect();
        let _ = writeln!(text, "    {},", line.join(", "));
    }
    text.push_str("];\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_at_any_depth() {
        let source = r#"fn f() { say(text!("a \"b\"\n")); if x { [text!("c \
            d"), other!("e"), "f"] } }"#;
        let mut found = Vec::new();
        collect(source.parse().unwrap(), &mut |t| found.push(t));
        assert_eq!(found, ["a \"b\"\n", "c d"]);
    }

    #[test]
    fn pairs_nest_and_leave_out_the_lines_end() {
        let (pairs, packed) = pairs_of(vec![b"abababab abababab".to_vec()]);
        assert_eq!(pairs[..2], [*b"ab", [0x80, 0x80]]);
        // 0x81 0x81 and the space.
        assert_eq!(packed, 5);
        let many: Vec<Vec<u8>> = (0..=255u8).map(|i| [b'A' + i % 16, b'a' + i / 16].repeat(8)).collect();
        let (pairs, _) = pairs_of(many);
        assert_eq!((pairs.len(), pairs[LINE_END]), (CODES, [0, 0]));
    }
}
