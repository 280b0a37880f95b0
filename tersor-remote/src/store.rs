//! The store that a URL names.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, ObjectStore, ObjectStoreScheme, RetryConfig};
use url::{Position, Url};

use crate::RemoteOptions;
use crate::error::io_error;

/// Gives a builder of a store its settings. The names of settings that the store does not know are errors.
macro_rules! build {
    ($builder:expr, $options:expr) => {{
        let mut builder = $builder.with_retry(retry($options));
        for (name, value) in client_settings($options).iter().chain(&$options.settings) {
            let key = name.to_ascii_lowercase().parse().map_err(|error| io_error(&error))?;
            builder = builder.with_config(key, value);
        }
        Arc::new(builder.build().map_err(|error| io_error(&error))?) as Arc<dyn ObjectStore>
    }};
}

/// Returns the store and the path in it that a URL names.
pub fn of_url(url: &str, options: &RemoteOptions) -> io::Result<(Arc<dyn ObjectStore>, Path)> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{url}: {what}"));
    let parsed = Url::parse(url).map_err(|error| invalid(&error.to_string()))?;
    let (scheme, path) = ObjectStoreScheme::parse(&parsed).map_err(|error| invalid(&error.to_string()))?;
    let path = Path::parse(path).map_err(|error| invalid(&error.to_string()))?;
    // connections need it; a program that has chosen other cryptography keeps it
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = match scheme {
        ObjectStoreScheme::Http => {
            if parsed.query().is_some() {
                return Err(invalid("a request for a range cannot send the part after `?`: give a URL without it"));
            }
            let root = &parsed[..Position::BeforePath];
            let allows_http = (parsed.scheme() == "http").to_string();
            let builder = HttpBuilder::new().with_url(root).with_config(ClientConfigKey::AllowHttp, allows_http);
            build!(builder, options)
        }
        #[cfg(feature = "aws")]
        ObjectStoreScheme::AmazonS3 => build!(object_store::aws::AmazonS3Builder::from_env().with_url(url), options),
        #[cfg(feature = "gcp")]
        ObjectStoreScheme::GoogleCloudStorage => {
            build!(object_store::gcp::GoogleCloudStorageBuilder::from_env().with_url(url), options)
        }
        _ => return Err(invalid("this kind of URL is not supported: give one with https, http, s3 or gs")),
    };
    Ok((store, path))
}

fn client_settings(options: &RemoteOptions) -> [(String, String); 2] {
    let seconds = |time: Duration| format!("{}s", time.as_secs().max(1));
    let connecting = options.patience.min(Duration::from_secs(10));
    [(ClientConfigKey::Timeout, options.patience), (ClientConfigKey::ConnectTimeout, connecting)]
        .map(|(key, time)| (key.as_ref().to_owned(), seconds(time)))
}

fn retry(options: &RemoteOptions) -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: options.retries, retry_timeout: options.patience }
}
