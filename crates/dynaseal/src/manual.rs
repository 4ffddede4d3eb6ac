//! Longer texts. Their examples are compiled and run like all others.
//!
//! They are files of the repository as well and link each other by their names; the first lines here make these links
//! lead to modules, for of two definitions of a link the first one counts.

#[cfg(all(feature = "local", feature = "migrate"))]
pub mod migrating {
    //! [from plaintext]: super::from_plaintext
    //! [from the DynamoDB Encryption Client]: super::from_older_client
    //! [from pynamodb_mate]: super::from_pynamodb_mate
    //! [from a client of AWS]: super::from_aws_db_esdk
    #![doc = include_str!("../manual/migrating.md")]
}

#[cfg(all(feature = "local", feature = "migrate"))]
pub mod from_plaintext {
    //! [Running a migration]: super::migrating
    #![doc = include_str!("../manual/from_plaintext.md")]
}

#[cfg(all(feature = "local", feature = "migrate"))]
pub mod from_older_client {
    //! [Running a migration]: super::migrating
    //! [from plaintext]: super::from_plaintext
    #![doc = include_str!("../manual/from_older_client.md")]
}

#[cfg(all(feature = "local", feature = "migrate"))]
pub mod from_aws_db_esdk {
    //! [Running a migration]: super::migrating
    //! [from the DynamoDB Encryption Client]: super::from_older_client
    #![doc = include_str!("../manual/from_aws_db_esdk.md")]
}

#[cfg(feature = "model")]
pub mod from_pynamodb_mate {
    #![cfg_attr(all(feature = "local", feature = "migrate"), doc = "[Running a migration]: super::migrating")]
    #![cfg_attr(all(feature = "local", feature = "migrate"), doc = "[from a plain table]: super::from_plaintext")]
    #![doc = include_str!("../manual/from_pynamodb_mate.md")]
}
