//! What answers: the served tree, or pages that are made.

use gate::Gate;
use http_proto::server::Text;
use std::sync::Arc;

/// Pages that are made when they are asked for.
pub trait Pages: Send + Sync {
    /// The page of this path, decoded; `None`: there is none. Called on a runtime's thread: quick.
    fn page(&self, path: &[u8]) -> Option<Text>;
}

pub(super) enum Site {
    Tree(Arc<Gate>),
    Pages(Arc<dyn Pages>),
}

impl Site {
    /// Who is asked for places and names; pages ask nobody.
    pub(super) fn gate(&self) -> Option<&Arc<Gate>> {
        match self {
            Site::Tree(gate) => Some(gate),
            Site::Pages(_) => None,
        }
    }
}
