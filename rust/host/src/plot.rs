//! Figures as PNG files. The font comes with the program, so that figures look alike everywhere and need no
//! system library.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font, text_anchor};
use std::fmt::Display;
use std::path::{Path, PathBuf};

const FONT: &str = "hone";
const INK: RGBColor = RGBColor(0x26, 0x2b, 0x33);
const FAINT: RGBColor = RGBColor(0x6b, 0x73, 0x80);
const GRID: RGBColor = RGBColor(0xe7, 0xea, 0xee);
const EMPTY: RGBColor = RGBColor(0xf4, 0xf5, 0xf7);
const LINE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const ALARM: RGBColor = RGBColor(0xc8, 0x2d, 0x2d);
const FINE: RGBColor = RGBColor(0x3f, 0x9c, 0x5a);
const SHADE: RGBColor = RGBColor(0xf6, 0xd9, 0xcf);
const AMBER: RGBColor = RGBColor(0xc9, 0x84, 0x00);

/// A figure could not be drawn or written.
#[derive(Debug)]
pub struct PlotError {
    path: PathBuf,
    problem: String,
}

impl Display for PlotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot write the figure {}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for PlotError {}

/// One window of a [`Timeline`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Device time at the window's end, seconds.
    pub time_s: f64,
    /// The score that the verdict rests on; not drawn where it is not finite.
    pub score: f32,
    /// Whether the verdict was anomalous.
    pub alarmed: bool,
    /// Whether the curve starts anew here (another recording, a gap).
    pub starts: bool,
}

/// A stretch of time to shade.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its start, seconds.
    pub start_s: f64,
    /// Its end, seconds.
    pub end_s: f64,
    /// What it was; written above it where there is room.
    pub label: String,
}

/// The score of a detector over time.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Headline.
    pub title: String,
    /// A line below it: what was measured and how.
    pub subtitle: String,
    /// What the score is, with its unit: `MSE, averaged over 5 windows`.
    pub score: String,
    /// Below which a window is normal.
    pub threshold: Option<f32>,
    /// Below which a window is anomalous again, for a two-sided rule.
    pub lower_threshold: Option<f32>,
    /// The windows in order of time.
    pub points: Vec<Point>,
    /// Where it was truly anomalous.
    pub spans: Vec<Span>,
    /// Moments to name, such as the end of training.
    pub events: Vec<(f64, String)>,
}

/// Draws the score over time with its threshold, shades the true anomalies and marks the verdicts, in `path`.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn anomaly_timeline(path: &Path, timeline: &Timeline) -> Result<(), PlotError> {
    let empty = |problem: &str| Err(PlotError { path: path.to_path_buf(), problem: problem.into() });
    if timeline.points.is_empty() {
        return empty("there is no window to draw");
    }
    if !timeline.points.iter().any(|p| p.score.is_finite()) {
        return empty("no window has a score");
    }
    draw(path, (1680, 800), |area| timeline_on(area, timeline))
}

fn timeline_on(area: &Area, t: &Timeline) -> Outcome {
    let scores = || t.points.iter().map(|p| f64::from(p.score)).filter(|s| s.is_finite());
    let thresholds: Vec<f64> =
        [t.threshold, t.lower_threshold].into_iter().flatten().map(f64::from).filter(|s| s.is_finite()).collect();
    let (Some(first), Some(last)) = (t.points.first(), t.points.last()) else {
        return Err("there is no window to draw".into());
    };
    let low = scores().chain(thresholds.iter().copied()).fold(f64::INFINITY, f64::min);
    let high = scores().chain(thresholds.iter().copied()).fold(f64::NEG_INFINITY, f64::max);
    let mut times = first.time_s..last.time_s;
    for s in &t.spans {
        times = times.start.min(s.start_s)..times.end.max(s.end_s);
    }
    for (at, _) in &t.events {
        times = times.start.min(*at)..times.end.max(*at);
    }
    let times = times.start..if times.end > times.start { times.end } else { times.start + 1.0 };

    let whole = area;
    let area = titled(whole, &t.title, &t.subtitle)?;
    let (_, height) = area.dim_in_pixel();
    let (upper, lower) = area.split_vertically(height - 108);
    // Errors of a detector span decades; small ones must stay visible beside a fault's.
    if low > 0.0 && high / low > 50.0 {
        let scale = (low / 1.6..high * 1.8).log_scale();
        panel(&upper, t, times.clone(), scale, |v| log_label(*v))?;
    } else {
        let margin = if high > low { (high - low) * 0.08 } else { high.abs().max(1.0) * 0.1 };
        let floor = if low >= 0.0 { (low - margin).max(0.0) } else { low - margin };
        panel(&upper, t, times.clone(), floor..high + margin, |v| number(*v))?;
    }
    verdict_strip(&lower, t, times)?;
    legend(whole, t)
}

