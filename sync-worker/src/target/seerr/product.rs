//! Which program answers, how old it is, and everything in which the three differ: what numbers mean,
//! what `"all"` seasons are, what an answer tells. What all of them take is sent to all of them: a
//! query parameter that one does not know is refused there, so none such is used anywhere.

use crate::target::{MediaStatus, RequestStatus, TargetWarning};

/// Overseerr and those that came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// What the others came of.
    Overseerr,
    /// The same for more media servers.
    Jellyseerr,
    /// What the two became.
    Seerr,
}

impl Program {
    /// What `GET /api/v1` calls itself; none for other programs.
    pub(super) fn named(api: &str) -> Option<Self> {
        match api {
            "Overseerr API" => Some(Self::Overseerr),
            "Jellyseerr API" => Some(Self::Jellyseerr),
            "Seerr API" => Some(Self::Seerr),
            _ => None,
        }
    }
}

/// How old it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Version {
    /// A release: major and minor number.
    Release(u32, u32),
    /// A build of its developers, or it did not tell: taken for newer than every release.
    Newest,
}

impl Version {
    /// Reads `3.1.0`, `v2.7.3`, `develop-0a1b2c` and what else is told.
    fn read(text: &str) -> Self {
        let mut numbers = text.trim().trim_start_matches('v').split('.');
        let mut next = || numbers.next().and_then(|number| number.parse().ok()); // `develop` has none
        match (next(), next()) {
            (Some(major), Some(minor)) => Self::Release(major, minor),
            _ => Self::Newest,
        }
    }

    fn is_at_least(self, major: u32, minor: u32) -> bool {
        self >= Self::Release(major, minor)
    }
}

/// One program in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    program: Program,
    version: Version,
    /// As it told it, for people.
    told: String,
    /// Whether specials may be requested there.
    pub(super) has_specials: bool,
}

impl Product {
    /// Recognises it by what it calls itself, by whether its settings name a media server, and by its
    /// version, which it may not tell.
    pub(super) fn recognised(named: Program, has_media_server: bool, told: &str) -> Self {
        let version = Version::read(told);
        // Jellyseerr called itself Overseerr until 2.4, but has media servers to choose from and has
        // left Overseerr's version numbers behind.
        let is_release_of_two = version != Version::Newest && version.is_at_least(2, 0);
        let program = match named {
            Program::Overseerr if has_media_server || is_release_of_two => Program::Jellyseerr,
            named => named,
        };
        Self {
            program,
            version,
            told: told.to_owned(),
            has_specials: false,
        }
    }

