//! Names: how they are written, and which one was meant.

use proc_macro2::{Ident, Span};

/// How the names of attributes are made from those of fields.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    Camel,
    Snake,
    Pascal,
    Kebab,
    ScreamingSnake,
    Lower,
}

impl Case {
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("camelCase", Self::Camel),
        ("snake_case", Self::Snake),
        ("PascalCase", Self::Pascal),
        ("kebab-case", Self::Kebab),
        ("SCREAMING_SNAKE_CASE", Self::ScreamingSnake),
        ("lowercase", Self::Lower),
    ];

    /// The name of a field, which is in snake case, as serde would write it.
    pub(crate) fn apply(self, field: &str) -> String {
        match self {
            Self::Snake | Self::Lower => field.to_owned(),
            Self::Kebab => field.replace('_', "-"),
            Self::ScreamingSnake => field.to_ascii_uppercase(),
            Self::Pascal => field.split('_').map(|word| with_first(word, char::to_ascii_uppercase)).collect(),
            Self::Camel => with_first(&Self::Pascal.apply(field), char::to_ascii_lowercase),
        }
    }
}

fn with_first(word: &str, change: fn(&char) -> char) -> String {
    let mut chars = word.chars();
    chars.next().iter().map(change).chain(chars).collect()
}

/// The function of an index: its name in snake case, with `_` for what is in no identifier.
pub(crate) fn function_of_index(name: &str, span: Span) -> Ident {
    let mut function = String::new();
    let mut before: Option<char> = None;
    let mut chars = name.chars().peekable();
    while let Some(letter) = chars.next() {
        // A word begins at a capital after a small letter, and at the last capital of several before a small letter.
        let begins = match before {
            Some(before) if before.is_ascii_uppercase() => chars.peek().is_some_and(char::is_ascii_lowercase),
            Some(before) => before.is_ascii_alphanumeric(),
            None => false,
        };
        if letter.is_ascii_uppercase() && begins {
            function.push('_');
        }
        function.push(if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' });
        before = Some(letter);
    }
    if function.starts_with(|first: char| first.is_ascii_digit()) {
        function.insert(0, '_');
    }
    match function.as_str() {
        // These can not be raw identifiers.
        "self" | "super" | "crate" => Ident::new(&format!("{function}_"), span),
        _ if syn::parse_str::<Ident>(&function).is_ok() => Ident::new(&function, span),
        _ => Ident::new_raw(&function, span),
    }
}

/// The known name that was probably meant.
pub(crate) fn meant<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    let distances = known.iter().map(|name| (distance(&written.to_lowercase(), &name.to_lowercase()), *name));
    // A third of a name may be wrong, or what is proposed is something else.
    distances.filter(|(distance, name)| *distance * 3 <= name.len().max(3)).min().map(|(_, name)| name)
}

/// How many letters have to be added, removed, changed or exchanged with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut before = None;
    for (count, letter) in one.chars().enumerate() {
        let mut next = vec![count + 1];
        for (place, there) in other.iter().enumerate() {
            let at = |row: &[usize], place: usize| row.get(place).copied().unwrap_or(usize::MAX - 1);
            let changed = at(&row, place) + usize::from(letter != *there);
            let mut best = changed.min(at(&row, place + 1) + 1).min(at(&next, place) + 1);
            let exchanged =
                place.checked_sub(1).filter(|last| before == Some(*there) && other.get(*last) == Some(&letter));
            if let Some(last) = exchanged {
                best = best.min(at(&above, last) + 1);
            }
            next.push(best);
        }
        above = std::mem::replace(&mut row, next);
        before = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}
