"""Builds the container image without a container engine, runs it as process 1, and looks whether it does
what it should.

The steps of deploy/Dockerfile are carried out in root folders under target/image (build.py), which namespaces
make into containers (container.py). Needs root, debootstrap and a Debian mirror.

    python3 tests/image                         builds everything as the Dockerfile says: about 20 minutes on
                                                two cores, later only what changed
    python3 tests/image --binaries target/debug takes these binaries and compiles nothing
    python3 tests/image --fresh                 forgets what earlier builds kept
    python3 tests/image CHECK…                  only the checks whose names contain one of these words
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

import checks
from build import Build, remove
from context import Context
from dockerfile import parse

TOP = Path(__file__).resolve().parents[2]
WORK = TOP / "target" / "image"
NEEDED = ("debootstrap", "unshare", "nsenter", "setpriv", "pivot_root")


def missing() -> str | None:
    if os.geteuid() != 0:
        return "it needs root"
    absent = [name for name in NEEDED if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} is not installed"
    probe = subprocess.run(["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return None if probe.returncode == 0 else "mounts are not allowed here"


def skip(reason: str) -> int:
    banner = "#" * 78
    print(f"{banner}\n#\n#  SKIPPED: the container image was not tested, {reason}.\n#\n{banner}", flush=True)
    return 0


def main() -> int:
    options = argparse.ArgumentParser(prog="tests/image")
    options.add_argument("--binaries", type=Path, help="folder of ready-built binaries, in place of the builder stage")
    options.add_argument("--fresh", action="store_true", help="build everything anew, packages too")
    options.add_argument("checks", nargs="*", help="only checks whose names contain one of these")
    chosen = options.parse_args()
    if reason := missing():
        return skip(reason)
    # Ctrl-C and TERM end this process as an error does: what runs in containers ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if chosen.fresh:
        remove(WORK)
    WORK.mkdir(parents=True, exist_ok=True)
    build = prepared(chosen)
    images = checks.Images(build.image("slim"), build.image("full"), WORK, TOP)
    sizes(images)
    try:
        return looked_at(images, chosen.checks)
    finally:
        remove(WORK / "containers")


def prepared(chosen: argparse.Namespace) -> Build:
    dockerfile = parse((TOP / "deploy/Dockerfile").read_text())
    binaries = chosen.binaries.resolve() if chosen.binaries else None
    if binaries:
        print(f"taking the binaries of {binaries}; the Dockerfile's builder stage is not carried out", flush=True)
    return Build(dockerfile, Context(TOP), WORK, binaries)


def sizes(images: checks.Images) -> None:
    for name, image in (("slim", images.slim), ("full", images.full)):
        shown = subprocess.run(["du", "-sxm", str(image.root)], capture_output=True, text=True, check=True)
        print(f"size of the {name} image: {shown.stdout.split()[0]} MB", flush=True)


def looked_at(images: checks.Images, words: list[str]) -> int:
    failed = []
    for check in checks.all_checks():
        name = check.__name__.replace("_", " ")
        if words and not any(word in name or word in check.__name__ for word in words):
            continue
        begun = time.monotonic()
        try:
            check(images)
            print(f"ok    {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except checks.Skipped as reason:
            print(f"SKIP  {name}: {reason}", flush=True)
        except Exception as error:
            failed.append(name)
            print(f"FAIL  {name}: {error}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
    if failed:
        print(f"\n{len(failed)} failed:\n  " + "\n  ".join(failed))
    else:
        print("\nthe image does what it should")
    return 1 if failed else 0


sys.exit(main())
