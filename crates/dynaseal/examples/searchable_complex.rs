//! A table for everything: six kinds of records, four indexes of compound beacons, and 23 questions about employees,
//! meetings, projects, reservations, tickets and time cards.
//!
//!     cargo run --example searchable_complex --features local -p dynaseal

mod support;

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_dynamodb::types::AttributeValue as SdkValue;
use dynaseal::search::{
    BeaconKeys, CompoundBeacon, Constructor, EncryptedPart, SearchConfig, SignedPart, StandardBeacon,
};
use dynaseal::{
    AttributeValue, BeaconKey, Item, ItemEncryptor, RawAesKeyring, SealedTable, Sealer, SendSealed, TableConfig, sdk,
};

const TABLE: &str = "company";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    run().await
}

pub(crate) async fn run() -> Result<(), Box<dyn Error>> {
    let indexes = [
        ("GSI-0", "aws_dbe_b_PK", Some("aws_dbe_b_SK")),
        ("GSI-1", "aws_dbe_b_PK1", Some("aws_dbe_b_SK1")),
        ("GSI-2", "aws_dbe_b_PK2", None),
        ("GSI-3", "aws_dbe_b_PK3", Some("aws_dbe_b_SK3")),
    ];
    let client = support::indexed_table(TABLE, "partition_key", None, &indexes).await?;
    let sealer = Sealer::of_table(table()?);
    for item in items() {
        client.put_item().table_name(TABLE).set_item(Some(sdk::to_sdk(item))).send_sealed(&sealer).await?;
    }

    for Question { asks, index, key, filter, values, expected } in QUESTIONS {
        let mut query = client.query().table_name(TABLE).index_name(*index).key_condition_expression(*key);
        query = query.set_filter_expression(filter.map(str::to_owned));
        for (name, value) in *values {
            query = query.expression_attribute_values(*name, SdkValue::S((*value).to_owned()));
        }
        for (placeholder, name) in [("#duration", "Duration"), ("#role", "Role")] {
            if filter.is_some_and(|filter| filter.contains(placeholder)) {
                query = query.expression_attribute_names(placeholder, name);
            }
        }
        let page = query.send_sealed(&sealer).await?;
        let found = page.items().iter().filter_map(|item| item.get("partition_key")?.as_s().ok());
        let found: BTreeSet<_> = found.map(String::as_str).collect();
        println!("{asks}: {found:?}");
        assert_eq!(found, expected.iter().copied().collect(), "{asks}");
        assert_eq!(page.items().len(), expected.len(), "{asks}");
    }
    Ok(())
}

