//! What serde sees of a value: enough to tell whether what was read is what was written.
//!
//! Formats have fewer words than serde. To JSON, `Some(None)`, `None`, `()` and NaN are all `null`; so that two values were
//! written alike does not say that they are the same.

use std::fmt;

use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use crate::model::Unfit;

/// A value in serde's words, with the names of its types: an untagged enum may be read as another variant that is written
/// alike.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Unit(&'static str),
    None,
    Some(Box<Shape>),
    Bool(bool),
    Signed(&'static str, i128),
    Unsigned(&'static str, u128),
    /// Its bits.
    Float(&'static str, u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    List(&'static str, Vec<Shape>),
    Map(&'static str, Vec<(Shape, Shape)>),
    Newtype(&'static str, Box<Shape>),
    Variant(&'static str, Box<Shape>),
}

impl Shape {
    /// # Errors
    /// If the value has no shape, or one that no format keeps.
    pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Unfit> {
        value.serialize(Tracer).map_err(|error| Unfit::new(error.0))
    }

    /// Whether they are the same but for an order that a `HashMap` or `HashSet` gave them.
    pub(super) fn is(self, other: Self) -> bool {
        self == other || self.without_order() == other.without_order()
    }

    fn without_order(self) -> Self {
        match self {
            Self::List(name, list) => {
                let mut list: Vec<Self> = list.into_iter().map(Self::without_order).collect();
                list.sort_unstable();
                Self::List(name, list)
            }
            Self::Map(name, map) => {
                let mut map: Vec<(Self, Self)> = map.into_iter().map(|(key, of)| (key, of.without_order())).collect();
                map.sort_unstable();
                Self::Map(name, map)
            }
            Self::Some(inner) => Self::Some(Box::new(inner.without_order())),
            Self::Newtype(name, inner) => Self::Newtype(name, Box::new(inner.without_order())),
            Self::Variant(name, inner) => Self::Variant(name, Box::new(inner.without_order())),
            other => other,
        }
    }

    /// Whether the keys of all maps are what can be written as a text and read from it.
    pub(super) fn has_plain_keys(&self) -> bool {
        match self {
            Self::Map(_, map) => map.iter().all(|(key, value)| key.is_plain_key() && value.has_plain_keys()),
            Self::List(_, list) => list.iter().all(Self::has_plain_keys),
            Self::Some(inner) | Self::Newtype(_, inner) | Self::Variant(_, inner) => inner.has_plain_keys(),
            _ => true,
        }
    }

    fn is_plain_key(&self) -> bool {
        match self {
            Self::Text(_) | Self::Char(_) | Self::Signed(..) | Self::Unsigned(..) | Self::Bool(_) => true,
            Self::Newtype(_, inner) => inner.is_plain_key(),
            Self::Variant(_, inner) => matches!(**inner, Self::Unit(_)),
            _ => false,
        }
    }

    fn float(name: &'static str, float: f64) -> Result<Self, Untraceable> {
        match float.is_finite() {
            true => Ok(Self::Float(name, float.to_bits())),
            false => Err(Untraceable("there is neither infinity nor NaN in what is stored")),
        }
    }
}

/// A value that cannot be stored, and why. What serde says may have the value in it, and is not repeated.
#[derive(Debug)]
pub(super) struct Untraceable(&'static str);

impl fmt::Display for Untraceable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Untraceable {}

impl serde::ser::Error for Untraceable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("its own serialisation refuses it")
    }
}

struct Tracer;

/// A list or map that is not whole yet.
struct Unfinished {
    name: &'static str,
    variant: Option<&'static str>,
    entries: Vec<Shape>,
    /// Of maps: the keys, in the order of the entries.
    keys: Option<Vec<Shape>>,
}

impl Unfinished {
    fn list(name: &'static str, variant: Option<&'static str>) -> Self {
        Self { name, variant, entries: Vec::new(), keys: None }
    }

    fn map(name: &'static str, variant: Option<&'static str>) -> Self {
        Self { name, variant, entries: Vec::new(), keys: Some(Vec::new()) }
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untraceable> {
        self.entries.push(value.serialize(Tracer)?);
        Ok(())
    }

    fn push_named<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Untraceable> {
        self.keys.get_or_insert_default().push(Shape::Text(name.to_owned()));
        self.push(value)
    }

    fn finish(self) -> Result<Shape, Untraceable> {
        let shape = match self.keys {
            None => Shape::List(self.name, self.entries),
            Some(keys) if keys.len() == self.entries.len() => {
                Shape::Map(self.name, keys.into_iter().zip(self.entries).collect())
            }
            Some(_) => return Err(Untraceable::custom("a key without a value")),
        };
        Ok(match self.variant {
            Some(variant) => Shape::Variant(variant, Box::new(shape)),
            None => shape,
        })
    }
}

macro_rules! numbers {
    ($($name:ident $type:ty => $shape:ident;)*) => {$(
        fn $name(self, number: $type) -> Result<Shape, Untraceable> {
            Ok(Shape::$shape(stringify!($type), number.into()))
        }
    )*};
}

impl Serializer for Tracer {
    type Ok = Shape;
    type Error = Untraceable;
    type SerializeSeq = Unfinished;
    type SerializeTuple = Unfinished;
    type SerializeTupleStruct = Unfinished;
    type SerializeTupleVariant = Unfinished;
    type SerializeMap = Unfinished;
    type SerializeStruct = Unfinished;
    type SerializeStructVariant = Unfinished;

    numbers! {
        serialize_i8 i8 => Signed;
        serialize_i16 i16 => Signed;
        serialize_i32 i32 => Signed;
        serialize_i64 i64 => Signed;
        serialize_i128 i128 => Signed;
        serialize_u8 u8 => Unsigned;
        serialize_u16 u16 => Unsigned;
        serialize_u32 u32 => Unsigned;
        serialize_u64 u64 => Unsigned;
        serialize_u128 u128 => Unsigned;
    }

    fn serialize_bool(self, truth: bool) -> Result<Shape, Untraceable> {
        Ok(Shape::Bool(truth))
    }

    fn serialize_f32(self, float: f32) -> Result<Shape, Untraceable> {
        Shape::float("f32", float.into())
    }

    fn serialize_f64(self, float: f64) -> Result<Shape, Untraceable> {
        Shape::float("f64", float)
    }

    fn serialize_char(self, letter: char) -> Result<Shape, Untraceable> {
        Ok(Shape::Char(letter))
    }

    fn serialize_str(self, text: &str) -> Result<Shape, Untraceable> {
        Ok(Shape::Text(text.to_owned()))
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Shape, Untraceable> {
        Ok(Shape::Bytes(bytes.to_vec()))
    }

    fn serialize_none(self) -> Result<Shape, Untraceable> {
        Ok(Shape::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Shape, Untraceable> {
        Ok(Shape::Some(Box::new(value.serialize(self)?)))
    }

    fn serialize_unit(self) -> Result<Shape, Untraceable> {
        Ok(Shape::Unit("()"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<Shape, Untraceable> {
        Ok(Shape::Unit(name))
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Result<Shape, Untraceable> {
        Ok(Shape::Variant(variant, Box::new(Shape::Unit(name))))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Shape, Untraceable> {
        Ok(Shape::Newtype(name, Box::new(value.serialize(self)?)))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Shape, Untraceable> {
        Ok(Shape::Variant(variant, Box::new(Shape::Newtype(name, Box::new(value.serialize(self)?)))))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::list("[]", None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::list("()", None))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::list(name, None))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::list(name, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::map("{}", None))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::map(name, None))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Unfinished, Untraceable> {
        Ok(Unfinished::map(name, Some(variant)))
    }
}

macro_rules! parts {
    ($($part:ident $name:ident;)*) => {$(
        impl $part for Unfinished {
            type Ok = Shape;
            type Error = Untraceable;

            fn $name<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untraceable> {
                self.push(value)
            }

            fn end(self) -> Result<Shape, Untraceable> {
                self.finish()
            }
        }
    )*};
}

parts! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

macro_rules! named_parts {
    ($($part:ident)*) => {$(
        impl $part for Unfinished {
            type Ok = Shape;
            type Error = Untraceable;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Untraceable> {
                self.push_named(name, value)
            }

            fn end(self) -> Result<Shape, Untraceable> {
                self.finish()
            }
        }
    )*};
}

named_parts! { SerializeStruct SerializeStructVariant }

impl SerializeMap for Unfinished {
    type Ok = Shape;
    type Error = Untraceable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Untraceable> {
        let key = key.serialize(Tracer)?;
        self.keys.get_or_insert_default().push(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Untraceable> {
        self.push(value)
    }

    fn end(self) -> Result<Shape, Untraceable> {
        self.finish()
    }
}
