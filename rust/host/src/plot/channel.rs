//! A channel over time, its spectrum and its histogram.

use super::*;

/// A stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Its start, seconds.
    pub from_s: f64,
    /// Its end, seconds.
    pub to_s: f64,
    /// What it is.
    pub name: String,
    /// Whether it is shaded.
    pub anomalous: bool,
}

/// What [`channel`] draws.
#[derive(Clone, Debug, Default)]
pub struct ChannelPicture {
    /// Headline.
    pub title: String,
    /// A line below it.
    pub subtitle: String,
    /// What is read, with its unit.
    pub unit: String,
    /// Time, least and greatest reading.
    pub envelope: Vec<(f64, f64, f64)>,
    /// What is for which part.
    pub parts: Vec<Stretch>,
    /// What is of which class.
    pub classes: Vec<Stretch>,
    /// Frequency and amplitude.
    pub spectrum: Vec<(f64, f64)>,
    /// Reading and how often.
    pub histogram: Vec<(f64, f64)>,
}

/// Columns of the envelope, about as many as there are pixels.
const COLUMNS: usize = 1400;
const PALETTE: [RGBColor; 6] = [LINE, ALARM, VIOLET, AMBER, FINE, FAINT];

/// Draws a channel.
///
/// # Errors
/// [`PlotError`] when there is nothing to draw or the file cannot be written.
pub fn channel(path: &Path, picture: &ChannelPicture) -> Result<(), PlotError> {
    if !picture.envelope.iter().any(|p| p.1.is_finite()) {
        return Err(PlotError::new(path, "there is nothing to draw".into()));
    }
    draw(path, (1680, 1080), |area| {
        let area = titled(area, &picture.title, &picture.subtitle)?;
        let (upper, lower) = area.split_vertically(560);
        let (time, strips) = upper.split_vertically(420);
        let end = picture.envelope.last().map_or(1.0, |p| p.0).max(picture.classes.last().map_or(0.0, |c| c.to_s));
        let range = 0.0..if end > 0.0 { end } else { 1.0 };
        over_time(&time, picture, range.clone())?;
        strip(&strips, picture, range)?;
        let (left, right) = lower.split_horizontally(840);
        bars(&left, &picture.spectrum, "frequency, Hz", "amplitude", true)?;
        bars(&right, &picture.histogram, &picture.unit, "readings", false)
    })
}

