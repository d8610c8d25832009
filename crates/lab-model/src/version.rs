//! What these sources call themselves.

/// The version, with the commit where it is known: a release is built with its commit, a checkout is not.
pub const VERSION: &str = match option_env!("SIGHTLINE_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};
