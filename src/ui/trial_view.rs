//! Time and cost of a load by memory size: a table with bars, and a picture.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::tune::{Figures, Measured};

/// The longest bar, in characters.
const BAR: f64 = 24.0;

/// A line of the plot: its name, its colour, and what it shows of a measurement.
type Curve = (&'static str, &'static str, fn(&Figures) -> f64);

/// The picture's width and height, and the room around its axes, in pixels.
const PICTURE: (f64, f64, f64) = (640.0, 360.0, 60.0);

/// Returns the outcome of one size in a line.
pub fn trial_line(one: &Measured) -> String {
    match &one.outcome {
        Ok(Figures { seconds, usd, used_mib, .. }) => {
            let usd = dollars(*usd);
            format!("{:>6} MiB  {seconds:>8.2} s  {usd}  {used_mib:>5} MiB used", one.memory_mib)
        }
        Err(why) => format!("{:>6} MiB  failed: {}", one.memory_mib, why.join("; ")),
    }
}

/// Returns all sizes with bars for time and cost, and what to take.
pub fn trial_text(all: &[Measured], best: Option<&Measured>) -> String {
    let most = |of: fn(&Figures) -> f64| good(all).map(|(_, figures)| of(figures)).fold(0.0, f64::max);
    let (slowest, dearest) = (most(|figures| figures.seconds), most(|figures| figures.usd.unwrap_or_default()));
    let mut text = format!("{:>10}  {:<36}  cost of one load\n", "memory", "time");
    for one in all {
        let Ok(Figures { seconds, usd, .. }) = &one.outcome else {
            let _ = writeln!(text, "{}", trial_line(one));
            continue;
        };
        let time = format!("{seconds:>8.2} s {}", bar(*seconds, slowest));
        let bar = usd.map(|usd| format!(" {}", bar(usd, dearest))).unwrap_or_default();
        let _ = writeln!(text, "{:>6} MiB  {time:<36}  {}{bar}", one.memory_mib, dollars(*usd));
    }
    let _ = writeln!(text, "{}", reason(all, best));
    text
}

/// Says which size to take, and why.
fn reason(all: &[Measured], best: Option<&Measured>) -> String {
    let Some((best, figures)) = best.and_then(|best| Some((best, best.outcome.as_ref().ok()?))) else {
        return "no size loaded the file; try larger ones with `--sizes`".to_owned();
    };
    let fastest = good(all).min_by(|(_, one), (_, other)| one.seconds.total_cmp(&other.seconds));
    match fastest {
        Some((fastest, quick)) if fastest.memory_mib != best.memory_mib => {
            let saved = figures.usd.zip(quick.usd).map(|(usd, quick)| format!(" {:.0}%", (1.0 - usd / quick) * 100.0));
            format!(
                "take {} MiB: {:.0}% slower than {} MiB, the fastest, and{} cheaper",
                best.memory_mib,
                (figures.seconds / quick.seconds - 1.0) * 100.0,
                fastest.memory_mib,
                saved.unwrap_or_default(),
            )
        }
        _ if good(all).count() == 1 => format!("{} MiB is the only size that was measured", best.memory_mib),
        _ => format!("take {} MiB: the fastest, and none that is at most 10% slower is cheaper", best.memory_mib),
    }
}

/// Returns the trial as JSON.
pub fn trial_json(all: &[Measured], best: Option<&Measured>) -> Value {
    let one = |one: &Measured| match &one.outcome {
        Ok(Figures { seconds, billed_seconds, used_mib, usd }) => json!({
            "memory_mib": one.memory_mib, "seconds": seconds, "billed_seconds": billed_seconds,
            "used_mib": used_mib, "usd": usd, "failed": null,
        }),
        Err(why) => json!({ "memory_mib": one.memory_mib, "failed": why }),
    };
    json!({
        "version": 1,
        "sizes": all.iter().map(one).collect::<Vec<_>>(),
        "suggested_mib": best.map(|best| best.memory_mib),
        "why": reason(all, best),
    })
}