/// What is encrypted, and what it can be searched by.
fn table() -> Result<SealedTable, Box<dyn Error>> {
    // Dates are only signed, so that they have an order.
    let config = TableConfig::builder(TABLE, "partition_key")
        .encrypt(["EmployeeID", "EmployeeName", "EmployeeEmail", "ManagerEmail", "Location"])
        .encrypt(["TicketNumber", "CreatorEmail", "AssigneeEmail", "Severity", "Subject"])
        .encrypt(["ProjectName", "ProjectStatus", "OrganizerEmail", "Attendees"])
        // No record has it at the top; the beacon of this name is made inside of `Location`.
        .encrypt(["City"])
        .sign(["TicketModTime", "MeetingStart", "TimeCardStart", "ProjectStart", "ProjectTarget"])
        .sign(["EmployeeTitle", "Description", "Hours", "Role", "Message", "Duration"])
        .build()?;

    let mut search = SearchConfig::new(BeaconKeys::fixed(BeaconKey::copy_from(&[8; 32])?));
    // Four bits are right for a handful of records, and nothing else.
    for (name, prefix) in [
        ("EmployeeID", "E-"),
        ("TicketNumber", "T-"),
        ("ProjectName", "P-"),
        ("EmployeeEmail", "EE-"),
        ("CreatorEmail", "CE-"),
        ("ProjectStatus", "PSts-"),
        ("OrganizerEmail", "OE-"),
        ("ManagerEmail", "ME-"),
        ("AssigneeEmail", "AE-"),
        ("Severity", "S-"),
    ] {
        search = search.standard(StandardBeacon::new(name, 4)).encrypted_part(EncryptedPart::new(name, prefix));
    }
    // What is inside of an encrypted map has beacons, too.
    for (name, prefix) in [("City", "C-"), ("Building", "B-"), ("Floor", "F-"), ("Room", "R-"), ("Desk", "D-")] {
        let beacon = StandardBeacon::new(name, 4).at(format!("Location.{name}"));
        search = search.standard(beacon).encrypted_part(EncryptedPart::new(name, prefix));
    }
    for (name, prefix) in
        [("TicketModTime", "M-"), ("MeetingStart", "MS-"), ("TimeCardStart", "TC-"), ("ProjectStart", "PS-")]
    {
        search = search.signed_part(SignedPart::new(name, prefix));
    }
    // Of each beacon, the first list whose parts an item has makes its value: `E-…` of an employee, `MS-…~F-…~R-…` of a
    // meeting.
    let constructors: [(_, &[&[&str]]); 7] = [
        ("PK", &[&["EmployeeID"], &["Building"], &["TicketNumber"], &["ProjectName"]]),
        (
            "SK",
            &[
                &["TicketModTime"],
                &["MeetingStart", "Floor", "Room"],
                &["TimeCardStart", "EmployeeEmail"],
                &["ProjectName"],
                &["EmployeeID"],
            ],
        ),
        ("PK1", &[&["CreatorEmail"], &["EmployeeEmail"], &["ProjectStatus"], &["OrganizerEmail"]]),
        (
            "SK1",
            &[
                &["MeetingStart", "Floor", "Room"],
                &["TimeCardStart"],
                &["TicketModTime"],
                &["ProjectStart"],
                &["EmployeeID"],
            ],
        ),
        ("PK2", &[&["ManagerEmail"], &["AssigneeEmail"]]),
        ("PK3", &[&["City"], &["Severity"]]),
        ("SK3", &[&["Building", "Floor", "Desk"], &["TicketModTime"]]),
    ];
    for (name, lists) in constructors {
        let constructor = |list: &&[&str]| list.iter().fold(Constructor::new(), |so_far, part| so_far.required(*part));
        let beacon = CompoundBeacon::new(name, '~').constructors(lists.iter().map(constructor).collect());
        search = search.compound(beacon);
    }
    let encryptor = ItemEncryptor::new(config, RawAesKeyring::new("company", "key-2026", &[7; 32])?);
    Ok(SealedTable::new(TABLE, encryptor).with_search(search)?)
}

