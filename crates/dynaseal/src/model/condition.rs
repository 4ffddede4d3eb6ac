//! Conditions and filters: a tree of what is asked, and its expression.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use dynaseal_core::AttributeValue;
use dynaseal_expression::Comparator;

use super::Unfit;

/// What must be true of an item of the model `M`. Made by columns: `Archive::aid().eq("a")`.
///
/// Conditions are joined with [`and`](Self::and), [`or`](Self::or) and `!`, or with `&` and `|`. DynamoDB takes 300 operators
/// and functions in one expression.
pub struct Condition<M> {
    pub(super) node: Node,
    marker: PhantomData<fn(M)>,
}

impl<M> Condition<M> {
    pub(super) fn new(node: Node) -> Self {
        Self { node, marker: PhantomData }
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.node.and(other.node))
    }

    /// One of them or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::new(self.node.or(other.node))
    }

    /// Asks this as well as what was asked before.
    pub(super) fn join(self, before: &mut Option<Self>) {
        *before = Some(match before.take() {
            Some(before) => before.and(self),
            None => self,
        });
    }
}

impl<M> Clone for Condition<M> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<M> fmt::Debug for Condition<M> {
    /// The shape, without values: some are to be sealed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Condition({:?})", self.node)
    }
}

impl<M> BitAnd for Condition<M> {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl<M> BitOr for Condition<M> {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl<M> Not for Condition<M> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(match self.node {
            Node::Not(node) => *node,
            node => Node::Not(Box::new(node)),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Comparison {
    pub(super) fn comparator(self) -> Comparator {
        match self {
            Self::Eq => Comparator::Equal,
            Self::Ne => Comparator::NotEqual,
            Self::Lt => Comparator::Less,
            Self::Le => Comparator::LessOrEqual,
            Self::Gt => Comparator::Greater,
            Self::Ge => Comparator::GreaterOrEqual,
        }
    }

    pub(super) fn text(self) -> &'static str {
        self.comparator().symbol()
    }
}

/// A value of a column, not yet sealed. A value that can not be is an error where it is sent, so that conditions can be
/// written without one.
#[derive(Clone)]
pub struct Operand {
    attribute: &'static str,
    value: Result<Option<AttributeValue>, Unfit>,
}

impl Operand {
    pub(super) fn new(attribute: &'static str, value: Result<Option<AttributeValue>, Unfit>) -> Self {
        Self { attribute, value }
    }

    pub(super) fn attribute(&self) -> &'static str {
        self.attribute
    }

    pub(super) fn value(&self) -> Result<Option<&AttributeValue>, Unfit> {
        self.value.as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    /// One that has to be there.
    pub(super) fn needed(&self) -> Result<&AttributeValue, Unfit> {
        self.value()?.ok_or_else(|| Unfit::new("there is no value to compare with"))
    }
}

impl fmt::Debug for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[derive(Clone, Debug)]
pub(super) enum Node {
    Compare(&'static str, Comparison, Operand),
    Between(&'static str, Operand, Operand),
    In(&'static str, Vec<Operand>),
    BeginsWith(&'static str, Operand),
    Contains(&'static str, Operand),
    Size(&'static str, Comparison, u32),
    Exists(&'static str, bool),
    /// Two or more, none of which is one of these itself.
    All(Vec<Node>),
    /// Two or more, none of which is one of these itself.
    Any(Vec<Node>),
    Not(Box<Node>),
}

impl Node {
    pub(super) fn and(self, other: Self) -> Self {
        let terms = |node| match node {
            Self::All(terms) => terms,
            node => vec![node],
        };
        Self::All(joined(terms(self), terms(other)))
    }

    pub(super) fn or(self, other: Self) -> Self {
        let terms = |node| match node {
            Self::Any(terms) => terms,
            node => vec![node],
        };
        Self::Any(joined(terms(self), terms(other)))
    }
}

fn joined(mut terms: Vec<Node>, others: Vec<Node>) -> Vec<Node> {
    terms.extend(others);
    terms
}
