//! `make bench`: prints tables of what the real binaries do, measured in this one run. See [`tests::bench`].

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Result;
use tests::bench::{self, Lived, Table};
use tests::harness;

const HELP: &str = "\
Measures ListSync beside a fake Seerr and fake list sites and prints tables of figures. Needs no internet.

Usage: bench [--json] [TABLE…]

  new-titles   a list of titles nobody has asked for, beside a bare loop of POSTs
  unchanged    the second run of a list that has not changed
  growth       a thousand, ten thousand and a hundred thousand titles: time, database, memory
  memory       memory of each process at idle
  start        start to every program ready
  supervision  kills, commands, idling, logs of small children, beside Debian's supervisord
  kill         kill -9 of a worker to its successor ready
  idle         time on a core and wake-ups of each process at idle
  reading      entries a second and peak memory of reading pages, beside Python
  browser      cold start of the browser, and each page after it

Without a table, all of them, which takes three quarters of an hour. Figures of a debug build say little.
";

const TABLES: [&str; 10] = [
    "new-titles",
    "unchanged",
    "growth",
    "memory",
    "start",
    "supervision",
    "kill",
    "idle",
    "reading",
    "browser",
];

struct Wanted {
    as_json: bool,
    /// Only to see that a table can be made.
    is_quick: bool,
    tables: Vec<String>,
}

impl Wanted {
    fn has(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|wanted| wanted == table)
    }
}

fn main() -> ExitCode {
    let mut wanted = Wanted {
        as_json: false,
        is_quick: false,
        tables: Vec::new(),
    };
    let words: Vec<String> = std::env::args().skip(1).collect();
    // One measurement of the table `reading`, in a process of its own.
    if let [flag, kind, path] = words.as_slice()
        && flag == "--read"
    {
        let said =
            bench::read_body(kind, path).and_then(|said| Ok(writeln!(io::stdout(), "{said}")?));
        return match said {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!("{error:?}"), 1),
        };
    }
    for word in words {
        match word.as_str() {
            "--json" => wanted.as_json = true,
            "--quick" => wanted.is_quick = true,
            "--help" | "-h" => {
                return match io::stdout().write_all(HELP.as_bytes()) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(_closed) => ExitCode::FAILURE,
                };
            }
            table if TABLES.contains(&table) => wanted.tables.push(word),
            _ => {
                return complain(
                    &format!("unknown table or option `{word}`; see bench --help"),
                    2,
                );
            }
        }
    }
    kill_children_on_panic();
    match actix_rt::System::new().block_on(run(&wanted)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:?}"), 1),
    }
}

fn complain(problem: &str, code: u8) -> ExitCode {
    // With stderr closed there is nobody to tell.
    writeln!(io::stderr(), "bench: {problem}").ok();
    ExitCode::from(code)
}

/// A release build aborts on panic and drops nothing: what it started would go on living.
fn kill_children_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        let own = i32::try_from(std::process::id()).unwrap_or(0);
        for pid in harness::children_of(own) {
            harness::kill(pid);
        }
    }));
}

async fn run(wanted: &Wanted) -> Result<()> {
    let started = tokio::time::Instant::now();
    let mut printed = Printed::new(wanted.as_json)?;
    if wanted.has("new-titles") {
        printed.add(bench::new_titles().await?)?;
    }
    let mut lived = None;
    if wanted.has("unchanged") {
        let (tables, after) = bench::unchanged().await?;
        printed.add(tables)?;
        lived = Some(after);
    }
    if wanted.has("growth") {
        printed.add([bench::growth(wanted.is_quick).await?])?;
    }
    if wanted.has("memory") {
        let lived = at_hand(&mut lived).await?;
        printed.add([bench::memory(lived).await?])?;
    }
    if wanted.has("start") {
        printed.add([bench::start().await?])?;
    }
    if wanted.has("supervision") {
        printed.add(bench::supervision(wanted.is_quick).await?)?;
    }
    if wanted.has("kill") {
        let lived = at_hand(&mut lived).await?;
        printed.add([bench::kill(lived).await?])?;
    }
    if wanted.has("idle") {
        let lived = at_hand(&mut lived).await?;
        printed.add([bench::idle(lived).await?])?;
    }
    if let Some(mut lived) = lived {
        lived.household.stop().await?;
    }
    if wanted.has("reading") {
        printed.add([bench::reading().await?])?;
    }
    if wanted.has("browser") {
        printed.add([bench::browser().await?])?;
    }
    printed.end(started.elapsed().as_secs())
}

/// The household that the tables at rest look at; made when there is none yet.
async fn at_hand(lived: &mut Option<Lived>) -> Result<&Lived> {
    let found = match lived.take() {
        Some(found) => found,
        None => Lived::after_ten_thousand_titles().await?,
    };
    Ok(lived.insert(found))
}

/// Tables go out one by one, or together as one JSON document.
struct Printed {
    as_json: bool,
    machine: String,
    tables: Vec<Table>,
}

impl Printed {
    fn new(as_json: bool) -> Result<Self> {
        let build = if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        };
        let cores = std::thread::available_parallelism()?;
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
            .map_or("unknown CPU", |(_, model)| model.trim());
        let machine = format!(
            "{build} build, {cores} cores ({model}), fakes on the same cores, {}",
            chrono::Utc::now().format("%Y-%m-%d %H:%M UTC")
        );
        if !as_json {
            writeln!(io::stdout(), "ListSync bench: {machine}\n")?;
        }
        Ok(Self {
            as_json,
            machine,
            tables: Vec::new(),
        })
    }

    fn add(&mut self, tables: impl IntoIterator<Item = Table>) -> Result<()> {
        for table in tables {
            if !self.as_json {
                writeln!(io::stdout(), "{}", table.text())?;
            }
            self.tables.push(table);
        }
        Ok(())
    }

    fn end(&self, seconds: u64) -> Result<()> {
        if !self.as_json {
            writeln!(io::stdout(), "measured in {seconds} s")?;
            return Ok(());
        }
        let tables: Vec<_> = self.tables.iter().map(Table::json).collect();
        let whole = serde_json::json!({
            "machine": self.machine,
            "seconds": seconds,
            "tables": tables,
        });
        writeln!(io::stdout(), "{whole:#}")?;
        Ok(())
    }
}
