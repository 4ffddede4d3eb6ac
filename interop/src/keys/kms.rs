//! Keys of AWS KMS.

use std::error::Error;
use std::sync::Arc;

use aws_db_esdk::material_providers::types::{
    KmsEcdhStaticConfigurations, KmsPrivateKeyToStaticPublicKeyInput, KmsPublicKeyDiscoveryInput,
};
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{EncryptionAlgorithmSpec, KeyAgreementAlgorithmSpec, KeySpec, KeyUsageType};
use aws_sdk_kms::{Client, Config};
use dynaseal::kms::{AwsKms, GrantTokens, Kms, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsKeyring, KmsRsaKeyring};
use dynaseal::{AlgorithmSuite, Curve, EcdhPublicKey, RsaPadding, RsaPublicKey};
use winterbaume_core::MockAws;
use winterbaume_kms::KmsService;

use super::raw::{CURVE, with_p256};
use super::{Both, Run, chain};
use crate::Result;
use crate::official::providers;

/// AWS KMS: one in this process, or the server of `KMS_ENDPOINT`.
pub struct Server {
    config: Config,
    endpoint: Option<String>,
}

/// A key on the server.
pub struct Key {
    pub(super) client: Client,
    pub(super) arn: String,
}

impl Key {
    /// What our side calls.
    pub(super) fn kms(&self) -> Arc<dyn Kms> {
        Arc::new(AwsKms::new(self.client.clone()))
    }

    async fn public_key(&self) -> Result<Vec<u8>> {
        let answer = self.client.get_public_key().key_id(&self.arn).send().await?;
        Ok(answer.public_key.ok_or("no public key")?.into_inner())
    }

    /// Tries whether the server does this at all.
    async fn agree(&self, other: &Self) -> Result<()> {
        let call =
            self.client.derive_shared_secret().key_id(&self.arn).public_key(Blob::new(other.public_key().await?));
        let answer = call.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh).send().await;
        Ok(answer.map(drop).map_err(|error| format!("the server does not agree: {}", why(&error)))?)
    }

    /// The same for what only key stores ask.
    pub(super) async fn re_encrypt(&self) -> Result<()> {
        let (client, arn) = (&self.client, &self.arn);
        let new = client.generate_data_key_without_plaintext().key_id(arn).number_of_bytes(32).send().await?;
        let call = client.re_encrypt().set_ciphertext_blob(new.ciphertext_blob).source_key_id(arn);
        let answer = call.destination_key_id(arn).send().await;
        Ok(answer.map(drop).map_err(|error| format!("the server does not re-encrypt: {}", why(&error)))?)
    }
}

const REGION: Region = Region::from_static("us-east-1");
const OTHER_REGION: Region = Region::from_static("eu-west-1");

impl Server {
    pub fn new() -> Self {
        let endpoint = std::env::var("KMS_ENDPOINT").ok();
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(REGION)
            .credentials_provider(Credentials::new("test", "test", None, None, "interop"));
        let config = match &endpoint {
            Some(url) => config.endpoint_url(url),
            None => config.http_client(MockAws::builder().with_service(KmsService::new()).build().http_client()),
        };
        Self { config: config.build(), endpoint }
    }

    pub(super) fn name(&self) -> String {
        let server = self.endpoint.as_ref().map(|url| format!("the server at {url} (KMS_ENDPOINT)"));
        server.unwrap_or_else(|| "winterbaume in this process".to_owned())
    }

    /// Whether there may be more than symmetric keys of one Region. What the AWS KMS in this process calls RSA keys, key
    /// pairs and replicas are random bytes.
    fn needs_more(&self) -> Result<()> {
        match self.endpoint {
            Some(_) => Ok(()),
            None => Err("winterbaume has no such keys: set KMS_ENDPOINT to a LocalStack".into()),
        }
    }

    pub async fn symmetric(&self) -> Result<Key> {
        self.create(KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, false).await
    }

    async fn create(&self, spec: KeySpec, usage: KeyUsageType, multi_region: bool) -> Result<Key> {
        let client = Client::from_conf(self.config.clone());
        let call = client.create_key().key_spec(spec).key_usage(usage).multi_region(multi_region);
        let arn = call.send().await?.key_metadata.and_then(|key| key.arn).ok_or("no ARN")?;
        Ok(Key { client, arn })
    }

