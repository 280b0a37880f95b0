//! Line charts over a series. The SVG is stretched to the available width, so all text is HTML next to it.

use super::figures::decimal;
use super::markup::swatch;

/// One line of a chart.
#[derive(Debug)]
pub struct Line {
    /// A value for each position on the horizontal axis.
    pub values: Vec<Option<f64>>,
    pub look: Look,
    /// One or two characters at the end of the line, as in the legend.
    pub mark: String,
}

/// The style of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// One of the colours of the page, from 1, with its own dash pattern.
    Colour(usize),
    /// A thick line for the whole file.
    Whole,
    /// A thick dotted line for the lower bound.
    Bound,
    /// A thin line without dots and mark. It does not influence the scale.
    Background,
}

impl Look {
    /// Returns the class of the style sheet.
    pub fn class(self) -> String {
        match self {
            Self::Colour(colour) => format!("l{colour}"),
            Self::Whole => "whole".to_owned(),
            Self::Bound => "whole bound".to_owned(),
            Self::Background => "background".to_owned(),
        }
    }

    /// Returns the sample that a legend shows.
    pub fn swatch(self, mark: &str) -> String {
        match self {
            Self::Colour(colour) => swatch(colour, mark),
            Self::Whole | Self::Bound => format!("<span class=\"swatch ink\" aria-hidden=\"true\">{mark}</span>"),
            Self::Background => String::new(),
        }
    }
}

/// The side of the square in which lines are drawn before it is stretched.
const SIDE: f64 = 1000.0;

/// The height of a mark as a share of the height of the chart.
const MARK_HEIGHT: f64 = 0.07;

/// The largest number of labels on the horizontal axis.
const LABELS: usize = 12;

/// Absolute values above this do not extend the scale.
const FARTHEST: f64 = 1e12;

/// Returns a chart with `places` positions, numbered from 1. `label` and `axis` are markup.
pub fn chart(label: &str, axis: &str, places: usize, lines: &[Line]) -> String {
    let scale = Scale::of(lines.iter().filter(|line| line.look != Look::Background));
    let ticks = scale.ticks();
    let heights = ticks.iter().map(|&tick| (tick, 1.0 - scale.part(tick)));
    let grid: String = heights
        .clone()
        .map(|(_, top)| format!("<path class=\"grid\" d=\"M0 {y:.1}H{SIDE}\"/>", y = top * SIDE))
        .collect();
    let numbers: String = heights
        .map(|(tick, top)| {
            format!("<span style=\"top:{:.2}%\">{}</span>", top * 100.0, decimal(Some(tick), scale.decimals()))
        })
        .collect();
    let paths: String = lines.iter().map(|line| path(line, places, &scale)).collect();
    let step = places.div_ceil(LABELS).max(1);
    let labels: String = (0..places)
        .step_by(step)
        .map(|place| format!("<span style=\"left:{:.2}%\">{}</span>", across(place, places) * 100.0, place + 1))
        .collect();
    format!(
        "<div class=\"chart\" role=\"img\" aria-label=\"{label}\">\n<p class=\"says\">{axis}</p>\n<div class=\"plot\" aria-hidden=\"true\">\n\
         <div class=\"vertical\">{numbers}</div>\n\
         <svg viewBox=\"0 0 {SIDE} {SIDE}\" preserveAspectRatio=\"none\">{grid}{paths}</svg>\n\
         <div class=\"marks\">{}</div>\n<div class=\"horizontal\">{labels}</div>\n</div>\n</div>\n",
        marks(lines, &scale)
    )
}

/// Returns the horizontal position of a place, from 0 to 1, with a margin at both ends.
fn across(place: usize, places: usize) -> f64 {
    if places < 2 { 0.5 } else { 0.02 + 0.96 * place as f64 / (places - 1) as f64 }
}

fn path(line: &Line, places: usize, scale: &Scale) -> String {
    let mut way = String::new();
    let mut dots = String::new();
    let mut is_drawing = false;
    for (place, value) in line.values.iter().take(places).enumerate() {
        let Some(value) = value else {
            is_drawing = false;
            continue;
        };
        // points far outside the frame are clamped, because they are cut anyway
        let (x, y) = (across(place, places) * SIDE, ((1.0 - scale.part(*value)) * SIDE).clamp(-SIDE, 2.0 * SIDE));
        way += &format!("{}{x:.1} {y:.1}", if is_drawing { 'L' } else { 'M' });
        dots += &format!("M{x:.1} {y:.1}h0");
        is_drawing = true;
    }
    let class = line.look.class();
    let dots = match line.look {
        Look::Background => String::new(),
        _ => format!("<path class=\"{class} dots\" d=\"{dots}\"/>"),
    };
    if way.is_empty() { way } else { format!("<path class=\"{class}\" d=\"{way}\"/>{dots}") }
}

