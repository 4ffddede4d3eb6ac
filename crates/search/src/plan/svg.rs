//! Plans as a picture: what queries cost above, what the table shows below, over the length of the beacon.

use std::fmt::Write as _;

use super::text::one_line;
use super::{LengthPlan, Plan, Unit, float};

const WIDTH: f64 = 1120.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 740.0;
const LEGEND: f64 = 764.0;
const FIRST_PANEL: f64 = 92.0;
const PANEL: f64 = 260.0;
const GAP: f64 = 56.0;
const SECOND_PANEL: f64 = FIRST_PANEL + PANEL + GAP;
const BOTTOM: f64 = SECOND_PANEL + PANEL;
const LEGEND_LINE: f64 = 22.0;

/// As many characters of a name fit into the legend.
const NAME: usize = 28;

/// Colours that people with any colour vision tell apart on white (Okabe and Ito's, without the yellow).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];

/// Curves of one colour differ by their dashes.
const DASHES: [&str; 3] = ["none", "9 4", "2 4"];

/// How long each colour is shown where curves coincide.
const SHARE: f64 = 8.0;

/// An SVG document of plans: over the length of the beacon, the items fetched for each wanted one if values are asked for as
/// often as they occur, on a logarithmic scale, and the share of values that are alone on their beacon. A ring with the value
/// is around what is recommended. Curves that coincide are drawn in turns. Plans without any value have a line in the legend
/// only, which is in the order of the curves. `about` says in the title what was looked at: `table people, 5,000 items`; it
/// may be empty.
///
/// It needs no fonts, scripts or files from elsewhere.
pub fn svg(plans: &[Plan], about: &str) -> String {
    let mut svg = Svg(String::new());
    let longest = plans.iter().filter_map(|plan| plan.lengths.last()).map(|length| length.bits).max().unwrap_or(1);
    let ratios = plans.iter().flat_map(|plan| &plan.lengths).map(|length| length.as_stored.ratio());
    let decades = ratios.fold(10.0, f64::max).log10().ceil();
    let x = |bits: u8| LEFT + (RIGHT - LEFT) * (f64::from(bits) - 0.5) / f64::from(longest);
    let cost = |length: &LengthPlan| FIRST_PANEL + PANEL * (1.0 - length.as_stored.ratio().log10() / decades);
    let alone = |length: &LengthPlan| SECOND_PANEL + PANEL * (1.0 - length.alone);

    let rows = u64::try_from(plans.len()).map_or(0.0, float);
    svg.open((BOTTOM + 60.0).max(FIRST_PANEL + 20.0 + LEGEND_LINE * rows));
    let about = one_line(about);
    let title = if about.is_empty() { "Beacon lengths".to_owned() } else { format!("Beacon lengths: {about}") };
    svg.text(LEFT, 30.0, "start", 18, &title);
    svg.text(LEFT, 52.0, "start", 13, "Ring: recommended length, with its value");
    svg.text(LEFT, FIRST_PANEL - 14.0, "start", 13, "Items fetched for each wanted one (fewer is faster), logarithmic");
    let mut decade = 0.0;
    while decade <= decades {
        let place = |value: f64| FIRST_PANEL + PANEL * (1.0 - value / decades);
        svg.horizontal(place(decade), &decade_label(decade));
        for step in [2.0_f64, 5.0] {
            let value = decade + step.log10();
            if value < decades {
                // Labels where there is room.
                let label =
                    if decades <= 3.0 { grouped(&format!("{:.0}", step * 10_f64.powf(decade))) } else { String::new() };
                svg.horizontal(place(value), &label);
            }
        }
        decade += 1.0;
    }
    svg.text(LEFT, SECOND_PANEL - 14.0, "start", 13, "Values alone on their beacon (fewer is more secret)");
    for quarter in 0..=4_u8 {
        svg.horizontal(
            SECOND_PANEL + PANEL * (1.0 - f64::from(quarter) / 4.0),
            &format!("{} %", u32::from(quarter) * 25),
        );
    }
    // So many labels fit.
    let step = longest / 32 + 1;
    for bits in (1..=longest).filter(|bits| (bits - 1) % step == 0) {
        svg.vertical(x(bits), &bits.to_string());
    }
    svg.text((LEFT + RIGHT) / 2.0, BOTTOM + 40.0, "middle", 13, "Length of the beacon in bits");

    let mut order: Vec<(usize, &Plan)> = plans.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| highest(b).total_cmp(&highest(a)));
    let cost_label = |length: &LengthPlan| format!("{:.1}", length.as_stored.ratio());
    let alone_label = |length: &LengthPlan| format!("{:.0} %", 100.0 * length.alone);
    svg.panel(&order, &x, &cost, &cost_label);
    svg.panel(&order, &x, &alone, &alone_label);
    let mut row = FIRST_PANEL + 10.0;
    for (index, plan) in order {
        let pen = Pen::new(index);
        svg.curve(
            &pen,
            &line_of([(LEGEND, row - 4.0), (LEGEND + 34.0, row - 4.0)].into_iter()),
            plan.recommended().is_none(),
            (0, 1),
        );
        svg.text(LEGEND + 42.0, row, "start", 12, &legend(plan));
        row += LEGEND_LINE;
    }
    svg.close()
}

