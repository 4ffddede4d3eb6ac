//! A secret of AWS KMS for every item.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynaseal_core::{
    AttributeValue, BoxFuture, ContextError, EncryptionContext, LegacyError, LegacyErrorClass, normalize_number,
};
use dynaseal_legacy::ddbec::{
    DecryptionMaterials, DerivedKeys, EncryptionMaterials, Error, ItemContext, MaterialDescription, MaterialsProvider,
    names,
};
use zeroize::Zeroizing;

use crate::arn::KmsKeyId;
use crate::client::{Binding, CIPHERTEXT, Decrypt, GenerateDataKey, GrantTokens, Kms, KmsError, KmsErrorKind};

/// What the encryption context says of the table's name.
const TABLE_NAME: &str = "*aws-kms-table*";
/// What the material description says of the attributes in the encryption context.
const COVERED: (&str, &str) = ("aws-kms-ec-attr", "*keys*");
/// How a secret is wrapped that AWS KMS wrapped.
const WRAPPED_BY_KMS: &str = "kms";
/// Bytes of the secret.
const SECRET: usize = 32;

/// Gives every item a secret of AWS KMS, from which its keys are derived: one `GenerateDataKey` to seal an item, one
/// `Decrypt` to open it. The secret is bound to the item's key, to the table's name and to the algorithms.
///
/// Upstream lets AWS KMS decrypt with whatever key an item was sealed with. Then who can write the table can seal items with
/// a key of their own that they let you use. Here `Decrypt` names the key, and those before it that were said to be.
pub struct DirectKmsProvider {
    client: Arc<dyn Kms>,
    key_id: KmsKeyId,
    older: Vec<KmsKeyId>,
    grant_tokens: GrantTokens,
    description: MaterialDescription,
}

/// Why there are no keys for an item.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectKmsError {
    /// AWS KMS said no.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// The item's key, or the table's name, has no place in an encryption context.
    #[error("the item's key does not go into the encryption context of AWS KMS")]
    Context(#[from] ContextError),
    /// A key attribute that can not be one.
    #[error("the key attribute `{name}` has to be text, a number or bytes, and is of the type {found}")]
    KeyType {
        /// Its name.
        name: String,
        /// Its type.
        found: &'static str,
    },
    /// A number that is none.
    #[error("the key attribute `{0}` is no number that DynamoDB takes")]
    KeyNumber(String),
}

impl DirectKmsProvider {
    /// With a symmetric key, by its ARN, its id or an alias.
    pub fn new(client: Arc<dyn Kms>, key_id: KmsKeyId, grant_tokens: GrantTokens) -> Self {
        Self { client, key_id, older: Vec::new(), grant_tokens, description: MaterialDescription::default() }
    }

    /// Opens also what these keys sealed. Each that is tried is a call to AWS KMS.
    #[must_use]
    pub fn with_older_keys(mut self, keys: impl IntoIterator<Item = KmsKeyId>) -> Self {
        self.older.extend(keys);
        self
    }

    /// What every item is to say. [`names::CONTENT_ALGORITHM`] and [`names::SIGNATURE_ALGORITHM`] choose those.
    ///
    /// # Errors
    /// [`Error::NotTaken`] for algorithms that there are not.
    pub fn with_description(mut self, description: MaterialDescription) -> Result<Self, Error> {
        self.description = description;
        let (content, signature) = self.algorithms();
        DerivedKeys::new(&[0; SECRET], content, signature)?;
        Ok(self)
    }

    fn algorithms(&self) -> (&str, &str) {
        let said = |name, default| self.description.get(name).unwrap_or(default);
        (
            said(names::CONTENT_ALGORITHM, DerivedKeys::CONTENT_ALGORITHM),
            said(names::SIGNATURE_ALGORITHM, DerivedKeys::SIGNATURE_ALGORITHM),
        )
    }

    async fn encryption(&self, item: &ItemContext<'_>) -> Result<EncryptionMaterials, LegacyError> {
        let (content, signature) = self.algorithms();
        let context = context(item, content, signature).map_err(|error| of_item(error, LegacyErrorClass::Item))?;
        let key_id = self.key_id.to_string();
        let call = GenerateDataKey { key_id: &key_id, context: &context, grant_tokens: &self.grant_tokens };
        let answer = self.client.generate_data_key(call).await.map_err(of_kms)?;
        let bad = |message| of_kms(KmsError::bad_answer("GenerateDataKey", &key_id, message));
        if !CIPHERTEXT.contains(&answer.ciphertext.len()) {
            return Err(bad("the ciphertext has another length than AWS KMS gives"));
        }
        let secret = secret(&answer.plaintext).ok_or_else(|| bad("the plaintext has not 32 bytes"))?;
        let keys = DerivedKeys::new(secret, content, signature)?;
        let mut description = self.description.clone();
        description.insert(COVERED.0, COVERED.1);
        description.insert(names::WRAPPING_ALGORITHM, WRAPPED_BY_KMS);
        description.insert(names::CONTENT_ALGORITHM, content);
        description.insert(names::SIGNATURE_ALGORITHM, signature);
        description.insert(names::WRAPPED_KEY, STANDARD.encode(&answer.ciphertext));
        Ok(EncryptionMaterials {
            encryption_key: Some(keys.encryption_key),
            signing_key: keys.signing_key.into(),
            description,
        })
    }

