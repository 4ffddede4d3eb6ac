//! Clients of AWS. Region, profile, endpoints and credentials come from where AWS's own tools take them, as far as
//! nothing else is said. Nothing is loaded before the first client is asked for.

mod profiles;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::SharedCredentialsProvider;
use dynaseal::BoxFuture;
use dynaseal::kms::{ClientSupplier, Kms, RegionalClients, SupplierError};

/// What a file or the command line says about where AWS is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) endpoint_url: Option<EndpointUrl>,
}

/// A URL of a service. The SDK takes any text and fails at the first call, or panics if it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointUrl(String);

/// For messages: without a name and password, should there be any.
impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return Ok(()) };
        let (host, path) = rest.find(['/', '?', '#']).map_or((rest, ""), |end| rest.split_at(end));
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        write!(f, "{scheme}://{host}{path}")
    }
}

/// An endpoint that is no URL.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` is no URL of a service: it has to begin with http:// or https://")]
pub(crate) struct NoUrl(String);

impl FromStr for EndpointUrl {
    type Err = NoUrl;

    fn from_str(text: &str) -> Result<Self, NoUrl> {
        let host = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or_default();
        match host.is_empty() || host.contains(char::is_whitespace) {
            true => Err(NoUrl(text.to_owned())),
            false => Ok(Self(text.to_owned())),
        }
    }
}

/// What the SDK reads by itself.
const ENDPOINTS: [&str; 3] = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_DYNAMODB"];

/// A client that can not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AwsError {
    #[error("no region for {service}: {NO_REGION}")]
    NoRegion { service: &'static str },
    #[error("there is no profile `{profile}` in {files}: {}", known(.names))]
    NoProfile { profile: String, files: String, names: Vec<String> },
    #[error("the environment variable {name}: unset it, or correct it")]
    Endpoint {
        name: &'static str,
        #[source]
        source: NoUrl,
    },
}

fn known(names: &[String]) -> String {
    match names {
        [] => "neither has any, `aws configure` makes one".to_owned(),
        names => format!("they have {}", names.join(", ")),
    }
}

/// How long DynamoDB may take for one answer, which is what AWS's own command gives it.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

const NO_REGION: &str = "give it with --region or `region` in table.toml, with AWS_REGION or in the profile";

/// Configurations that were loaded, so that several keyrings log in once.
#[derive(Debug, Default)]
pub(crate) struct Aws {
    loaded: Vec<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    profile: Option<String>,
    region: Option<String>,
    config: SdkConfig,
}

impl Aws {
    /// Clients of AWS KMS for any region; that of the location is for keys whose name says none.
    pub(crate) async fn kms(&mut self, location: &Location) -> Result<KmsClients, AwsError> {
        let loaded = self.config(location).await?;
        let mut config = aws_sdk_kms::config::Builder::from(loaded);
        if let Some(url) = &location.endpoint_url {
            config = config.endpoint_url(&url.0);
        }
        let region = loaded.region().map(ToString::to_string);
        Ok(KmsClients { clients: RegionalClients::new(config.build()), region })
    }

    /// A client of DynamoDB.
    pub(crate) async fn dynamodb(&mut self, location: &Location) -> Result<aws_sdk_dynamodb::Client, AwsError> {
        let loaded = self.config(location).await?;
        loaded.region().ok_or(AwsError::NoRegion { service: "DynamoDB" })?;
        // A server that takes a connection and never answers would keep a command for ever.
        let timeouts = loaded.timeout_config().map(TimeoutConfig::to_builder).unwrap_or_default();
        let timeouts = timeouts.read_timeout(READ_TIMEOUT).build();
        let mut config = aws_sdk_dynamodb::config::Builder::from(loaded).timeout_config(timeouts);
        if let Some(url) = &location.endpoint_url {
            config = config.endpoint_url(&url.0);
        }
        Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
    }

    async fn config(&mut self, location: &Location) -> Result<&SdkConfig, AwsError> {
        for name in ENDPOINTS {
            if let Ok(url) = std::env::var(name) {
                url.parse::<EndpointUrl>().map_err(|source| AwsError::Endpoint { name, source })?;
            }
        }
        let Location { region, profile, .. } = location;
        if let Some(profile) = profile {
            profiles::check(profile)?;
        }
        let index = match self.loaded.iter().position(|loaded| loaded.profile == *profile && loaded.region == *region) {
            Some(index) => index,
            None => {
                let config = load(location).await;
                self.loaded.push(Loaded { profile: profile.clone(), region: region.clone(), config });
                self.loaded.len() - 1
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found or pushed a moment ago")]
        Ok(&self.loaded[index].config)
    }
}

async fn load(location: &Location) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(profile) = &location.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &location.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let loaded = loader.load().await;
    let Some(profile) = &location.profile else {
        return loaded;
    };
    // Who names a profile means it, also where the environment has credentials. The SDK would take those first.
    let provider = ProviderConfig::without_region().with_region(loaded.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder().configure(&provider).profile_name(profile).build();
    loaded.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

/// A client of AWS KMS that is never asked anything: for what a key store does without its keys.
pub(crate) fn unused_kms() -> Arc<dyn Kms> {
    let config = aws_sdk_kms::Config::builder().behavior_version(BehaviorVersion::latest()).build();
    Arc::new(dynaseal::kms::AwsKms::new(aws_sdk_kms::Client::from_conf(config)))
}

/// One client of AWS KMS per region.
#[derive(Debug)]
pub(crate) struct KmsClients {
    clients: RegionalClients,
    region: Option<String>,
}

impl KmsClients {
    /// With another limit for one call, if there is one.
    pub(crate) fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.clients = timeout.into_iter().fold(self.clients, RegionalClients::with_timeout);
        self
    }
}

impl ClientSupplier for KmsClients {
    fn client<'a>(&'a self, region: Option<&'a str>) -> BoxFuture<'a, Result<Arc<dyn Kms>, SupplierError>> {
        if region.or(self.region.as_deref()).is_none() {
            return Box::pin(std::future::ready(Err(SupplierError::new(None, NO_REGION))));
        }
        self.clients.client(region)
    }
}
