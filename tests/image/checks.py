"""What is expected of an image: each check is a function whose name is a sentence."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

from build import Image
from container import Container, wait_for
from dockerfile import DockerfileError, parse

# Seconds from SIGTERM to the end of a container in which nothing is at work.
STOPPED_WITHIN = 2
WORKERS = ("listsync-api", "listsync-sync-worker", "listsync-scraper-worker")
# A page whose links are a list, as the web page source reads it.
PAGE = """<!doctype html><title>Staff picks</title><h1>Staff picks</h1><div id=list></div><script>
for (const id of ["tt0133093", "tt0111161", "tt0068646"]) {
  const link = document.createElement("a");
  link.href = "https://www.imdb.com/title/" + id + "/"; link.textContent = id;
  document.getElementById("list").append(link);
}</script>"""


class Images:
    """Both images, and a new place for each container."""

    def __init__(self, slim: Image, full: Image, work: Path, top: Path):
        self.slim, self.full, self.work, self.top = slim, full, work, top
        self.count = 0

    def place(self) -> Path:
        self.count += 1
        place = self.work / "containers" / str(self.count)
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True)
        return place

    def container(self, image: Image | None = None, *arguments, **options) -> Container:
        return Container(image or self.slim, self.place(), *arguments, **options)


def expect(is_so: bool, what: str) -> None:
    if not is_so:
        raise AssertionError(what)


def equal(found, expected, what: str) -> None:
    expect(found == expected, f"{what}: {found!r}, expected {expected!r}")


# What the image says of itself.


def both_images_say_what_they_are_and_how_to_run_them(images: Images) -> None:
    for image in (images.slim, images.full):
        equal((image.entrypoint, image.command), (["listsync"], ["run"]), "entry point and command")
        equal(image.ports, ["3222", "4222"], "ports")
        equal(image.volumes, ["/usr/src/app/data", "/var/log/supervisor"], "volumes")
        equal(image.folder, "/usr/src/app", "working directory")
        equal(image.stop_signal, "SIGTERM", "stop signal")
        limits, command = image.health or ({}, [])
        equal(command, ["listsync", "check", "--quick"], "health check")
        equal(set(limits) >= {"interval", "timeout", "start-period", "retries"}, True, "limits of the health check")
        for name in ("title", "description", "version", "source", "revision"):
            expect(f"org.opencontainers.image.{name}" in image.labels, f"label {name}")
        settings = {name: image.environment.get(name) for name in ("LISTSYNC_IN_CONTAINER", "PUID", "PGID")}
        equal(settings, {"LISTSYNC_IN_CONTAINER": "1", "PUID": "1000", "PGID": "1000"}, "environment")


def versions_are_those_of_the_repository(images: Images) -> None:
    text = (images.top / "deploy/Dockerfile").read_text()
    rust = re.search(r'channel = "(.*)"', (images.top / "rust-toolchain.toml").read_text()).group(1)
    expect(f"ARG RUST={rust}\n" in text, f"the Dockerfile has another Rust than {rust}")
    version = re.search(r'\[workspace.package\]\nversion = "(.*)"', (images.top / "Cargo.toml").read_text()).group(1)
    equal(images.full.labels["org.opencontainers.image.version"], version, "version")


def the_images_hold_no_tools_they_do_not_need(images: Images) -> None:
    for image in (images.slim, images.full):
        for name in ("curl", "wget", "python3", "gcc", "cargo", "tini", "supervisord"):
            found = [folder for folder in ("usr/bin", "usr/local/bin") if (image.root / folder / name).exists()]
            expect(not found, f"{name} is in the image")
        expect(not any((image.root / "var/lib/apt/lists").iterdir()), "package lists are in the image")


def the_slim_image_has_no_browser_and_the_full_one_has(images: Images) -> None:
    browser = "usr/lib/chromium/chromium-headless-shell"
    equal((images.slim.root / browser).exists(), False, "a browser in the slim image")
    equal((images.full.root / browser).exists(), True, "a browser in the full image")


def no_step_of_a_dockerfile_is_skipped(_images: Images) -> None:
    for line in ("ONBUILD RUN true", "ADD x y", "COPY --link x y", "RUN --network=none true", "SHELL [\"bash\"]", "RUN <<end"):
        try:
            parse(f"FROM debian:bookworm-slim\n{line}\n")
        except DockerfileError:
            continue
        raise AssertionError(f"{line!r} was taken")


# Life of a container.


def with_nothing_configured_it_starts_and_is_healthy(images: Images) -> None:
    with images.container() as container:
        container.ready()
        equal(container.get(container.dashboard, "/"), 200, "the dashboard")
        health = container.run(*images.slim.health[1])
        equal(health.returncode, 0, f"health check\n{health.stdout}{health.stderr}")
        expect("OVERSEERR_URL" in container.output(), "the log says what is to be set")


def all_of_it_runs_as_the_user_of_the_image_and_owns_its_files(images: Images) -> None:
    with images.container() as container:
        container.ready()
        for name in ("listsync", *WORKERS):
            equal(identity(container, name), ("1000", "1000", "1000", NO_RIGHTS), f"user, group, groups, rights of {name}")
        equal(strangers(container, "1000:1000"), {}, "files of others")


def puid_and_pgid_change_the_user_and_the_owner_of_what_is_there(images: Images) -> None:
    place = images.place()
    with Container(images.slim, place) as container:
        container.ready()
        container.stop("SIGTERM")
    expect((place / "data/list_sync.db").stat().st_uid == 1000, "the database is the first user's")
    outside = place / "outside"
    outside.write_text("")
    (place / "data/link").symlink_to("../outside")
    with Container(images.slim, place, {"PUID": "1234", "PGID": "2345"}) as container:
        container.ready()
        for name in ("listsync", *WORKERS):
            equal(identity(container, name), ("1234", "2345", "2345", NO_RIGHTS), f"user, group, groups, rights of {name}")
        equal(strangers(container, "1234:2345"), {}, "files of others")
        home = environment(container, "listsync-sync-worker").get("HOME")
        equal(home, "/usr/src/app/data", "home")
    equal(outside.stat().st_uid, 0, "owner of what a link leads to")


def groups_given_by_the_engine_are_kept_and_roots_is_not(images: Images) -> None:
    with images.container(groups="0,44") as container:
        container.ready()
        equal(identity(container, "listsync")[2], "44 1000", "groups")


def a_read_only_data_folder_ends_with_what_helps(images: Images) -> None:
    place = images.place()
    with Container(images.slim, place, mounts=[f"bind-read-only {place}/data /usr/src/app/data"]) as container:
        equal(container.ended(), 78, "exit code")
        expect("its file system is read-only; mount a volume" in container.output(), "what helps")


def export_files_may_be_mounted_read_only_and_belong_to_anybody(images: Images) -> None:
    place = images.place()
    exports = place / "exports"
    exports.mkdir()
    (exports / "watchlist.csv").write_text("Const,Title\n")
    with Container(images.slim, place, mounts=[f"bind-read-only {exports} /usr/src/app/data/exports"]) as container:
        container.ready()
        equal((exports / "watchlist.csv").stat().st_uid, 0, "its owner")


def a_user_given_to_the_engine_is_left_alone(images: Images) -> None:
    place = images.place()
    for name in ("data", "logs"):
        (place / name).mkdir()
        os.chown(place / name, 4321, 4321)
    with Container(images.slim, place, user="4321") as container:
        container.ready()
        equal(identity(container, "listsync")[:2], ("4321", "4321"), "user and group")


def a_folder_the_user_cannot_write_ends_with_the_command_that_helps(images: Images) -> None:
    with images.container(user="4321") as container:
        equal(container.ended(), 78, "exit code")
        expect("sudo chown -R 4321:4321 '/usr/src/app/data'" in container.output(), "the command that helps")


def a_puid_that_is_no_number_is_refused(images: Images) -> None:
    with images.container(None, {"PUID": "me"}) as container:
        equal(container.ended(), 78, "exit code")
        expect('PUID is "me"; it must be the number of a user' in container.output(), "what is wrong")


def without_the_rights_to_change_its_user_it_says_which(images: Images) -> None:
    with images.container(capabilities="-all,+chown,+dac_override") as container:
        equal(container.ended(), 70, "exit code")
        expect("SETUID" in container.output() and 'user: "1000:1000"' in container.output(), "what helps")


def the_rights_that_compose_leaves_it_are_enough(images: Images) -> None:
    with images.container(capabilities="-all,+chown,+dac_override,+setuid,+setgid") as container:
        container.ready()
        equal(identity(container, "listsync")[:2], ("1000", "1000"), "user and group")


def puid_0_stays_root_and_says_so(images: Images) -> None:
    with images.container(None, {"PUID": "0", "PGID": "0"}) as container:
        container.ready()
        equal(identity(container, "listsync")[:2], ("0", "0"), "user and group")
        expect("PUID is 0: everything runs as root" in container.output(), "the warning")


def commands_run_as_root_inside_leave_no_file_of_roots(images: Images) -> None:
    with images.container() as container:
        container.ready()
        for command in (["status"], ["status", "--json"], ["pid"], ["check"], ["check", "--quick"], ["lists"], ["tail", "-n", "5", "api"],
                        ["restart", "api"], ["sync"], ["api-key", "create", "probe"], ["lists", "add", "--type", "stevenlu", "movies"]):
            done = container.run("listsync", *command)
            # Without a target nothing can be synced, and `check` says so.
            expect(done.returncode in (0, 1), f"{command} ended with {done.returncode}: {done.stdout}{done.stderr}")
        equal(container.run("listsync", "status").returncode, 0, "status")
        equal(strangers(container, "1000:1000"), {}, "files of others")


def a_check_without_a_supervisor_leaves_no_file_of_roots(images: Images) -> None:
    with images.container(command=["check"]) as container:
        equal(container.ended(), 1, "exit code: there is no target")
        expect("workers were started for this check alone" in container.output(), "it looked by itself")
        owners = {str(path): path.lstat().st_uid for path in container.data.rglob("*")}
        expect(bool(owners) and set(owners.values()) == {1000}, f"owners {owners}")


def the_health_check_tells_a_working_container_from_a_broken_one(images: Images) -> None:
    health = images.slim.health[1]
    with images.container() as container:
        container.ready()
        equal(container.run(*health).returncode, 0, "while all is well")
        equal(container.run("listsync", "stop", "sync-worker").returncode, 0, "stopping the sync-worker")
        equal(container.run(*health).returncode, 1, "with the sync-worker stopped")
        equal(container.run("listsync", "start", "sync-worker").returncode, 0, "starting the sync-worker")
        equal(container.run(*health).returncode, 0, "after it was started again")


def a_seerr_that_is_away_is_no_reason_to_restart_the_container(images: Images) -> None:
    settings = {"OVERSEERR_URL": "http://127.0.0.1:1", "OVERSEERR_API_KEY": "none"}
    with images.container(None, settings) as container:
        container.ready()
        equal(container.run("listsync", "check", "--quick").returncode, 0, "the health check")
        equal(container.run("listsync", "check").returncode, 1, "the whole check")


def a_killed_worker_is_replaced(images: Images) -> None:
    with images.container() as container:
        container.ready()
        for name in WORKERS:
            before = container.process(name)
            os.kill(int(before["Outer"]), 9)

            def replaced():
                after = container.process(name)
                return after and after["Outer"] != before["Outer"]

            wait_for(f"another {name}", replaced)
        wait_for("all programs to run", lambda: container.run("listsync", "status").returncode == 0)
        equal(container.is_healthy(), True, "healthz")


def the_dead_that_nobody_waits_for_are_taken_away(images: Images) -> None:
    with images.container() as container:
        container.ready()
        # The shell ends before its children, which process 1 inherits.
        made = container.run("sh", "-c", "for i in 1 2 3 4 5; do sh -c 'sleep 0.1; exit 3' & done; exit 0")
        equal(made.returncode, 0, "making orphans")

        def is_clean():
            inside = container.processes()
            names = [process["Name"] for process in inside]
            dead = [process for process in inside if process["State"].startswith("Z")]
            return not dead and "sleep" not in names and "sh" not in names

        wait_for("the dead to be gone", is_clean)


def sigterm_ends_it_with_0_at_once(images: Images) -> None:
    with images.container() as container:
        container.ready()
        code, seconds = container.stop("SIGTERM")
        equal(code, 0, "exit code")
        expect(seconds < STOPPED_WITHIN, f"it took {seconds:.2f} s")
        print(f"      stopped in {seconds * 1000:.0f} ms")


def a_read_only_root_is_enough(images: Images) -> None:
    with images.container(read_only=True) as container:
        container.ready()
        denied = container.run("touch", "/etc/listsync/probe")
        expect("Read-only file system" in denied.stderr, "the root is read-only")
        equal(container.run("listsync", "check", "--quick").returncode, 0, "health check")
        expect((container.logs / "supervisor.log").stat().st_size > 0, "the log is in its volume")
        code, _ = container.stop("SIGTERM")
        equal(code, 0, "exit code")


def data_outlives_the_container(images: Images) -> None:
    place = images.place()
    with Container(images.slim, place) as container:
        container.ready()
        equal(container.run("listsync", "lists", "add", "--type", "imdb", "top").returncode, 0, "adding a list")
        container.kill()
    with Container(images.slim, place) as container:
        container.ready()
        lists = container.run("listsync", "lists")
        expect("top" in lists.stdout, f"the list is there: {lists.stdout}{lists.stderr}")


def a_dot_env_in_the_working_directory_is_read(images: Images) -> None:
    place = images.place()
    (place / ".env").write_text("SYNC_INTERVAL=often\n")
    # Whoever made it on the host, it is read before root is given up.
    (place / ".env").chmod(0o600)
    with Container(images.slim, place, mounts=[f"bind-read-only {place}/.env /usr/src/app/.env"]) as container:
        equal(container.ended(), 78, "exit code")
        expect("SYNC_INTERVAL" in container.output(), "the variable is named")


# Time.


def a_time_zone_is_honoured(images: Images) -> None:
    with images.container(None, {"TZ": "Europe/Berlin"}) as container:
        container.ready()
        for name in WORKERS:
            equal(environment(container, name).get("TZ"), "Europe/Berlin", f"time zone of {name}")
        offset = container.run("date", "-d", "2026-01-15 12:00", "+%z").stdout.strip()
        equal(offset, "+0100", "what the image knows of it")


def an_impossible_time_zone_is_refused(images: Images) -> None:
    with images.container(None, {"TZ": "Europe/Atlantis"}) as container:
        equal(container.ended(), 78, "exit code")
        expect("TZ" in container.output() and "Europe/Atlantis" in container.output(), "what is wrong")


# The browser.


def a_page_is_read_by_the_browser_in_its_sandbox(images: Images) -> None:
    read_a_page(images, "pivot", is_sandboxed=True)


def where_a_container_allows_no_sandbox_pages_are_read_and_check_says_so(images: Images) -> None:
    # A process in a chroot may make no user namespace, as one under Docker's own profile.
    read_a_page(images, "chroot", is_sandboxed=False)


def without_a_browser_the_check_says_what_is_missing(images: Images) -> None:
    with images.container(images.slim, {"LISTSYNC_ALLOW_PRIVATE_ADDRESSES": "true"}) as container, page() as address:
        container.ready()
        add_list(container, address)
        check = container.run("listsync", "check")
        expect("no browser is installed" in check.stdout, f"check says\n{check.stdout}{check.stderr}")


def read_a_page(images: Images, way: str, *, is_sandboxed: bool) -> None:
    settings = {"LISTSYNC_ALLOW_PRIVATE_ADDRESSES": "true"}
    with images.container(images.full, settings, way=way, read_only=way == "pivot") as container, page() as address:
        container.ready()
        add_list(container, address)
        check = container.run("listsync", "check")
        line = next((line for line in check.stdout.splitlines() if "list 1" in line), "")
        expect(line.startswith("ok"), f"the page was read:\n{check.stdout}{check.stderr}{container.output()[-3000:]}")
        again = container.run("listsync", "check").stdout
        equal("without its sandbox" in again, not is_sandboxed, f"check says that there is no sandbox\n{again}")
        browser = wait_for("the browser to run", lambda: container.process("chromium-headless-shell") or container.process("headless_shell"))
        equal(browser["Uid"].split()[0], "1000", "the browser's user")
        container.stop("SIGTERM")


class page:
    """A page on this machine, for as long as it is asked for."""

    def __enter__(self) -> str:
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = PAGE.encode() if self.path == "/picks" else b""
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_address[1]}/picks"

    def __exit__(self, *_error) -> None:
        self.server.shutdown()
        self.server.server_close()


def add_list(container: Container, address: str) -> None:
    added = container.run("listsync", "lists", "add", address)
    equal(added.returncode, 0, f"adding {address}\n{added.stdout}{added.stderr}")


# What processes are.

NO_RIGHTS = "0000000000000000"


def identity(container: Container, name: str) -> tuple[str, str, str, str]:
    process = wait_for(name, lambda: container.process(name))
    users, groups = process["Uid"].split(), process["Gid"].split()
    expect(len(set(users)) == 1 and len(set(groups)) == 1, f"{name} is one user: {users} {groups}")
    return users[0], groups[0], process["Groups"].strip(), process["CapEff"]


def environment(container: Container, name: str) -> dict[str, str]:
    process = wait_for(name, lambda: container.process(name))
    text = Path(f"/proc/{process['Outer']}/environ").read_text(errors="replace")
    return dict(line.partition("=")[::2] for line in text.split("\0") if line)


def strangers(container: Container, owner: str) -> dict[str, str]:
    return {path: found for path, found in container.owners().items() if found != owner}


# The files beside the image.


def compose_understands_our_file(images: Images) -> None:
    program = next((words for words in (["docker", "compose"], ["docker-compose"]) if works(words)), None)
    if program is None:
        raise Skipped("neither `docker compose` nor `docker-compose` is here")
    file = images.top / "deploy/compose.yml"
    shown = subprocess.run([*program, "-f", str(file), "config"], capture_output=True, text=True,
                           env={**os.environ, "PUID": "1234", "TZ": "Europe/Berlin"})
    equal(shown.returncode, 0, f"its verdict\n{shown.stderr}")
    for text in ("3222", "4222", "/usr/src/app/data", "/usr/src/app/.env", "/var/log/supervisor", "unless-stopped", "1234", "Europe/Berlin"):
        expect(text in shown.stdout, f"{text} is in\n{shown.stdout}")


def systemd_understands_our_unit(images: Images) -> None:
    if not works(["systemd-analyze"]):
        raise Skipped("systemd-analyze is not here")
    place = images.place()
    unit = place / "listsync.service"
    text = (images.top / "deploy/listsync.service").read_text()
    # The binaries are installed by whoever uses it.
    unit.write_text(text.replace("/usr/local/bin/listsync", str(images.slim.root / "usr/local/bin/listsync")))
    verdict = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    equal((verdict.returncode, verdict.stdout + verdict.stderr), (0, ""), "its verdict")


class Skipped(Exception):
    """What a check needs is not on this machine."""


def works(program: list[str]) -> bool:
    try:
        return subprocess.run([*program, "--version"] if len(program) == 1 else [*program, "version"],
                              capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def all_checks() -> list:
    here = globals()
    takes = (["images", "return"], ["_images", "return"])
    return [value for value in here.values() if list(getattr(value, "__annotations__", {})) in takes]
