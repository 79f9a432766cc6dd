//! What the zone is called that local times are in. Leaves reckoning in it to `chrono::Local`, whose
//! choice this follows: `TZ` of the process, else `/etc/localtime`, else UTC.

use std::path::{Path, PathBuf};

use runtime::Environment;

const LOCAL_TIME: &str = "/etc/localtime";
/// Where chrono looks.
const ZONES: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/share/zoneinfo",
    "/etc/zoneinfo",
    "/usr/share/lib/zoneinfo",
];

/// Name of the process's zone; `None` where it has none, so that only the offset can be told.
pub(crate) fn name(environment: &Environment) -> Option<String> {
    // `.env` is read by us, not by chrono.
    let variable = environment
        .get("TZ")
        .filter(|_| environment.dot_env("TZ").is_none());
    let link = std::fs::read_link(LOCAL_TIME)
        .ok() // then it is a copy or not there, and has no name
        .filter(|_| Path::new(LOCAL_TIME).exists());
    name_of(variable, link, Path::is_file)
}

fn name_of(
    variable: Option<&str>,
    link: Option<PathBuf>,
    is_file: impl Fn(&Path) -> bool,
) -> Option<String> {
    let of_link = || link.as_deref().and_then(Path::to_str).map(short);
    let Some(variable) = variable else {
        return of_link();
    };
    if variable == "localtime" {
        return of_link();
    }
    let name = variable.strip_prefix(':').unwrap_or(variable);
    if ZONES
        .iter()
        .any(|zones| is_file(&Path::new(zones).join(name)))
    {
        return Some(short(name));
    }
    // `CET-1CEST` is a rule without a name; anything else is not known and not used.
    if variable.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    of_link()
}

/// `Europe/Berlin` of `/usr/share/zoneinfo/Europe/Berlin`.
fn short(path: &str) -> String {
    path.rsplit_once("zoneinfo/")
        .map_or(path, |(_, name)| name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_that_of_the_zone_which_is_used() {
        let is_file = |path: &Path| path == Path::new("/usr/share/zoneinfo/Asia/Tokyo");
        let berlin = || Some(PathBuf::from("../usr/share/zoneinfo/Europe/Berlin"));
        let name = |variable, link| name_of(variable, link, is_file);
        assert_eq!(name(None, berlin()).as_deref(), Some("Europe/Berlin"));
        assert_eq!(name(None, None), None);
        let tokyo = Some("Asia/Tokyo".to_owned());
        assert_eq!(name(Some("Asia/Tokyo"), berlin()), tokyo);
        assert_eq!(name(Some(":Asia/Tokyo"), berlin()), tokyo);
        assert_eq!(name(Some("/usr/share/zoneinfo/Asia/Tokyo"), None), tokyo);
        assert_eq!(name(Some("CET-1CEST"), berlin()), None);
        // An image without zones: chrono takes the machine's, or else UTC.
        assert_eq!(
            name(Some("America/Lima"), berlin()).as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(name(Some("America/Lima"), None), None);
    }

    #[test]
    fn a_zone_of_dot_env_is_not_that_of_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, "TZ=Mars/Phobos-1\n").unwrap();
        let mut environment = Environment::default();
        let without = name(&environment);
        environment.read_dot_env(&path).unwrap();
        assert_eq!(name(&environment), without);
    }
}
