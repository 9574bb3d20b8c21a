use crate::house::{cargo, must};
use anyhow::Result;

/// `cargo xtask lint`.
pub(crate) fn lint(_: &[String]) -> Result<()> {
    must(cargo().args(["fmt", "--all", "--check"]))?;
    must(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// `cargo xtask docs`.
pub(crate) fn docs(_: &[String]) -> Result<()> {
    must(cargo().args(["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}
