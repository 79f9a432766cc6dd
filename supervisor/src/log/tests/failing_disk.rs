//! Disks that are full, gone or in the way: programs go on, what is lost is counted and told.

use super::*;

#[actix_rt::test]
async fn a_folder_that_is_deleted_is_made_again_with_the_next_line() {
    let folder = tempfile::tempdir().unwrap();
    let logs = folder.path().join("logs");
    let world = World::of(folder, |plan| plan.path = logs.join(&plan.name));
    world.print("api", "one\n").await;
    std::fs::remove_dir_all(&logs).unwrap();
    world.print("api", "two\n").await;
    assert_eq!(world.text("logs/api"), "two\n");
}

#[actix_rt::test]
async fn a_file_that_is_replaced_by_a_folder_loses_lines_that_are_counted_until_it_is_gone() {
    let world = World::new(0);
    world.print("api", "one\n").await;
    let path = world.folder.path().join("api.log");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    world.print("api", "two\n").await;
    assert_eq!(world.logs.book("api").unwrap().lost_bytes(), 4);
    std::fs::remove_dir(&path).unwrap();
    world.print("api", "three\n").await;
    assert_eq!(
        world.text("api.log"),
        "[listsync] 4 bytes of this log were lost here\nthree\n"
    );
    assert_eq!(world.memory("api"), ["one", "two", "three"]);
}

/// A file system of half a megabyte, while it lives.
struct Disk(std::path::PathBuf);

impl Disk {
    #[expect(
        clippy::disallowed_methods,
        reason = "mounting is nothing the supervisor does"
    )]
    fn command(program: &str, args: &[&str]) -> bool {
        let run = std::process::Command::new(program).args(args).output();
        run.is_ok_and(|output| output.status.success())
    }

    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir(path).unwrap();
        let place = path.to_str().unwrap();
        let args = ["-t", "tmpfs", "-o", "size=512k", "none", place];
        Self::command("mount", &args).then(|| Self(path.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(Self::command("umount", &["-l", self.0.to_str().unwrap()]));
    }
}

#[actix_rt::test]
async fn a_full_disk_holds_up_nobody_and_the_log_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    let Some(_disk) = Disk::mount(&path) else {
        tracing::warn!("skipped");
        writeln!(
            io::stderr(),
            "SKIPPED: only root can mount a small disk to fill"
        )
        .unwrap();
        return;
    };
    std::fs::write(path.join("ballast"), vec![0; 300_000]).unwrap();
    let world = World::of(folder, |plan| plan.path = path.join(&plan.name));
    let text: String = (0..20_000)
        .map(|n| format!("line {n:0>90}\n"))
        .collect::<Vec<_>>()
        .concat();
    world.print("api", &text).await;
    let book = world.logs.book("api").unwrap();
    let kept = world.text("disk/api").len() as u64;
    assert_eq!(kept + book.lost_bytes(), text.len() as u64);
    assert!(kept > 100_000 && book.lost_bytes() > 1_500_000);
    let memory = world.memory("api");
    assert!(
        text.ends_with(&format!("{}\n", memory.last().unwrap())),
        "memory has it all the same"
    );
    std::fs::remove_file(path.join("ballast")).unwrap();
    world.print("api", "again\n").await;
    let told = format!(
        "[listsync] {} bytes of this log were lost here\nagain\n",
        book.lost_bytes()
    );
    assert!(world.text("disk/api").ends_with(&told));
}
