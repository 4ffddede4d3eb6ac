//! Keys of AWS KMS.

use std::sync::Arc;

use aws_db_esdk::material_providers::types::{
    KmsEcdhStaticConfigurations, KmsPrivateKeyToStaticPublicKeyInput, KmsPublicKeyDiscoveryInput,
};
use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{EncryptionAlgorithmSpec, KeySpec, KeyUsageType};
use aws_sdk_kms::{Client, Config};
use dynaseal::kms::{AwsKms, GrantTokens, Kms, KmsDiscoveryKeyring, KmsEcdhKeyring, KmsKeyring, KmsRsaKeyring};
use dynaseal::{AlgorithmSuite, Curve, EcdhPublicKey, RsaPadding};
use winterbaume_core::MockAws;
use winterbaume_kms::KmsService;

use super::raw::{CURVE, with_p256};
use super::{Both, Run};
use crate::Result;
use crate::official::providers;

/// AWS KMS: one in this process, or the server of `KMS_ENDPOINT`.
pub(super) struct Server {
    config: Config,
    endpoint: Option<String>,
}

/// A key on the server.
pub(super) struct Key {
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
}

const REGION: Region = Region::from_static("us-east-1");
const OTHER_REGION: Region = Region::from_static("eu-west-1");

impl Server {
    pub(super) fn new() -> Self {
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

    /// Why a kind of key can not be had: the one in this process encrypts with symmetric keys of one Region, and what it
    /// calls RSA keys, key pairs and replicas are random bytes.
    fn lacks(&self) -> Option<&'static str> {
        match self.endpoint {
            Some(_) => None,
            None => Some("winterbaume has no such key: set KMS_ENDPOINT to a LocalStack"),
        }
    }

    pub(super) async fn symmetric(&self) -> Result<Key> {
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
    if let Some(reason) = server.lacks() {
        return run.skip(kind, reason);
    }
    let replica = async {
        let key = create().await?;
        let replica = server.replicate(&key).await?;
        Ok((multi_region_keyring(&key).await?, multi_region_keyring(&replica).await?))
    };
    run.kind(kind, &AlgorithmSuite::ALL, replica).await;
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
        if let Some(reason) = server.lacks() {
            run.skip(kind, reason);
            continue;
        }
        let keyrings = async {
            let key = server.create(KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt, false).await?;
            let ours = KmsRsaKeyring::fetch(key.arn.parse()?, padding, key.kms(), GrantTokens::default()).await?;
            // They never fetch it, and take it in PEM.
            let public_key = pem::encode(&pem::Pem::new("PUBLIC KEY", key.public_key().await?));
            let theirs = providers()?.create_aws_kms_rsa_keyring().kms_client(key.client.clone()).kms_key_id(&key.arn);
            let theirs = theirs.encryption_algorithm(algorithm).public_key(Blob::new(public_key));
            let keyring = Both::new(ours, theirs.send().await?);
            Ok((keyring.clone(), keyring))
        };
        // Both sides refuse to sign with it, as the specification demands.
        run.kind(&kind, &[AlgorithmSuite::HmacOnly], keyrings).await;
    }
}

/// Which half of the agreement AWS KMS has.
#[derive(Clone, Copy)]
enum Scheme {
    Static,
    Reversed,
    Discovery,
}

async fn ecdh(run: &mut Run, server: &Server) {
    for (kind, opens) in [
        ("static", Scheme::Static),
        ("static, opened with the roles reversed", Scheme::Reversed),
        ("static, opened by discovery", Scheme::Discovery),
    ] {
        let kind = format!("AWS KMS ECDH P-256, {kind}");
        if let Some(reason) = server.lacks() {
            run.skip(kind, reason);
            continue;
        }
        let keyrings = async {
            let alice = server.create(KeySpec::EccNistP256, KeyUsageType::KeyAgreement, false).await?;
            let bob = server.create(KeySpec::EccNistP256, KeyUsageType::KeyAgreement, false).await?;
            let seals = ecdh_keyring(Scheme::Static, &alice, &bob).await?;
            Ok((seals, ecdh_keyring(opens, &alice, &bob).await?))
        };
        run.kind(&kind, &AlgorithmSuite::ALL, keyrings).await;
    }
    for curve in ["P-384", "P-521"] {
        run.skip(format!("AWS KMS ECDH {curve}, all schemes"), CURVE);
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
    let ours =
        KmsEcdhKeyring::fixed(own.kms(), own.arn.parse()?, None, ours_other, GrantTokens::default()).await?;
    let scheme = KmsPrivateKeyToStaticPublicKeyInput::builder()
        .sender_kms_identifier(&own.arn)
        .recipient_public_key(Blob::new(public_key))
        .build()?;
    let scheme = KmsEcdhStaticConfigurations::KmsPrivateKeyToStaticPublicKey(scheme);
    let theirs = theirs.key_agreement_scheme(scheme).kms_client(own.client.clone());
    Ok(Both::new(ours, theirs.send().await?))
}
