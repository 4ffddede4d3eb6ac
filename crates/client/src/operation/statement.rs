//! Operations that do not work on sealed tables and pass for others: `ExecuteStatement`, `BatchExecuteStatement` and
//! `ExecuteTransaction`, refused where a statement names a sealed table, `SearchVectors`, and `ImportTable`, which would make
//! a table of plaintext.

use aws_sdk_dynamodb::operation::batch_execute_statement::{
    BatchExecuteStatementError, BatchExecuteStatementInput, BatchExecuteStatementOutput,
};
use aws_sdk_dynamodb::operation::execute_statement::{
    ExecuteStatementError, ExecuteStatementInput, ExecuteStatementOutput,
};
use aws_sdk_dynamodb::operation::execute_transaction::{
    ExecuteTransactionError, ExecuteTransactionInput, ExecuteTransactionOutput,
};
use aws_sdk_dynamodb::operation::import_table::{ImportTableError, ImportTableInput, ImportTableOutput};
use aws_sdk_dynamodb::operation::search_vectors::{SearchVectorsError, SearchVectorsInput, SearchVectorsOutput};
use dynaseal_ops::operation::{check_statement, check_unsupported};
use dynaseal_ops::{Measure, OperationError, Tables};

use super::Operation;

/// Statements pass or are refused; there is nothing to open.
#[derive(Debug)]
pub(crate) enum Nothing {}

macro_rules! refused {
    ($name:literal, $input:ty, $output:ty, $error:ty, $check:expr) => {
        impl Operation for $input {
            const NAME: &'static str = $name;
            type Output = $output;
            type Error = $error;
            type Open = Nothing;

            async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<Nothing>, OperationError> {
                let check: fn(&Self, &Tables) -> Result<(), OperationError> = $check;
                check(self, tables).map(|()| None)
            }

            async fn open(nothing: &Nothing, _: &mut $output, _: &mut Measure) -> Result<(), OperationError> {
                match *nothing {}
            }

            fn table_names(&self) -> Vec<&str> {
                Vec::new()
            }

            fn place(&self) -> Option<usize> {
                // Whatever names a sealed table is refused.
                None
            }
        }
    };
}

refused!("ExecuteStatement", ExecuteStatementInput, ExecuteStatementOutput, ExecuteStatementError, |input, tables| {
    all(ExecuteStatementInput::NAME, input.statement.iter(), tables)
});
refused!(
    "BatchExecuteStatement",
    BatchExecuteStatementInput,
    BatchExecuteStatementOutput,
    BatchExecuteStatementError,
    |input, tables| {
        let statements = input.statements.iter().flatten().map(|of| &of.statement);
        all(BatchExecuteStatementInput::NAME, statements, tables)
    }
);
refused!(
    "ExecuteTransaction",
    ExecuteTransactionInput,
    ExecuteTransactionOutput,
    ExecuteTransactionError,
    |input, tables| {
        let statements = input.transact_statements.iter().flatten().map(|of| &of.statement);
        all(ExecuteTransactionInput::NAME, statements, tables)
    }
);
refused!("SearchVectors", SearchVectorsInput, SearchVectorsOutput, SearchVectorsError, |input, tables| {
    check_unsupported(SearchVectorsInput::NAME, input.table_name.as_deref(), tables)
});
refused!("ImportTable", ImportTableInput, ImportTableOutput, ImportTableError, |input, tables| {
    let table = input.table_creation_parameters.as_ref().map(|table| table.table_name.as_str());
    check_unsupported(ImportTableInput::NAME, table, tables)
});

fn all<'s>(
    operation: &'static str,
    mut statements: impl Iterator<Item = &'s String>,
    tables: &Tables,
) -> Result<(), OperationError> {
    statements.try_for_each(|statement| check_statement(operation, statement, tables))
}
