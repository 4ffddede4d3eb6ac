//! Addresses of tables and items in the AWS console.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dynaseal_core::AttributeValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 3986 calls unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

fn escaped(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, ESCAPED)
}

fn home(region: &str) -> String {
    // The partition has an address of its own in China and in GovCloud.
    let domain = match region {
        _ if region.starts_with("cn-") => "console.amazonaws.cn",
        _ if region.starts_with("us-gov-") => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    };
    let region = escaped(region);
    format!("https://{region}.{domain}/dynamodbv2/home?region={region}")
}

pub(super) fn table(region: &str, table: &str) -> String {
    format!("{}#table?name={}&tab=overview", home(region), escaped(table))
}

pub(super) fn items(region: &str, table: &str) -> String {
    format!("{}#item-explorer?table={}&maximize=true", home(region), escaped(table))
}

pub(super) fn item(region: &str, table: &str, partition: &AttributeValue, sort: Option<&AttributeValue>) -> String {
    let mut address = format!("{}#edit-item?table={}&itemMode=2", home(region), escaped(table));
    let _ = write!(address, "&pk={}", escaped(&text(partition)));
    // The console wants the parameter also where there is no sort key.
    let _ = write!(address, "&sk={}", escaped(&sort.map(text).unwrap_or_default()));
    address.push_str("&route=ROUTE_ITEM_EXPLORER");
    address
}

fn text(key: &AttributeValue) -> String {
    match key {
        AttributeValue::S(text) | AttributeValue::N(text) => text.clone(),
        AttributeValue::B(bytes) => BASE64.encode(bytes),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_escaped() {
        let key = AttributeValue::S("a b/ü?&#=%".to_owned());
        let address = item("eu-central-1", "t.1", &key, Some(&AttributeValue::N("-1.5".to_owned())));
        assert_eq!(
            address,
            "https://eu-central-1.console.aws.amazon.com/dynamodbv2/home?region=eu-central-1#edit-item?table=t.1\
             &itemMode=2&pk=a%20b%2F%C3%BC%3F%26%23%3D%25&sk=-1.5&route=ROUTE_ITEM_EXPLORER"
        );
        let bytes = AttributeValue::B(vec![0xfb, 0xff]);
        assert!(item("us-east-1", "t", &bytes, None).contains("&pk=%2B%2F8%3D&sk=&"));
        assert!(table("cn-north-1", "t").starts_with("https://cn-north-1.console.amazonaws.cn/"));
        assert!(items("us-gov-west-1", "t").starts_with("https://us-gov-west-1.console.amazonaws-us-gov.com/"));
    }
}
