//! Plans for people, on a terminal of 100 columns.

use std::fmt;

use super::{Advice, Fetched, LengthPlan, Plan, Unit};

/// What the lines and columns of a plan's text mean; to be printed once, before the plans.
pub const LEGEND: &str = "\
A beacon is a keyed hash of a value, cut to some bits, by which items can be found. With few bits,
many values share a beacon: queries fetch items in vain. With many, whoever reads the table sees
which items have the same value. One line for each length; > is the recommended one.

  bits     the length; there are 2^bits beacons
  values   how many distinct values share a beacon, counted from one of them
  extra    items of the sample that a query fetches in vain
  fetched  items that it fetches for each one that it is after
           as stored: values are asked for as often as they occur; evenly: each equally often
  alone    values with a beacon for themselves: all their items can be linked
  same     two items with the same beacon have the same value
  guessed  items whose value is guessed right by somebody who knows how often each value occurs and
           which beacon it has; line 0 is guessing without any beacon
";

/// The widest line.
const WIDTH: usize = 98;

/// Attribute, figures, a line for each length, and the advice.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Value => "",
            Unit::Element => ", each element of its sets by itself (as-set)",
        };
        writeln!(f, "{}{unit}", one_line(&self.attribute))?;
        self.figures(f)?;
        if let Some(skew) = &self.skew {
            writeln!(f)?;
            writeln!(f, "{:32} {:->20} {:->20}", "", " as stored ------", " evenly --------")?;
            writeln!(
                f,
                "  {:>4} {:>14} {:>9} {:>10} {:>9} {:>10} {:>9} {:>7} {:>7} {:>8}",
                "bits", "beacons", "values", "extra", "fetched", "extra", "fetched", "alone", "same", "guessed"
            )?;
            writeln!(f, "  {:>4} {:>91}", 0, percent(skew.most_frequent))?;
            for length in &self.lengths {
                line(f, length, self.recommended() == Some(length.bits))?;
            }
        }
        writeln!(f)?;
        let advice = match &self.advice {
            Advice::Take(recommendation) => {
                let bits = recommendation.length;
                let bits = if bits == 1 { "1 bit".to_owned() } else { format!("{bits} bits") };
                format!("Recommended: {bits}. With one more, {}.", recommendation.bound)
            }
            Advice::Refuse(refusal) => format!("No beacon recommended: {refusal}. {}", refusal.instead()),
        };
        wrapped(f, &advice)?;
        self.warnings.iter().try_for_each(|warning| wrapped(f, &format!("Note: {warning}")))
    }
}

impl Plan {
    fn figures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<_> = self.types.iter().map(|(name, items)| format!("{name} {items}")).collect();
        let types = if types.is_empty() { String::new() } else { format!(" ({})", types.join(", ")) };
        writeln!(f, "  items            {} of {}{types}", self.items, self.items_seen)?;
        let Some(skew) = &self.skew else { return Ok(()) };
        if self.unit == Unit::Element {
            writeln!(f, "  elements         {} in these items", self.occurrences)?;
        }
        let once = match self.seen_once {
            0 => String::new(),
            once => format!(", {once} of them seen once"),
        };
        // Less is lost in three digits.
        let estimate = match self.estimated_values >= 1.01 * super::float(self.values) {
            true => format!("; by estimate {} in the whole table", about(self.estimated_values)),
            false => String::new(),
        };
        writeln!(f, "  distinct values  {}{once}{estimate}", self.values)?;
        writeln!(
            f,
            "  most frequent    {}, the ten most frequent {}",
            percent(skew.most_frequent),
            percent(skew.ten_most_frequent)
        )?;
        writeln!(
            f,
            "  entropy          {} bits of at most {}; min-entropy {} bits",
            amount(skew.entropy),
            amount(super::float(self.values).log2()),
            amount(skew.min_entropy)
        )
    }
}

fn line(f: &mut fmt::Formatter<'_>, length: &LengthPlan, recommended: bool) -> fmt::Result {
    let fetched = |fetched: &Fetched| format!("{:>10} {:>9}", amount(fetched.extra), amount(fetched.ratio()));
    writeln!(
        f,
        "{} {:>4} {:>14} {:>9} {} {} {:>7} {:>7} {:>8}",
        if recommended { '>' } else { ' ' },
        length.bits,
        length.beacons,
        amount(length.values),
        fetched(&length.as_stored),
        fetched(&length.evenly),
        percent(length.alone),
        percent(length.same_value),
        percent(length.guessed)
    )
}