    /// `Seerr`, `Overseerr` or `Jellyseerr`.
    pub(super) fn name(&self) -> &'static str {
        match self.program {
            Program::Overseerr => "Overseerr",
            Program::Jellyseerr => "Jellyseerr",
            Program::Seerr => "Seerr",
        }
    }

    /// Its version as it told it.
    pub(super) fn version(&self) -> &str {
        &self.told
    }

    /// What a number in a title's `status` or `status4k` means. A number that this version does not
    /// have stays a number: nothing is requested on a guess. Builds of Overseerr after its last release
    /// write 6 for deleted, where the others write it for blocklisted.
    pub(super) fn media_status(&self, number: Option<i64>) -> MediaStatus {
        match number {
            None | Some(1) => MediaStatus::Unknown,
            Some(2) => MediaStatus::Pending,
            Some(3) => MediaStatus::Processing,
            Some(4) => MediaStatus::Partial,
            Some(5) => MediaStatus::Available,
            Some(6) if self.has_blocklist() => MediaStatus::Blocklisted,
            Some(7) if self.tells_what_became_of_it() => MediaStatus::Deleted,
            Some(other) => MediaStatus::Other(bounded(other)),
        }
    }

    /// What a number in a request's `status` means.
    pub(super) fn request_status(&self, number: Option<i64>) -> RequestStatus {
        match number {
            Some(1) => RequestStatus::Pending,
            Some(2) => RequestStatus::Approved,
            Some(3) => RequestStatus::Declined,
            Some(4) => RequestStatus::Failed,
            Some(5) if self.tells_what_became_of_it() => RequestStatus::Completed,
            other => RequestStatus::Other(bounded(other.unwrap_or_default())),
        }
    }

    fn has_blocklist(&self) -> bool {
        match self.program {
            Program::Overseerr => false,
            Program::Jellyseerr => self.version.is_at_least(2, 0),
            Program::Seerr => true,
        }
    }

    /// Whether it has the words deleted, for titles, and completed, for requests.
    fn tells_what_became_of_it(&self) -> bool {
        match self.program {
            Program::Overseerr => false,
            Program::Jellyseerr => self.version.is_at_least(2, 6),
            Program::Seerr => true,
        }
    }

    /// Whether `"all"` seasons would bring the specials too, so that seasons must be named.
    pub(super) fn all_brings_specials(&self) -> bool {
        self.has_specials
            && match self.program {
                Program::Overseerr => true,
                Program::Jellyseerr => !self.version.is_at_least(2, 6),
                Program::Seerr => false,
            }
    }

    /// What a person should know of this version.
    pub(super) fn warnings(&self) -> Vec<TargetWarning> {
        let (oldest, why) = match self.program {
            Program::Overseerr => (
                (1, 33),
                "it cannot find titles by their IMDb or TVDB number, so more of them need a person's choice",
            ),
            Program::Jellyseerr => ((2, 0), "ListSync was not made for versions before 2.0"),
            Program::Seerr => ((3, 0), "ListSync was not made for versions before 3.0"),
        };
        if self.version.is_at_least(oldest.0, oldest.1) {
            return Vec::new();
        }
        let (name, told) = (self.name(), &self.told);
        vec![TargetWarning {
            what: format!("{name} {told} is old: {why}"),
            remedy: format!(
                "Update {name} to {}.{} or later; its data stays.",
                oldest.0, oldest.1
            ),
        }]
    }
}

