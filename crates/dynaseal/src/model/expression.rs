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
        self.write(node, &mut text)?;
        Ok(text)
    }

    fn write(&mut self, node: &Node, text: &mut String) -> Result<(), ModelErrorKind> {
        match node {
            Node::Compare(attribute, comparison, operand) if self.seals.is_deterministic(attribute) => {
                // Under each root a value is sealed to other bytes.
                let values = self.seals.search_values(operand)?;
                match (values.len(), comparison) {
                    (1, _) => self.compare(attribute, *comparison, values, text),
                    (_, Comparison::Ne) => {
                        text.push_str("(NOT ");
                        self.one_of(attribute, values, text)?;
                        text.push(')');
                    }
                    _ => self.one_of(attribute, values, text)?,
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
                self.one_of(attribute, values, text)?;
            }
            Node::Between(attribute, low, high) => {
                let name = self.name(attribute);
                let (low, high) = (plain(low)?, plain(high)?);
                let (low, high) = (self.value(low), self.value(high));
                let _ = write!(text, "({name} BETWEEN {low} AND {high})");
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
            Node::And(left, right) => self.join(left, "AND", right, text)?,
            Node::Or(left, right) => self.join(left, "OR", right, text)?,
            Node::Not(inner) => {
                text.push_str("(NOT ");
                self.write(inner, text)?;
                text.push(')');
            }
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
        text: &mut String,
    ) -> Result<(), ModelErrorKind> {
        if values.is_empty() {
            return Err(ModelErrorKind::Refused(format!("`{attribute}` is compared with no value at all")));
        }
        let name = self.name(attribute);
        let values: Vec<String> = values.into_iter().map(|value| self.value(value)).collect();
        let parts: Vec<String> =
            values.chunks(MOST_IN).map(|values| format!("{name} IN ({})", values.join(", "))).collect();
        let _ = write!(text, "({})", parts.join(" OR "));
        Ok(())
    }

    fn function(&mut self, function: &str, attribute: &'static str, value: AttributeValue, text: &mut String) {
        let (name, value) = (self.name(attribute), self.value(value));
        let _ = write!(text, "{function}({name}, {value})");
    }

    fn join(&mut self, left: &Node, word: &str, right: &Node, text: &mut String) -> Result<(), ModelErrorKind> {
        text.push('(');
        self.write(left, text)?;
        let _ = write!(text, " {word} ");
        self.write(right, text)?;
        text.push(')');
        Ok(())
    }
}

fn plain(operand: &Operand) -> Result<AttributeValue, ModelErrorKind> {
    let unfit = |reason| ModelErrorKind::Value { attribute: operand.attribute(), reason };
    operand.needed().cloned().map_err(unfit)
}
