//! What may be written for a value of a column.

use super::Unfit;

/// What may be written for a value of the type `T`, wherever a column is compared, set or asked for.
///
/// | written | for |
/// | --- | --- |
/// | whatever is `Into<T>` | `T`: `"text"` for a `String`, `b"bytes"` for a `Vec<u8>`, `5` for an `Option<u64>`, `Some(…)`, `None` |
/// | `&str`, `&String` | `Option<String>` |
/// | `&[u8]` | `Option<Vec<u8>>` |
/// | `i32`, which is what `5` is | any integer; one that does not fit is an error before anything is sent |
///
/// `By` says which line it is, and is never written: the compiler finds it.
///
/// ```
/// # use dynaseal::model::Model;
/// # #[derive(Model)] #[model(table = "people")]
/// # struct Person { #[model(partition_key)] id: u64, name: Option<String>, age: Option<u8>, visits: u32 }
/// let condition = Person::name().eq("Ada").and(Person::age().ge(18)).and(Person::visits().is_in([1, 2]));
/// # let _ = condition;
/// ```
///
/// What can never fit does not compile, and the message says what would:
///
/// ```compile_fail,E0277
/// # use dynaseal::model::Model;
/// # #[derive(Model)] #[model(table = "people")]
/// # struct Person { #[model(partition_key)] id: u64, name: Option<String> }
/// Person::name().eq(5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a column of type `{T}`",
    label = "write a value of type `{T}` here",
    note = "a column takes what is `Into` its type, a text also for an `Option<String>`, and a literal such as `5` for any integer",
    note = "convert an integer of another type with `try_into()?`"
)]
pub trait IntoValue<T, By = ByInto> {
    /// The value.
    ///
    /// # Errors
    /// If `T` has no such value.
    fn into_value(self) -> Result<T, Unfit>;
}

/// Values that are [`Into`] the type.
#[derive(Clone, Copy, Debug)]
pub enum ByInto {}

/// Values that the library converts.
#[derive(Clone, Copy, Debug)]
pub enum ByConversion {}

/// What is not [`Into`] the type, and converted nevertheless. Nothing of it may ever be `Into` as well, or it would not be
/// clear which is meant.
#[doc(hidden)]
pub trait Converted<T> {
    fn converted(self) -> Result<T, Unfit>;
}

// Both apply to every type as far as their heads go, so that the compiler reports a value that neither takes as a missing
// `IntoValue`, in the words above, and not as a missing `From`.
#[diagnostic::do_not_recommend]
impl<T, V: Into<T>> IntoValue<T, ByInto> for V {
    fn into_value(self) -> Result<T, Unfit> {
        Ok(self.into())
    }
}

#[diagnostic::do_not_recommend]
impl<T, V: Converted<T>> IntoValue<T, ByConversion> for V {
    fn into_value(self) -> Result<T, Unfit> {
        self.converted()
    }
}

#[diagnostic::do_not_recommend]
impl Converted<Option<String>> for &str {
    fn converted(self) -> Result<Option<String>, Unfit> {
        Ok(Some(self.to_owned()))
    }
}

#[diagnostic::do_not_recommend]
impl Converted<Option<String>> for &String {
    fn converted(self) -> Result<Option<String>, Unfit> {
        Ok(Some(self.clone()))
    }
}

#[diagnostic::do_not_recommend]
impl Converted<Option<Vec<u8>>> for &[u8] {
    fn converted(self) -> Result<Option<Vec<u8>>, Unfit> {
        Ok(Some(self.to_vec()))
    }
}

#[diagnostic::do_not_recommend]
impl<const N: usize> Converted<Option<Vec<u8>>> for &[u8; N] {
    fn converted(self) -> Result<Option<Vec<u8>>, Unfit> {
        Ok(Some(self.to_vec()))
    }
}

macro_rules! literals {
    ($($integer:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Converted<$integer> for i32 {
            fn converted(self) -> Result<$integer, Unfit> {
                self.try_into().map_err(|_| Unfit::range(stringify!($integer)))
            }
        }
    )*};
}

// All integers that are not `From<i32>`. An `Option` of one is `From` itself, of which the compiler makes a literal.
literals! { i8 i16 isize u8 u16 u32 u64 u128 usize }
