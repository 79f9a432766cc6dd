//! The scripts of `listsync completions` in the shells themselves. A shell that is not installed is
//! skipped loudly; bash is needed.

use std::{
    io,
    path::Path,
    process::{Command, Output},
};

/// Runs `script` in `shell`, with our binary first in the search path and no supervisor anywhere; none
/// where there is no such shell.
#[expect(
    clippy::disallowed_methods,
    reason = "a shell of a test is none of the supervisor's programs"
)]
#[expect(clippy::print_stdout, reason = "what was skipped is to be seen")]
fn run(shell: &str, script: &str) -> io::Result<Option<Output>> {
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("listsync.toml");
    std::fs::write(&config, "[program.vpn]\ncommand = \"/bin/true\"\n")?;
    let binaries = Path::new(env!("CARGO_BIN_EXE_listsync")).parent();
    let binaries = binaries.unwrap_or(Path::new("/")).display();
    let ran = Command::new(shell)
        .arg("-c")
        .arg(script)
        .env_clear()
        .env("PATH", format!("{binaries}:/usr/bin:/bin"))
        .env("HOME", folder.path())
        .env("LISTSYNC_CONFIG", config)
        .output();
    match ran {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            println!("SKIPPED: {shell} is not installed");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The words that a run offered; nothing may stand in the middle of what a person types.
fn offered(output: &Output) -> Vec<String> {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let words = String::from_utf8_lossy(&output.stdout);
    let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
    words.lines().filter_map(first).collect()
}

/// Completes the last of `words` as bash does when the tabulator is pressed.
fn in_bash(words: &str) -> io::Result<Vec<String>> {
    let script = format!(
        r#"eval "$(listsync completions bash)"
        words=({words})
        function=$(complete -p listsync | sed 's/.*-F \([^ ]*\) .*/\1/')
        COMP_WORDS=("${{words[@]}}") COMP_CWORD=$((${{#words[@]}} - 1)) COMP_TYPE=9
        $function listsync "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
        printf '%s\n' "${{COMPREPLY[@]}}""#
    );
    let output = run("bash", &script)?.ok_or(io::ErrorKind::NotFound)?;
    Ok(offered(&output))
}

#[test]
fn bash_completes_commands_and_the_names_of_programs() {
    assert_eq!(in_bash("listsync sta").unwrap(), ["status", "start"]);
    assert_eq!(
        in_bash("listsync restart s").unwrap(),
        ["scraper-worker", "sync-worker"]
    );
    assert_eq!(in_bash("listsync signal HUP v").unwrap(), ["vpn"]);
    assert_eq!(in_bash("listsync stop api al").unwrap(), ["all"]);
    assert_eq!(in_bash("listsync tail sup").unwrap(), ["supervisor"]);
    assert_eq!(in_bash("listsync signal US").unwrap(), ["USR1", "USR2"]);
}

#[test]
fn fish_completes_the_names_of_programs() {
    let script = "listsync completions fish | source; complete -C 'listsync restart s'";
    if let Some(output) = run("fish", script).unwrap() {
        assert_eq!(offered(&output), ["scraper-worker", "sync-worker"]);
    }
}

#[test]
fn zsh_can_read_the_script() {
    let script = "autoload -Uz compinit; compinit -u -D; eval \"$(listsync completions zsh)\"; \
                  print $_comps[listsync]; \
                  LISTSYNC_COMPLETE=zsh _CLAP_IFS=$'\\n' _CLAP_COMPLETE_INDEX=2 \
                  listsync -- listsync restart s";
    if let Some(output) = run("zsh", script).unwrap() {
        assert_eq!(
            offered(&output),
            [
                "_clap_dynamic_completer_listsync",
                "scraper-worker",
                "sync-worker"
            ]
        );
    }
}

#[test]
fn who_asks_for_a_shell_that_is_none_gets_silence() {
    let output = run("bash", "LISTSYNC_COMPLETE=nosuch listsync -- listsync st").unwrap();
    assert_eq!(offered(&output.unwrap()), [""; 0]);
}