/// Where the curve of a plan begins, for the order of the legend.
fn highest(plan: &Plan) -> f64 {
    plan.lengths.first().map_or(0.0, |length| length.as_stored.ratio())
}

fn legend(plan: &Plan) -> String {
    let unit = match plan.unit {
        Unit::Value => "",
        Unit::Element => " (elements)",
    };
    let advice = match plan.recommended() {
        Some(1) => "1 bit".to_owned(),
        Some(bits) => format!("{bits} bits"),
        None if plan.values == 0 => "not in the sample".to_owned(),
        None => "no beacon recommended".to_owned(),
    };
    let values =
        if plan.values == 1 { "1 value".to_owned() } else { format!("{} values", grouped(&plan.values.to_string())) };
    let name = one_line(&plan.attribute);
    let name = match name.char_indices().nth(NAME) {
        Some((at, _)) => format!("{}…", name.get(..at).unwrap_or_default()),
        None => name.to_string(),
    };
    format!("{name}{unit}: {advice}, {values}")
}

fn decade_label(decade: f64) -> String {
    grouped(&format!("{:.0}", 10_f64.powf(decade)))
}

/// Digits in groups of three.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The points of a curve, as SVG has them.
fn line_of(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

/// How a plan is drawn.
struct Pen {
    colour: &'static str,
    dash: &'static str,
}

impl Pen {
    fn new(index: usize) -> Self {
        let nth = |list: &[&'static str], index: usize| list.iter().cycle().nth(index).copied().unwrap_or_default();
        Self { colour: nth(&COLOURS, index), dash: nth(&DASHES, index / COLOURS.len()) }
    }
}

/// A document that is being written. Writing to memory does not fail.
struct Svg(String);

impl Svg {
    fn open(&mut self, height: f64) {
        let _ = writeln!(
            self.0,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
             font-family=\"sans-serif\" fill=\"#222\" role=\"img\">\n\
             <title>Beacon lengths: items fetched, and values alone on their beacon</title>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>"
        );
    }

    fn close(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, size: u32, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.0,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" font-size=\"{size}\">{text}</text>"
        );
    }

    /// A line of the grid with its label on the left.
    fn horizontal(&mut self, y: f64, label: &str) {
        let _ = writeln!(self.0, "<path d=\"M{LEFT:.1} {y:.1}H{RIGHT:.1}\" stroke=\"#ddd\"/>");
        if !label.is_empty() {
            self.text(LEFT - 8.0, y + 4.0, "end", 12, label);
        }
    }

    /// A line of both grids with its label below.
    fn vertical(&mut self, x: f64, label: &str) {
        let _ = writeln!(
            self.0,
            "<path d=\"M{x:.1} {FIRST_PANEL:.1}v{PANEL:.1}M{x:.1} {SECOND_PANEL:.1}v{PANEL:.1}\" stroke=\"#eee\"/>"
        );
        self.text(x, BOTTOM + 18.0, "middle", 12, label);
    }

    /// All curves of a panel, with a ring around each length that is recommended.
    fn panel(
        &mut self,
        plans: &[(usize, &Plan)],
        x: &impl Fn(u8) -> f64,
        y: &impl Fn(&LengthPlan) -> f64,
        label: &impl Fn(&LengthPlan) -> String,
    ) {
        let line = |plan: &Plan| line_of(plan.lengths.iter().map(|length| (x(length.bits), y(length))));
        let lines: Vec<String> = plans.iter().map(|(_, plan)| line(plan)).collect();
        for (place, ((index, plan), line)) in plans.iter().zip(&lines).enumerate() {
            let same = |lines: &[String]| lines.iter().filter(|other| *other == line).count();
            let turn = (same(lines.get(..place).unwrap_or_default()), same(&lines));
            self.curve(&Pen::new(*index), line, plan.recommended().is_none(), turn);
        }
        let marks = plans.iter().filter_map(|(index, plan)| Some((*index, plan.length(plan.recommended()?)?)));
        let marks: Vec<(usize, f64, f64, String)> =
            marks.map(|(index, length)| (index, x(length.bits), y(length), label(length))).collect();
        let near = |a: &(usize, f64, f64, String), b: &(usize, f64, f64, String)| (a.1 - b.1).hypot(a.2 - b.2) < 1.0;
        // Rings at one place stand in each other, the outer ones first; what is nearly at one place has one value.
        for (place, mark) in marks.iter().enumerate().rev() {
            let before = marks.get(..place).unwrap_or_default().iter().filter(|other| near(other, mark)).count();
            let radius = 6.0 + 4.0 * u64::try_from(before).map_or(0.0, float);
            self.ring(&Pen::new(mark.0), mark.1, mark.2, radius);
        }
        for (place, mark) in marks.iter().enumerate() {
            let is_said = |other: &(usize, f64, f64, String)| near(other, mark) && other.3 == mark.3;
            if !marks.get(..place).unwrap_or_default().iter().any(is_said) {
                self.text(mark.1 + 9.0, mark.2 - 9.0, "start", 12, &mark.3);
            }
        }
    }

    /// A curve; the `turn`th of so many that are the same.
    fn curve(&mut self, pen: &Pen, points: &str, is_pale: bool, turn: (usize, usize)) {
        if points.is_empty() {
            return;
        }
        let Pen { colour, dash } = pen;
        let number = |count: usize| u64::try_from(count).map_or(0.0, float);
        let (dash, offset) = match turn {
            (_, 0 | 1) => ((*dash).to_owned(), 0.0),
            (place, count) => {
                (format!("{SHARE} {}", SHARE * (number(count) - 1.0)), SHARE * (number(count) - number(place)))
            }
        };
        let opacity = if is_pale { " opacity=\"0.45\"" } else { "" };
        let offset = if offset == 0.0 { String::new() } else { format!(" stroke-dashoffset=\"{offset}\"") };
        let _ = writeln!(
            self.0,
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"{offset}{opacity}/>"
        );
    }

    fn ring(&mut self, pen: &Pen, x: f64, y: f64, radius: f64) {
        let colour = pen.colour;
        let _ = writeln!(
            self.0,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"2.5\"/>"
        );
    }
}

/// Text as XML has it, without what no XML document may contain.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test stops where it fails")]

    use dynaseal_core::Item;

    use super::super::Sample;
    use super::*;

    fn plans() -> Vec<Plan> {
        let mut sample = Sample::of(["<b>&\"'\u{1}\u{ffff}", "none"]);
        for number in 0..100_u32 {
            sample.add(&Item::from([("<b>&\"'\u{1}\u{ffff}".to_owned(), number.to_string().into())])).unwrap();
        }
        sample.plans()
    }

    #[test]
    fn names_are_escaped() {
        let svg = svg(&plans(), "table <x>, 100 items");
        assert!(svg.contains(">&lt;b&gt;&amp;&quot;'\\u{1}\u{fffd}: 5 bits, 100 values</text>"), "{svg}");
        assert!(svg.contains(">Beacon lengths: table &lt;x&gt;, 100 items</text>"), "{svg}");
        assert!(svg.contains("none: not in the sample, 0 values") && !svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn no_text_has_what_xml_has_not() {
        let text = "a<b>&\"'\u{0}\u{1b}\u{9f}\u{fffe}\u{ffff}é";
        assert_eq!(escaped(text), format!("a&lt;b&gt;&amp;&quot;'{}é", "\u{fffd}".repeat(5)));
    }

    /// What stands between two texts.
    fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
        let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
        rest.split_once(after).unwrap_or_else(|| panic!("no {after} in {rest}")).0
    }

    fn number(text: &str) -> f64 {
        text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
    }

    /// All texts with their places.
    fn texts(svg: &str) -> Vec<(f64, f64, &str)> {
        let of = |line: &'_ str| (number(between(line, "x=\"", "\"")), number(between(line, "y=\"", "\"")));
        let lines = svg.lines().filter(|line| line.starts_with("<text"));
        lines.map(|line| (of(line).0, of(line).1, between(line, "\">", "</text>"))).collect()
    }

    /// The line of the grid with this label: where it begins and ends, and how high it is.
    fn grid(svg: &str, label: &str) -> (f64, f64, f64) {
        let lines: Vec<_> = svg.lines().collect();
        let ends = format!(">{label}</text>");
        let of = |pair: &[&str]| pair[1].contains("\"end\"") && pair[1].ends_with(&ends) && pair[0].contains('H');
        let line = lines.windows(2).find(|pair| of(pair)).unwrap_or_else(|| panic!("no line {label}"))[0];
        let (left, y) = between(line, "\"M", "H").split_once(' ').unwrap();
        (number(left), number(between(line, "H", "\"")), number(y))
    }

    fn points(line: &str) -> Vec<(f64, f64)> {
        let points = between(line, "points=\"", "\"").split(' ');
        points.map(|point| point.split_once(',').map(|(x, y)| (number(x), number(y))).unwrap()).collect()
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 0.16
    }

    /// As many values as items, a frequent one, too few of them, and none.
    fn four_plans() -> Vec<Plan> {
        let mut sample = Sample::of(["even", "few", "none", "skewed"]);
        for number in 0..600_u32 {
            let skewed = if number < 20 { 0 } else { number };
            let values = [("even", number), ("few", number % 3), ("skewed", skewed)];
            let item: Item = values.map(|(name, value)| (name.to_owned(), value.to_string().into())).into();
            sample.add(&item).unwrap();
        }
        sample.set_whole_table();
        sample.plans()
    }

    /// Read as a person reads it: by the labels of the grid.
    #[test]
    fn the_picture_shows_the_figures() {
        let plans = four_plans();
        let picture = svg(&plans, "");
        let labels = texts(&picture);
        let (left, right, one) = grid(&picture, "1");
        let (_, _, ten) = grid(&picture, "10");
        let (_, _, none) = grid(&picture, "0 %");
        let is_of = |bits: u8, y: f64, text: &str| y > none && text == bits.to_string();
        let x_of = |bits| labels.iter().find(|(_, y, text)| is_of(bits, *y, text)).map(|(x, _, _)| *x);
        let (_, _, all) = grid(&picture, "100 %");
        // Higher is more; what queries cost is above what the table shows, with a heading between.
        assert!(ten < one && one < all && all < none);
        let place = |from: f64, to: f64, share: f64| from + (to - from) * share;
        for (label, share) in [("25 %", 0.25), ("50 %", 0.5), ("75 %", 0.75)] {
            assert!(near(grid(&picture, label).2, place(none, all, share)), "{label}");
        }
        for (label, decades) in [("2", 2.0_f64.log10()), ("50", 50.0_f64.log10()), ("100", 2.0), ("1,000", 3.0)] {
            assert!(near(grid(&picture, label).2, place(one, ten, decades)), "{label}");
        }
        // Labels stand before their line, and a little lower: texts are placed by their feet.
        for label in ["1", "10", "0 %", "50 %"] {
            let (_, _, y) = grid(&picture, label);
            assert!(
                labels.iter().any(|(x, at, text)| *text == label
                    && *x < left
                    && left - *x < 20.0
                    && *at > y
                    && *at - y < 8.0),
                "{label}"
            );
        }
        let (middle, _, _) = labels.iter().find(|(_, _, text)| text.starts_with("Length of")).unwrap();
        assert!(near(*middle, (left + right) / 2.0));
        assert!(labels.iter().any(|(_, _, text)| *text == "few: no beacon recommended, 3 values"));
        let heading = |text: &str| labels.iter().find(|(_, _, found)| found.starts_with(text)).unwrap().1;
        let (cost, alone) = (heading("Items fetched"), heading("Values alone"));
        assert!(cost < grid(&picture, "1,000").2 && one < alone && alone < all && all - alone < 30.0, "{alone}");

        let curves: Vec<_> = picture.lines().filter(|line| line.starts_with("<polyline")).collect();
        let rings: Vec<_> = picture.lines().filter(|line| line.starts_with("<circle")).collect();
        // From the highest curve to the lowest: all above, all below, and the pens of the legend.
        let mut order: Vec<&Plan> = plans.iter().collect();
        let first = |plan: &Plan| plan.lengths.first().map_or(0.0, |length| length.as_stored.ratio());
        order.sort_by(|one, other| first(other).total_cmp(&first(one)));
        let drawn: Vec<&&Plan> = order.iter().filter(|plan| plan.values > 0).collect();
        assert_eq!((drawn.len(), curves.len(), rings.len()), (3, 3 + 3 + 4, 4));
        let ring = |ring: &&str| (number(between(ring, "cx=\"", "\"")), number(between(ring, "cy=\"", "\"")));
        let rings: Vec<_> = rings.iter().map(ring).collect();
        for (index, plan) in drawn.iter().enumerate() {
            let (above, below) = (points(curves[index]), points(curves[3 + index]));
            assert_eq!((above.len(), below.len()), (plan.lengths.len(), plan.lengths.len()));
            for ((length, above), below) in plan.lengths.iter().zip(&above).zip(&below) {
                let x = x_of(length.bits).unwrap();
                assert!(left < x && x < right && near(above.0, x) && near(below.0, x), "{length:?}");
                let expected = place(one, ten, length.as_stored.ratio().log10());
                assert!(near(above.1, expected), "{length:?} at {above:?}, not {expected}");
                assert!(near(below.1, place(none, all, length.alone)), "{length:?} at {below:?}");
            }
            let Some(at) = plan.recommended().map(|bits| usize::from(bits) - 1) else { continue };
            assert!(rings.contains(&above[at]) && rings.contains(&below[at]), "{rings:?}");
            // With the value beside it.
            let ratio = format!("{:.1}", plan.lengths[at].as_stored.ratio());
            let is_beside = |(x, y): (f64, f64)| near(x, above[at].0 + 9.0) && near(y, above[at].1 - 9.0);
            assert!(labels.iter().any(|(x, y, text)| is_beside((*x, *y)) && *text == ratio), "{ratio}");
        }
        for (row, plan) in order.iter().enumerate() {
            let pen = points(curves[6 + row]);
            let (x, y, _) =
                labels.iter().find(|(_, _, text)| text.starts_with(&format!("{}: ", plan.attribute))).unwrap();
            assert!(
                right < pen[0].0
                    && pen[0].0 < pen[1].0
                    && pen[1].0 < *x
                    && pen.iter().all(|(_, row)| *row < *y && y - row < 8.0),
                "{pen:?}"
            );
        }
    }

    /// Bits stand side by side from left to right, and everything is in the picture, line under line.
    #[test]
    fn nothing_is_outside_of_the_picture_or_on_something_else() {
        for count in [1, 3, 60] {
            let plans: Vec<_> = four_plans().into_iter().cycle().take(count).collect();
            let picture = svg(&plans, "");
            let (width, height) = between(&picture, "viewBox=\"0 0 ", "\"").split_once(' ').unwrap();
            let (width, height) = (number(width), number(height));
            let labels = texts(&picture);
            for (x, y, text) in &labels {
                assert!(*x >= 0.0 && *x <= width && *y > 10.0 && *y < height, "{text} at {x} {y}, {width} {height}");
            }
            let (_, axis, _) = *labels.iter().find(|(_, _, text)| text.starts_with("Length of the beacon")).unwrap();
            assert!(axis > grid(&picture, "0 %").2);
            let rows: Vec<_> =
                labels.iter().filter(|(_, _, text)| text.ends_with(" values")).map(|row| row.1).collect();
            assert_eq!(rows.len(), count);
            // Beside the curves.
            assert!(rows.windows(2).all(|pair| pair[1] - pair[0] > 12.0), "{rows:?}");
            let lowest = axis.max(rows[count - 1]);
            assert!(height - lowest < 40.0, "{height} {rows:?}");
        }
    }

    #[test]
    fn long_beacons_have_labels_that_fit() {
        let mut plan = four_plans().remove(0);
        let last = *plan.lengths.last().unwrap();
        plan.lengths.extend((last.bits + 1..=63).map(|bits| LengthPlan { bits, beacons: 1 << bits, ..last }));
        let picture = svg(&[plan], "");
        let (left, right, _) = grid(&picture, "0 %");
        let labels = texts(&picture);
        let axis = labels.iter().find(|(_, y, text)| *text == "3" && *y > 400.0).unwrap().1;
        let bits: Vec<_> = labels.iter().filter(|(_, y, _)| near(*y, axis)).collect();
        assert_eq!((bits[0].2, bits.last().unwrap().2), ("1", "63"));
        assert!(bits.windows(2).all(|pair| pair[1].0 - pair[0].0 > 20.0), "{bits:?}");
        assert!(bits.iter().all(|(x, _, _)| left < *x && *x < right));
    }

    #[test]
    fn many_plans_and_none_are_drawn() {
        let plan = plans();
        let many: Vec<_> = plan.iter().cycle().take(60).cloned().collect();
        let drawn = svg(&many, "");
        // Two curves and a mark for each plan with values, a mark for each without.
        assert_eq!(drawn.matches("<polyline").count(), 30 * 3 + 30);
        assert_eq!(drawn.matches("<circle").count(), 30 * 2);
        // All at one place, each with a radius of its own, and one value beside them in each panel.
        for radius in 0..30 {
            assert_eq!(drawn.matches(&format!(" r=\"{}\" ", 6 + 4 * radius)).count(), 2);
        }
        let length = plan[0].length(5).unwrap();
        assert_eq!(drawn.matches(&format!(">{:.1}</text>", length.as_stored.ratio())).count(), 1);
        assert!(svg(&[], "").ends_with("</svg>\n"));
    }

    #[test]
    fn curves_that_coincide_take_turns_and_the_scale_has_steps() {
        let plan = plans().remove(0);
        let (two, one) = (svg(&[plan.clone(), plan.clone()], ""), svg(&[plan], ""));
        let dashed = |picture: &str, dash: &str| picture.matches(&format!("stroke-dasharray=\"{dash}\"")).count();
        assert_eq!((dashed(&two, "8 8"), dashed(&one, "8 8")), (4, 0));
        assert_eq!(two.matches("stroke-dashoffset=\"8\"").count(), 2);
        for label in ["1", "2", "5", "10"] {
            assert!(one.contains(&format!("font-size=\"12\">{label}</text>")), "{label}");
        }
        assert_eq!(
            (grouped("1"), grouped("1000"), grouped("12345678")),
            ("1".into(), "1,000".into(), "12,345,678".into())
        );
    }
}
