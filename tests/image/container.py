"""Runs an image as a container engine would, without one: namespaces of its own, its command as process 1.

The network is the machine's, so the ports are free ones. Leaves what is expected of it to checks.py.
"""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from build import Image, entered

# How long anything may take that should be there at once; debug binaries on a busy machine.
PATIENCE = 30
# In place of a process number.
ENDED = -1


class Container:
    def __init__(self, image: Image, place: Path, settings: dict[str, str] | None = None, *, way: str = "pivot",
                 user: str | None = None, read_only: bool = False, command: list[str] | None = None,
                 capabilities: str | None = None, groups: str | None = None, mounts: list[str] | None = None):
        self.image, self.place = image, place
        self.api, self.dashboard = free_ports(2)
        self.settings = {
            **image.environment,
            # What an engine sets for whom the image names.
            "HOME": "/root",
            "LISTSYNC_API_PORT": str(self.api),
            "LISTSYNC_DASHBOARD_PORT": str(self.dashboard),
            **(settings or {}),
        }
        self.data, self.logs, layer = place / "data", place / "logs", place / "layer"
        for folder in (self.data, self.logs, layer):
            folder.mkdir(parents=True, exist_ok=True)
        mounts = [f"bind {self.data} /usr/src/app/data", f"bind {self.logs} /var/log/supervisor",
                  "bind-read-only /etc/hosts /etc/hosts", *(mounts or [])]
        if read_only:
            mounts += ["tmpfs /run/listsync mode=1777", "tmpfs /tmp mode=1777", "read-only"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        if capabilities:
            become = ["setpriv", f"--bounding-set={capabilities}", "--no-new-privs"]
        if groups:
            become = ["setpriv", f"--groups={groups}"]
        self.log = place / "output"
        with self.log.open("wb") as output:
            self.outer = entered(
                image.root, layer, way, mounts,
                [*become, *self.with_settings([*image.entrypoint, *(command or image.command)])],
                stdout=output, stderr=subprocess.STDOUT)
        # One that refuses to start may have ended before it was seen.
        self.number = wait_for("the container's first process",
                               lambda: next(iter(children(self.outer.pid)), None) or (self.is_over() and ENDED))
        self.guard = guarded(self.number) if self.number != ENDED else None

    def with_settings(self, command: list[str]) -> list[str]:
        settings = [f"{name}={value}" for name, value in self.settings.items()]
        return ["env", "-i", "-C", self.image.folder, *settings, *command]

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, kind, error, _trace) -> None:
        if error is not None:
            text = self.output()
            print(f"--- the container's last words ---\n{text[-4000:]}\n---")
        self.kill()

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def first(self) -> int:
        """The machine's number of the container's process 1."""
        if self.number == ENDED:
            raise AssertionError("the container has ended")
        return self.number

    def ready(self) -> "Container":
        wait_for("an answer of /healthz", self.is_healthy, self.is_over)
        wait_for("all programs to run", lambda: self.run("listsync", "status").returncode == 0, self.is_over)
        return self

    def is_over(self) -> bool:
        return self.outer.poll() is not None

    def is_healthy(self) -> bool:
        return self.get(self.api, "/healthz") == 200

    def get(self, port: int, path: str) -> int | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code
        except OSError:
            return None

    def run(self, *command: str, user: str | None = None) -> subprocess.CompletedProcess:
        """A command inside, as `docker exec` runs it."""
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        enter = ["nsenter", f"--target={self.first}", "--mount", "--pid", "--uts", "--ipc", "--root", "--wd"]
        return subprocess.run([*enter, *become, *self.with_settings(list(command))], capture_output=True, text=True,
                              timeout=60, stdin=subprocess.DEVNULL)

    def processes(self) -> list[dict[str, str]]:
        """What runs inside, as its /proc tells."""
        found = []
        space = os.readlink(f"/proc/{self.first}/ns/pid")
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(folder / "ns/pid") == space:
                    lines = (folder / "status").read_text().splitlines()
                    found.append({"Outer": folder.name, **dict(line.split(":\t", 1) for line in lines if ":\t" in line)})
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it ended meanwhile
        return found

    def process(self, name: str) -> dict[str, str] | None:
        return next((process for process in self.processes() if process["Name"] == name[:15]), None)

    def owners(self) -> dict[str, str]:
        """Every file of the volumes and the run directory with its owner."""
        found = {}
        run = Path(f"/proc/{self.first}/root/run/listsync")
        for top in (self.data, self.logs, run):
            for path in [top, *top.rglob("*")]:
                try:
                    status = path.lstat()
                except FileNotFoundError:
                    continue
                found[str(path)] = f"{status.st_uid}:{status.st_gid}"
        return found

    def stop(self, name: str) -> tuple[int, float]:
        """Sends the signal to process 1, as an engine does, and tells exit code and seconds."""
        begun = time.monotonic()
        os.kill(self.first, getattr(signal, name))
        code = self.outer.wait(timeout=PATIENCE)
        return code, time.monotonic() - begun

    def ended(self) -> int:
        wait_for("it to end by itself", self.is_over)
        return self.outer.returncode

    def kill(self) -> None:
        """Ends process 1 and so, before its end is told, everything inside."""
        for first in children(self.outer.pid):
            os.kill(first, signal.SIGKILL)
        self.outer.wait(timeout=PATIENCE)
        if self.guard:
            self.guard.communicate(b"done\n")
            self.guard = None


def guarded(first: int) -> subprocess.Popen:
    """Ends a container should we be killed. The kernel's own way, a signal at the parent's death, is lost
    when process 1 changes its user."""
    words = ["sh", "-c", 'read -r word || kill -KILL "$1"', "guard", str(first)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True)


def children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == str(pid):
            found.append(int(folder.name))
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(what: str, look, is_hopeless=lambda: False, patience: float = PATIENCE):
    """What `look` gives as soon as it is something."""
    until = time.monotonic() + patience
    while True:
        if found := look():
            return found
        if is_hopeless():
            raise AssertionError(f"waited for {what}, and everything ended")
        if time.monotonic() > until:
            raise AssertionError(f"waited {patience} s for {what}")
        time.sleep(0.02)
