//! Other names and values in a text; everything else stays as it stands.

use crate::ExpressionKind;
use crate::lexer::{TokenKind, Tokens};

/// The text of a condition with other paths and `:value`s in it; parentheses and white space stay.
///
/// `paths` has an entry for every path of the condition, in the order of the text: the path to put there, or `None` to keep
/// it. `value` gives another placeholder for a `:value`, or `None`.
///
/// Gives `None` if the text is none of a condition with as many paths, or if one of them is written in a way that can not
/// be replaced where it stands: `(a).b`. Then print the changed tree.
///
/// ```
/// use dynaseal_expression::{ExpressionKind, substitute};
/// let text = "((name = :n) OR  m.x[0] = :x)";
/// let paths = [Some("#n".to_owned()), None];
/// let other = |value: &str| (value == ":x").then(|| ":y".to_owned());
/// let changed = substitute(ExpressionKind::Filter, text, &paths, other);
/// assert_eq!(changed.as_deref(), Some("((#n = :n) OR  m.x[0] = :y)"));
/// ```
pub fn substitute(
    kind: ExpressionKind,
    text: &str,
    paths: &[Option<String>],
    value: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let mut tokens = Tokens::new(kind, text).ok()?;
    let mut changed = String::with_capacity(text.len());
    let mut copied = 0;
    let mut paths = paths.iter();
    let mut behind_parenthesis = false;
    loop {
        let token = tokens.peek();
        let (end, replacement) = match token.kind {
            TokenKind::End => break,
            TokenKind::Dot | TokenKind::OpenBracket if behind_parenthesis => return None,
            TokenKind::Value => {
                tokens.advance();
                (token.offset + token.text.len(), value(token.text))
            }
            TokenKind::Name => (path_end(&mut tokens)?, paths.next()?.clone()),
            TokenKind::Word if tokens.is_bare_name() && !tokens.is_call() => {
                (path_end(&mut tokens)?, paths.next()?.clone())
            }
            _ => {
                tokens.advance();
                (0, None)
            }
        };
        if let Some(replacement) = replacement {
            changed.push_str(text.get(copied..token.offset)?);
            changed.push_str(&replacement);
            copied = end;
        }
        behind_parenthesis = token.kind == TokenKind::Close;
    }
    changed.push_str(text.get(copied..)?);
    paths.next().is_none().then_some(changed)
}

/// Reads a path and says where it ends.
fn path_end(tokens: &mut Tokens<'_>) -> Option<usize> {
    let mut last = tokens.peek();
    tokens.advance();
    loop {
        let more: &[TokenKind] = match tokens.peek().kind {
            TokenKind::Dot => &[TokenKind::Dot],
            TokenKind::OpenBracket => &[TokenKind::OpenBracket, TokenKind::Number],
            _ => return Some(last.offset + last.text.len()),
        };
        for kind in more {
            tokens.take(*kind)?;
        }
        last = tokens.peek();
        if !matches!(last.kind, TokenKind::Word | TokenKind::Name | TokenKind::CloseBracket) {
            return None;
        }
        tokens.advance();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Condition, Placeholders};

    /// Replaces all paths by `p0`, `p1` and so on, and `:v` by `:w`.
    fn changed(text: &str) -> Option<String> {
        let kind = ExpressionKind::Filter;
        let condition = Condition::parse(kind, text).unwrap();
        let names = [("#a", "a"), ("#b", "b")];
        let count = Placeholders::new(names, [":v", ":x"]).condition(kind, &condition).unwrap().len();
        let paths: Vec<_> = (0..count).map(|index| Some(format!("p{index}"))).collect();
        let changed = substitute(kind, text, &paths, |value| (value == ":v").then(|| ":w".to_owned()));
        assert_eq!(substitute(kind, text, &vec![None; count], |_| None).is_some(), changed.is_some());
        changed
    }

    #[test]
    fn only_paths_and_values_change() {
        for (text, expected) in [
            ("a=:v", "p0=:w"),
            (" a . b [ 0 ] .#a <> \t(:v) ", " p0 <> \t(:w) "),
            ("((a) = :v OR not(b.c=:x))", "((p0) = :w OR not(p1=:x))"),
            ("size(a) > :v and contains(:v,size)", "size(p0) > :w and contains(:w,p1)"),
            ("a between :v and b AND c in(:x,:v,#b)", "p0 between :w and p1 AND p2 in(:x,:w,p3)"),
            (
                "attribute_exists (order_id) AND attribute_type(notes, :v)",
                "attribute_exists (p0) AND attribute_type(p1, :w)",
            ),
        ] {
            assert_eq!(changed(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(changed("(a).b = :v"), None);
        assert_eq!(changed("(a)[1] = :v"), None);
        assert_eq!(substitute(ExpressionKind::Filter, "a = :v", &[], |_| None), None);
        assert_eq!(substitute(ExpressionKind::Filter, "a = :v", &[None, None], |_| None), None);
    }
}
