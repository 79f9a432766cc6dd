//! Whether the target is still the one that was asked before: one that lost most of what it had is
//! rather another Seerr, or one whose database was restored.

use schema::models::SyncedItem;

use crate::{
    engine::Engine,
    run::Interrupted,
    target::{Snapshot, TargetInfo},
};

/// Titles that may vanish from the target at once before it is taken for another one.
const MANY: usize = 20;

/// Refuses to believe that most of what was asked for was removed by people.
pub(super) async fn check_for_another_target(
    engine: &Engine,
    target: &'static str,
    info: &TargetInfo,
    snapshot: &Snapshot,
) -> Result<(), Interrupted> {
    let standing = engine
        .db
        .read(move |conn| SyncedItem::standing(conn, target))
        .await?;
    let there = standing.len();
    let gone = standing
        .iter()
        .filter(|(media_type, tmdb_id, is_4k)| {
            !snapshot.media.contains_key(&(*media_type, *tmdb_id))
                && !snapshot
                    .requests
                    .contains_key(&(*media_type, *tmdb_id, *is_4k))
        })
        .count();
    if gone > MANY && gone * 2 > there {
        return Err(Interrupted::AnotherTarget {
            target: info.product.clone(),
            gone,
            there,
        });
    }
    Ok(())
}