/// An estimate: three digits, and zeros for the others.
pub(super) fn about(number: f64) -> String {
    let rounded = format!("{number:.2e}").parse().unwrap_or(number);
    format!("{rounded:.0}")
}

/// Three digits at least, as many as there are before the point.
pub(super) fn amount(number: f64) -> String {
    match number {
        _ if number >= 9_999_999.5 => format!("{number:.2e}"),
        _ if number >= 99.95 => format!("{number:.0}"),
        _ if number >= 9.995 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A share as text. What is not nothing or everything does not look so.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0 %".to_owned(),
        100.0 => "100 %".to_owned(),
        percent if percent < 0.1 => "<0.1 %".to_owned(),
        percent if percent > 99.9 => ">99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// Names are other people's: what would break the line or be obeyed by a terminal is shown by its number.
pub(super) fn one_line(name: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() };
    name.chars().map(shown).collect()
}

/// A paragraph, indented by two.
fn wrapped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let mut column = 0;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column == 0 {
            write!(f, "  {word}")?;
            column = 2 + width;
        } else if column + 1 + width > WIDTH {
            write!(f, "\n    {word}")?;
            column = 4 + width;
        } else {
            write!(f, " {word}")?;
            column += 1 + width;
        }
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let cases = [
            (0.004, "0.00"),
            (1.0, "1.00"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (99.94, "99.9"),
            (99.96, "100"),
            (1234.5, "1234"),
            (1e8, "1.00e8"),
        ];
        for (number, expected) in cases {
            assert_eq!(amount(number), expected);
        }
        assert_eq!([3.4, 1234.5, 80_000.5].map(about), ["3", "1230", "80000"]);
    }

    #[test]
    fn shares_are_not_rounded_to_nothing_or_all() {
        let cases = [(0.0, "0 %"), (1e-9, "<0.1 %"), (0.125, "12.5 %"), (0.9995, ">99.9 %"), (1.0, "100 %")];
        for (share, expected) in cases {
            assert_eq!(percent(share), expected);
        }
    }

    /// A paragraph as it is printed.
    struct Paragraph<'t>(&'t str);

    impl fmt::Display for Paragraph<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            wrapped(f, self.0)
        }
    }

    #[test]
    fn paragraphs_are_as_wide_as_they_may_be_and_lose_no_word() {
        let mut words = Vec::new();
        for length in (1..=23).cycle().take(200).chain([0]).chain((1..=23).rev().cycle().take(200)) {
            if length == 0 {
                // Once more, with a long word before all others.
                words.clear();
                continue;
            }
            words.push("é".repeat(length));
            let printed = Paragraph(&words.join(" ")).to_string();
            assert!(printed.split_whitespace().eq(&words) && printed.ends_with('\n'), "{printed}");
            let lines: Vec<_> = printed.lines().collect();
            for (index, line) in lines.iter().enumerate() {
                let width = line.chars().count();
                let indent = line.chars().take_while(|c| *c == ' ').count();
                assert!(width <= 98 && indent == if index == 0 { 2 } else { 4 } && !line.contains("é  "), "{printed}");
                // The next word would not have fitted.
                if let Some(next) = lines.get(index + 1) {
                    let word = next.split_whitespace().next().unwrap_or_default().chars().count();
                    assert!(width + 1 + word > 98, "{printed}");
                }
            }
        }
    }

    #[test]
    fn shares_near_the_ends_have_their_digit() {
        let cases =
            [(0.000_999, "<0.1 %"), (0.001, "0.1 %"), (0.998_9, "99.9 %"), (0.999, "99.9 %"), (0.999_1, ">99.9 %")];
        for (share, expected) in cases {
            assert_eq!(percent(share), expected, "{share}");
        }
    }

    #[test]
    fn names_can_not_break_out_of_their_line() {
        assert_eq!(one_line("a\n\u{1b}[31mé"), "a\\u{a}\\u{1b}[31mé");
    }
}
