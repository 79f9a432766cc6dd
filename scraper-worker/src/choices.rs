//! What the owner chose for all sites, put in force at the start and whenever it changes: which
//! private addresses may be visited, which headers go along. What cannot be used is a warning that
//! names it, because the rest of the settings is good. Leaves switched-off providers to `walk`.

use runtime::settings::ProvidersSettings;

use crate::{
    fetch::{Allowed, ExtraHeaders, Fetcher, like},
    providers,
};

/// Puts them in force, and logs what cannot be used.
pub(crate) fn put_in_force(fetcher: &Fetcher, sites: &ProvidersSettings) {
    let names: Vec<_> = providers::all()
        .iter()
        .map(|provider| provider.name())
        .collect();
    let (headers, mut problems) = ExtraHeaders::read(&sites.extra_headers, &names);
    fetcher.take_along(headers);
    let (allowed, unread) = Allowed::read(&sites.allowed_hosts);
    let guard = &fetcher.means().guard;
    guard.allow_private(sites.allow_private_addresses);
    guard.allow(allowed);
    problems.extend(unread);
    problems.extend(unknown(&sites.disabled, &names));
    for problem in problems {
        tracing::warn!("{problem}");
    }
}

/// Names of no provider, as sentences.
fn unknown(disabled: &[String], names: &[&'static str]) -> Vec<String> {
    disabled
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty() && !names.contains(&name.as_str()))
        .map(|name| {
            let like = like(&name, names);
            format!("`providers.disabled` switches nothing off: there is no {like}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use runtime::Secret;

    use super::*;
    use crate::fake_site::{Bench, sites};

    #[test]
    fn a_name_of_no_provider_is_told_with_the_nearest_one() {
        let disabled = ["Letterbox", " imdb ", "zzz", ""].map(str::to_owned);
        assert_eq!(
            unknown(&disabled, &["imdb", "letterboxd"]),
            [
                "`providers.disabled` switches nothing off: there is no provider `letterbox`; did you mean `letterboxd`?",
                "`providers.disabled` switches nothing off: there is no provider `zzz`",
            ]
        );
    }

    #[actix_rt::test]
    async fn choices_are_in_force_at_once_and_those_before_are_gone() {
        let bench = Bench::new();
        let fetcher = bench.fetcher();
        let mut chosen = sites("http://127.0.0.1:9");
        chosen.allowed_hosts = vec!["10.0.0.5".into(), "10.0.0.0/33".into()];
        chosen.extra_headers = vec![Secret::new("imdb: X-Name: 1")];
        put_in_force(&fetcher, &chosen);
        let guard = fetcher.means().guard.clone();
        let own = Some(("10.0.0.5", 80));
        assert!(!guard.allows_private());
        assert!(guard.resolve("10.0.0.5", 80, own).await.is_ok());
        chosen.allowed_hosts.clear();
        put_in_force(&fetcher, &chosen);
        assert!(guard.resolve("10.0.0.5", 80, own).await.is_err());
    }
}
