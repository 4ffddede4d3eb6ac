//! A sealed table and the way to it, as the command line names them; and what DynamoDB says no to, with what to do next.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::TableDescription;
use dynaseal::{ItemError, OperationError, Refusal, SealedTable, Sealer, local, operation_error};

use crate::args::{DatabaseArgs, SealedTableArgs};
use crate::aws::{Aws, AwsError};
use crate::outage::ServiceFailure;
use crate::output::{tell, with_causes};
use crate::preflight::{self, PreflightError};
use crate::table::{self, Keys, TableError};

/// A client of DynamoDB and the one sealed table that it is for.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) client: Client,
    pub(crate) sealer: Sealer,
    /// The sealed table; none if nothing is known of it.
    sealed: Option<Arc<SealedTable>>,
    /// The table's name in DynamoDB.
    pub(crate) table: String,
    /// Its key attributes, for messages; empty if they are not known.
    keys: String,
    place: Place,
    /// table.toml, for messages; none if there is none.
    config: Option<PathBuf>,
    /// What DynamoDB says of the table; none if that is not known.
    description: Option<TableDescription>,
}

/// A sealed table that can not be reached.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(
        "there is no database {file}: `dynaseal table create --config table.toml --db {file}` makes it for a table of your own, `dynaseal demo --db {file}` one to try, with its table.toml",
        file = .0.display()
    )]
    NoDatabase(PathBuf),
    #[error(transparent)]
    Database(#[from] local::OpenError),
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    #[error("the table {table}{place} has no index `{index}`: {there}")]
    NoIndex { table: String, place: String, index: String, there: String },
}

impl Database {
    /// The sealed table of table.toml. The table is asked for its keys, and nothing else is if they differ.
    pub(crate) async fn open(args: &SealedTableArgs) -> Result<Self, DatabaseError> {
        let table = table::sealed_table(&args.config, args.table.as_deref(), Keys::All).await?;
        let (name, config) = (table.name().to_owned(), table.config());
        let keys: Vec<_> =
            std::iter::once(config.partition_key()).chain(config.sort_key()).map(|name| format!("`{name}`")).collect();
        let client = client(&args.database).await?;
        let description = preflight::check(&client, args).await?;
        tell(|| format!("the table is {name}{}", Place::new(&args.database)));
        Ok(Self {
            client,
            sealer: Sealer::of_table(table.clone()),
            sealed: Some(Arc::new(table)),
            table: name,
            keys: keys.join(" and "),
            place: Place::new(&args.database),
            config: Some(args.config.clone()),
            description,
        })
    }

    /// The partition key of [`open`](Self::open).
    pub(crate) fn partition_key(&self) -> &str {
        self.sealed().config().partition_key()
    }

    /// With table.toml in what messages say to do next.
    pub(crate) fn with_config(self, config: &Path) -> Self {
        Self { config: Some(config.to_owned()), ..self }
    }

    /// Where the table is, as far as it was said, for messages: ` in people.db`.
    pub(crate) fn place(&self) -> String {
        self.place.to_string()
    }

