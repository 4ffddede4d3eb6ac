//! One operation goes through one door: a client may have the interceptor, and its operations may be sent sealed.

use std::sync::Arc;

use aws_sdk_dynamodb::config::ConfigBag;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_types::config_bag::{Storable, StoreReplace};
use dynaseal_ops::Tables;

/// Says of one operation that these tables took care of it, so that an interceptor with the same tables lets it through.
/// One with other tables does not.
///
/// It travels with the operation, as an interceptor of that operation alone. The first hook of those is called before any
/// hook in which something is sealed.
#[derive(Clone, Debug)]
pub(crate) struct Mark(Arc<Tables>);

impl Mark {
    pub(crate) fn new(tables: &Arc<Tables>) -> Self {
        Self(Arc::clone(tables))
    }

    /// Whether these very tables took care of the operation.
    pub(crate) fn is_of(tables: &Arc<Tables>, cfg: &ConfigBag) -> bool {
        cfg.load::<Self>().is_some_and(|Self(by)| Arc::ptr_eq(by, tables))
    }
}

impl Storable for Mark {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Mark {
    fn name(&self) -> &'static str {
        "DynaSeal's mark"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(self.clone());
        Ok(())
    }
}
