//! An update and its placeholders to actions with real names and values.

use std::collections::BTreeMap;

use dynaseal_core::AttributeValue;

use super::{Action, Change, Source};
use crate::error::shown;
use crate::update::ValueAction;
use crate::{BindError, DocumentPath, ExpressionKind, Placeholders, ResolveError, ResolvedPath, SetValue, Update};

const KIND: ExpressionKind = ExpressionKind::Update;

pub(super) struct Binder<'a> {
    placeholders: Placeholders<'a>,
    values: &'a BTreeMap<String, AttributeValue>,
}

/// Whether an operator can do something with a value.
type Takes = fn(&AttributeValue) -> bool;

impl<'a> Binder<'a> {
    pub(super) fn new(names: &'a BTreeMap<String, String>, values: &'a BTreeMap<String, AttributeValue>) -> Self {
        let pairs = names.iter().map(|(placeholder, name)| (placeholder.as_str(), name.as_str()));
        Self { placeholders: Placeholders::new(pairs, values.keys().map(String::as_str)), values }
    }

    pub(super) fn actions(mut self, update: &'a Update) -> Result<Vec<Action<'a>>, BindError> {
        // Refuses targets that overlap.
        self.placeholders.update(update)?;
        let mut actions = Vec::new();
        for action in &update.set {
            let change = Change::Set(self.source(&action.value)?);
            actions.push(Action { target: self.path(&action.path)?, change });
        }
        for path in &update.remove {
            actions.push(Action { target: self.path(path)?, change: Change::Remove });
        }
        for ValueAction { path, value } in &update.add {
            let value = self.typed("ADD", "a number or a set", value, |value| is_number(value) || is_set(value))?;
            actions.push(Action { target: self.path(path)?, change: Change::Add(value) });
        }
        for ValueAction { path, value } in &update.delete {
            let value = self.typed("DELETE", "a set", value, is_set)?;
            actions.push(Action { target: self.path(path)?, change: Change::Delete(value) });
        }
        Ok(actions)
    }

    /// As deep as the reader allows.
    fn source(&mut self, value: &'a SetValue) -> Result<Source<'a>, BindError> {
        Ok(match value {
            SetValue::Path(path) => Source::Path(self.path(path)?),
            SetValue::Value(name) => Source::Value(self.value(name)?),
            SetValue::IfNotExists(path, otherwise) => {
                Source::IfNotExists(self.path(path)?, Box::new(self.source(otherwise)?))
            }
            SetValue::ListAppend(front, back) => {
                let mut list = |value| self.operand("list_append", "two lists", value, is_list);
                Source::ListAppend(list(front)?, list(back)?)
            }
            SetValue::Plus(left, right) => {
                let mut number = |value| self.operand("+", "two numbers", value, is_number);
                Source::Plus(number(left)?, number(right)?)
            }
            SetValue::Minus(left, right) => {
                let mut number = |value| self.operand("-", "two numbers", value, is_number);
                Source::Minus(number(left)?, number(right)?)
            }
        })
    }

    /// Of a `:value` the type is known before there is an item.
    fn operand(
        &mut self,
        function: &'static str,
        expected: &'static str,
        value: &'a SetValue,
        takes: Takes,
    ) -> Result<Box<Source<'a>>, BindError> {
        if let SetValue::Value(name) = value {
            self.typed(function, expected, name, takes)?;
        }
        self.source(value).map(Box::new)
    }

    fn typed(
        &self,
        function: &'static str,
        expected: &'static str,
        name: &str,
        takes: Takes,
    ) -> Result<&'a AttributeValue, BindError> {
        match self.value(name)? {
            value if takes(value) => Ok(value),
            value => {
                let of_type = value.type_name();
                Err(BindError::OperandType { kind: KIND, value: shown(name), of_type, function, expected })
            }
        }
    }

    fn value(&self, name: &str) -> Result<&'a AttributeValue, ResolveError> {
        self.values.get(name).ok_or_else(|| ResolveError::UndefinedValue { kind: KIND, name: shown(name) })
    }

    fn path(&mut self, path: &'a DocumentPath) -> Result<ResolvedPath<'a>, ResolveError> {
        self.placeholders.path(KIND, path)
    }
}

fn is_number(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::N(_))
}

fn is_set(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::Ss(_) | AttributeValue::Ns(_) | AttributeValue::Bs(_))
}

fn is_list(value: &AttributeValue) -> bool {
    matches!(value, AttributeValue::L(_))
}
