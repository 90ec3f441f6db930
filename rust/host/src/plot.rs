//! Figures as PNG files. The font comes with the program, so that figures look alike everywhere and need no
//! system library.

use crate::output;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font, text_anchor};
use std::fmt::Display;
use std::path::{Path, PathBuf};

mod band;
mod channel;
mod timeline;
mod trade;

pub use band::{Band, BandPoint, band};
pub use channel::{ChannelPicture, Stretch, channel};
pub use timeline::{Point, Span, Timeline, anomaly_timeline};
pub use trade::{Trade, trade};

const FONT: &str = "hone";
const INK: RGBColor = RGBColor(0x26, 0x2b, 0x33);
const FAINT: RGBColor = RGBColor(0x6b, 0x73, 0x80);
const GRID: RGBColor = RGBColor(0xe7, 0xea, 0xee);
const EMPTY: RGBColor = RGBColor(0xf4, 0xf5, 0xf7);
const LINE: RGBColor = RGBColor(0x1f, 0x5f, 0xa8);
const ALARM: RGBColor = RGBColor(0xc8, 0x2d, 0x2d);
const FINE: RGBColor = RGBColor(0x3f, 0x9c, 0x5a);
const SHADE: RGBColor = RGBColor(0xf6, 0xd9, 0xcf);
const VIOLET: RGBColor = RGBColor(0x7d, 0x4f, 0xb0);
const AMBER: RGBColor = RGBColor(0xc9, 0x84, 0x00);

/// A figure could not be drawn or written.
#[derive(Debug)]
pub struct PlotError {
    path: PathBuf,
    problem: String,
}

impl PlotError {
    /// A figure that cannot be drawn.
    pub fn new(path: &Path, problem: String) -> Self {
        Self { path: path.to_path_buf(), problem }
    }
}

impl Display for PlotError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot write the figure {}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for PlotError {}

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
        return Err(PlotError { path: path.to_path_buf(), problem: "there are no classes to draw".into() });
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
            return Err("there is nothing to draw".into());
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
        let colours = [LINE, FINE, ALARM, FAINT, INK, VIOLET];
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

/// Names what colours mean, above the chart from the right: a name, its colour, and how thick it is drawn.
fn legend(area: &Area, entries: &[(&str, RGBColor, i32)]) -> Outcome {
    let (xs, ys) = area.get_pixel_range();
    let (mut x, y) = (xs.end - 34, ys.start + 70);
    let style = TextStyle::from((FONT, 20).into_font()).color(&INK);
    let style = style.pos(text_anchor::Pos::new(text_anchor::HPos::Right, text_anchor::VPos::Center));
    for (name, colour, thick) in entries {
        on_pixels(area, name, x, y, &style)?;
        x -= text_width(name, 20) + 10;
        fill(area, (x - 24, y - thick / 2), (x, y + (thick + 1) / 2), *colour)?;
        x -= 46;
    }
    Ok(())
}

fn draw(path: &Path, size: (u32, u32), figure: impl FnOnce(&Area) -> Outcome) -> Result<(), PlotError> {
    let failed = |problem: String| PlotError { path: path.to_path_buf(), problem };
    load_font();
    let mut pixels = vec![0; 3 * size.0 as usize * size.1 as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        area.fill(&WHITE).map_err(|e| failed(e.to_string()))?;
        figure(&area).map_err(|e| failed(e.to_string()))?;
        area.present().map_err(|e| failed(e.to_string()))?;
    }
    let bytes = encode(&pixels, size).map_err(|e| failed(e.to_string()))?;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| failed(e.to_string()))?;
    }
    output::write_file(path, &bytes).map_err(|e| failed(e.to_string()))
}

/// Pixels of three bytes as PNG.
fn encode(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
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
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timeline.png");
        anomaly_timeline(&path, &timeline()).unwrap();
        for colour in [LINE, SHADE, ALARM, FINE, INK] {
            assert!(pixels(&path, colour) > 200, "{colour:?} is missing");
        }
    }

    #[test]
    fn odd_timelines_are_drawn_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.png");
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
        assert!(anomaly_timeline(&path, &t).unwrap_err().to_string().contains("nothing to draw"));
    }

    #[test]
    fn a_matrix_shades_hits_and_misses() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("matrix.png");
        let classes: Vec<String> = ["walking", "upstairs", "sitting"].map(String::from).into();
        let columns = classes.iter().cloned().chain(["unknown".into()]).collect();
        let counts = vec![vec![10, 0, 0, 0], vec![0, 0, 8, 0], vec![0, 0, 0, 0]];
        confusion_matrix(&path, &Matrix { title: "t".into(), subtitle: String::new(), classes, columns, counts })
            .unwrap();
        assert!(pixels(&path, LINE) > 1000 && pixels(&path, ALARM) > 1000);
        let none = folder.path().join("none.png");
        assert!(confusion_matrix(&none, &Matrix::default()).is_err() && !none.exists());
    }
}