fn over_time(area: &Area, picture: &ChannelPicture, times: std::ops::Range<f64>) -> Outcome {
    let finite = || picture.envelope.iter().filter(|p| p.1.is_finite());
    let low = finite().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let high = finite().map(|p| p.2).fold(f64::NEG_INFINITY, f64::max);
    let margin = if high > low { (high - low) * 0.06 } else { high.abs().max(1.0) * 0.1 };
    let mut chart = ChartBuilder::on(area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(14)
        .y_label_area_size(110)
        .build_cartesian_2d(times.clone(), low - margin..high + margin)?;
    let shaded = picture.classes.iter().filter(|c| c.anomalous);
    chart.draw_series(
        shaded.map(|c| Rectangle::new([(c.from_s, low - margin), (c.to_s, high + margin)], SHADE.filled())),
    )?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(0)
        .y_labels(7)
        .y_desc(picture.unit.as_str())
        .axis_desc_style((FONT, 21, &INK))
        .y_label_style((FONT, 20, &INK))
        .y_label_formatter(&|v| number(*v))
        .draw()?;
    let mut columns: Vec<Option<(f64, f64)>> = vec![None; COLUMNS];
    let width = (times.end - times.start) / COLUMNS as f64;
    for (at, low, high) in finite() {
        let column = (((at - times.start) / width) as usize).min(COLUMNS - 1);
        if let Some(c) = columns.get_mut(column) {
            *c = Some(c.map_or((*low, *high), |(a, b)| (a.min(*low), b.max(*high))));
        }
    }
    let step = picture.envelope.windows(2).filter_map(|p| Some(p.get(1)?.0 - p.first()?.0)).fold(0.0, f64::max);
    let wide = width.max(step.min((times.end - times.start) / 20.0));
    let boxes = columns.iter().enumerate().filter_map(|(i, c)| {
        let (low, high) = (*c)?;
        let from = times.start + i as f64 * width;
        let least = (high - low).max(margin / 40.0);
        Some(Rectangle::new([(from, low), ((from + wide).min(times.end), low + least)], LINE.filled()))
    });
    chart.draw_series(boxes)?;
    Ok(())
}

/// Two strips, of parts and of classes, with their legends.
fn strip(area: &Area, picture: &ChannelPicture, times: std::ops::Range<f64>) -> Outcome {
    let mut chart = ChartBuilder::on(area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(4)
        .y_label_area_size(110)
        .x_label_area_size(60)
        .build_cartesian_2d(times, 0.0..2.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .axis_style(FAINT)
        .y_labels(0)
        .x_labels(12)
        .x_desc("s")
        .axis_desc_style((FONT, 21, &INK))
        .x_label_style((FONT, 20, &INK))
        .x_label_formatter(&|v| number(*v))
        .draw()?;
    let style = TextStyle::from((FONT, 18).into_font());
    let right = text_anchor::Pos::new(text_anchor::HPos::Right, text_anchor::VPos::Center);
    let left = text_anchor::Pos::new(text_anchor::HPos::Left, text_anchor::VPos::Center);
    let xs = area.get_pixel_range().0;
    let mut legend = xs.start + 140;
    for (stretches, base, name) in [(&picture.parts, 1.05, "part"), (&picture.classes, 0.05, "class")] {
        let mut names: Vec<&str> = Vec::new();
        for s in stretches.iter() {
            if !names.contains(&s.name.as_str()) {
                names.push(&s.name);
            }
        }
        let colour = |name: &str| {
            let place = names.iter().position(|n| *n == name).unwrap_or(0);
            PALETTE.get(place % PALETTE.len()).copied().unwrap_or(INK)
        };
        let boxes = stretches
            .iter()
            .map(|s| Rectangle::new([(s.from_s, base), (s.to_s, base + 0.9)], colour(&s.name).mix(0.75).filled()));
        chart.draw_series(boxes)?;
        let (x, y) = chart.backend_coord(&(chart.x_range().start, base + 0.45));
        on_pixels(area, name, x - 10, y, &style.clone().color(&INK).pos(right))?;
        for name in names.iter().take(12) {
            let width = text_width(name, 18) + 24;
            if legend + width > xs.end - 20 {
                break;
            }
            let y = area.get_pixel_range().1.end - 12;
            on_pixels(area, name, legend, y, &style.clone().color(&colour(name)).pos(left))?;
            legend += width;
        }
        legend += 40;
    }
    Ok(())
}

/// Bars from the axis up; with a logarithmic axis where amplitudes span decades.
fn bars(area: &Area, points: &[(f64, f64)], across: &str, up: &str, curve: bool) -> Outcome {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
    let step = if points.len() > 1 { (last.0 - first.0) / (points.len() - 1) as f64 } else { first.0.abs().max(1.0) };
    let top = points.iter().map(|p| p.1).fold(0.0, f64::max);
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let mut chart = ChartBuilder::on(area)
        .margin_left(20)
        .margin_right(34)
        .margin_top(20)
        .y_label_area_size(110)
        .x_label_area_size(64)
        .build_cartesian_2d(first.0 - step / 2.0..last.0 + step / 2.0, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .x_labels(8)
        .y_labels(5)
        .x_desc(across)
        .y_desc(up)
        .axis_desc_style((FONT, 21, &INK))
        .label_style((FONT, 19, &INK))
        .x_label_formatter(&|v| number(*v))
        .y_label_formatter(&|v| number(*v))
        .draw()?;
    if curve {
        let segments = points.windows(2).map(|ends| PathElement::new(ends.to_vec(), LINE.stroke_width(2)));
        chart.draw_series(segments)?;
    } else {
        let boxes =
            points.iter().map(|p| Rectangle::new([(p.0 - step / 2.0, 0.0), (p.0 + step / 2.0, p.1)], FINE.filled()));
        chart.draw_series(boxes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_without_readings_is_refused_and_a_still_one_is_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.png");
        let mut picture =
            ChannelPicture { envelope: vec![(0.0, f64::INFINITY, f64::NEG_INFINITY)], ..Default::default() };
        assert!(channel(&path, &picture).unwrap_err().to_string().contains("nothing to draw") && !path.exists());
        picture.envelope = vec![(0.0, 1.0, 1.0), (1.0, 1.0, 1.0)];
        picture.histogram = vec![(1.0, 512.0)];
        channel(&path, &picture).unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 3000);
    }
}
