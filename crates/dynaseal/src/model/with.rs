//! Serialisers for fields of types that are no [`Attribute`](super::Attribute), or are to be stored in another way:
//! `#[model(with = "json")]`, `#[model(with = "serde")]`, or the path of a module of your own with these two functions.

/// As JSON text: one attribute of type S, whatever is in it.
///
/// ```
/// use std::collections::BTreeMap;
/// use dynaseal::model::with::json;
/// let data = BTreeMap::from([("a".to_owned(), 1)]);
/// let value = json::to_value(&data)?;
/// assert_eq!(value, r#"{"a":1}"#.into());
/// assert_eq!(json::from_value::<BTreeMap<String, u32>>(value)?, data);
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
pub mod json {
    use dynaseal_core::AttributeValue;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use crate::model::Unfit;

    /// What is stored.
    ///
    /// # Errors
    /// If JSON has no such value.
    pub fn to_value<T: Serialize>(value: &T) -> Result<AttributeValue, Unfit> {
        // The reason of serde may have the value in it.
        serde_json::to_string(value).map(AttributeValue::S).map_err(|_| Unfit::new("it can not be written as JSON"))
    }

    /// From what is stored.
    ///
    /// # Errors
    /// If it is not JSON, or not of that type.
    pub fn from_value<T: DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        let AttributeValue::S(text) = value else { return Err(Unfit::of_type("S", &value)) };
        serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Unfit::new(format!("its JSON does not fit at line {line}, column {column}"))
        })
    }
}

/// By serde, as DynamoDB's own types: structs become maps, enums strings or maps, lists lists.
///
/// ```
/// use dynaseal::AttributeValue;
/// use dynaseal::model::with::serde as by_serde;
/// #[derive(serde::Serialize, serde::Deserialize, PartialEq, Debug)]
/// struct Address { street: String, number: u16 }
/// let address = Address { street: "Kirchgasse".to_owned(), number: 7 };
/// let value = by_serde::to_value(&address)?;
/// assert!(matches!(&value, AttributeValue::M(map) if map["number"] == AttributeValue::N("7".to_owned())));
/// assert_eq!(by_serde::from_value::<Address>(value)?, address);
/// # Ok::<(), dynaseal::model::Unfit>(())
/// ```
pub mod serde {
    use ::serde::Serialize;
    use ::serde::de::DeserializeOwned;
    use dynaseal_core::AttributeValue;
    use serde_dynamo::AttributeValue as Other;

    use crate::model::Unfit;

    /// What is stored.
    ///
    /// # Errors
    /// If DynamoDB has no such value: maps need strings as keys.
    pub fn to_value<T: Serialize>(value: &T) -> Result<AttributeValue, Unfit> {
        let value: Other = serde_dynamo::to_attribute_value(value)
            .map_err(|_| Unfit::new("DynamoDB has no value of this shape (maps need strings as keys)"))?;
        Ok(ours(value))
    }

    /// From what is stored.
    ///
    /// # Errors
    /// If it is not of that type.
    pub fn from_value<T: DeserializeOwned>(value: AttributeValue) -> Result<T, Unfit> {
        // The reason of serde may have the value in it.
        serde_dynamo::from_attribute_value(theirs(value)).map_err(|_| Unfit::new("it is not of the field's shape"))
    }

    fn ours(value: Other) -> AttributeValue {
        match value {
            Other::S(text) => AttributeValue::S(text),
            Other::N(number) => AttributeValue::N(number),
            Other::B(bytes) => AttributeValue::B(bytes),
            Other::Bool(truth) => AttributeValue::Bool(truth),
            Other::Null(truth) => AttributeValue::Null(truth),
            Other::M(map) => AttributeValue::M(map.into_iter().map(|(name, value)| (name, ours(value))).collect()),
            Other::L(list) => AttributeValue::L(list.into_iter().map(ours).collect()),
            Other::Ss(set) => AttributeValue::Ss(set),
            Other::Ns(set) => AttributeValue::Ns(set),
            Other::Bs(set) => AttributeValue::Bs(set),
        }
    }

    fn theirs(value: AttributeValue) -> Other {
        match value {
            AttributeValue::S(text) => Other::S(text),
            AttributeValue::N(number) => Other::N(number),
            AttributeValue::B(bytes) => Other::B(bytes),
            AttributeValue::Bool(truth) => Other::Bool(truth),
            AttributeValue::Null(truth) => Other::Null(truth),
            AttributeValue::M(map) => Other::M(map.into_iter().map(|(name, value)| (name, theirs(value))).collect()),
            AttributeValue::L(list) => Other::L(list.into_iter().map(theirs).collect()),
            AttributeValue::Ss(set) => Other::Ss(set),
            AttributeValue::Ns(set) => Other::Ns(set),
            AttributeValue::Bs(set) => Other::Bs(set),
        }
    }
}
