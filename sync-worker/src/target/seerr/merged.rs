//! Rows of one title put together: Seerr makes several when two of its users ask at once. For each
//! quality and season the status counts that leaves the least to request. Pure.

use crate::target::{MediaRow, MediaStatus, SeasonRow};

/// Of two rows of one title, in any order: the highest of each.
pub(super) fn highest(one: MediaRow, other: MediaRow) -> MediaRow {
    MediaRow {
        status: higher(one.status, other.status),
        status_4k: higher(one.status_4k, other.status_4k),
        is_handed_on: one.is_handed_on || other.is_handed_on,
        is_handed_on_4k: one.is_handed_on_4k || other.is_handed_on_4k,
        seasons: if other.seasons.is_empty() {
            one.seasons
        } else {
            let seasons = one.seasons.iter().chain(&*other.seasons);
            once_each(seasons.copied())
        },
    }
}

/// Each season once, ascending.
pub(super) fn once_each(seasons: impl Iterator<Item = SeasonRow>) -> Box<[SeasonRow]> {
    let mut rows: Vec<SeasonRow> = seasons.collect();
    rows.sort_by_key(|row| row.season);
    // The closure gets the later row first, and the earlier one stays.
    rows.dedup_by(|later, earlier| {
        let is_same = later.season == earlier.season;
        if is_same {
            earlier.status = higher(earlier.status, later.status);
            earlier.status_4k = higher(earlier.status_4k, later.status_4k);
        }
        is_same
    });
    rows.into_boxed_slice()
}

fn higher(one: MediaStatus, other: MediaStatus) -> MediaStatus {
    if rank(other) > rank(one) { other } else { one }
}

fn rank(status: MediaStatus) -> u8 {
    match status {
        MediaStatus::Unknown => 0,
        MediaStatus::Deleted => 1,
        MediaStatus::Pending => 2,
        MediaStatus::Processing => 3,
        MediaStatus::Partial => 4,
        MediaStatus::Available => 5,
        MediaStatus::Blocklisted => 6,
        MediaStatus::Other(_) => 7,
    }
}

#[cfg(test)]
mod tests {
    use MediaStatus::{Available, Partial, Pending, Processing, Unknown};

    use super::*;

    fn row(
        is_handed_on: bool,
        status: MediaStatus,
        status_4k: MediaStatus,
        seasons: &[SeasonRow],
    ) -> MediaRow {
        MediaRow {
            status,
            status_4k,
            is_handed_on,
            is_handed_on_4k: false,
            seasons: seasons.into(),
        }
    }

    fn season(season: i32, status: MediaStatus, status_4k: MediaStatus) -> SeasonRow {
        SeasonRow {
            season,
            status,
            status_4k,
        }
    }

    #[test]
    fn of_two_rows_of_one_title_the_highest_counts_in_either_order_season_by_season() {
        let one = row(
            false,
            Partial,
            Unknown,
            &[season(1, Available, Unknown), season(3, Partial, Pending)],
        );
        let other = row(
            true,
            Unknown,
            Processing,
            &[
                season(1, Unknown, Available),
                season(2, Processing, Unknown),
            ],
        );
        let wanted = row(
            true,
            Partial,
            Processing,
            &[
                season(1, Available, Available),
                season(2, Processing, Unknown),
                season(3, Partial, Pending),
            ],
        );
        assert_eq!(highest(one.clone(), other.clone()), wanted);
        assert_eq!(highest(other, one), wanted);
    }

    #[test]
    fn a_season_told_twice_is_there_once() {
        let rows = [
            season(2, Pending, Unknown),
            season(1, Unknown, Unknown),
            season(2, Partial, Unknown),
            season(2, Unknown, Available),
        ];
        let wanted = [season(1, Unknown, Unknown), season(2, Partial, Available)];
        assert_eq!(&*once_each(rows.into_iter()), &wanted);
    }
}
