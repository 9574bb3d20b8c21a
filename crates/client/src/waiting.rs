//! Somebody may pull while we wait.

use transport::Cancel;

/// Until somebody pulls; of none it is never pulled.
pub(crate) async fn pulled(cancel: Option<&Cancel>) {
    match cancel {
        Some(cancel) => cancel.pulled().await,
        None => std::future::pending().await,
    }
}
