//! What a detector's threshold trades: recall against false alarms of windows, and delay against false alarms a day.

use super::*;

/// The two curves.
#[derive(Clone, Debug, Default)]
pub struct Trade {
    /// Headline.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// Area under the ROC curve.
    pub auc: f64,
    /// False-alarm rate and recall of windows.
    pub roc: Vec<(f64, f64)>,
    /// Of the threshold in use.
    pub roc_own: Option<(f64, f64)>,
    /// False alarms a day, and mean delay in seconds.
    pub delays: Vec<(f64, f64)>,
    /// Of the threshold in use.
    pub delays_own: Option<(f64, f64)>,
    /// One false alarm in all the normal time: fewer are drawn at half of it, as none.
    pub least_rate: f64,
}

/// Draws them side by side; the ROC curve alone where nothing was detected.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn trade(path: &Path, trade: &Trade) -> Result<(), PlotError> {
    if trade.roc.is_empty() {
        return Err(PlotError::new(path, "there is nothing to draw".into()));
    }
    draw(path, (1680, 800), |area| {
        let below = titled(area, &trade.title, &trade.subtitle)?;
        let (left, right) = below.split_horizontally(800);
        roc(&left, trade)?;
        if !trade.delays.is_empty() {
            delays(&right, trade)?;
        }
        legend(area, &[("threshold in use", ALARM, 14), ("other thresholds", LINE, 3)])
    })
}

fn roc(area: &Area, t: &Trade) -> Outcome {
    let mut chart = ChartBuilder::on(area)
        .margin(24)
        .y_label_area_size(84)
        .x_label_area_size(66)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    let name = format!("false-alarm rate (area {:.4})", t.auc);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(6)
        .y_labels(6)
        .x_desc(name.as_str())
        .y_desc("recall")
        .axis_desc_style((FONT, 21, &INK))
        .label_style((FONT, 20, &INK))
        .x_label_formatter(&|v| number(*v))
        .y_label_formatter(&|v| number(*v))
        .draw()?;
    chart.draw_series(DashedLineSeries::new([(0.0, 0.0), (1.0, 1.0)], 5, 6, FAINT.stroke_width(1)))?;
    chart.draw_series(t.roc.windows(2).map(|ends| PathElement::new(ends.to_vec(), LINE.stroke_width(3))))?;
    chart.draw_series(t.roc_own.iter().map(|p| Circle::new(*p, 8, ALARM.filled())))?;
    Ok(())
}

fn delays(area: &Area, t: &Trade) -> Outcome {
    let floor = if t.least_rate > 0.0 { t.least_rate / 2.0 } else { 1.0 };
    let shown = |p: &(f64, f64)| (p.0.max(floor), p.1);
    let mut points: Vec<(f64, f64)> = t.delays.iter().map(shown).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all = || points.iter().copied().chain(t.delays_own.as_ref().map(shown));
    let most = all().map(|p| p.0).fold(floor, f64::max);
    let top = all().map(|p| p.1).fold(f64::MIN_POSITIVE, f64::max);
    let across = (floor / 1.5..most * 2.0).log_scale();
    let mut chart = ChartBuilder::on(area)
        .margin(24)
        .y_label_area_size(110)
        .x_label_area_size(66)
        .build_cartesian_2d(across, 0.0..top * 1.1)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(6)
        .y_labels(6)
        .x_desc("false alarms a day; none at the left end")
        .y_desc("mean delay of what is detected, s")
        .axis_desc_style((FONT, 21, &INK))
        .label_style((FONT, 20, &INK))
        .x_label_formatter(&|v| log_label(*v))
        .y_label_formatter(&|v| number(*v))
        .draw()?;
    chart.draw_series(points.windows(2).map(|ends| PathElement::new(ends.to_vec(), LINE.stroke_width(3))))?;
    chart.draw_series(points.iter().map(|p| Circle::new(*p, 4, LINE.filled())))?;
    chart.draw_series(t.delays_own.iter().map(|p| Circle::new(shown(p), 8, ALARM.filled())))?;
    Ok(())
}