/// Returns the marks at the right, moved apart if lines end close to each other.
fn marks(lines: &[Line], scale: &Scale) -> String {
    let ends = lines.iter().filter(|line| line.look != Look::Background).filter_map(|line| {
        let last = line.values.iter().rev().flatten().next()?;
        Some((1.0 - scale.part(*last), line))
    });
    let mut ends: Vec<(f64, &Line)> = ends.collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = 0.0;
    for (top, _) in &mut ends {
        *top = top.max(free);
        free = *top + MARK_HEIGHT;
    }
    let mut free = 1.0;
    for (top, _) in ends.iter_mut().rev() {
        *top = top.min(free);
        free = *top - MARK_HEIGHT;
    }
    ends.iter()
        .map(|(top, line)| format!("<span style=\"top:{:.2}%\">{}</span>", top * 100.0, line.look.swatch(&line.mark)))
        .collect()
}

/// Maps values to shares of the height.
#[derive(Debug)]
struct Scale {
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    /// Returns a scale that ends at round numbers around all values.
    fn of<'l>(lines: impl Iterator<Item = &'l Line>) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in lines.flat_map(|line| line.values.iter().flatten()) {
            let value = value.clamp(-FARTHEST, FARTHEST);
            (least, most) = (least.min(value), most.max(value));
        }
        if least > most {
            (least, most) = (0.0, 1.0);
        }
        // about five steps of 1, 2 or 5 times a power of ten
        let rough = ((most - least) / 5.0).max(most.abs().max(least.abs()) * 1e-6).max(1e-9);
        let power = 10f64.powf(rough.log10().floor());
        let step = power * [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
        let (from, to) = ((least / step).floor() * step, (most / step).ceil() * step);
        Self { from, to: if to > from { to } else { from + step }, step }
    }

    fn part(&self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    fn ticks(&self) -> Vec<f64> {
        let count = ((self.to - self.from) / self.step).round().clamp(1.0, 20.0);
        (0..=count as u32).map(|index| self.from + f64::from(index) * self.step).collect()
    }

    fn decimals(&self) -> usize {
        (-self.step.log10().floor()).clamp(0.0, 9.0) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(values: &[f64]) -> Scale {
        let values = values.iter().copied().map(Some).collect();
        Scale::of([Line { values, look: Look::Whole, mark: String::new() }].iter())
    }

    #[test]
    fn a_scale_ends_at_round_numbers_around_its_values() {
        let near = |ticks: Vec<f64>, expected: &[f64]| {
            assert_eq!(ticks.len(), expected.len());
            ticks.iter().zip(expected).for_each(|(tick, expected)| assert!((tick - expected).abs() < 1e-9));
        };
        near(scale(&[10.42, 10.9]).ticks(), &[10.4, 10.5, 10.6, 10.7, 10.8, 10.9]);
        near(scale(&[0.0, 16.0]).ticks(), &[0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(scale(&[10.42, 10.9]).decimals(), 1);
    }

    #[test]
    fn extreme_values_have_a_scale() {
        for values in [&[][..], &[0.0], &[5.0, 5.0], &[-1e300, 1e300], &[1e-300], &[f64::MAX, f64::MIN]] {
            let scale = scale(values);
            assert!(!scale.ticks().is_empty() && scale.ticks().len() <= 21, "{values:?}");
            let line = Line {
                values: values.iter().copied().map(Some).collect(),
                look: Look::Colour(1),
                mark: "A".to_owned(),
            };
            let markup = chart("", "", values.len(), &[line]);
            assert!(!markup.contains("NaN") && !markup.contains("inf"), "{values:?}: {markup}");
        }
    }

    #[test]
    fn missing_values_interrupt_a_line() {
        let line =
            Line { values: vec![Some(1.0), None, Some(2.0), Some(3.0)], look: Look::Background, mark: String::new() };
        let markup = path(&line, 4, &scale(&[1.0, 3.0]));
        assert_eq!((markup.matches('M').count(), markup.matches('L').count()), (2, 1));
    }
}
