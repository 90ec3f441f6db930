//! A value over time with what was foretold of it, and the interval as a band.

use super::*;

/// One value of a [`Band`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPoint {
    /// Device time, seconds.
    pub time_s: f64,
    /// The value.
    pub seen: f64,
    /// What was expected, least and greatest; none where nothing was.
    pub expected: Option<[f64; 3]>,
    /// Whether the verdict was anomalous.
    pub alarmed: bool,
    /// Whether the curve starts anew here.
    pub starts: bool,
}

/// A value over time.
#[derive(Clone, Debug, Default)]
pub struct Band {
    /// Headline.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// What the value is, with its unit.
    pub value: String,
    /// The values in order of time.
    pub points: Vec<BandPoint>,
    /// Where it was truly anomalous.
    pub spans: Vec<Span>,
}

/// What is expected, as a band.
const BAND: RGBColor = RGBColor(0xc9, 0xdd, 0xf2);

/// Draws it.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn band(path: &Path, band: &Band) -> Result<(), PlotError> {
    let finite = |p: &&BandPoint| p.seen.is_finite() && p.time_s.is_finite();
    if !band.points.iter().any(|p| finite(&p)) {
        return Err(PlotError::new(path, "there is nothing to draw".into()));
    }
    draw(path, (1680, 800), |area| band_on(area, band))
}

/// Seconds in the unit in which so long a time is best read.
fn unit(span_s: f64) -> (f64, &'static str) {
    match span_s {
        s if s > 3.0 * 86_400.0 => (86_400.0, "device time, days"),
        s if s > 3.0 * 3600.0 => (3600.0, "device time, hours"),
        _ => (1.0, "device time, s"),
    }
}

fn band_on(whole: &Area, t: &Band) -> Outcome {
    let points: Vec<&BandPoint> = t.points.iter().filter(|p| p.seen.is_finite()).collect();
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Err("there is nothing to draw".into());
    };
    let (per, across) = unit(last.time_s - first.time_s);
    let at = |p: &BandPoint| p.time_s / per;
    // An interval that knows next to nothing does not set the scale.
    let seen = points.iter().map(|p| p.seen);
    let (low, high) = seen.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
    let margin = if high > low { (high - low) * 0.2 } else { high.abs().max(1.0) * 0.1 };
    let (low, high) = (low - margin, high + margin);
    let end = if last.time_s > first.time_s { at(last) } else { at(first) + 1.0 };
    let area = titled(whole, &t.title, &t.subtitle)?;
    let mut chart = ChartBuilder::on(&area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(14)
        .y_label_area_size(100)
        .x_label_area_size(64)
        .build_cartesian_2d(at(first)..end, low..high)?;
    let span = |s: &Span| Rectangle::new([(s.start_s / per, low), (s.end_s / per, high)], SHADE.filled());
    chart.draw_series(t.spans.iter().map(span))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_desc(across)
        .y_desc(t.value.as_str())
        .axis_desc_style((FONT, 21, &INK))
        .label_style((FONT, 20, &INK))
        .x_label_formatter(&|v| number(*v))
        .y_label_formatter(&|v| number(*v))
        .draw()?;
    for run in points.chunk_by(|a, b| !b.starts && a.expected.is_some() == b.expected.is_some()) {
        let edge = |edge: usize| {
            run.iter().filter_map(move |p| Some((at(p), p.expected?.get(edge)?.clamp(low, high)))).collect::<Vec<_>>()
        };
        let (lower, upper, value) = (edge(1), edge(2), edge(0));
        let outline: Vec<(f64, f64)> = lower.into_iter().chain(upper.into_iter().rev()).collect();
        if outline.len() > 3 {
            chart.draw_series([Polygon::new(outline, BAND.filled())])?;
            let segments = value.windows(2).map(|ends| PathElement::new(ends.to_vec(), LINE.stroke_width(1)));
            chart.draw_series(segments)?;
        }
    }
    for run in points.chunk_by(|_, b| !b.starts) {
        let ends = run.iter().zip(run.iter().skip(1));
        let segment = |(a, b): (&&BandPoint, &&BandPoint)| {
            PathElement::new(vec![(at(a), a.seen), (at(b), b.seen)], INK.stroke_width(2))
        };
        chart.draw_series(ends.map(segment))?;
    }
    let alarms = points.iter().filter(|p| p.alarmed);
    chart.draw_series(alarms.map(|p| Circle::new((at(p), p.seen), 4, ALARM.filled())))?;
    let mut entries = vec![("value", INK, 3), ("expected", LINE, 3), ("interval", BAND, 14), ("alarm", ALARM, 14)];
    if !t.spans.is_empty() {
        entries.push(("truly anomalous", SHADE, 14));
    }
    legend(whole, &entries)
}
