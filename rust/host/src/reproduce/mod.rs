//! `hone reproduce`: the figures that the works behind this project report, beside those measured here. Each work has a page in
//! `docs/reference/`, whose tables stand between markers and are written by this command; a file here makes each page's tables.

mod counts;
mod deutel;
mod edge2train;
mod esn;
mod lab;
mod pelion;
mod tinyrce;

pub use lab::Lab;

use crate::output;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What `hone reproduce` is told.
#[derive(Args, Clone, Debug)]
pub struct ReproduceArgs {
    /// The work whose page to make again
    #[arg(value_enum)]
    pub name: Name,
    /// The folder of the pages; a page that is not there is begun anew, pictures go into its folder figures [default: docs/reference]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// The works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Sudharsan, Breslin, Ali: support vector machines trained on microcontrollers
    Edge2train,
    /// Nawaiseh, De Vita, Bruneo: an echo state network autoencoder
    Esn,
    /// Pau, Ambrose and others: TinyRCE
    Tinyrce,
    /// Deutel and others: networks and variational autoencoders trained in 8 bits
    Deutel,
    /// Pelion and uTensor: regression on a temperature, retraining and update
    Pelion,
    /// All of them
    All,
}

/// A work and its page.
pub struct Work {
    /// As on the command line, and of its page.
    pub name: &'static str,
    which: Name,
    /// The page as committed, which is begun from where there is none.
    pub page: &'static str,
    /// The tables between its markers.
    pub tables: &'static [Table],
    draw: fn(&mut Lab, &Path) -> Result<(), String>,
}

/// A table of a page.
pub struct Table {
    /// Its name, in the marker before it.
    pub key: &'static str,
    /// The cells of its first line.
    pub headings: &'static [&'static str],
    /// Whether it takes seconds, so that the usual test run makes it again.
    pub quick: bool,
    /// Makes the other lines.
    pub rows: fn(&mut Lab) -> Rows,
}

/// Lines of cells.
pub type Rows = Result<Vec<Vec<String>>, String>;

/// The works, in the order in which `all` makes them.
pub const WORKS: [Work; 5] = [
    Work {
        name: "edge2train",
        which: Name::Edge2train,
        page: include_str!("../../../../docs/reference/edge2train.md"),
        tables: &edge2train::TABLES,
        draw: |_, _| Ok(()),
    },
    Work {
        name: "esn",
        which: Name::Esn,
        page: include_str!("../../../../docs/reference/esn.md"),
        tables: &esn::TABLES,
        draw: esn::draw,
    },
    Work {
        name: "tinyrce",
        which: Name::Tinyrce,
        page: include_str!("../../../../docs/reference/tinyrce.md"),
        tables: &tinyrce::TABLES,
        draw: tinyrce::draw,
    },
    Work {
        name: "deutel",
        which: Name::Deutel,
        page: include_str!("../../../../docs/reference/deutel.md"),
        tables: &deutel::TABLES,
        draw: deutel::draw,
    },
    Work {
        name: "pelion",
        which: Name::Pelion,
        page: include_str!("../../../../docs/reference/pelion.md"),
        tables: &pelion::TABLES,
        draw: pelion::draw,
    },
];

impl Table {
    /// The table as it stands in a page.
    ///
    /// # Errors
    /// An experiment failed.
    pub fn made(&self, lab: &mut Lab) -> Result<String, String> {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> = self.headings.iter().map(|h| (*h).to_owned()).collect();
        let mut text = line(&headings) + &"|---".repeat(headings.len()) + "|\n";
        for row in (self.rows)(lab)? {
            text.push_str(&line(&row));
        }
        Ok(text)
    }

    fn marker(&self) -> String {
        format!("<!-- reproduce: {} -->\n", self.key)
    }

    /// What stands between its markers in a page.
    ///
    /// # Errors
    /// The page lacks a marker.
    pub fn in_page<'a>(&self, page: &'a str) -> Result<&'a str, String> {
        let (_, rest) =
            page.split_once(&self.marker()).ok_or(format!("the line {} is missing", self.marker().trim()))?;
        let (text, _) = rest.split_once(END).ok_or(format!("no {END} follows {}", self.marker().trim()))?;
        Ok(text.trim())
    }
}

const END: &str = "<!-- end -->";

impl Work {
    /// A page with its tables made anew.
    ///
    /// # Errors
    /// The page lacks a marker, or an experiment failed.
    pub fn written(&self, page: &str, lab: &mut Lab) -> Result<String, String> {
        let mut page = page.to_owned();
        // Before minutes of work.
        self.tables.iter().try_for_each(|table| table.in_page(&page).map(|_| ()))?;
        for table in self.tables {
            let text = table.made(lab).map_err(|e| format!("{}, table {}: {e}", self.name, table.key))?;
            let (before, rest) = page.split_once(&table.marker()).unwrap_or((&page, ""));
            let (_, after) = rest.split_once(END).unwrap_or(("", ""));
            page = format!("{before}{}\n{text}\n{END}{after}", table.marker());
        }
        Ok(page)
    }
}

/// Makes the pages again.
///
/// # Errors
/// Text for people: no recordings, a page without its markers, a file that cannot be written.
pub fn run(args: &ReproduceArgs) -> Result<(), String> {
    let folder = args.out.clone().unwrap_or_else(|| "docs/reference".into());
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    if args.out.is_none() && !folder.is_dir() {
        return Err("there is no docs/reference here; run it in the project's folder, or give --out DIR".into());
    }
    Lab::recordings()?;
    let figures = folder.join("figures");
    std::fs::create_dir_all(&figures).map_err(|e| failed(&figures, e))?;
    let mut lab = Lab::default();
    let bar = crate::eval::bar(WORKS.iter().map(|w| w.tables.len() as u64 + 1).sum(), "tables");
    for work in WORKS.iter().filter(|w| args.name == Name::All || w.which == args.name) {
        bar.set_message(work.name);
        let path = folder.join(format!("{}.md", work.name));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => work.page.to_owned(),
            Err(e) => return Err(failed(&path, e)),
        };
        let text = work.written(&text, &mut lab).map_err(|e| format!("{}: {e}", path.display()))?;
        (work.draw)(&mut lab, &figures)?;
        output::write_file(&path, text.as_bytes()).map_err(|e| failed(&path, e))?;
        bar.inc(work.tables.len() as u64 + 1);
        output::print(&format!("{}\n", path.display()));
    }
    bar.finish_and_clear();
    Ok(())
}

/// Cells of a line.
fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_place_and_every_place_its_table() {
        for work in &WORKS {
            assert!(work.tables.iter().any(|t| t.quick), "{} has nothing in the usual test run", work.name);
            for table in work.tables {
                let text = table.in_page(work.page).unwrap_or_else(|e| panic!("{}: {e}", work.name));
                assert!(text.lines().count() > 2, "{}, {}: {text}", work.name, table.key);
                for line in text.lines() {
                    let cells = line.matches(" | ").count() + 1;
                    assert!(line.starts_with("|--") || cells == table.headings.len(), "{}: {line}", table.key);
                }
            }
            let places = work.page.matches("<!-- reproduce: ").count();
            assert_eq!(places, work.tables.len(), "{}", work.name);
        }
    }

    #[test]
    fn a_page_without_a_marker_says_which() {
        let error = WORKS[4].written("# Empty\n", &mut Lab::default()).unwrap_err();
        assert!(error.contains("<!-- reproduce: regression -->"), "{error}");
    }
}
