use super::{Moment, interval};
use alloc::string::ToString;
use proptest::prelude::*;

fn now() -> Moment {
    Moment::from_epoch(1_793_338_200, 3600)
}

fn read(text: &str) -> Option<alloc::string::String> {
    Moment::read(text, now()).map(|moment| moment.to_string())
}

#[test]
fn dates_have_three_shapes() {
    assert_eq!(read("2005-10-15").as_deref(), Some("2005-10-15 00:00:00Z"));
    assert_eq!(read("20051015").as_deref(), Some("2005-10-15 00:00:00Z"));
    assert_eq!(read("2005-020T12:30Z").as_deref(), Some("2005-01-20 12:30:00Z"));
    assert_eq!(read("2009-W01-1").as_deref(), Some("2008-12-29 00:00:00Z"));
    assert_eq!(read("2009-W53-7").as_deref(), Some("2010-01-03 00:00:00Z"));
    assert_eq!(read("epoch").as_deref(), Some("1970-01-01 00:00:00Z"));
    assert_eq!(read("2005-13-01"), None);
    assert_eq!(read("2005-02-29"), None);
    assert_eq!(read("2005-366"), None);
    assert_eq!(read("2004-366").as_deref(), Some("2004-12-31 00:00:00Z"));
    assert_eq!(read("2005-W53-1"), None);
    assert_eq!(read("yesterday"), None);
    assert_eq!(read(""), None);
}

#[test]
fn times_have_zones() {
    assert_eq!(read("2005-10-15 10:15:30").as_deref(), Some("2005-10-15 10:15:30 +01:00"));
    assert_eq!(read("2005-10-15T10:15:30Z").as_deref(), Some("2005-10-15 10:15:30Z"));
    assert_eq!(read("2005-10-15T10:15:30 -05:30").as_deref(), Some("2005-10-15 10:15:30 -05:30"));
    assert_eq!(read("20051015T1015 +0200").as_deref(), Some("2005-10-15 10:15:00 +02:00"));
    assert_eq!(read("2005-10-15T24:00:00Z").as_deref(), Some("2005-10-16 00:00:00Z"));
    assert_eq!(read("2005-10-15T25:00Z"), None);
    assert_eq!(read("T10:15Z").as_deref(), Some("2026-10-30 10:15:00Z"));
    assert_eq!(now().to_string(), "2026-10-30 06:30:00 +01:00");
}

#[test]
fn moments_are_compared_by_when_they_are() {
    let at = |text| Moment::read(text, now());
    assert_eq!(at("2020-01-01T12:00 +01:00"), at("2020-01-01T11:00Z"));
    assert!(at("2020-01-01T12:00 +01:00") < at("2020-01-01T11:00:01Z"));
    assert_eq!(at("2020-01-31").map(|m| m.plus_months(1)), at("2020-02-29"));
    assert_eq!(at("2020-12-31").map(|m| m.plus_months(-1)), at("2020-11-30"));
    assert_eq!(at("2021-03-01").map(|m| m.plus_years(3)), at("2024-02-29"));
}

#[test]
fn intervals_are_read_as_the_reference_does() {
    assert_eq!(interval("PT1H5M10S"), Some(3_910_000));
    assert_eq!(interval("P2D"), Some(86_400_000));
    assert_eq!(interval("P1D"), Some(0));
    assert_eq!(interval("P1M"), Some(2_592_000_000));
    assert_eq!(interval("P"), None);
    assert_eq!(interval("PT5"), None);
    assert_eq!(interval("P5X"), None);
    assert_eq!(interval("PT-5S"), None);
    assert_eq!(interval("10s"), Some(10_000));
    assert_eq!(interval("9999999999s"), Some(u32::MAX));
    assert_eq!(interval("never"), None);
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(seconds in -100_000_000_000i64..100_000_000_000, quarters in -40i32..40) {
        let moment = Moment::from_epoch(seconds, quarters * 900);
        prop_assert_eq!(Moment::read(&moment.to_string(), now()), Some(moment));
        let (year, day) = moment.ordinal();
        prop_assert!((1..=366).contains(&day), "{} {}", year, day);
        let (_, week, weekday) = moment.week();
        prop_assert!((1..=53).contains(&week) && (1..=7).contains(&weekday));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-0-9TWZP:+ YMDHS.e]{0,24}") {
        let _ = Moment::read(&text, now()).map(|m| (m.to_string(), m.week(), m.plus_months(i64::MAX)));
        let _ = interval(&text);
    }
}
