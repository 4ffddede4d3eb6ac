//! Typing errors: the word that was meant.

/// The known word that is nearest, if it is near: ` (did you mean x?)`, else nothing.
pub(crate) fn did_you_mean<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    nearest(word, known).map_or(String::new(), |known| format!(" (did you mean `{known}`?)"))
}

/// A third of a word may be wrong. Case, and which of `-` and `_` it is, counts for nothing.
fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |word: &str| word.to_lowercase().replace('-', "_");
    let word = plain(word);
    let distance = |known: &str| strsim::damerau_levenshtein(&word, &plain(known));
    let known: Vec<&str> = known.into_iter().collect();
    let near = known.iter().map(|known| (distance(known), *known));
    let nearest = near.filter(|(distance, known)| *distance <= known.chars().count() / 3).min();
    nearest.map(|(_, known)| known).or_else(|| {
        // The beginning of one word and of no other.
        let mut begun = known.iter().filter(|known| word.len() > 3 && plain(known).starts_with(&word));
        begun.next().copied().filter(|_| begun.next().is_none())
    })
}

/// A word in quotes, if it may be shown: it looks like one of those that a configuration takes, and not like a passphrase.
pub(crate) fn shown(word: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (word.len() <= 64 && word.chars().all(is_word)).then(|| format!("`{word}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_offered_and_others_are_not() {
        let actions = ["ENCRYPT_AND_SIGN", "SIGN_ONLY", "DO_NOTHING"];
        for (word, expected) in [
            ("ENCRYPT_AND_SING", Some("ENCRYPT_AND_SIGN")),
            ("encrypt-and-sign", Some("ENCRYPT_AND_SIGN")),
            ("SIGNONLY", Some("SIGN_ONLY")),
            ("DO NOTHING", Some("DO_NOTHING")),
            ("encrypt", Some("ENCRYPT_AND_SIGN")),
            ("SIGN", Some("SIGN_ONLY")),
            ("BOTH", None),
            ("", None),
            ("banana", None),
        ] {
            assert_eq!(nearest(word, actions), expected, "{word}");
        }
        assert_eq!(did_you_mean("nmae", ["name", "type"]), " (did you mean `name`?)");
        assert_eq!(did_you_mean("naem", ["names", "type"]), "");
        assert_eq!(did_you_mean("sortkey", ["sort_key", "partition_key"]), " (did you mean `sort_key`?)");
    }

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        assert_eq!((shown("SIGN").as_deref(), shown("a b"), shown("$x")), (Some("`SIGN`"), None, None));
    }
}