/// Returns the trial as an SVG picture: time and cost over memory, each on a scale of its own.
pub fn trial_svg(all: &[Measured]) -> String {
    let (width, height, edge) = PICTURE;
    let most = |of: fn(&Figures) -> f64| good(all).map(|(_, figures)| of(figures)).fold(0.0, f64::max).max(1e-9);
    let widest = good(all).map(|(one, _)| f64::from(one.memory_mib)).fold(1.0, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n"
    );
    let cost: Curve = ("US dollars", "#d62728", |figures| figures.usd.unwrap_or_default());
    let lines: [Curve; 2] = [("seconds", "#1f77b4", |figures| figures.seconds), cost];
    // What is not known is not drawn at zero.
    let shown = if good(all).all(|(_, figures)| figures.usd.is_some()) { 2 } else { 1 };
    for (row, (name, color, of)) in lines.into_iter().take(shown).enumerate() {
        let point = |(one, figures): (&Measured, &Figures)| {
            let x = edge + f64::from(one.memory_mib) / widest * (width - 2.0 * edge);
            let y = height - edge - of(figures) / most(of) * (height - 2.0 * edge);
            (x, y, if row == 0 { format!("{:.2} s", of(figures)) } else { format!("${:.6}", of(figures)) })
        };
        let points: Vec<(f64, f64, String)> = good(all).map(point).collect();
        let path: Vec<String> = points.iter().map(|(x, y, _)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\"/>", path.join(" "));
        for (x, y, label) in &points {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{color}\"/>");
            let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"{color}\">{label}</text>", y - 8.0);
        }
        let _ = writeln!(svg, "<text x=\"10\" y=\"{}\" fill=\"{color}\">{name}</text>", 20 + 16 * row);
    }
    for (one, _) in good(all) {
        let x = edge + f64::from(one.memory_mib) / widest * (width - 2.0 * edge);
        let (y, memory) = (height - edge / 2.0, one.memory_mib);
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{memory} MiB</text>");
    }
    svg + "</svg>\n"
}

fn good(all: &[Measured]) -> impl Iterator<Item = (&Measured, &Figures)> {
    all.iter().filter_map(|one| Some((one, one.outcome.as_ref().ok()?)))
}

fn dollars(usd: Option<f64>) -> String {
    usd.map_or("price unknown".to_owned(), |usd| format!("${usd:.6}"))
}

fn bar(value: f64, most: f64) -> String {
    let length = if most > 0.0 { (value / most * BAR).round() } else { 0.0 };
    // A bar is never longer than `BAR`, and one that is not zero is seen.
    let mut bar = "#".to_owned();
    while f64::from(u32::try_from(bar.len()).unwrap_or_default()) < length {
        bar.push('#');
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_time_and_cost_and_the_reason_compares() {
        let figures = |seconds, usd| Ok(Figures { seconds, billed_seconds: seconds, used_mib: 90, usd: Some(usd) });
        let all = [
            Measured { memory_mib: 128, outcome: Err(vec!["it used all of its memory: 128 MB of 128 MB".into()]) },
            Measured { memory_mib: 512, outcome: figures(10.5, 0.000_09) },
            Measured { memory_mib: 1024, outcome: figures(10.0, 0.000_17) },
        ];
        let text = trial_text(&all, Some(&all[1]));
        assert!(text.contains("take 512 MiB: 5% slower than 1024 MiB, the fastest, and 47% cheaper"), "{text}");
        assert!(text.contains("128 MiB  failed: it used all of its memory"), "{text}");
        assert!(text.contains(&format!("10.00 s {}  ", "#".repeat(23))), "{text}");
        let svg = trial_svg(&all);
        assert!(svg.contains("10.50 s") && svg.contains("$0.000170") && svg.matches("<circle").count() == 4, "{svg}");
    }
}