    /// Refuses an index that the table does not have, as far as that is known.
    pub(crate) fn has_index(&self, index: Option<&str>) -> Result<(), DatabaseError> {
        let (Some(index), Some(description)) = (index, &self.description) else { return Ok(()) };
        let global = description.global_secondary_indexes().iter().filter_map(|index| index.index_name());
        let local = description.local_secondary_indexes().iter().filter_map(|index| index.index_name());
        let names: Vec<&str> = global.chain(local).collect();
        if names.contains(&index) {
            return Ok(());
        }
        let there = match names.as_slice() {
            [] => "it has none; `dynaseal table create` makes those of beacons with a new table".to_owned(),
            names => format!("it has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
        };
        Err(DatabaseError::NoIndex { table: self.table.clone(), place: self.place(), index: index.to_owned(), there })
    }

    /// The table of [`open`](Self::open).
    pub(crate) fn sealed(&self) -> &Arc<SealedTable> {
        self.sealed.as_ref().expect("who asks for it has opened the table with its configuration")
    }

    /// A table of which nothing is known: its items pass as they are stored.
    pub(crate) async fn open_as_stored(table: &str, args: &DatabaseArgs) -> Result<Self, DatabaseError> {
        Ok(Self::of_table(client(args).await?, table, args))
    }

    /// The same with a client that is there.
    pub(crate) fn of_table(client: Client, table: &str, args: &DatabaseArgs) -> Self {
        Self {
            client,
            sealer: Sealer::new([]).expect("of no tables, no two have one name"),
            sealed: None,
            table: table.to_owned(),
            keys: String::new(),
            place: Place::new(args),
            config: None,
            description: None,
        }
    }

    /// What an operation failed with. The text is this program's own: some of the SDK's contain a whole request.
    pub(crate) fn failed<E>(&self, operation: &'static str, error: &SdkError<E>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        if let Some(refused) = operation_error(error) {
            return CallError::refused(refused);
        }
        let code = error.code().unwrap_or_default();
        let said = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            _ => texts(error),
        };
        let next = match self.next(code, error, &said) {
            Some(next) => format!(" ({next})"),
            None => String::new(),
        };
        let table = if self.table.is_empty() { String::new() } else { format!(" on the table {}", self.table) };
        let text = format!("DynamoDB {operation}{table}{}: {said}{next}", self.place);
        let names_index = code == "ValidationException" && said.contains("specified index");
        CallError { text, of_item: OF_ITEM.contains(&code), names_index, service: None }
    }

    /// Says of an index that is not there which ones are.
    pub(crate) async fn with_indexes(&self, error: CallError) -> CallError {
        let answer = self.client.describe_table().table_name(&self.table).send().await;
        let Some(table) = answer.ok().and_then(|answer| answer.table) else { return error };
        let global = table.global_secondary_indexes().iter().filter_map(|index| index.index_name.as_ref());
        let local = table.local_secondary_indexes().iter().filter_map(|index| index.index_name.as_ref());
        let names: Vec<_> = global.chain(local).map(|name| format!("`{name}`")).collect();
        let there = match &*names {
            [] => "the table has no index: leave --index out".to_owned(),
            names => format!("its indexes are {}", names.join(", ")),
        };
        CallError { text: format!("{} ({there})", error.text), ..error }
    }

    /// What to do about it.
    fn next<E>(&self, code: &str, error: &SdkError<E>, said: &str) -> Option<String> {
        Some(match code {
            "ResourceNotFoundException" => self.not_found(),
            "ConditionalCheckFailedException" => "nothing was written".to_owned(),
            "ValidationException" if said.contains("reserved keyword") => {
                "give the word a placeholder: #n in the expression and --names '{\"#n\":\"WORD\"}'".to_owned()
            }
            "ValidationException"
                if !self.keys.is_empty() && (said.contains("key element") || said.contains("key schema")) =>
            {
                format!("table.toml says that its key attributes are {}", self.keys)
            }
            "AccessDeniedException" => "these credentials may not do this; --profile takes others".to_owned(),
            "ExpiredTokenException" | "UnrecognizedClientException" | "InvalidSignatureException" => {
                "log in again, or take other credentials with --profile".to_owned()
            }
            "ProvisionedThroughputExceededException" | "RequestLimitExceeded" | "ThrottlingException" => {
                "try later, or with AWS_RETRY_MODE=adaptive and AWS_MAX_ATTEMPTS=20".to_owned()
            }
            _ if said.to_lowercase().contains("credential") => {
                "no AWS credentials? set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or log in with `aws sso login`"
                    .to_owned()
            }
            _ => match error {
                SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                    "nobody answers there: --endpoint-url, --region and --profile say where to look".to_owned()
                }
                _ => return None,
            },
        })
    }
}

impl Database {
    /// What to do if there is no such table, or no such index.
    fn not_found(&self) -> String {
        let config = self.config.as_deref().unwrap_or(Path::new("table.toml")).display();
        match &self.place {
            Place::File(file) => {
                let file = file.display();
                format!(
                    "`dynaseal table list --db {file}` shows the tables that are there, and --table says which table, or table.toml if it does not; `dynaseal table create --config {config} --db {file}` makes it"
                )
            }
            _ => format!(
                "--table says which table, and table.toml if it does not; --region, --profile and --endpoint-url where to look: `dynaseal table list` shows the tables that are there, `dynaseal table create --config {config}` makes it"
            ),
        }
    }
}

/// A client of DynamoDB or of the embedded database, without anything sealed.
pub(crate) async fn client(args: &DatabaseArgs) -> Result<Client, DatabaseError> {
    Ok(match &args.db {
        Some(path) if !path.exists() => return Err(DatabaseError::NoDatabase(path.clone())),
        Some(path) => local::file(path)?,
        None => Aws::default().dynamodb(&args.location()).await?,
    })
}