/// What is beyond is no status that anybody has thought of.
fn bounded(number: i64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(api: &str, has_media_server: bool, version: &str) -> Product {
        Product::recognised(Program::named(api).unwrap(), has_media_server, version)
    }

    #[test]
    fn programs_are_told_apart_by_name_settings_and_version() {
        for (api, has_media_server, version, wanted) in [
            ("Seerr API", true, "3.1.0", "Seerr"),
            ("Seerr API", true, "develop-f74306e", "Seerr"),
            ("Seerr API", true, "unknown", "Seerr"),
            ("Jellyseerr API", true, "2.7.3", "Jellyseerr"),
            ("Overseerr API", true, "2.0.1", "Jellyseerr"),
            ("Overseerr API", true, "unknown", "Jellyseerr"),
            ("Overseerr API", false, "2.3.0", "Jellyseerr"),
            ("Overseerr API", false, "1.34.0", "Overseerr"),
            ("Overseerr API", false, "develop-46a9b24", "Overseerr"),
            ("Overseerr API", false, "unknown", "Overseerr"),
        ] {
            let product = product(api, has_media_server, version);
            assert_eq!((product.name(), product.version()), (wanted, version));
        }
        assert_eq!(Program::named("Toaster API"), None);
    }

    #[test]
    fn versions_are_read_however_they_are_written() {
        for (text, wanted) in [
            ("3.1.0", Version::Release(3, 1)),
            ("v2.7.3", Version::Release(2, 7)),
            ("1.34.0-beta", Version::Release(1, 34)),
            ("develop-1a2b3c", Version::Newest),
            ("preview-new-thing", Version::Newest),
            ("unknown", Version::Newest),
            ("", Version::Newest),
        ] {
            assert_eq!(Version::read(text), wanted, "{text}");
        }
    }

    #[test]
    fn the_same_number_means_what_its_program_and_version_mean_by_it() {
        use MediaStatus::{Blocklisted, Deleted, Other};
        for (api, has_media_server, version, six, seven, five_of_a_request) in [
            ("Overseerr API", false, "1.33.2", Other(6), Other(7), false),
            ("Overseerr API", false, "1.34.0", Other(6), Other(7), false),
            (
                "Overseerr API",
                false,
                "develop-46a9b24",
                Other(6),
                Other(7),
                false,
            ),
            ("Overseerr API", true, "2.0.0", Blocklisted, Other(7), false),
            (
                "Jellyseerr API",
                true,
                "2.5.2",
                Blocklisted,
                Other(7),
                false,
            ),
            ("Jellyseerr API", true, "2.6.0", Blocklisted, Deleted, true),
            ("Jellyseerr API", true, "2.7.3", Blocklisted, Deleted, true),
            (
                "Jellyseerr API",
                true,
                "develop-1",
                Blocklisted,
                Deleted,
                true,
            ),
            ("Seerr API", true, "3.1.0", Blocklisted, Deleted, true),
            ("Seerr API", true, "unknown", Blocklisted, Deleted, true),
        ] {
            let product = product(api, has_media_server, version);
            let numbers = [6, 7, 8].map(|number| product.media_status(Some(number)));
            assert_eq!(numbers, [six, seven, Other(8)], "{api} {version}");
            let wanted = if five_of_a_request {
                RequestStatus::Completed
            } else {
                RequestStatus::Other(5)
            };
            assert_eq!(product.request_status(Some(5)), wanted, "{api} {version}");
        }
    }

    #[test]
    fn the_first_five_numbers_mean_the_same_everywhere() {
        for product in [
            product("Overseerr API", false, "1.34.0"),
            product("Jellyseerr API", true, "2.5.2"),
            product("Seerr API", true, "3.1.0"),
        ] {
            let media = [1, 2, 3, 4, 5].map(|number| product.media_status(Some(number)));
            let wanted = [
                MediaStatus::Unknown,
                MediaStatus::Pending,
                MediaStatus::Processing,
                MediaStatus::Partial,
                MediaStatus::Available,
            ];
            assert_eq!(media, wanted);
            let requests = [1, 2, 3, 4].map(|number| product.request_status(Some(number)));
            let wanted = [
                RequestStatus::Pending,
                RequestStatus::Approved,
                RequestStatus::Declined,
                RequestStatus::Failed,
            ];
            assert_eq!(requests, wanted);
            assert_eq!(product.media_status(None), MediaStatus::Unknown);
            assert_eq!(product.media_status(Some(9000)), MediaStatus::Other(255));
            assert_eq!(product.request_status(None), RequestStatus::Other(0));
        }
    }

    #[test]
    fn only_old_programs_that_allow_specials_bring_them_with_all() {
        for (api, has_media_server, version, wanted) in [
            ("Overseerr API", false, "1.34.0", true),
            ("Jellyseerr API", true, "2.5.2", true),
            ("Jellyseerr API", true, "2.6.0", false),
            ("Seerr API", true, "3.1.0", false),
        ] {
            let mut product = product(api, has_media_server, version);
            assert!(!product.all_brings_specials(), "not while they are off");
            product.has_specials = true;
            assert_eq!(product.all_brings_specials(), wanted, "{api} {version}");
        }
    }

    #[test]
    fn what_is_too_old_is_said_with_what_to_do() {
        let warned = |api, has_media_server, version| {
            product(api, has_media_server, version)
                .warnings()
                .pop()
                .map(|warning| (warning.what, warning.remedy))
        };
        let (what, remedy) = warned("Overseerr API", false, "1.32.5").unwrap();
        assert_eq!(
            what,
            "Overseerr 1.32.5 is old: it cannot find titles by their IMDb or TVDB number, so more of them need a person's choice"
        );
        assert_eq!(remedy, "Update Overseerr to 1.33 or later; its data stays.");
        let (what, _) = warned("Overseerr API", true, "1.9.2").unwrap();
        assert!(what.starts_with("Jellyseerr 1.9.2 is old"), "{what}");
        for (api, has_media_server, version) in [
            ("Overseerr API", false, "1.33.0"),
            ("Overseerr API", false, "develop-46a9b24"),
            ("Jellyseerr API", true, "2.0.0"),
            ("Seerr API", true, "3.0.0"),
            ("Seerr API", true, "unknown"),
        ] {
            assert_eq!(
                warned(api, has_media_server, version),
                None,
                "{api} {version}"
            );
        }
    }
}
