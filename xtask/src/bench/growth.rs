//! How costs grow: exponents fitted to the cases that ran at several sizes, and a plot of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::row::{Row, thousands};

/// The cases of one name, at rising sizes.
pub struct Series<'a> {
    /// The name.
    pub name: &'a str,
    /// At least three rows.
    pub rows: Vec<&'a Row>,
}

impl Series<'_> {
    /// The file of its plot.
    pub fn file(&self) -> String {
        format!("{}.svg", self.name.replace('/', "-"))
    }

    /// The exponent of a figure over the size, as text.
    pub fn exponent(&self, figure: fn(&Row) -> u64) -> String {
        // Without memory of its own, as a kernel, nothing grows.
        exponent(self.rows.iter().map(|r| (r.size, figure(r)))).map_or("–".to_string(), |e| format!("{e:.2}"))
    }
}

/// All cases that ran at three sizes or more.
pub fn series(rows: &[Row]) -> Vec<Series<'_>> {
    let mut by_name: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        by_name.entry(&row.name).or_default().push(row);
    }
    let all = by_name.into_iter().filter(|(_, rows)| rows.len() >= 3);
    all.map(|(name, mut rows)| {
        rows.sort_by_key(|r| r.size);
        Series { name, rows }
    })
    .collect()
}

/// The exponent e of y ≈ c·xᵉ by least squares on logarithms; `None` when there are not two different positive points.
pub fn exponent(points: impl Iterator<Item = (u64, u64)>) -> Option<f64> {
    let logs: Vec<(f64, f64)> =
        points.filter(|(x, y)| *x > 0 && *y > 0).map(|(x, y)| ((x as f64).ln(), (y as f64).ln())).collect();
    let n = logs.len() as f64;
    let (mx, my) = (logs.iter().map(|p| p.0).sum::<f64>() / n, logs.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = logs.iter().map(|p| (p.0 - mx).powi(2)).sum();
    (spread > 0.0).then(|| logs.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>() / spread)
}

/// Bytes of memory: workspace, model and stack.
pub fn bytes(row: &Row) -> u64 {
    row.workspace_bytes + row.model_bytes + row.stack_bytes
}

/// A page with the plot and the table of each.
pub fn page(key: &str, rows: &[Row]) -> String {
    let mut text = format!(
        "# Growth\n\nWritten by `cargo xtask bench --growth`, with `{key}`: instructions, and bytes of workspace, model and stack (for\n\
         the training of an SVM its rows too), against size; the exponent e of y = c·xᵉ by least squares on logarithms. It is of\n\
         these sizes, not of the limit.\n"
    );
    for s in series(rows) {
        let _ = write!(text, "\n## {}\n\n![{}]({})\n\n", s.name, s.name, s.file());
        text += "| size | instructions | bytes |\n|---|---|---|\n";
        for row in &s.rows {
            let _ = writeln!(text, "| {} | {} | {} |", row.size, thousands(row.instructions), thousands(bytes(row)));
        }
        let _ = writeln!(text, "| exponent | {} | {} |", s.exponent(|r| r.instructions), s.exponent(bytes));
    }
    text
}

/// A plot with logarithmic axes, instructions and bytes against size, as SVG.
pub fn plot(series: &Series<'_>) -> String {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 420.0;
    const MARGIN: f64 = 60.0;
    let log = |v: u64| (v.max(1) as f64).log10();
    let all = |figure: fn(&Row) -> u64| series.rows.iter().map(move |r| log(figure(r)));
    let bounds = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (x_low, x_high) = bounds(&mut all(|r| r.size));
    let (y_low, y_high) = bounds(&mut all(|r| r.instructions).chain(all(bytes)));
    let (y_low, y_high) = (y_low.floor(), y_high.ceil().max(y_low.floor() + 1.0));
    let x = |v: f64| MARGIN + (v - x_low) / (x_high - x_low).max(1e-9) * (WIDTH - 2.0 * MARGIN);
    let y = |v: f64| HEIGHT - MARGIN - (v - y_low) / (y_high - y_low) * (HEIGHT - 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{MARGIN}\" y=\"24\" font-size=\"15\">{}</text>\n",
        series.name
    );
    for decade in y_low as i32..=y_high as i32 {
        let at = y(f64::from(decade));
        let _ = writeln!(
            svg,
            "<line x1=\"{MARGIN}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>\
             <text x=\"8\" y=\"{:.1}\">1e{decade}</text>",
            WIDTH - MARGIN,
            at + 4.0
        );
    }
    for row in &series.rows {
        let at = x(log(row.size));
        let _ = writeln!(
            svg,
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - MARGIN + 20.0,
            row.size
        );
    }
    type Curve = (&'static str, &'static str, fn(&Row) -> u64);
    let curves: [Curve; 2] = [("instructions", "#1f77b4", |r| r.instructions), ("bytes of RAM", "#d62728", bytes)];
    for (i, (label, colour, figure)) in curves.into_iter().enumerate() {
        let points: Vec<String> =
            series.rows.iter().map(|r| format!("{:.1},{:.1}", x(log(r.size)), y(log(figure(r))))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{label}</text>",
            points.join(" "),
            WIDTH - MARGIN - 110.0,
            24 + 16 * i
        );
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    #[test]
    fn finds_the_exponent() {
        let square = super::exponent([(2, 12), (4, 48), (10, 300)].into_iter()).unwrap();
        assert!((square - 2.0).abs() < 1e-9);
        assert_eq!(super::exponent([(3, 1)].into_iter()), None);
    }
}
