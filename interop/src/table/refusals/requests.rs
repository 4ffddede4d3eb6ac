//! What is asked for. `diagnosis` and `history` are encrypted, `ward`, `visits` and `teams` signed, `tenant` and the keys
//! signed and in the encryption context where there is one, `remark`, `seen` and `extras` unsigned.

use std::collections::HashMap;
use std::pin::Pin;

use aws_sdk_dynamodb::operation::{
    batch_execute_statement as batch_statement, batch_get_item, batch_write_item, delete_item, execute_statement,
    execute_transaction, get_item, put_item, query, scan, transact_get_items, transact_write_items, update_item,
};
use aws_sdk_dynamodb::types::{
    AttributeAction, AttributeValue as Value, AttributeValueUpdate, BatchStatementRequest, ComparisonOperator,
    Condition, ConditionCheck, ConditionalOperator, Delete, ExpectedAttributeValue, Get, KeysAndAttributes,
    ParameterizedStatement, Put, PutRequest, ReturnValue, Select, TransactGetItem, TransactWriteItem, Update,
    WriteRequest,
};
use dynaseal::{SendSealed, sdk};

use super::Outcome;
use crate::Result;
use crate::table::doors::{Door, Table, send};

type SdkItem = HashMap<String, Value>;

/// A request that waits to be sent.
pub struct Request<'t> {
    pub name: &'static str,
    pub sent: Pin<Box<dyn Future<Output = Outcome> + 't>>,
}

/// The items of an answer.
pub trait Items {
    fn items(self) -> Vec<SdkItem>;
}

macro_rules! items {
    ($($output:ty, $self:ident => $items:expr;)*) => {$(
        impl Items for $output {
            fn items($self) -> Vec<SdkItem> {
                $items
            }
        }
    )*};
}

items! {
    put_item::PutItemOutput, self => self.attributes.into_iter().collect();
    update_item::UpdateItemOutput, self => self.attributes.into_iter().collect();
    delete_item::DeleteItemOutput, self => self.attributes.into_iter().collect();
    get_item::GetItemOutput, self => self.item.into_iter().collect();
    query::QueryOutput, self => self.items.unwrap_or_default();
    scan::ScanOutput, self => self.items.unwrap_or_default();
    batch_get_item::BatchGetItemOutput, self => self.responses.unwrap_or_default().into_values().flatten().collect();
    batch_write_item::BatchWriteItemOutput, self => Vec::new();
    transact_get_items::TransactGetItemsOutput, self =>
        self.responses.unwrap_or_default().into_iter().filter_map(|response| response.item).collect();
    transact_write_items::TransactWriteItemsOutput, self => Vec::new();
    execute_statement::ExecuteStatementOutput, self => self.items.unwrap_or_default();
    batch_statement::BatchExecuteStatementOutput, self =>
        self.responses.unwrap_or_default().into_iter().filter_map(|response| response.item).collect();
    execute_transaction::ExecuteTransactionOutput, self =>
        self.responses.unwrap_or_default().into_iter().filter_map(|response| response.item).collect();
}