fn panel<Y>(area: &Area, t: &Timeline, times: std::ops::Range<f64>, y: Y, label: impl Fn(&f64) -> String) -> Outcome
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(36)
        .y_label_area_size(100)
        .build_cartesian_2d(times, y)?;
    let (from, to) = {
        let y = chart.y_range();
        (y.start, y.end)
    };
    chart.draw_series(
        t.spans.iter().map(|s| Rectangle::new([(s.start_s, from), (s.end_s.max(s.start_s), to)], SHADE.filled())),
    )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(0)
        .y_labels(7)
        .y_desc(t.score.as_str())
        .axis_desc_style((FONT, 21, &INK))
        .y_label_style((FONT, 20, &INK))
        .y_label_formatter(&|v| label(v))
        .draw()?;
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for p in &t.points {
        if p.starts || pieces.is_empty() || !p.score.is_finite() {
            pieces.push(Vec::new());
        }
        if let (true, Some(piece)) = (p.score.is_finite(), pieces.last_mut()) {
            piece.push((p.time_s, f64::from(p.score)));
        }
    }
    for piece in pieces {
        // Segment by segment: a thick polyline has spikes where the curve turns sharply.
        let segments = piece.windows(2).map(|ends| PathElement::new(ends.to_vec(), LINE.stroke_width(2)));
        chart.draw_series(segments)?;
    }
    let size = if t.points.len() > 600 { 3 } else { 5 };
    let alarms = t.points.iter().filter(|p| p.alarmed && p.score.is_finite());
    chart.draw_series(alarms.map(|p| Circle::new((p.time_s, f64::from(p.score)), size, ALARM.filled())))?;
    let range = chart.x_range();
    for threshold in [t.threshold, t.lower_threshold].into_iter().flatten().filter(|s| s.is_finite()) {
        let ends = [(range.start, f64::from(threshold)), (range.end, f64::from(threshold))];
        chart.draw_series(DashedLineSeries::new(ends, 10, 7, INK.stroke_width(3)))?;
    }
    for (at, text) in &t.events {
        chart.draw_series(DashedLineSeries::new([(*at, from), (*at, to)], 3, 4, AMBER.stroke_width(1)))?;
        let (x, top) = chart.backend_coord(&(*at, to));
        let style = TextStyle::from((FONT, 19).into_font()).color(&AMBER);
        let room = area.get_pixel_range().0.end - x > text_width(text, 19);
        let anchor = if room { text_anchor::HPos::Left } else { text_anchor::HPos::Right };
        let style = style.pos(text_anchor::Pos::new(anchor, text_anchor::VPos::Top));
        on_pixels(area, text, if room { x + 4 } else { x - 4 }, top + 4, &style)?;
    }
    // Names of spans side by side, each only where it fits.
    let mut free = i32::MIN;
    for s in &t.spans {
        let (left, top) = chart.backend_coord(&(s.start_s, to));
        let (right, _) = chart.backend_coord(&(s.end_s, to));
        let width = text_width(&s.label, 19);
        let start = (left + right) / 2 - width / 2;
        if s.label.is_empty() || start < free || width > (right - left).max(90) {
            continue;
        }
        let style = TextStyle::from((FONT, 19).into_font()).color(&ALARM);
        on_pixels(area, &s.label, start, top - 28, &style)?;
        free = start + width + 8;
    }
    Ok(())
}

