//! DynamoDB's operations as DynaSeal sees them, with no type of any SDK.
