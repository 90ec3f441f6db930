//! The score of a detector over time, with the stretches that are known to be faulty and the verdicts below.

use super::*;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};

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
        return empty("there is nothing to draw");
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
        return Err("there is nothing to draw".into());
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
    let mut entries = vec![("normal", FINE, 14), ("alarm", ALARM, 14)];
    if !t.spans.is_empty() {
        entries.push(("truly anomalous", SHADE, 14));
    }
    if t.threshold.is_some() {
        entries.push(("threshold", INK, 3));
    }
    legend(whole, &entries)
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