/// A strip of coloured bars, one per window, with the time axis below.
fn verdict_strip(area: &Area, t: &Timeline, times: std::ops::Range<f64>) -> Outcome {
    let mut chart = ChartBuilder::on(area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(8)
        .y_label_area_size(100)
        .x_label_area_size(64)
        .build_cartesian_2d(times, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(FAINT)
        .y_labels(0)
        .x_labels(12)
        .x_desc("device time, s")
        .axis_desc_style((FONT, 21, &INK))
        .x_label_style((FONT, 20, &INK))
        .x_label_formatter(&|v| number(*v))
        .draw()?;
    let mut before = chart.x_range().start;
    let mut bars = Vec::with_capacity(t.points.len());
    for p in &t.points {
        let colour = if p.alarmed { ALARM } else { FINE };
        bars.push(Rectangle::new([(before.min(p.time_s), 0.0), (p.time_s, 1.0)], colour.filled()));
        before = p.time_s;
    }
    chart.draw_series(bars)?;
    let (x, y) = chart.backend_coord(&(chart.x_range().start, 0.5));
    let style = TextStyle::from((FONT, 20).into_font()).color(&INK);
    let style = style.pos(text_anchor::Pos::new(text_anchor::HPos::Right, text_anchor::VPos::Center));
    on_pixels(area, "verdict", x - 10, y, &style)
}

fn legend(area: &Area, t: &Timeline) -> Outcome {
    let (xs, ys) = area.get_pixel_range();
    let mut x = xs.end - 34;
    let y = ys.start + 70;
    let style = TextStyle::from((FONT, 20).into_font()).color(&INK);
    let style = style.pos(text_anchor::Pos::new(text_anchor::HPos::Right, text_anchor::VPos::Center));
    let mut entries = vec![("normal", FINE, 14), ("alarm", ALARM, 14)];
    if !t.spans.is_empty() {
        entries.push(("truly anomalous", SHADE, 14));
    }
    if t.threshold.is_some() {
        entries.push(("threshold", INK, 3));
    }
    for (name, colour, thick) in entries {
        on_pixels(area, name, x, y, &style)?;
        x -= text_width(name, 20) + 10;
        fill(area, (x - 24, y - thick / 2), (x, y + (thick + 1) / 2), colour)?;
        x -= 46;
    }
    Ok(())
}

/// A confusion matrix.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// Headline.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// The classes' names, for rows.
    pub classes: Vec<String>,
    /// The columns' names; the classes, and `unknown` where a model may leave a window undecided.
    pub columns: Vec<String>,
    /// Windows of class row said to be column.
    pub counts: Vec<Vec<u32>>,
}

/// Draws a confusion matrix: rows are truth, columns are verdicts, shades are shares of the row.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn confusion_matrix(path: &Path, matrix: &Matrix) -> Result<(), PlotError> {
    let names = matrix.classes.iter().chain(&matrix.columns).map(|c| text_width(c, 20)).max().unwrap_or(0).min(280);
    let cell = if matrix.classes.len() > 14 { 48 } else { 78 };
    let (rows, columns) = (matrix.classes.len() as i32, matrix.columns.len() as i32);
    let (left, bottom) = (names + 88, names + 70);
    let size = ((left + columns * cell + 40).max(900) as u32, (rows * cell + bottom + 116) as u32);
    if matrix.classes.is_empty() {
        return Err(PlotError { path: path.to_path_buf(), problem: "there is no class to draw".into() });
    }
    draw(path, size, |root| {
        titled(root, &matrix.title, &matrix.subtitle)?;
        let (x0, y0) = (left, 108);
        let right = text_anchor::Pos::new(text_anchor::HPos::Right, text_anchor::VPos::Center);
        let centre = text_anchor::Pos::new(text_anchor::HPos::Center, text_anchor::VPos::Center);
        let name_style = TextStyle::from((FONT, 20).into_font()).color(&INK);
        for (r, (class, row)) in (0i32..).zip(matrix.classes.iter().zip(&matrix.counts)) {
            let total: u32 = row.iter().sum();
            let y = y0 + r * cell;
            on_pixels(root, class, x0 - 12, y + cell / 2, &name_style.clone().pos(right))?;
            for (c, count) in (0i32..).zip(row) {
                let share = if total > 0 { f64::from(*count) / f64::from(total) } else { 0.0 };
                let right_cell = matrix.columns.get(c as usize) == Some(class);
                let full = if right_cell { LINE } else { ALARM };
                let colour = if *count == 0 { EMPTY } else { shade(full, 0.12 + 0.88 * share.powf(0.6)) };
                let x = x0 + c * cell;
                fill(root, (x + 1, y + 1), (x + cell - 1, y + cell - 1), colour)?;
                if *count > 0 {
                    let ink = if share > 0.35 { WHITE } else { INK };
                    let style = TextStyle::from((FONT, if cell < 50 { 15 } else { 20 }).into_font()).color(&ink);
                    on_pixels(root, &count.to_string(), x + cell / 2, y + cell / 2, &style.pos(centre))?;
                }
            }
        }
        let upright = TextStyle::from((FONT, 20).into_font()).color(&INK).transform(FontTransform::Rotate270);
        for (c, name) in (0i32..).zip(&matrix.columns) {
            let (x, y) = (x0 + c * cell + cell / 2 - 12, y0 + rows * cell + 12);
            on_pixels(root, name, x, y + text_width(name, 20), &upright)?;
        }
        let desc = TextStyle::from((FONT, 21).into_font()).color(&FAINT);
        on_pixels(root, "said", x0 + columns * cell / 2, y0 + rows * cell + bottom - 22, &desc.clone().pos(centre))?;
        let desc = desc.transform(FontTransform::Rotate270);
        on_pixels(root, "true", 24, y0 + rows * cell / 2 + 16, &desc)
    })
}

