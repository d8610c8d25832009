//! Where a server sends whoever asks for an address.

use super::{Network, download::ANSWER};

/// The target of the redirect at `url`; the error says why there is none.
pub(crate) fn location(network: &Network, url: &str) -> Result<String, String> {
    let url = network.address(url);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .https_only(network.mirror.is_none())
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(ANSWER.min(network.patience)))
        .build()
        .into();
    let response = agent.get(&url).call().map_err(|error| format!("{url}: {error}"))?;
    let to = response.headers().get("location").and_then(|to| to.to_str().ok());
    to.map(str::to_owned).ok_or_else(|| format!("{url}: the server answers {}", response.status()))
}