fn items() -> Vec<Item> {
    let texts = |of: &[(&str, &str)]| of.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let item = |texts: Item, location: Option<&[(&str, &str)]>, attendees: &[&str]| {
        let mut item = texts;
        if let Some(location) = location {
            let place = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).into());
            item.insert("Location".to_owned(), AttributeValue::M(location.iter().map(place).collect()));
        }
        if !attendees.is_empty() {
            let list = attendees.iter().map(|email| (*email).into()).collect();
            item.insert("Attendees".to_owned(), AttributeValue::L(list));
        }
        item
    };
    let mut items = Vec::new();
    for [key, employee, email, start, room, subject] in [
        ["meeting1", "emp_001", "able@gmail.com", "2022-07-04T13:00", "403", "Scan Beacons"],
        ["meeting2", "emp_002", "barney@gmail.com", "2022-07-04T13:00", "403", "Scan Beacons"],
        ["meeting3", "emp_003", "charlie@gmail.com", "2022-07-04T13:00", "403", "Scan Beacons"],
        ["meeting4", "emp_004", "david@gmail.com", "2022-07-04T13:00", "403", "Scan Beacons"],
        ["meeting5", "emp_002", "barney@gmail.com", "2022-07-04T14:00", "407", "DB ESDK"],
        ["meeting6", "emp_003", "charlie@gmail.com", "2022-07-04T14:00", "407", "DB ESDK"],
    ] {
        let meeting = texts(&[
            ("partition_key", key),
            ("EmployeeID", employee),
            ("EmployeeEmail", email),
            ("MeetingStart", start),
            ("Duration", "30"),
            ("Subject", subject),
        ]);
        items.push(item(meeting, Some(&[("Floor", "12"), ("Room", room)]), &[email, "zorro@gmail.com"]));
    }
    for [key, id, email, name, title, building, floor, desk, city] in [
        ["employee1", "emp_001", "able@gmail.com", "Able Jones", "SDE9", "44", "12", "3", "Seattle"],
        ["employee2", "emp_002", "barney@gmail.com", "Barney Jones", "SDE8", "44", "12", "4", "Seattle"],
        ["employee3", "emp_003", "charlie@gmail.com", "Charlie Jones", "SDE7", "44", "4", "5", "Seattle"],
        ["employee4", "emp_004", "david@gmail.com", "David Jones", "SDE6", "22", "1", "3", "NYC"],
    ] {
        let employee = texts(&[
            ("partition_key", key),
            ("EmployeeID", id),
            ("EmployeeEmail", email),
            ("ManagerEmail", "zorro@gmail.com"),
            ("EmployeeName", name),
            ("EmployeeTitle", title),
        ]);
        let location = [("Building", building), ("Floor", floor), ("Desk", desk), ("City", city)];
        items.push(item(employee, Some(&location), &[]));
    }
    for [key, name, status, start, description, target] in [
        ["project1", "project_001", "Pending", "2022-11-01", "Turbo Crypto", "2024-01-01"],
        ["project2", "project_002", "Active", "2022-07-04", "Scan Beacons", "2024-01-01"],
        ["project3", "project_003", "Active", "2022-08-05", "DB ESDK", "2023-02-27"],
        ["project4", "project_004", "Done", "2020-03-03", "S3EC", "2021-09-05"],
    ] {
        let project = texts(&[
            ("partition_key", key),
            ("ProjectName", name),
            ("ProjectStatus", status),
            ("ProjectStart", start),
            ("Description", description),
            ("ProjectTarget", target),
        ]);
        items.push(item(project, None, &[]));
    }
    for [key, room, start, organizer, subject] in [
        ["reservation1", "403", "2022-07-04T13:00", "able@gmail.com", "Scan beacons"],
        ["reservation2", "407", "2022-07-04T14:00", "barney@gmail.com", "DB ESDK"],
    ] {
        let reservation = texts(&[
            ("partition_key", key),
            ("MeetingStart", start),
            ("OrganizerEmail", organizer),
            ("Duration", "30"),
            ("Subject", subject),
        ]);
        let location = [("Building", "SEA33"), ("Floor", "12"), ("Room", room)];
        items.push(item(reservation, Some(&location), &["able@gmail.com", "barney@gmail.com"]));
    }
    for [key, number, time, creator, assignee, subject, message] in [
        [
            "ticket1",
            "ticket_001",
            "2022-10-07T14:32:25",
            "zorro@gmail.com",
            "able@gmail.com",
            "Bad bug",
            "This bug looks pretty bad",
        ],
        [
            "ticket2",
            "ticket_001",
            "2022-10-07T14:32:25",
            "able@gmail.com",
            "charlie@gmail.com",
            "Bad bug",
            "Charlie should handle this",
        ],
        [
            "ticket3",
            "ticket_002",
            "2022-10-06T14:32:25",
            "zorro@gmail.com",
            "charlie@gmail.com",
            "Easy Bug",
            "This seems simple enough",
        ],
        [
            "ticket4",
            "ticket_002",
            "2022-10-08T14:32:25",
            "charlie@gmail.com",
            "able@gmail.com",
            "Easy Bug",
            "that's in able's code",
        ],
    ] {
        let ticket = texts(&[
            ("partition_key", key),
            ("TicketNumber", number),
            ("TicketModTime", time),
            ("CreatorEmail", creator),
            ("AssigneeEmail", assignee),
            ("Severity", "3"),
            ("Subject", subject),
            ("Message", message),
        ]);
        items.push(item(ticket, None, &[]));
    }
    for [key, project, email, hours, role] in [
        ["timecard1", "project_002", "able@gmail.com", "40", "SDE3"],
        ["timecard2", "project_002", "barney@gmail.com", "20", "PM"],
        ["timecard3", "project_003", "charlie@gmail.com", "40", "SDE3"],
        ["timecard4", "project_003", "barney@gmail.com", "20", "PM"],
    ] {
        let card = texts(&[
            ("partition_key", key),
            ("ProjectName", project),
            ("TimeCardStart", "2022-09-12"),
            ("EmployeeEmail", email),
            ("Hours", hours),
            ("Role", role),
        ]);
        items.push(item(card, None, &[]));
    }
    items
}

