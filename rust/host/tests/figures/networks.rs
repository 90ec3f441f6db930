//! The tables of docs/net.md whose figures are those of the example `net`.

#[allow(dead_code, reason = "its own main")]
#[path = "../../examples/net.rs"]
mod example;

use super::{recordings, rows};
use example::{better, load, seeded, summary};
use hone_learn::Settings;
use hone_net::{Network, Params};

/// The page.
pub const PAGE: (&str, &str) = ("docs/net.md", include_str!("../../../../docs/net.md"));

const FORMS: [&str; 3] = ["int8", "nearest", "f32"];

/// A row of the table of forms, made again.
fn forms(set: &str, network: &str) -> Vec<String> {
    let raw = set == "cwru-raw";
    let seeds = if raw { 5 } else { 10 };
    let data = load(set, raw).unwrap();
    let params = Params { network: Network::parse(network).unwrap(), ..Params::DEFAULT };
    let made = FORMS.map(|form| seeded(&data, &params, form, seeds, false).unwrap());
    let mut cells = vec![set.to_owned(), format!("`{network}`")];
    for outcomes in &made {
        let [least, median, _] = summary(outcomes);
        cells.push(format!("{least:.4}, {median:.4}"));
    }
    let (mean, half) = better(&made[0], &made[2]);
    let mean = format!("{mean:+.4}").replace('-', "−").replace("+0.0000", "0.0000").replace("−0.0000", "0.0000");
    cells.push(if mean == "0.0000" && half == 0.0 { "0".into() } else { format!("{mean} ± {half:.4}") });
    cells
}

/// A row of the table of partial updates, made again.
fn partial(set: &str) -> Vec<String> {
    let data = load(set, false).unwrap();
    let settings: [&[(&str, &str)]; 5] = [
        &[],
        &[("rows-least", "0.5"), ("rows-most", "0.5")],
        &[("rows-least", "0.1"), ("rows-most", "0.1")],
        &[("rows-least", "0.1"), ("rows-most", "1")],
        &[("skip-above", "0.95")],
    ];
    let cells = settings.iter().map(|settings| {
        let mut params = Params::DEFAULT;
        settings.iter().for_each(|(name, value)| params.set_text(name, value).unwrap());
        format!("{:.4}", summary(&seeded(&data, &params, "int8", 10, false).unwrap())[2])
    });
    [set.to_owned()].into_iter().chain(cells).collect()
}

fn check(headings: &str, sample: Option<&str>, make: impl Fn(&[&str]) -> Vec<String>) {
    if !recordings() {
        return;
    }
    let columns = headings.split(" | ").count();
    let mut wrong = String::new();
    for row in rows(PAGE, headings, columns) {
        if sample.is_none_or(|set| set == row[0]) {
            let made = make(&row);
            if made != row {
                wrong += &format!("| {} |\n", made.join(" | "));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: there should be\n{wrong}", PAGE.0);
}

const BY_FORM: &str = "| set | network | int8 | int8, to the nearest | f32 | int8 less f32 |";

#[test]
fn a_network_is_as_accurate_as_the_page_says() {
    check(BY_FORM, Some("basicmotions"), |row| forms(row[0], row[1].trim_matches('`')));
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn networks_are_as_accurate_as_the_page_says() {
    check(BY_FORM, None, |row| forms(row[0], row[1].trim_matches('`')));
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn partial_updates_are_as_accurate_as_the_page_says() {
    check("| set | all | a half | a tenth | 0.1 to 1 | skipped above 0.95 |", None, |row| partial(row[0]));
}