    async fn replicate(&self, key: &Key) -> Result<Key> {
        let call = key.client.replicate_key().key_id(&key.arn).replica_region(OTHER_REGION.as_ref());
        let arn = call.send().await?.replica_key_metadata.and_then(|key| key.arn).ok_or("no ARN")?;
        Ok(Key { client: Client::from_conf(self.config.to_builder().region(OTHER_REGION).build()), arn })
    }
}

/// All kinds but the hierarchical ones.
pub(super) async fn run(run: &mut Run, server: &Server) {
    symmetric(run, server).await;
    multi_region(run, server).await;
    rsa(run, server).await;
    ecdh(run, server).await;
}

async fn symmetric(run: &mut Run, server: &Server) {
    let same = async {
        let keyring = symmetric_keyring(&server.symmetric().await?).await?;
        Ok((keyring.clone(), keyring))
    };
    run.kind("AWS KMS", &AlgorithmSuite::ALL, same).await;
    let discovery = async {
        let key = server.symmetric().await?;
        let ours = KmsDiscoveryKeyring::new(key.kms(), None, GrantTokens::default());
        let theirs = providers()?.create_aws_kms_discovery_keyring().kms_client(key.client.clone()).send().await?;
        Ok((symmetric_keyring(&key).await?, Both::new(ours, theirs)))
    };
    run.kind("AWS KMS, opened by discovery", &AlgorithmSuite::ALL, discovery).await;
}

async fn symmetric_keyring(key: &Key) -> Result<Both> {
    let ours = KmsKeyring::new(key.kms(), key.arn.parse()?, GrantTokens::default());
    let theirs = providers()?.create_aws_kms_keyring().kms_client(key.client.clone()).kms_key_id(&key.arn);
    Ok(Both::new(ours, theirs.send().await?))
}

async fn multi_region(run: &mut Run, server: &Server) {
    let create = || server.create(KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt, true);
    let same = async {
        let keyring = multi_region_keyring(&create().await?).await?;
        Ok((keyring.clone(), keyring))
    };
    run.kind("AWS KMS multi-Region", &AlgorithmSuite::ALL, same).await;
    let kind = "AWS KMS multi-Region, opened by the replica of another Region";
    let keys = async {
        server.needs_more()?;
        let key = create().await?;
        let replica = server.replicate(&key).await?;
        Result::Ok((key, replica))
    };
    match keys.await {
        Ok((key, replica)) => {
            let keyrings = async { Ok((multi_region_keyring(&key).await?, multi_region_keyring(&replica).await?)) };
            run.kind(kind, &AlgorithmSuite::ALL, keyrings).await;
        }
        Err(reason) => run.skip(kind, reason),
    }
}

async fn multi_region_keyring(key: &Key) -> Result<Both> {
    let ours = KmsKeyring::mrk(key.kms(), key.arn.parse()?, GrantTokens::default());
    let theirs = providers()?.create_aws_kms_mrk_keyring().kms_client(key.client.clone()).kms_key_id(&key.arn);
    Ok(Both::new(ours, theirs.send().await?))
}

async fn rsa(run: &mut Run, server: &Server) {
    for (padding, algorithm) in [
        (RsaPadding::OaepSha1, EncryptionAlgorithmSpec::RsaesOaepSha1),
        (RsaPadding::OaepSha256, EncryptionAlgorithmSpec::RsaesOaepSha256),
    ] {
        let kind = format!("AWS KMS RSA 2048, {padding}");
        match rsa_key(server, padding, &algorithm).await {
            Ok(key) => {
                let keyrings = async {
                    let keyring = rsa_keyring(&key, padding, algorithm).await?;
                    Ok((keyring.clone(), keyring))
                };
                // Both sides refuse to sign with it, as the specification demands.
                run.kind(&kind, &[AlgorithmSuite::HmacOnly], keyrings).await;
            }
            Err(reason) => run.skip(&kind, reason),
        }
    }
}

/// A key that was tried: servers have RSA keys that do not open what is padded as they were told.
async fn rsa_key(server: &Server, padding: RsaPadding, algorithm: &EncryptionAlgorithmSpec) -> Result<Key> {
    server.needs_more()?;
    let key = server.create(KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt, false).await?;
    let encrypted = RsaPublicKey::from_der(&key.public_key().await?)?.encrypt(padding, b"a trial")?;
    let call = key.client.decrypt().key_id(&key.arn).encryption_algorithm(algorithm.clone());
    match call.ciphertext_blob(Blob::new(encrypted)).send().await {
        Ok(opened) if opened.plaintext.as_ref().is_some_and(|text| text.as_ref() == b"a trial") => Ok(key),
        Ok(_) => Err("the server opens this padding to something else".into()),
        Err(error) => Err(format!("the server does not open this padding: {}", why(&error)).into()),
    }
}