/// One curve of [`curves`].
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Its name in the legend.
    pub name: String,
    /// Its points.
    pub points: Vec<(f64, f64)>,
}

/// Draws curves over a common horizontal axis: `left` against the left axis, from 0 to 1, `right` against an axis
/// of its own on the right.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn curves(
    path: &Path,
    title: &str,
    subtitle: &str,
    (across, left_name, right_name): (&str, &str, &str),
    left: &[Curve],
    right: &Curve,
) -> Result<(), PlotError> {
    draw(path, (1600, 780), |area| {
        let all = || left.iter().chain([right]).flat_map(|c| c.points.iter());
        let end = all().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
        let start = all().map(|p| p.0).fold(f64::INFINITY, f64::min);
        if !(start.is_finite() && end.is_finite()) {
            return Err("there is no point to draw".into());
        }
        let end = if end > start { end } else { start + 1.0 };
        let top = right.points.iter().map(|p| p.1).fold(1.0, f64::max) * 1.1;
        let area = titled(area, title, subtitle)?;
        let mut chart = ChartBuilder::on(&area)
            .margin_left(16)
            .margin_right(24)
            .margin_top(14)
            .y_label_area_size(90)
            .right_y_label_area_size(100)
            .x_label_area_size(66)
            .build_cartesian_2d(start..end, 0.0..1.0)?
            .set_secondary_coord(start..end, 0.0..top);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(FAINT)
            .x_desc(across)
            .y_desc(left_name)
            .axis_desc_style((FONT, 21, &INK))
            .label_style((FONT, 20, &INK))
            .x_label_formatter(&|v| number(*v))
            .draw()?;
        chart
            .configure_secondary_axes()
            .y_desc(right_name)
            .axis_style(FAINT)
            .axis_desc_style((FONT, 21, &AMBER))
            .label_style((FONT, 20, &AMBER))
            .y_label_formatter(&|v: &f64| number(*v))
            .draw()?;
        let colours = [LINE, FINE, ALARM, FAINT, INK];
        for (curve, colour) in left.iter().zip(colours.into_iter().cycle()) {
            chart
                .draw_series(LineSeries::new(curve.points.iter().copied(), colour.stroke_width(3)))?
                .label(curve.name.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(3)));
        }
        chart
            .draw_secondary_series(LineSeries::new(right.points.iter().copied(), AMBER.stroke_width(3)))?
            .label(right.name.as_str())
            .legend(|(x, y)| PathElement::new([(x, y), (x + 24, y)], AMBER.stroke_width(3)));
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .margin(14)
            .background_style(WHITE.mix(0.85))
            .border_style(GRID)
            .label_font((FONT, 20, &INK))
            .draw()?;
        Ok(())
    })
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;
type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn draw(path: &Path, size: (u32, u32), figure: impl FnOnce(&Area) -> Outcome) -> Result<(), PlotError> {
    let failed = |problem: String| PlotError { path: path.to_path_buf(), problem };
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
    }
    load_font();
    let area = BitMapBackend::new(path, size).into_drawing_area();
    area.fill(&WHITE).map_err(|e| failed(e.to_string()))?;
    figure(&area).map_err(|e| failed(e.to_string()))?;
    area.present().map_err(|e| failed(e.to_string()))
}

/// Writes the headlines and returns what is left below them.
fn titled<'a>(
    area: &Area<'a>,
    title: &str,
    subtitle: &str,
) -> Result<Area<'a>, Box<dyn std::error::Error + Send + Sync>> {
    on_pixels(area, title, 28, 18, &TextStyle::from((FONT, 32).into_font()).color(&INK))?;
    on_pixels(area, subtitle, 28, 60, &TextStyle::from((FONT, 20).into_font()).color(&FAINT))?;
    Ok(area.split_vertically(98).1)
}

/// Writes at absolute pixels of the whole figure.
fn on_pixels(area: &Area, text: &str, x: i32, y: i32, style: &TextStyle) -> Outcome {
    let (xs, ys) = area.get_pixel_range();
    Ok(area.draw_text(text, style, (x - xs.start, y - ys.start))?)
}

