//! A write that takes effect only if the item is still what was read: the expressions of an `UpdateItem` as they grow.

use std::fmt::{self, Write as _};

use dynaseal_core::{AttributeValue, Item, names_only};
use dynaseal_expression::MAX_EXPRESSION;

use crate::expressions::Expressions;

/// How many operators and functions DynamoDB takes in one expression.
const MAX_OPERATORS: usize = 300;
/// How many comparisons that makes: the words between them count as well.
const MAX_COMPARED: usize = MAX_OPERATORS / 2;

/// The texts of a request as they grow.
///
/// ```
/// use dynaseal_ops::WriteBack;
/// let mut text = WriteBack::default();
/// text.unchanged("a", Some(&"old".into()));
/// text.unchanged("b", None);
/// text.set("a", "new".into());
/// let request = text.finish().unwrap();
/// assert_eq!(request.condition.unwrap(), "#0=:c0 AND attribute_not_exists(#1)");
/// assert_eq!(request.update.unwrap(), "SET #0=:0");
/// ```
#[derive(Default)]
pub struct WriteBack {
    condition: String,
    set: String,
    remove: String,
    names: Vec<String>,
    values: Item,
    compared: usize,
    changed: usize,
}

/// Without the values.
impl fmt::Debug for WriteBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { condition, set, remove, names, values, compared, changed } = self;
        f.debug_struct("WriteBack")
            .field("condition", condition)
            .field("set", set)
            .field("remove", remove)
            .field("names", names)
            .field("values", &names_only(values))
            .field("compared", compared)
            .field("changed", changed)
            .finish()
    }
}

impl WriteBack {
    /// The placeholder of an attribute.
    fn name(&mut self, name: &str) -> usize {
        match self.names.iter().position(|other| other == name) {
            Some(at) => at,
            None => {
                self.names.push(name.to_owned());
                self.names.len() - 1
            }
        }
    }

    /// On condition that the attribute is as it was.
    pub fn unchanged(&mut self, name: &str, was: Option<&AttributeValue>) {
        let at = self.name(name);
        self.compared += 1;
        let and = if self.condition.is_empty() { "" } else { " AND " };
        match was {
            Some(was) => {
                self.values.insert(format!(":c{at}"), was.clone());
                append(&mut self.condition, format_args!("{and}#{at}=:c{at}"));
            }
            None => append(&mut self.condition, format_args!("{and}attribute_not_exists(#{at})")),
        }
    }

    /// On condition that the attribute is there.
    pub fn exists(&mut self, name: &str) {
        let at = self.name(name);
        self.compared += 1;
        let and = if self.condition.is_empty() { "" } else { " AND " };
        append(&mut self.condition, format_args!("{and}attribute_exists(#{at})"));
    }

    /// Changes or adds an attribute.
    pub fn set(&mut self, name: &str, value: AttributeValue) {
        let at = self.name(name);
        self.values.insert(format!(":{at}"), value);
        self.changed += 1;
        let start = if self.set.is_empty() { "SET " } else { "," };
        append(&mut self.set, format_args!("{start}#{at}=:{at}"));
    }

    /// Takes an attribute away.
    pub fn remove(&mut self, name: &str) {
        let at = self.name(name);
        self.changed += 1;
        let start = if self.remove.is_empty() { "REMOVE " } else { "," };
        append(&mut self.remove, format_args!("{start}#{at}"));
    }

    /// The request; `None` if DynamoDB would not take expressions of this length, or of so many operators.
    pub fn finish(self) -> Option<Expressions> {
        let fits = self.condition.len() <= MAX_EXPRESSION
            && self.set.len() + self.remove.len() < MAX_EXPRESSION
            && self.compared <= MAX_COMPARED
            && self.changed <= MAX_OPERATORS;
        if !fits {
            return None;
        }
        let update = [self.set, self.remove].join(" ").trim().to_owned();
        let names = self.names.into_iter().enumerate().map(|(at, name)| (format!("#{at}"), name));
        Some(Expressions {
            condition: Some(self.condition),
            update: Some(update).filter(|update| !update.is_empty()),
            names: names.collect(),
            values: self.values,
            ..Expressions::default()
        })
    }
}

fn append(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string takes everything");
}