    async fn decryption(&self, item: &ItemContext<'_>) -> Result<DecryptionMaterials, LegacyError> {
        let said = |name| item.description.get(name).ok_or(Error::Missing(name));
        let (content, signature) = (said(names::CONTENT_ALGORITHM)?, said(names::SIGNATURE_ALGORITHM)?);
        let context = context(item, content, signature).map_err(|error| of_item(error, LegacyErrorClass::Malformed))?;
        // Items of Java may have lines.
        let wrapped: Vec<u8> = said(names::WRAPPED_KEY)?.bytes().filter(|byte| !b"\r\n".contains(byte)).collect();
        let wrapped = STANDARD.decode(wrapped).ok().filter(|wrapped| CIPHERTEXT.contains(&wrapped.len()));
        let wrapped = wrapped.ok_or(Error::Description("the wrapped key is none of AWS KMS"))?;
        let plaintext = self.decrypt(&wrapped, &context).await.map_err(of_kms)?;
        let bad =
            || of_kms(KmsError::bad_answer("Decrypt", &self.key_id.to_string(), "the plaintext has not 32 bytes"));
        // Said by an item, and true: the algorithms are in the context as well.
        let keys = DerivedKeys::new(secret(&plaintext).ok_or_else(bad)?, content, signature)?;
        Ok(DecryptionMaterials { decryption_key: Some(keys.encryption_key), verification_key: keys.signing_key.into() })
    }

    /// With the first key that it is a ciphertext of. An error that is something else ends it, and of those that are not the
    /// first is told.
    async fn decrypt(&self, ciphertext: &[u8], context: &EncryptionContext) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let mut first = None;
        for key_id in std::iter::once(&self.key_id).chain(&self.older) {
            let key_id = key_id.to_string();
            let call = Decrypt {
                key_id: &key_id,
                ciphertext,
                binding: Binding::Context(context),
                grant_tokens: &self.grant_tokens,
            };
            match self.client.decrypt(call).await {
                Ok(answer) => return Ok(answer.plaintext),
                Err(error) if error.kind == KmsErrorKind::WrongCiphertext => first = first.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        let none = || KmsError::bad_answer("Decrypt", &self.key_id.to_string(), "there is no key to ask for");
        Err(first.unwrap_or_else(none))
    }
}

fn secret(plaintext: &[u8]) -> Option<&[u8]> {
    Some(plaintext).filter(|plaintext| plaintext.len() == SECRET)
}

/// What the secret is bound to.
fn context(item: &ItemContext<'_>, content: &str, signature: &str) -> Result<EncryptionContext, DirectKmsError> {
    let mut context = EncryptionContext::new();
    for (name, value) in [(names::CONTENT_ALGORITHM, content), (names::SIGNATURE_ALGORITHM, signature)] {
        context.insert(&format!("*{name}*"), value)?;
    }
    for name in std::iter::once(item.partition_key).chain(item.sort_key) {
        // Upstream leaves out what the item does not have.
        let Some(value) = item.attributes.get(name) else { continue };
        let value = match value {
            AttributeValue::S(text) => text.clone(),
            // As DynamoDB will give it back. Upstream takes the caller's spelling, and then does not open the item.
            AttributeValue::N(number) => {
                normalize_number(number).map_err(|_| DirectKmsError::KeyNumber(name.to_owned()))?
            }
            AttributeValue::B(bytes) => STANDARD.encode(bytes),
            other => return Err(DirectKmsError::KeyType { name: name.to_owned(), found: other.type_name() }),
        };
        context.insert(name, &value)?;
    }
    context.insert(TABLE_NAME, item.table_name)?;
    Ok(context)
}

fn of_item(error: DirectKmsError, class: LegacyErrorClass) -> LegacyError {
    LegacyError::new(class, error)
}

fn of_kms(error: KmsError) -> LegacyError {
    LegacyError::new(LegacyErrorClass::Materials, DirectKmsError::Kms(error))
}

impl fmt::Debug for DirectKmsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectKmsProvider")
            .field("key_id", &self.key_id)
            .field("older", &self.older)
            .finish_non_exhaustive()
    }
}

impl MaterialsProvider for DirectKmsProvider {
    fn encryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<EncryptionMaterials, LegacyError>> {
        Box::pin(self.encryption(context))
    }

    fn decryption_materials<'a>(
        &'a self,
        context: &'a ItemContext<'a>,
    ) -> BoxFuture<'a, Result<DecryptionMaterials, LegacyError>> {
        Box::pin(self.decryption(context))
    }
}
