//! From the start of the supervisor to every program ready.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};

use super::{
    WORKERS,
    clock::{Spread, millis, now},
    household::setup,
    progress,
    table::{Cell, Table},
};
use crate::{
    fake_seerr::{FakeSeerr, World},
    fake_sites::FakeSites,
    harness::Household,
};

/// Times each kind of start is measured.
const TIMES: usize = 7;

/// Figures of some starts, by what they are, in order.
#[derive(Default)]
struct Figures(Vec<(String, Vec<f64>)>);

impl Figures {
    fn add(&mut self, what: String, figure: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == what) {
            Some((_, figures)) => figures.push(figure),
            None => self.0.push((what, vec![figure])),
        }
    }
}

/// Start to ready, of an empty folder and again.
///
/// # Errors
/// When it does not become ready.
pub async fn start() -> Result<Table> {
    progress(&format!(
        "{TIMES} starts in an empty folder, {TIMES} starts again"
    ))?;
    let (seerr, sites) = (FakeSeerr::start(World::new()), FakeSites::start());
    let (mut first, mut again) = (Figures::default(), Figures::default());
    for _ in 0..TIMES {
        let spawned = now();
        let mut household = setup(&seerr, &sites).start().await?;
        look(&household, spawned, &mut first).await?;
        household.stop().await?;
        let spawned = now();
        household.boot().await?;
        look(&household, spawned, &mut again).await?;
        household.stop().await?;
    }
    let mut table = Table::new(
        "start",
        format!("Start to ready, ms, {TIMES} times each"),
        &["start", "from, to", "median", "min", "max"],
    );
    for (kind, figures) in [("empty folder", first), ("again", again)] {
        for (what, figures) in figures.0 {
            let spread = Spread::of(&figures);
            table.row([
                Cell::text(kind),
                Cell::text(what),
                Cell::Number(spread.median, 1),
                Cell::Number(spread.min, 1),
                Cell::Number(spread.max, 1),
            ]);
        }
    }
    table.note("spawn: just before the supervisor is spawned; the other moments as the supervisor reports them");
    Ok(table)
}

async fn look(household: &Household, spawned: DateTime<Utc>, figures: &mut Figures) -> Result<()> {
    let seen = now();
    let status = household.status().await?;
    let ready = status.programs.iter().map(|program| program.since).max();
    let ready = ready.context("no program is reported")?;
    figures.add(
        "spawn to every program ready".into(),
        millis(spawned, ready),
    );
    figures.add(
        "spawn to that seen from outside (looked for every 5 ms)".into(),
        millis(spawned, seen),
    );
    for name in WORKERS {
        let programs = &mut status.programs.iter();
        let program = programs.find(|program| program.name == name);
        let program = program.with_context(|| format!("{name} is not reported"))?;
        let started = program
            .started_at
            .with_context(|| format!("{name} does not run"))?;
        figures.add(format!("spawn to {name} started"), millis(spawned, started));
        let took = program.ready_after_ms.unwrap_or_default();
        let took = u32::try_from(took).map_or(f64::NAN, f64::from);
        figures.add(format!("{name} started to ready (its report)"), took);
    }
    Ok(())
}
