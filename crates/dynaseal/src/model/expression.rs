//! Trees of conditions as DynamoDB's expressions, with placeholders for all names and values.

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal_client::value::value_to_sdk;
use dynaseal_core::AttributeValue;

use super::condition::{Comparison, Node, Operand};
use super::error::ModelErrorKind;
use super::seal::{SdkItem, Seals};

/// DynamoDB's limit for the operands of IN.
const MOST_IN: usize = 100;

/// The names behind placeholders.
pub(super) type Names = HashMap<String, String>;

/// The placeholders of one request, which all its expressions share.
pub(super) struct Expressions<'s> {
    seals: &'s Seals,
    names: HashMap<&'static str, usize>,
    values: Vec<SdkValue>,
}

impl<'s> Expressions<'s> {
    pub(super) fn new(seals: &'s Seals) -> Self {
        Self { seals, names: HashMap::new(), values: Vec::new() }
    }

    pub(super) fn name(&mut self, attribute: &'static str) -> String {
        let next = self.names.len();
        format!("#n{}", self.names.entry(attribute).or_insert(next))
    }

    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        self.values.push(value_to_sdk(value));
        format!(":v{}", self.values.len() - 1)
    }

    /// What the request wants: no empty maps.
    pub(super) fn finish(self) -> (Option<Names>, Option<SdkItem>) {
        let names: Names =
            self.names.into_iter().map(|(name, index)| (format!("#n{index}"), name.to_owned())).collect();
        let values: SdkItem =
            self.values.into_iter().enumerate().map(|(index, value)| (format!(":v{index}"), value)).collect();
        ((!names.is_empty()).then_some(names), (!values.is_empty()).then_some(values))
    }

    pub(super) fn condition(&mut self, node: &Node) -> Result<String, ModelErrorKind> {
        let mut text = String::new();
        self.write(node, Binding::Any, &mut text)?;
        Ok(text)
    }

    /// All of these conditions as one; `None` of none. Whoever joins conditions hands over trees and never text: DynamoDB
    /// refuses a parenthesis around a parenthesis.
    pub(super) fn all(&mut self, nodes: &[&Node]) -> Result<Option<String>, ModelErrorKind> {
        let mut text = String::new();
        match nodes {
            [] => return Ok(None),
            [node] => self.write(node, Binding::Any, &mut text)?,
            nodes => self.join(nodes.iter().copied(), " AND ", Binding::All, &mut text)?,
        }
        Ok(Some(text))
    }

    /// Writes a condition inside of one that binds so; in parentheses where it binds less tightly.
    fn write(&mut self, node: &Node, within: Binding, text: &mut String) -> Result<(), ModelErrorKind> {
        match node {
            Node::Compare(attribute, comparison, operand) if self.seals.is_deterministic(attribute) => {
                // Under each root a value is sealed to other bytes.
                let values = self.seals.search_values(operand)?;
                match (values.len(), comparison) {
                    (1, _) => self.compare(attribute, *comparison, values, text),
                    (_, Comparison::Ne) => wrapped(Binding::Not < within, text, |text| {
                        text.push_str("NOT ");
                        self.one_of(attribute, values, Binding::One, text)
                    })?,
                    _ => self.one_of(attribute, values, within, text)?,
                }
            }
            Node::Compare(attribute, comparison, operand) => {
                self.compare(attribute, *comparison, vec![plain(operand)?], text);
            }
            Node::In(attribute, operands) => {
                let mut values = Vec::new();
                for operand in operands {
                    values.extend(self.seals.search_values(operand)?);
                }
                self.one_of(attribute, values, within, text)?;
            }
            Node::Between(attribute, low, high) => {
                let name = self.name(attribute);
                let (low, high) = (plain(low)?, plain(high)?);
                let (low, high) = (self.value(low), self.value(high));
                let _ = write!(text, "{name} BETWEEN {low} AND {high}");
            }
            Node::BeginsWith(attribute, beginning) => self.function("begins_with", attribute, plain(beginning)?, text),
            Node::Contains(attribute, part) => self.function("contains", attribute, plain(part)?, text),
            Node::Size(attribute, comparison, size) => {
                let name = self.name(attribute);
                let size = self.value(AttributeValue::N(size.to_string()));
                let _ = write!(text, "size({name}) {} {size}", comparison.text());
            }
            Node::Exists(attribute, exists) => {
                let name = self.name(attribute);
                let function = if *exists { "attribute_exists" } else { "attribute_not_exists" };
                let _ = write!(text, "{function}({name})");
            }
            Node::All(nodes) => {
                wrapped(Binding::All < within, text, |text| self.join(nodes, " AND ", Binding::All, text))?;
            }
            Node::Any(nodes) => {
                wrapped(Binding::Any < within, text, |text| self.join(nodes, " OR ", Binding::Any, text))?;
            }
            Node::Not(node) => wrapped(Binding::Not < within, text, |text| {
                text.push_str("NOT ");
                self.write(node, Binding::One, text)
            })?,
        }
        Ok(())
    }

    fn compare(
        &mut self,
        attribute: &'static str,
        comparison: Comparison,
        values: Vec<AttributeValue>,
        text: &mut String,
    ) {
        for value in values {
            let (name, value) = (self.name(attribute), self.value(value));
            let _ = write!(text, "{name} {} {value}", comparison.text());
        }
    }

    fn one_of(
        &mut self,
        attribute: &'static str,
        values: Vec<AttributeValue>,
        within: Binding,
        text: &mut String,
    ) -> Result<(), ModelErrorKind> {
        if values.is_empty() {
            return Err(ModelErrorKind::Refused(format!("`{attribute}` is compared with no value at all")));
        }
        let name = self.name(attribute);
        let values: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
        let parts: Vec<String> =
            values.chunks(MOST_IN).map(|values| format!("{name} IN ({})", values.join(", "))).collect();
        wrapped(parts.len() > 1 && Binding::Any < within, text, |text| {
            text.push_str(&parts.join(" OR "));
            Ok(())
        })
    }

    fn function(&mut self, function: &str, attribute: &'static str, value: AttributeValue, text: &mut String) {
        let (name, value) = (self.name(attribute), self.value(value));
        let _ = write!(text, "{function}({name}, {value})");
    }

    fn join<'n>(
        &mut self,
        nodes: impl IntoIterator<Item = &'n Node>,
        between: &str,
        within: Binding,
        text: &mut String,
    ) -> Result<(), ModelErrorKind> {
        for (index, node) in nodes.into_iter().enumerate() {
            if index > 0 {
                text.push_str(between);
            }
            self.write(node, within, text)?;
        }
        Ok(())
    }
}

/// How tightly a condition binds, the least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    /// Conditions joined by OR; also what is not inside of another.
    Any,
    /// Conditions joined by AND.
    All,
    /// NOT before a condition.
    Not,
    /// A comparison or a function; also what stands behind NOT.
    One,
}

fn wrapped(
    needed: bool,
    text: &mut String,
    write: impl FnOnce(&mut String) -> Result<(), ModelErrorKind>,
) -> Result<(), ModelErrorKind> {
    if needed {
        text.push('(');
    }
    write(text)?;
    if needed {
        text.push(')');
    }
    Ok(())
}

fn plain(operand: &Operand) -> Result<AttributeValue, ModelErrorKind> {
    let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
    operand.needed().cloned().map_err(unfit)
}
