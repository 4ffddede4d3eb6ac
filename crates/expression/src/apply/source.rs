//! What `SET` sets something to.

use std::borrow::Cow;

use dynaseal_core::{AttributeValue, Item, NumberError};

use super::ApplyError;
use crate::error::shown;
use crate::{ResolvedPath, decimal};

/// The right side of a `SET`, with real names and values.
#[derive(Clone)]
pub(super) enum Source<'a> {
    Path(ResolvedPath<'a>),
    Value(&'a AttributeValue),
    IfNotExists(ResolvedPath<'a>, Box<Source<'a>>),
    ListAppend(Box<Source<'a>>, Box<Source<'a>>),
    Plus(Box<Source<'a>>, Box<Source<'a>>),
    Minus(Box<Source<'a>>, Box<Source<'a>>),
}

impl Source<'_> {
    /// Its value with this item; errors name the target.
    pub(super) fn value<'i>(
        &'i self,
        item: &'i Item,
        target: &ResolvedPath<'_>,
    ) -> Result<Cow<'i, AttributeValue>, ApplyError> {
        match self {
            Self::Value(value) => Ok(Cow::Borrowed(value)),
            Self::Path(path) => {
                let value = path.find(item).map(Cow::Borrowed);
                value.ok_or_else(|| ApplyError::NoSource { path: shown(&path.to_string()) })
            }
            Self::IfNotExists(path, otherwise) => match path.find(item) {
                Some(value) => Ok(Cow::Borrowed(value)),
                None => otherwise.value(item, target),
            },
            Self::ListAppend(front, back) => {
                match (front.value(item, target)?.into_owned(), back.value(item, target)?.into_owned()) {
                    (AttributeValue::L(mut list), AttributeValue::L(back)) => {
                        list.extend(back);
                        Ok(Cow::Owned(AttributeValue::L(list)))
                    }
                    (AttributeValue::L(_), other) | (other, _) => {
                        Err(wrong_type(target, "list_append", "two lists", &other))
                    }
                }
            }
            Self::Plus(left, right) => calculate("+", decimal::add, (left, right), item, target),
            Self::Minus(left, right) => calculate("-", decimal::subtract, (left, right), item, target),
        }
    }
}

fn calculate<'i>(
    operator: &'static str,
    calculate: fn(&str, &str) -> Result<String, NumberError>,
    (left, right): (&Source<'_>, &Source<'_>),
    item: &Item,
    target: &ResolvedPath<'_>,
) -> Result<Cow<'i, AttributeValue>, ApplyError> {
    let (left, right) = (left.value(item, target)?, right.value(item, target)?);
    match (&*left, &*right) {
        (AttributeValue::N(left), AttributeValue::N(right)) => match calculate(left, right) {
            Ok(number) => Ok(Cow::Owned(AttributeValue::N(number))),
            Err(source) => Err(ApplyError::Number { path: shown(&target.to_string()), function: operator, source }),
        },
        (AttributeValue::N(_), other) | (other, _) => Err(wrong_type(target, operator, "two numbers", other)),
    }
}

fn wrong_type(
    target: &ResolvedPath<'_>,
    function: &'static str,
    expected: &'static str,
    value: &AttributeValue,
) -> ApplyError {
    ApplyError::OperandType { path: shown(&target.to_string()), function, expected, of_type: value.type_name() }
}
