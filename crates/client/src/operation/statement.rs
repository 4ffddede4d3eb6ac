//! `ExecuteStatement`, `BatchExecuteStatement`, `ExecuteTransaction`: refused where a statement names a sealed table.

use aws_sdk_dynamodb::operation::batch_execute_statement::{
    BatchExecuteStatementError, BatchExecuteStatementInput, BatchExecuteStatementOutput,
};
use aws_sdk_dynamodb::operation::execute_statement::{
    ExecuteStatementError, ExecuteStatementInput, ExecuteStatementOutput,
};
use aws_sdk_dynamodb::operation::execute_transaction::{
    ExecuteTransactionError, ExecuteTransactionInput, ExecuteTransactionOutput,
};
use dynaseal_ops::operation::check_statement;
use dynaseal_ops::{Measure, OperationError, Tables};

use super::Operation;

/// Statements pass or are refused; there is nothing to open.
#[derive(Debug)]
pub(crate) enum Nothing {}

macro_rules! statements {
    ($name:literal, $input:ty, $output:ty, $error:ty, $statements:expr) => {
        impl Operation for $input {
            const NAME: &'static str = $name;
            type Output = $output;
            type Error = $error;
            type Open = Nothing;

            async fn seal(&mut self, tables: &Tables, _: &mut Measure) -> Result<Option<Nothing>, OperationError> {
                let statements: fn(&Self) -> Vec<&str> = $statements;
                statements(self).into_iter().try_for_each(|text| check_statement(Self::NAME, text, tables))?;
                Ok(None)
            }

            async fn open(nothing: &Nothing, _: &mut $output, _: &mut Measure) -> Result<(), OperationError> {
                match *nothing {}
            }

            fn sealed_tables(&self, _: &Tables) -> String {
                String::new()
            }
        }
    };
}

statements!("ExecuteStatement", ExecuteStatementInput, ExecuteStatementOutput, ExecuteStatementError, |input| input
    .statement
    .iter()
    .map(String::as_str)
    .collect());
statements!(
    "BatchExecuteStatement",
    BatchExecuteStatementInput,
    BatchExecuteStatementOutput,
    BatchExecuteStatementError,
    |input| input.statements.iter().flatten().map(|of| of.statement.as_str()).collect()
);
statements!(
    "ExecuteTransaction",
    ExecuteTransactionInput,
    ExecuteTransactionOutput,
    ExecuteTransactionError,
    |input| input.transact_statements.iter().flatten().map(|of| of.statement.as_str()).collect()
);
