//! What the zone is called that local times are in. Leaves choosing it to `runtime`, which sets `TZ`, and
//! reckoning in it to `chrono::Local`.

use std::path::{Path, PathBuf};

use runtime::{Environment, settings::TimeZone, zone};

const LOCAL_TIME: &str = "/etc/localtime";

/// Name of the process's zone; `None` where it has none, so that only the offset can be told.
pub(crate) fn name(zone: &TimeZone, environment: &Environment) -> Option<String> {
    if zone.is_machine() {
        let link = std::fs::read_link(LOCAL_TIME)
            .ok() // then it is a copy or not there, and has no name
            .filter(|_| Path::new(LOCAL_TIME).exists());
        return link_name(link);
    }
    // Of a rule that stands for a zone whose data are not on this machine.
    let of_rule = || environment.get(zone::NAME);
    zone.name().or_else(of_rule).map(str::to_owned)
}

/// `Europe/Berlin` of `/usr/share/zoneinfo/Europe/Berlin`.
fn link_name(link: Option<PathBuf>) -> Option<String> {
    let link = link?;
    let path = link.to_str()?;
    Some(
        path.rsplit_once("zoneinfo/")
            .map_or(path, |(_, name)| name)
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_of(zone: &str, environment: &Environment) -> Option<String> {
        name(&TimeZone::parse(zone, None).unwrap(), environment)
    }

    #[test]
    fn the_name_is_that_of_the_zone_which_is_used() {
        let none = Environment::default();
        assert_eq!(name_of(":asia/tokyo", &none).as_deref(), Some("Asia/Tokyo"));
        assert_eq!(name_of("CEST", &none).as_deref(), Some("Europe/Berlin"));
        assert_eq!(name_of("<+01>-1", &none), None);
        let rule = Environment::of([(zone::NAME, "Europe/Berlin")]);
        assert_eq!(
            name_of("CET-1CEST,M3.5.0,M10.5.0/3", &rule).as_deref(),
            Some("Europe/Berlin")
        );
    }

    #[test]
    fn the_machines_zone_is_called_as_its_link_is() {
        let link = |path: &str| link_name(Some(PathBuf::from(path)));
        assert_eq!(
            link("../usr/share/zoneinfo/Europe/Berlin").as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(link_name(None), None);
        // Another zone's name is not that of the machine's.
        let other = Environment::of([(zone::NAME, "Mars/Phobos")]);
        assert_ne!(name_of("localtime", &other).as_deref(), Some("Mars/Phobos"));
    }
}
