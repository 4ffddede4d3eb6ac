//! Several keyrings as one (specification: `framework/multi-keyring.md`).

use std::sync::Arc;

use super::Keyring;
use crate::materials::{BoxFuture, MaterialsError, UnwrapRequest, UnwrappedKeys, WrapRequest};

/// Seals for all of its keyrings; any one of them opens.
#[derive(Debug)]
pub struct MultiKeyring {
    generator: Option<Arc<dyn Keyring>>,
    children: Vec<Arc<dyn Keyring>>,
}

/// A multi-keyring of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a multi-keyring needs a generator or a child")]
pub struct EmptyMultiKeyring;

impl MultiKeyring {
    /// A keyring that makes the data key, and others that wrap the same data key.
    pub fn new(generator: Arc<dyn Keyring>, children: Vec<Arc<dyn Keyring>>) -> Self {
        Self { generator: Some(generator), children }
    }

    /// A keyring that only opens: with none of its children named to make data keys, sealing is an error.
    ///
    /// # Errors
    /// If there are no children.
    pub fn without_generator(children: Vec<Arc<dyn Keyring>>) -> Result<Self, EmptyMultiKeyring> {
        if children.is_empty() { Err(EmptyMultiKeyring) } else { Ok(Self { generator: None, children }) }
    }

    async fn wrap(&self, request: &mut WrapRequest<'_>) -> Result<(), MaterialsError> {
        if let Some(generator) = &self.generator {
            if request.has_data_key() {
                return Err(MaterialsError::DataKeyAlready);
            }
            generator.on_encrypt(request).await?;
        }
        match (&self.generator, request.has_data_key()) {
            (_, true) => {}
            (Some(_), false) => return Err(MaterialsError::NoDataKey),
            (None, false) => {
                let reason = "without a generator there is nobody to make the data key";
                return Err(MaterialsError::OnlyOpens { keyring: self.describe(), reason });
            }
        }
        for (index, child) in self.children.iter().enumerate() {
            let failed = |error| MaterialsError::Child { index, source: Box::new(error) };
            child.on_encrypt(request).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn unwrap(&self, request: &UnwrapRequest<'_>) -> Result<UnwrappedKeys, MaterialsError> {
        let mut errors = Vec::new();
        for keyring in self.generator.iter().chain(&self.children) {
            match keyring.on_decrypt(request).await {
                Ok(keys) => return Ok(keys),
                Err(error) => errors.push(error),
            }
        }
        Err(MaterialsError::NoChild(errors))
    }
}

impl Keyring for MultiKeyring {
    fn on_encrypt<'a>(&'a self, request: &'a mut WrapRequest<'_>) -> BoxFuture<'a, Result<(), MaterialsError>> {
        Box::pin(self.wrap(request))
    }

    fn on_decrypt<'a>(
        &'a self,
        request: &'a UnwrapRequest<'a>,
    ) -> BoxFuture<'a, Result<UnwrappedKeys, MaterialsError>> {
        Box::pin(self.unwrap(request))
    }

    fn describe(&self) -> String {
        let names = self.generator.iter().chain(&self.children).map(|keyring| keyring.describe());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Multi-keyrings among them are taken apart as well.
    fn members(&self) -> Vec<Arc<dyn Keyring>> {
        let of = |keyring: &Arc<dyn Keyring>| match keyring.members() {
            members if members.is_empty() => vec![Arc::clone(keyring)],
            members => members,
        };
        self.generator.iter().chain(&self.children).flat_map(of).collect()
    }
}
