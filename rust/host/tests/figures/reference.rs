//! The pages of `hone reproduce`: their tables are what it makes of them, those that take seconds in the usual run.

use crate::{compared, recordings};
use hone_host::reproduce::{Lab, WORKS};

fn check(all: bool) {
    if !recordings() {
        return;
    }
    let (mut lab, mut wrong) = (Lab::default(), String::new());
    for work in &WORKS {
        for table in work.tables.iter().filter(|t| all || t.quick) {
            let made = table.made(&mut lab).unwrap_or_else(|e| panic!("{}, {}: {e}", work.name, table.key));
            let there = table.in_page(work.page).unwrap();
            if made.trim() != there {
                wrong += &format!("docs/reference/{}.md, {}: {}", work.name, table.key, compared(there, made.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "'hone reproduce all' would make\n{wrong}");
}

#[test]
fn tables_of_the_reference_works_that_take_seconds_are_what_the_command_makes() {
    check(false);
}

#[test]
#[ignore = "minutes; part of cargo xtask test --all"]
fn all_tables_of_the_reference_works_are_what_the_command_makes() {
    check(true);
}