/// What DynamoDB says about one item, and would not say about another.
const OF_ITEM: [&str; 4] = [
    "ConditionalCheckFailedException",
    "ItemCollectionSizeLimitExceededException",
    "TransactionConflictException",
    "ValidationException",
];

/// An operation failed.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct CallError {
    text: String,
    /// Whether it is about the item at hand alone, so that others may do.
    pub(crate) of_item: bool,
    /// Whether it is about an index that is not there.
    pub(crate) names_index: bool,
    /// The key service whose failure it is, if it is one.
    pub(crate) service: Option<ServiceFailure>,
}

impl CallError {
    /// For what is wrong with an item.
    pub(crate) fn of_item(error: &dyn Error) -> Self {
        Self { text: with_causes(error), of_item: true, names_index: false, service: None }
    }

    /// For an item of a page, of a table or of an index.
    pub(crate) fn of_page(error: ItemError, index: Option<&str>) -> Self {
        Self::of_item(&Refusal::of_item(error, index))
    }

    /// For what this side of the wire says no to.
    pub(crate) fn refused(error: &OperationError) -> Self {
        match (error.item(), error.refusal()) {
            (Some(item), _) => Self { service: ServiceFailure::of(item), ..Self::of_item(item) },
            (None, refusal @ (Refusal::Beacons { .. } | Refusal::TooLarge { .. })) => {
                Self { service: ServiceFailure::of(refusal), ..Self::of_item(refusal) }
            }
            // Of sealed updates: another item may be another matter.
            (
                None,
                refusal @ (Refusal::Apply(_)
                | Refusal::Contended { .. }
                | Refusal::MissingKey { .. }
                | Refusal::NotInKey { .. }
                | Refusal::OtherItem
                | Refusal::Retired { .. }
                | Refusal::TooManyWritten { .. }),
            ) => Self { text: with_causes(error), ..Self::of_item(refusal) },
            (None, refusal) => {
                let text = with_causes(error);
                let text = format!("{text}{}", on_the_command_line(refusal, &text));
                Self { text, of_item: false, names_index: false, service: ServiceFailure::of(refusal) }
            }
        }
    }

    /// For an answer without what it should have.
    pub(crate) fn silent(operation: &str, table: &str) -> Self {
        let text = format!("DynamoDB {operation} on the table {table}: the answer says nothing");
        Self { text, of_item: false, names_index: false, service: None }
    }

    /// With the place of what it is about.
    pub(crate) fn at(self, place: &str) -> Self {
        Self { text: format!("{place}: {}", self.text), ..self }
    }
}

/// What can be done about it with this program.
fn on_the_command_line(refusal: &Refusal, text: &str) -> &'static str {
    const VALUES: &str = " (values have placeholders: --key-condition 'pk = :v' --values '{\":v\":{\"S\":\"…\"}}')";
    match refusal {
        Refusal::Encrypted { kind, .. } if kind.to_string().starts_with("Condition") => {
            " (here: `dynaseal update` with --condition asks the opened item; whether there is an item at all, the key says: attribute_not_exists(pk))"
        }
        _ if text.contains("filter after opening") => {
            " (here: pipe the opened items to jq, or give the attribute a beacon: `dynaseal beacons plan` says how long, [search] of table.toml takes it)"
        }
        Refusal::Expression(_) | Refusal::Resolve(_) => VALUES,
        _ => "",
    }
}

/// The texts of an error and its causes, but for those with a brace: they contain the `Debug` of a request.
fn texts<E: Error + 'static>(error: &SdkError<E>) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.retain(|text| !text.contains(['{', '}']));
    texts.dedup();
    texts.join(": ")
}

/// Where the table is, as far as it was said.
#[derive(Debug)]
enum Place {
    File(PathBuf),
    Endpoint(String),
    Region(String),
    Usual,
}

impl Place {
    fn new(args: &DatabaseArgs) -> Self {
        let of_environment = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"].map(|name| std::env::var(name).ok());
        let of_environment = of_environment.into_iter().flatten().next().and_then(|url| url.parse().ok());
        match (&args.db, args.endpoint_url.clone().or(of_environment), &args.region) {
            (Some(path), _, _) => Self::File(path.clone()),
            (None, Some(url), _) => Self::Endpoint(url.to_string()),
            (None, None, Some(region)) => Self::Region(region.clone()),
            (None, None, None) => Self::Usual,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, " in {}", Path::display(path)),
            Self::Endpoint(url) => write!(f, " at {url}"),
            Self::Region(region) => write!(f, " in {region}"),
            Self::Usual => Ok(()),
        }
    }
}