/// All requests for one door. They are written out, so that each reads as an application would write it.
pub fn requests<'t>(table: &'t Table, door: &'t Door, other: &str) -> Result<Vec<Request<'t>>> {
    let (client, name) = (&door.client, table.name.as_str());
    let item = sdk::to_sdk(table.case.item.clone());
    let key = sdk::to_sdk(table.key(&table.case.item));
    let value = |name: &str| item[name].clone();
    let text = |text: &str| Value::S(text.to_owned());
    let number = |number: &str| Value::N(number.to_owned());
    let without = |name: &str| item.clone().into_iter().filter(|(of, _)| of != name).collect::<SdkItem>();
    let with = |name: &str, value: Value| item.clone().into_iter().chain([(name.to_owned(), value)]).collect();
    let new_key = || {
        let mut key = key.clone();
        key.insert("person".to_owned(), text("somebody else"));
        key
    };

    let put = || client.put_item().table_name(name).set_item(Some(item.clone()));
    let put_of = |item: SdkItem| client.put_item().table_name(name).set_item(Some(item));
    let update = || client.update_item().table_name(name).set_key(Some(key.clone()));
    let update_there = |text: &str| update().update_expression(text).condition_expression("attribute_exists(person)");
    let delete = || client.delete_item().table_name(name).set_key(Some(key.clone()));
    let get = || client.get_item().table_name(name).set_key(Some(key.clone()));
    let query = || {
        let query = client.query().table_name(name).key_condition_expression("person = :person");
        query.expression_attribute_values(":person", value("person"))
    };
    let scan = || client.scan().table_name(name);
    let statement = |text: String| client.execute_statement().statement(text);
    let equals = |value: Value| {
        Condition::builder().comparison_operator(ComparisonOperator::Eq).attribute_value_list(value).build()
    };
    let expected = |value: Value| ExpectedAttributeValue::builder().value(value).build();

    let mut requests = Vec::new();
    macro_rules! request {
        ($name:expr, $builder:expr) => {{
            let builder = $builder;
            let sent = Box::pin(async move { Outcome::new(send!(door, builder)) });
            requests.push(Request { name: $name, sent });
        }};
    }
    macro_rules! conditions {
        ($($what:literal, $text:literal $(, $placeholder:literal = $value:expr)*;)*) => {$(
            request!(
                concat!("PutItem if ", $what),
                put().condition_expression($text)$(.expression_attribute_values($placeholder, $value))*
            );
            request!(
                concat!("DeleteItem if ", $what),
                delete().return_values(ReturnValue::AllOld).condition_expression($text)
                    $(.expression_attribute_values($placeholder, $value))*
            );
            request!(
                concat!("UpdateItem of an unsigned attribute if ", $what),
                update().update_expression("SET remark = :new").expression_attribute_values(":new", text("new"))
                    .condition_expression(concat!("attribute_exists(person) AND (", $text, ")"))
                    $(.expression_attribute_values($placeholder, $value))*
            );
            request!(
                concat!("Query with filter ", $what),
                query().filter_expression($text)$(.expression_attribute_values($placeholder, $value))*
            );
            request!(
                concat!("Scan with filter ", $what),
                scan().filter_expression($text)$(.expression_attribute_values($placeholder, $value))*
            );
            request!(
                concat!("ConditionCheck ", $what),
                client.transact_write_items().transact_items(TransactWriteItem::builder().condition_check(
                    ConditionCheck::builder().table_name(name).set_key(Some(key.clone())).condition_expression($text)
                        $(.expression_attribute_values($placeholder, $value))*.build()?
                ).build())
            );
            request!(
                concat!("TransactWriteItems Put if ", $what),
                client.transact_write_items().transact_items(TransactWriteItem::builder().put(
                    Put::builder().table_name(name).set_item(Some(item.clone())).condition_expression($text)
                        $(.expression_attribute_values($placeholder, $value))*.build()?
                ).build())
            );
            request!(
                concat!("TransactWriteItems Delete if ", $what),
                client.transact_write_items().transact_items(TransactWriteItem::builder().delete(
                    Delete::builder().table_name(name).set_key(Some(key.clone())).condition_expression($text)
                        $(.expression_attribute_values($placeholder, $value))*.build()?
                ).build())
            );
        )*};
    }
    conditions! {
        "encrypted = value", "diagnosis = :v", ":v" = value("diagnosis");
        "value = encrypted", ":v = diagnosis", ":v" = value("diagnosis");
        "encrypted <> value", "diagnosis <> :v", ":v" = value("diagnosis");
        "encrypted BETWEEN", "diagnosis BETWEEN :v AND :w", ":v" = value("diagnosis"), ":w" = value("diagnosis");
        "encrypted IN", "diagnosis IN (:v, :w)", ":v" = value("diagnosis"), ":w" = text("w");
        "encrypted exists", "attribute_exists(diagnosis)";
        "encrypted exists not", "attribute_not_exists(diagnosis)";
        "type of encrypted", "attribute_type(diagnosis, :t)", ":t" = text("S");
        "size of encrypted", "size(diagnosis) > :n", ":n" = number("0");
        "encrypted begins with", "begins_with(diagnosis, :v)", ":v" = value("diagnosis");
        "encrypted contains", "contains(diagnosis, :v)", ":v" = value("diagnosis");
        "path in encrypted", "history.x > :n", ":n" = number("0");
        "signed OR encrypted", "ward = :w OR diagnosis = :v", ":w" = value("ward"), ":v" = value("diagnosis");
        "NOT encrypted", "NOT (diagnosis = :v)", ":v" = value("diagnosis");
        "signed = encrypted", "ward = diagnosis";
        "signed = value", "ward = :w", ":w" = value("ward");
        "signed > value", "visits > :n", ":n" = number("0");
        "signed contains", "contains(teams, :t)", ":t" = text("red");
        "of context = value", "tenant = :t", ":t" = value("tenant");
        "unsigned = value", "remark = :r", ":r" = value("remark");
        "path in unsigned", "extras.x > :n", ":n" = number("0");
        "attribute without action exists not", "attribute_not_exists(mystery)";
        "reserved exists", "attribute_exists(aws_dbe_head)";
    }

    let by_names = put().condition_expression("#d = :v").expression_attribute_names("#d", "diagnosis");
    request!("PutItem if #encrypted", by_names.expression_attribute_values(":v", value("diagnosis")));
    let by_names = put().condition_expression("#w = :w").expression_attribute_names("#w", "ward");
    request!("PutItem if #signed", by_names.expression_attribute_values(":w", value("ward")));
    request!("PutItem", put().return_values(ReturnValue::AllOld));
    request!("PutItem with Expected", put().expected("ward", expected(value("ward"))));
    request!("PutItem with Expected of encrypted", put().expected("diagnosis", expected(value("diagnosis"))));
    let both = put().conditional_operator(ConditionalOperator::And);
    request!("PutItem with ConditionalOperator", both.expected("ward", expected(value("ward"))));
    request!("PutItem with an attribute without action", put_of(with("mystery", text("?"))));
    request!("PutItem with a reserved name", put_of(with("aws_dbe_x", text("?"))));
    request!("PutItem with aws_dbe_head", put_of(with("aws_dbe_head", text("?"))));
    request!("PutItem with aws_dbe_foot", put_of(with("aws_dbe_foot", text("?"))));
    request!("PutItem without partition key", put_of(without("person")));
    request!("PutItem without an attribute of the context", put_of(without("tenant")));
    request!(
        "PutItem without encrypted and signed attributes",
        put_of({
            let mut item = key.clone();
            item.insert("tenant".to_owned(), value("tenant"));
            item
        })
    );
    request!("PutItem with an empty attribute name", put_of(with("", text("?"))));

    request!(
        "UpdateItem SET encrypted",
        update_there("SET diagnosis = :v").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET path in encrypted",
        update_there("SET history.x = :v").expression_attribute_values(":v", text("x"))
    );
    request!("UpdateItem SET signed", update_there("SET ward = :v").expression_attribute_values(":v", text("x")));
    request!("UpdateItem SET #signed", {
        let update = update_there("SET #w = :v").expression_attribute_names("#w", "ward");
        update.expression_attribute_values(":v", text("x"))
    });
    request!("UpdateItem SET of context", update_there("SET tenant = :v").expression_attribute_values(":v", text("x")));
    request!(
        "UpdateItem SET partition key",
        update_there("SET person = :v").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET reserved",
        update_there("SET aws_dbe_head = :v").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET attribute without action",
        update_there("SET mystery = :v").expression_attribute_values(":v", text("x"))
    );
    request!("UpdateItem SET unsigned", update_there("SET remark = :v").expression_attribute_values(":v", text("x")));
    request!("UpdateItem SET unsigned, ALL_NEW", {
        let update = update_there("SET remark = :v").expression_attribute_values(":v", text("x"));
        update.return_values(ReturnValue::AllNew)
    });
    request!(
        "UpdateItem SET path in unsigned",
        update_there("SET extras.x = :v").expression_attribute_values(":v", text("x"))
    );
    request!("UpdateItem SET path in unsigned, UPDATED_NEW", {
        let update = update_there("SET extras.x = :v").expression_attribute_values(":v", text("x"));
        update.return_values(ReturnValue::UpdatedNew)
    });
    request!("UpdateItem SET unsigned = unsigned + value", {
        let update = update_there("SET seen = seen + :n").expression_attribute_values(":n", number("1"));
        update.return_values(ReturnValue::UpdatedNew)
    });
    request!("UpdateItem SET unsigned = signed", update_there("SET remark = ward"));
    request!("UpdateItem SET unsigned = encrypted", update_there("SET remark = diagnosis"));
    request!(
        "UpdateItem SET unsigned = signed + value",
        update_there("SET seen = visits + :n").expression_attribute_values(":n", number("1"))
    );
    request!(
        "UpdateItem SET unsigned = if_not_exists(signed)",
        update_there("SET remark = if_not_exists(ward, :v)").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET unsigned = if_not_exists(unsigned)",
        update_there("SET remark = if_not_exists(remark, :v)").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET unsigned, signed",
        update_there("SET remark = :v, ward = :v").expression_attribute_values(":v", text("x"))
    );
    request!(
        "UpdateItem SET unsigned REMOVE encrypted",
        update_there("SET remark = :v REMOVE diagnosis").expression_attribute_values(":v", text("x"))
    );
    request!("UpdateItem REMOVE encrypted", update_there("REMOVE diagnosis"));
    request!("UpdateItem REMOVE signed", update_there("REMOVE ward"));
    request!("UpdateItem REMOVE unsigned", update_there("REMOVE remark").return_values(ReturnValue::UpdatedOld));
    request!("UpdateItem REMOVE reserved", update_there("REMOVE aws_dbe_foot"));
    request!("UpdateItem ADD signed", update_there("ADD visits :n").expression_attribute_values(":n", number("1")));
    request!("UpdateItem ADD unsigned", update_there("ADD seen :n").expression_attribute_values(":n", number("1")));
    request!(
        "UpdateItem DELETE signed",
        update_there("DELETE teams :t").expression_attribute_values(":t", Value::Ss(vec!["red".to_owned()]))
    );
    request!(
        "UpdateItem SET unsigned without condition",
        update().update_expression("SET remark = :v").expression_attribute_values(":v", text("x"))
    );
    request!("UpdateItem SET unsigned of what is not there", {
        let update =
            client.update_item().table_name(name).set_key(Some(new_key())).update_expression("SET remark = :v");
        update.expression_attribute_values(":v", text("x"))
    });
    request!("UpdateItem SET unsigned of what is not there, if it is there", {
        let update =
            client.update_item().table_name(name).set_key(Some(new_key())).update_expression("SET remark = :v");
        update.expression_attribute_values(":v", text("x")).condition_expression("attribute_exists(person)")
    });
    request!("UpdateItem of an unsigned attribute if encrypted = value, and no more", {
        let update = update().update_expression("SET remark = :x").condition_expression("diagnosis = :v");
        update.expression_attribute_values(":x", text("x")).expression_attribute_values(":v", value("diagnosis"))
    });
    request!("UpdateItem of nothing", update());
    let legacy = AttributeValueUpdate::builder().value(text("x")).action(AttributeAction::Put).build();
    request!("UpdateItem with AttributeUpdates of signed", update().attribute_updates("ward", legacy.clone()));
    request!("UpdateItem with AttributeUpdates of unsigned", update().attribute_updates("remark", legacy));
    request!("UpdateItem with Expected", {
        let update = update().update_expression("SET remark = :v").expression_attribute_values(":v", text("x"));
        update.expected("ward", expected(value("ward")))
    });
    request!("UpdateItem with ConditionalOperator", {
        let update = update().update_expression("SET remark = :v").expression_attribute_values(":v", text("x"));
        update.conditional_operator(ConditionalOperator::And)
    });

    request!("DeleteItem", delete().return_values(ReturnValue::AllOld));
    request!("DeleteItem with Expected", delete().expected("ward", expected(value("ward"))));
    request!("DeleteItem with ConditionalOperator", {
        delete().conditional_operator(ConditionalOperator::Or).expected("ward", expected(value("ward")))
    });

    request!("GetItem", get());
    request!("GetItem with AttributesToGet", get().attributes_to_get("ward"));
    request!("GetItem with a projection of unsigned", get().projection_expression("remark"));
    request!("GetItem with a projection of signed", get().projection_expression("ward"));
    request!("GetItem with a projection of encrypted", get().projection_expression("diagnosis"));
    request!("GetItem with a projection of a path", get().projection_expression("history.x"));
    request!("GetItem with a projection of reserved", get().projection_expression("aws_dbe_head"));

    request!("Query", query());
    request!("Query that counts", query().select(Select::Count));
    request!("Query that counts with filter encrypted", {
        let query = query().select(Select::Count).filter_expression("diagnosis = :d");
        query.expression_attribute_values(":d", value("diagnosis"))
    });
    request!("Query with a projection", query().projection_expression("ward"));
    request!("Query with AttributesToGet", query().attributes_to_get("ward"));
    request!(
        "Query with KeyConditions",
        client.query().table_name(name).key_conditions("person", equals(value("person"))?)
    );
    request!("Query with QueryFilter", query().query_filter("ward", equals(value("ward"))?));
    request!("Query with ConditionalOperator", query().conditional_operator(ConditionalOperator::And));
    request!("Query by encrypted", {
        let query = client.query().table_name(name).key_condition_expression("person = :p AND diagnosis = :d");
        query.expression_attribute_values(":p", value("person")).expression_attribute_values(":d", value("diagnosis"))
    });
    request!("Query of an index that projects everything", query().index_name("all"));
    request!("Query of an index that projects keys", query().index_name("keys"));

    request!("Scan", scan());
    request!("Scan that counts", scan().select(Select::Count));
    request!("Scan with a projection", scan().projection_expression("ward"));
    request!("Scan with AttributesToGet", scan().attributes_to_get("ward"));
    request!("Scan with ScanFilter", scan().scan_filter("ward", equals(value("ward"))?));
    request!("Scan with ConditionalOperator", {
        scan().conditional_operator(ConditionalOperator::Or).scan_filter("ward", equals(value("ward"))?)
    });
    request!("Scan of an index that projects everything", scan().index_name("all"));
    request!("Scan of an index that projects keys", scan().index_name("keys"));

    let keys = || KeysAndAttributes::builder().keys(key.clone());
    request!("BatchGetItem", client.batch_get_item().request_items(name, keys().build()?));
    request!(
        "BatchGetItem with AttributesToGet",
        client.batch_get_item().request_items(name, keys().attributes_to_get("ward").build()?)
    );
    request!(
        "BatchGetItem with a projection",
        client.batch_get_item().request_items(name, keys().projection_expression("ward").build()?)
    );
    request!("BatchGetItem of two tables", {
        client.batch_get_item().request_items(name, keys().build()?).request_items(other, keys().build()?)
    });
    let write = |item: SdkItem| -> Result<WriteRequest> {
        Ok(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build())
    };
    request!("BatchWriteItem", client.batch_write_item().request_items(name, vec![write(item.clone())?]));
    request!(
        "BatchWriteItem with an attribute without action",
        client.batch_write_item().request_items(name, vec![write(with("mystery", text("?")))?])
    );
    request!(
        "BatchWriteItem with a reserved name",
        client.batch_write_item().request_items(name, vec![write(with("aws_dbe_x", text("?")))?])
    );
    request!(
        "BatchWriteItem without partition key",
        client.batch_write_item().request_items(name, vec![write(without("person"))?])
    );

    let one = |get: Get| client.transact_get_items().transact_items(TransactGetItem::builder().get(get).build());
    let get_entry = || Get::builder().table_name(name).set_key(Some(key.clone()));
    request!("TransactGetItems", one(get_entry().build()?));
    request!("TransactGetItems with a projection", one(get_entry().projection_expression("ward").build()?));
    let update_entry = |text: &str| {
        let entry = Update::builder().table_name(name).set_key(Some(key.clone())).update_expression(text);
        entry.condition_expression("attribute_exists(person)")
    };
    let transact = |entry: TransactWriteItem| client.transact_write_items().transact_items(entry);
    let transact_update = |update: Update| transact(TransactWriteItem::builder().update(update).build());
    let v = || (":v", text("x"));
    request!(
        "TransactWriteItems Update SET signed",
        transact_update(update_entry("SET ward = :v").expression_attribute_values(v().0, v().1).build()?)
    );
    request!(
        "TransactWriteItems Update SET encrypted",
        transact_update(update_entry("SET diagnosis = :v").expression_attribute_values(v().0, v().1).build()?)
    );
    request!(
        "TransactWriteItems Update SET unsigned",
        transact_update(update_entry("SET remark = :v").expression_attribute_values(v().0, v().1).build()?)
    );
    request!(
        "TransactWriteItems Update SET unsigned = signed",
        transact_update(update_entry("SET remark = ward").build()?)
    );
    request!(
        "TransactWriteItems Update SET unsigned if encrypted",
        transact_update({
            let update = update_entry("SET remark = :v").condition_expression("attribute_exists(diagnosis)");
            update.expression_attribute_values(v().0, v().1).build()?
        })
    );
    request!(
        "TransactWriteItems Update SET unsigned without condition",
        transact_update({
            let update =
                Update::builder().table_name(name).set_key(Some(key.clone())).update_expression("SET remark = :v");
            update.expression_attribute_values(v().0, v().1).build()?
        })
    );
    request!(
        "TransactWriteItems Put with an attribute without action",
        transact({
            let put = Put::builder().table_name(name).set_item(Some(with("mystery", text("?")))).build()?;
            TransactWriteItem::builder().put(put).build()
        })
    );
    request!(
        "TransactWriteItems Put with a reserved name",
        transact({
            let put = Put::builder().table_name(name).set_item(Some(with("aws_dbe_x", text("?")))).build()?;
            TransactWriteItem::builder().put(put).build()
        })
    );
    request!("TransactWriteItems of an empty entry", transact(TransactWriteItem::builder().build()));

    request!("PartiQL SELECT", statement(format!("SELECT * FROM \"{name}\"")));
    request!("PartiQL SELECT without quotes", statement(format!("SELECT * FROM {name}")));
    request!("PartiQL select in small letters", statement(format!("select * from \"{name}\"")));
    request!("PartiQL SELECT on two lines", statement(format!("SELECT *\n\tFROM\n\"{name}\"")));
    request!("PartiQL SELECT without a space", statement(format!("SELECT * FROM\"{name}\"")));
    request!("PartiQL SELECT WHERE", statement(format!("SELECT ward FROM \"{name}\" WHERE person = 'x'")));
    request!("PartiQL SELECT of an index", statement(format!("SELECT * FROM \"{name}\".\"all\"")));
    request!(
        "PartiQL EXISTS",
        client.execute_transaction().transact_statements({
            let statement = format!("EXISTS(SELECT * FROM \"{name}\" WHERE person = 'x' AND ward = 'x')");
            ParameterizedStatement::builder().statement(statement).build()?
        })
    );
    request!("PartiQL INSERT", statement(format!("INSERT INTO \"{name}\" VALUE {{'person': 'x', 'visited': 1}}")));
    request!("PartiQL UPDATE", statement(format!("UPDATE \"{name}\" SET ward = 'x' WHERE person = 'x'")));
    request!("PartiQL DELETE", statement(format!("DELETE FROM \"{name}\" WHERE person = 'x'")));
    request!(
        "PartiQL in a batch",
        client.batch_execute_statement().statements({
            let statement = format!("SELECT * FROM \"{name}\" WHERE person = 'x' AND visited = 1");
            BatchStatementRequest::builder().statement(statement).build()?
        })
    );
    request!(
        "PartiQL in a transaction",
        client.execute_transaction().transact_statements({
            let statement = format!("SELECT * FROM \"{name}\" WHERE person = 'x' AND visited = 1");
            ParameterizedStatement::builder().statement(statement).build()?
        })
    );

    request!("PartiQL SELECT on a table that is not sealed", statement(format!("SELECT * FROM \"{other}\"")));
    request!("PutItem on a table that is not sealed", {
        let put = client
            .put_item()
            .table_name(other)
            .set_item(Some(item.clone()))
            .condition_expression("diagnosis = :v OR attribute_not_exists(diagnosis)");
        put.expression_attribute_values(":v", value("diagnosis")).return_values(ReturnValue::AllOld)
    });
    request!(
        "GetItem on a table that is not sealed",
        client.get_item().table_name(other).set_key(Some(key.clone())).projection_expression("diagnosis")
    );
    request!("UpdateItem on a table that is not sealed", {
        let update =
            client.update_item().table_name(other).set_key(Some(key.clone())).update_expression("SET ward = :v");
        update.expression_attribute_values(":v", text("x")).return_values(ReturnValue::UpdatedNew)
    });
    request!(
        "DeleteItem on a table that is not sealed",
        client.delete_item().table_name(other).set_key(Some(key.clone()))
    );
    Ok(requests)
}