struct Question {
    asks: &'static str,
    index: &'static str,
    key: &'static str,
    filter: Option<&'static str>,
    values: &'static [(&'static str, &'static str)],
    /// The keys of the items that it finds.
    expected: &'static [&'static str],
}

const QUESTIONS: &[Question] = &[
    Question {
        asks: "1. meetings by date and email",
        index: "GSI-1",
        key: "PK1 = :email AND SK1 BETWEEN :from AND :to",
        filter: Some("#duration > :zero"),
        values: &[
            (":email", "EE-able@gmail.com"),
            (":from", "MS-2022-07-02"),
            (":to", "MS-2022-07-08"),
            (":zero", "0"),
        ],
        expected: &["meeting1"],
    },
    Question {
        asks: "2. meetings by date and employee",
        index: "GSI-0",
        key: "PK = :employee AND SK BETWEEN :from AND :to",
        filter: Some("#duration > :zero"),
        values: &[(":employee", "E-emp_001"), (":from", "MS-2022-07-02"), (":to", "MS-2022-07-08"), (":zero", "0")],
        expected: &["meeting1"],
    },
    Question {
        asks: "3. meetings by date, building, floor and room",
        index: "GSI-0",
        key: "PK = :key AND SK BETWEEN :from AND :to",
        filter: Some("Building = :building AND Floor = :floor AND Room = :room"),
        values: &[
            (":key", "B-SEA33"),
            (":from", "MS-2022-07-02"),
            (":to", "MS-2022-07-08"),
            (":building", "SEA33"),
            (":floor", "12"),
            (":room", "403"),
        ],
        expected: &["reservation1"],
    },
    Question {
        asks: "4. an employee by email",
        index: "GSI-1",
        key: "PK1 = :email AND SK1 = :employee",
        filter: None,
        values: &[(":email", "EE-able@gmail.com"), (":employee", "E-emp_001")],
        expected: &["employee1"],
    },
    Question {
        asks: "5. meetings by email, up to a day",
        index: "GSI-1",
        key: "PK1 = :email AND SK1 BETWEEN :prefix AND :day",
        filter: None,
        values: &[(":email", "EE-able@gmail.com"), (":prefix", "MS-"), (":day", "MS-2023-03-20")],
        expected: &["meeting1"],
    },
    Question {
        asks: "6. tickets by the email of who made them",
        index: "GSI-1",
        key: "PK1 = :creator AND SK1 < :day",
        filter: None,
        values: &[(":creator", "CE-zorro@gmail.com"), (":day", "MS-2023-03-20")],
        expected: &["ticket1", "ticket3"],
    },
    Question {
        asks: "7. reservations by the organizer's email",
        index: "GSI-1",
        key: "PK1 = :organizer AND SK1 < :day",
        filter: None,
        values: &[(":organizer", "OE-able@gmail.com"), (":day", "MS-2023-03-20")],
        expected: &["reservation1"],
    },
    Question {
        asks: "8. time cards by email, up to a day",
        index: "GSI-1",
        key: "PK1 = :email AND SK1 BETWEEN :prefix AND :day",
        filter: None,
        values: &[(":email", "EE-able@gmail.com"), (":prefix", "TC-"), (":day", "TC-2023-03-20")],
        expected: &["timecard1"],
    },
    Question {
        asks: "9. an employee by id",
        index: "GSI-0",
        key: "PK = :employee AND begins_with(SK, :prefix)",
        filter: None,
        values: &[(":employee", "E-emp_001"), (":prefix", "E-")],
        expected: &["employee1"],
    },
    Question {
        asks: "10. an employee by email, whatever the id",
        index: "GSI-1",
        key: "PK1 = :email AND begins_with(SK1, :prefix)",
        filter: None,
        values: &[(":email", "EE-able@gmail.com"), (":prefix", "E-")],
        expected: &["employee1"],
    },
    Question {
        asks: "11. the history of a ticket",
        index: "GSI-0",
        key: "PK = :ticket",
        filter: None,
        values: &[(":ticket", "T-ticket_001")],
        expected: &["ticket1", "ticket2"],
    },
    Question {
        asks: "12. the history of a ticket by who wrote it",
        index: "GSI-1",
        key: "PK1 = :creator",
        filter: Some("PK = :ticket"),
        values: &[(":creator", "CE-zorro@gmail.com"), (":ticket", "T-ticket_001")],
        expected: &["ticket1"],
    },
    Question {
        asks: "13. the history of a ticket by who has it",
        index: "GSI-2",
        key: "PK2 = :assignee",
        filter: Some("PK = :ticket"),
        values: &[(":assignee", "AE-able@gmail.com"), (":ticket", "T-ticket_001")],
        expected: &["ticket1"],
    },
    Question {
        asks: "14. employees by city, building, floor and desk",
        index: "GSI-3",
        key: "PK3 = :city AND begins_with(SK3, :location)",
        filter: None,
        values: &[(":city", "C-Seattle"), (":location", "B-44~F-12~D-3")],
        expected: &["employee1"],
    },
    Question {
        asks: "15. employees by the manager's email",
        index: "GSI-2",
        key: "PK2 = :manager",
        filter: None,
        values: &[(":manager", "ME-zorro@gmail.com")],
        expected: &["employee1", "employee2", "employee3", "employee4"],
    },
    Question {
        asks: "16. tickets by who has them",
        index: "GSI-2",
        key: "PK2 = :assignee",
        filter: None,
        values: &[(":assignee", "AE-able@gmail.com")],
        expected: &["ticket1", "ticket4"],
    },
    Question {
        asks: "17. tickets changed since yesterday",
        index: "GSI-3",
        key: "PK3 = :severity AND SK3 > :yesterday",
        filter: None,
        values: &[(":severity", "S-3"), (":yesterday", "M-2022-10-07T09:30:00")],
        expected: &["ticket1", "ticket2", "ticket4"],
    },
    Question {
        asks: "18. projects by status, start and target",
        index: "GSI-1",
        key: "PK1 = :status AND SK1 > :start",
        filter: Some("ProjectTarget < :target"),
        values: &[(":status", "PSts-Pending"), (":start", "PS-2022-01-01"), (":target", "2025-01-01")],
        expected: &["project1"],
    },
    // One value for two beacons, of which it becomes the same.
    Question {
        asks: "19. a project by name",
        index: "GSI-0",
        key: "PK = :name AND SK = :name",
        filter: None,
        values: &[(":name", "P-project_001")],
        expected: &["project1"],
    },
    Question {
        asks: "20. time cards of a project by date",
        index: "GSI-0",
        key: "PK = :project AND SK BETWEEN :from AND :to",
        filter: None,
        values: &[(":project", "P-project_002"), (":from", "TC-2022-01-01"), (":to", "TC-2023-01-01")],
        expected: &["timecard1", "timecard2"],
    },
    Question {
        asks: "21. time cards of a project by role",
        index: "GSI-0",
        key: "PK = :project",
        filter: Some("#role = :role"),
        values: &[(":project", "P-project_002"), (":role", "SDE3")],
        expected: &["timecard1"],
    },
    Question {
        asks: "22. reservations by building",
        index: "GSI-0",
        key: "PK = :building",
        filter: None,
        values: &[(":building", "B-SEA33")],
        expected: &["reservation1", "reservation2"],
    },
    Question {
        asks: "23. reservations by building and time",
        index: "GSI-0",
        key: "PK = :building AND SK BETWEEN :from AND :to",
        filter: Some("#duration > :zero"),
        values: &[(":building", "B-SEA33"), (":from", "MS-2022-07-01"), (":to", "MS-2022-07-08"), (":zero", "0")],
        expected: &["reservation1", "reservation2"],
    },
];