fn fill(area: &Area, from: (i32, i32), to: (i32, i32), colour: RGBColor) -> Outcome {
    let (xs, ys) = area.get_pixel_range();
    let local = |(x, y): (i32, i32)| (x - xs.start, y - ys.start);
    Ok(area.draw(&Rectangle::new([local(from), local(to)], colour.filled()))?)
}

/// Makes the built-in font known, once; text cannot be drawn or measured before.
fn load_font() {
    static LOADED: std::sync::Once = std::sync::Once::new();
    LOADED.call_once(|| {
        let loaded = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        debug_assert!(loaded.is_ok(), "the built-in font cannot be read");
    });
}

fn text_width(text: &str, size: i32) -> i32 {
    load_font();
    (FONT, size).into_font().box_size(text).map_or(0, |(w, _)| w as i32)
}

/// From white to `full`.
fn shade(full: RGBColor, share: f64) -> RGBColor {
    let mix = |c: u8| (255.0 - (255.0 - f64::from(c)) * share.clamp(0.0, 1.0)).round() as u8;
    RGBColor(mix(full.0), mix(full.1), mix(full.2))
}

fn log_label(value: f64) -> String {
    if (1e-3..1e5).contains(&value) { number(value) } else { format!("{value:.0e}") }
}

/// A number with as many decimals as it needs, four at most.
fn number(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e6) {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let points = (0..400)
            .map(|i| {
                let fault = (180..260).contains(&i);
                let wobble = 1.0 + 0.3 * (f64::from(i) * 0.7).sin();
                Point {
                    time_s: f64::from(i + 1) * 0.128,
                    score: (wobble * if fault { 40.0 } else { 0.5 }) as f32,
                    alarmed: (182..262).contains(&i),
                    starts: i == 300,
                }
            })
            .collect();
        Timeline {
            title: "demo".into(),
            subtitle: "simulated rig, esn, 3 channels at 1 kHz".into(),
            score: "MSE".into(),
            threshold: Some(1.0),
            points,
            spans: vec![Span { start_s: 180.0 * 0.128, end_s: 260.0 * 0.128, label: "supply drop".into() }],
            events: vec![(5.0, "trained".into())],
            ..Timeline::default()
        }
    }

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("hone-plot-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Counts pixels of the exact colour, so that a figure without its curve or shade fails.
    fn pixels(path: &Path, colour: RGBColor) -> usize {
        let image = image_of(path);
        image.chunks_exact(3).filter(|p| **p == [colour.0, colour.1, colour.2]).count()
    }

    fn image_of(path: &Path) -> Vec<u8> {
        let mut reader =
            png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size()];
        reader.next_frame(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_timeline_shows_score_threshold_span_and_verdicts() {
        let path = folder().join("timeline.png");
        anomaly_timeline(&path, &timeline()).unwrap();
        for colour in [LINE, SHADE, ALARM, FINE, INK] {
            assert!(pixels(&path, colour) > 200, "{colour:?} is missing");
        }
    }

    #[test]
    fn odd_timelines_are_drawn_or_refused() {
        let path = folder().join("odd.png");
        let mut t = timeline();
        t.points.truncate(1);
        t.spans.clear();
        anomaly_timeline(&path, &t).unwrap();
        for score in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::MAX, 1e-40] {
            t.points = timeline().points;
            for p in t.points.iter_mut().step_by(3) {
                p.score = score;
            }
            anomaly_timeline(&path, &t).unwrap();
        }
        t.points.iter_mut().for_each(|p| p.score = f32::NAN);
        assert!(anomaly_timeline(&path, &t).unwrap_err().to_string().contains("no window has a score"));
        t.points.clear();
        assert!(anomaly_timeline(&path, &t).unwrap_err().to_string().contains("no window"));
    }

    #[test]
    fn a_matrix_shades_hits_and_misses() {
        let path = folder().join("matrix.png");
        let classes: Vec<String> = ["walking", "upstairs", "sitting"].map(String::from).into();
        let columns = classes.iter().cloned().chain(["unknown".into()]).collect();
        let counts = vec![vec![10, 0, 0, 0], vec![0, 0, 8, 0], vec![0, 0, 0, 0]];
        confusion_matrix(&path, &Matrix { title: "t".into(), subtitle: String::new(), classes, columns, counts })
            .unwrap();
        assert!(pixels(&path, LINE) > 1000 && pixels(&path, ALARM) > 1000);
        let none = folder().join("none.png");
        assert!(confusion_matrix(&none, &Matrix::default()).is_err() && !none.exists());
    }
}