async fn rsa_keyring(key: &Key, padding: RsaPadding, algorithm: EncryptionAlgorithmSpec) -> Result<Both> {
    let ours = KmsRsaKeyring::fetch(key.arn.parse()?, padding, key.kms(), GrantTokens::default()).await?;
    // They never fetch it, and take it in PEM.
    let public_key = pem::encode(&pem::Pem::new("PUBLIC KEY", key.public_key().await?));
    let theirs = providers()?.create_aws_kms_rsa_keyring().kms_client(key.client.clone()).kms_key_id(&key.arn);
    let theirs = theirs.encryption_algorithm(algorithm).public_key(Blob::new(public_key));
    Ok(Both::new(ours, theirs.send().await?))
}

fn why<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> String {
    error.message().map_or_else(|| chain(error), str::to_owned)
}

/// Which half of the agreement AWS KMS has.
#[derive(Clone, Copy)]
enum Scheme {
    Static,
    Reversed,
    Discovery,
}

async fn ecdh(run: &mut Run, server: &Server) {
    let create = || server.create(KeySpec::EccNistP256, KeyUsageType::KeyAgreement, false);
    for (kind, opens) in [
        ("static", Scheme::Static),
        ("static, opened with the roles reversed", Scheme::Reversed),
        ("static, opened by discovery", Scheme::Discovery),
    ] {
        let kind = format!("AWS KMS ECDH P-256, {kind}");
        let keys = async {
            server.needs_more()?;
            let (alice, bob) = (create().await?, create().await?);
            alice.agree(&bob).await?;
            Result::Ok((alice, bob))
        };
        match keys.await {
            Ok((alice, bob)) => {
                let keyrings = async {
                    let seals = ecdh_keyring(Scheme::Static, &alice, &bob).await?;
                    Ok((seals, ecdh_keyring(opens, &alice, &bob).await?))
                };
                run.kind(&kind, &AlgorithmSuite::ALL, keyrings).await;
            }
            Err(reason) => run.skip(&kind, reason),
        }
    }
    for curve in ["P-384", "P-521"] {
        run.skip(&format!("AWS KMS ECDH {curve}, all schemes"), CURVE);
    }
}

async fn ecdh_keyring(scheme: Scheme, sender: &Key, recipient: &Key) -> Result<Both> {
    let theirs = providers()?.create_aws_kms_ecdh_keyring().set_curve_spec(with_p256().curve_spec);
    let (own, other) = match scheme {
        Scheme::Static => (sender, recipient),
        Scheme::Reversed => (recipient, sender),
        Scheme::Discovery => {
            let (client, arn) = (recipient.kms(), recipient.arn.parse()?);
            let ours = KmsEcdhKeyring::discovery(client, arn, Curve::P256, GrantTokens::default()).await?;
            let scheme = KmsPublicKeyDiscoveryInput::builder().recipient_kms_identifier(&recipient.arn).build()?;
            let scheme = KmsEcdhStaticConfigurations::KmsPublicKeyDiscovery(scheme);
            let theirs = theirs.key_agreement_scheme(scheme).kms_client(recipient.client.clone());
            return Ok(Both::new(ours, theirs.send().await?));
        }
    };
    let public_key = other.public_key().await?;
    let ours_other = EcdhPublicKey::from_der(Curve::P256, &public_key)?;
    let ours = KmsEcdhKeyring::fixed(own.kms(), own.arn.parse()?, None, ours_other, GrantTokens::default()).await?;
    let scheme = KmsPrivateKeyToStaticPublicKeyInput::builder()
        .sender_kms_identifier(&own.arn)
        .recipient_public_key(Blob::new(public_key))
        .build()?;
    let scheme = KmsEcdhStaticConfigurations::KmsPrivateKeyToStaticPublicKey(scheme);
    let theirs = theirs.key_agreement_scheme(scheme).kms_client(own.client.clone());
    Ok(Both::new(ours, theirs.send().await?))
}
