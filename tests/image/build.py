"""Carries out a Dockerfile's steps in folders. Leaves reading it to dockerfile.py.

`FROM debian:…-slim` is debootstrap's minimal system, without what the slim image leaves out; `FROM rust:…` is
the same with a C compiler and with this machine's Rust, which must be of that version. A stage is kept and used
again for as long as nothing changes: its instructions, what it copies, the stages before it.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

from context import Context
from dockerfile import Dockerfile, DockerfileError, Instruction, Stage, substituted

MIRROR = "http://deb.debian.org/debian"
SECURITY = "http://deb.debian.org/debian-security"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENTER = Path(__file__).with_name("enter.sh")
# What the slim image has dpkg leave out.
LEFT_OUT = ["/usr/share/doc/*", "/usr/share/groff/*", "/usr/share/info/*", "/usr/share/linda/*",
            "/usr/share/lintian/overrides/*", "/usr/share/locale/*", "/usr/share/man/*"]
# What the compiler's image has and our build uses.
COMPILER = ["ca-certificates", "gcc", "g++", "libc6-dev", "make", "pkg-config"]
RUSTUP = """#!/bin/sh
case "$1 $2" in "component add") ;; *) echo "rustup $1 $2 is not known here" >&2; exit 1 ;; esac
shift 2
for name; do
  test -x "/usr/local/rustup/bin/$name" && ln -sf "/usr/local/rustup/bin/$name" /usr/local/cargo/bin/ || exit 1
done
"""


@dataclass
class Image:
    """A root folder and what a container made of it begins with."""

    root: Path
    key: str
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    stop_signal: str = "SIGTERM"
    health: tuple[dict[str, str], list[str]] | None = None
    mounts: list[str] = field(default_factory=list)

    def copy(self, root: Path, key: str) -> "Image":
        lists = {name: list(getattr(self, name)) for name in ("entrypoint", "command", "ports", "volumes", "mounts")}
        return replace(self, root=root, key=key, environment=dict(self.environment), labels=dict(self.labels), **lists)


def entered(root: Path, layer: Path | None, way: str, mounts: list[str], command: list[str], **options) -> subprocess.Popen:
    """Starts a command in namespaces of its own, as their first process. It ends when we do. What it
    writes goes into a layer that ends with it, or without one into the root folder."""
    unshare = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"]
    # Without us nobody would stop what runs there.
    guarded = ["setpriv", "--pdeathsig", "KILL", *unshare, str(ENTER), str(root), str(layer or "-"), way, *command]
    process = subprocess.Popen(guarded, stdin=subprocess.PIPE, **options)
    process.stdin.write("".join(f"{mount}\n" for mount in mounts).encode())
    process.stdin.close()
    return process


def run(command: list[str], **options) -> None:
    subprocess.run(command, check=True, **options)


class Build:
    def __init__(self, dockerfile: Dockerfile, context: Context, work: Path, binaries: Path | None):
        self.dockerfile, self.context, self.work = dockerfile, context, work
        self.binaries = binaries
        self.images: dict[str, Image] = {}

    def image(self, name: str) -> Image:
        """The image of a stage, or of a name from a registry."""
        if name not in self.images:
            stage = self.dockerfile.stage(name)
            if stage is None:
                self.images[name] = self.pulled(name)
            elif name == "builder" and self.binaries:
                self.images[name] = self.ready_built()
            else:
                self.images[name] = self.staged(stage)
        return self.images[name]

    # What comes from a registry.

    def pulled(self, name: str) -> Image:
        if match := re.fullmatch(r"debian:([a-z]+)-slim", name):
            return self.debian(match.group(1))
        if match := re.fullmatch(r"rust:([0-9.]+)-([a-z]+)", name):
            return self.rust(*match.groups())
        raise DockerfileError(f"FROM {name}: only debian:…-slim and rust:… are known here")

    def debian(self, suite: str) -> Image:
        root = self.work / "pulled" / f"debian-{suite}"

        def make(partial: Path) -> None:
            say(f"debootstrap {suite}")
            run(["debootstrap", "--variant=minbase", suite, str(partial), MIRROR], stdout=subprocess.DEVNULL)
            (partial / "etc/apt/sources.list").write_text(
                f"deb {MIRROR} {suite} main\ndeb {MIRROR} {suite}-updates main\ndeb {SECURITY} {suite}-security main\n")
            rules = [f"path-exclude {path}\n" for path in LEFT_OUT] + ["path-include /usr/share/doc/*/copyright\n"]
            (partial / "etc/dpkg/dpkg.cfg.d/docker").write_text("".join(rules))
            (partial / "etc/apt/apt.conf.d/docker").write_text(
                'Acquire::Languages "none";\nAPT::Keep-Downloaded-Packages "false";\n'
                'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n')
            policy = partial / "usr/sbin/policy-rc.d"
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
            for path in LEFT_OUT:
                for found in partial.glob(path.strip("/")):
                    copyright = found / "copyright"
                    if "doc" in path and copyright.is_file():
                        for other in found.iterdir():
                            if other != copyright:
                                remove(other)
                    else:
                        remove(found)
            for path in ("var/cache/apt", "var/lib/apt/lists", "var/log", "dev"):
                for other in (partial / path).iterdir():
                    remove(other)
            (partial / "etc/resolv.conf").write_text("")
            (partial / "etc/hostname").write_text("localhost\n")

        kept(root, make)
        return Image(root, key_of("debian", suite))

    def rust(self, version: str, suite: str) -> Image:
        here = {"capture_output": True, "text": True, "cwd": self.context.folder}
        own = subprocess.run(["rustc", "--version"], **here)
        if own.stdout.split()[1:2] != [version]:
            raise DockerfileError(f"FROM rust:{version}: this machine has no Rust {version}: {own.stdout}{own.stderr}")
        base = self.debian(suite)
        root = self.work / "pulled" / f"rust-{suite}"

        def make(partial: Path) -> None:
            copy_tree(base.root, partial)
            say("installing a C compiler, as the compiler's image has it")
            script = f"apt-get update -q && apt-get install -y -q --no-install-recommends {' '.join(COMPILER)}"
            carry_out(Image(partial, ""), script, {"DEBIAN_FRONTEND": "noninteractive"}, [])
            programs = partial / "usr/local/cargo/bin"
            programs.mkdir(parents=True)
            for name in ("cargo", "rustc", "rustdoc"):
                (programs / name).symlink_to(f"/usr/local/rustup/bin/{name}")
            # In place of the real one: what this machine's Rust has can be added, and nothing else.
            (programs / "rustup").write_text(RUSTUP)
            (programs / "rustup").chmod(0o755)

        kept(root, make)
        sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, **here)
        image = Image(root, key_of("rust", version, suite))
        image.environment.update(CARGO_HOME="/usr/local/cargo", PATH=f"/usr/local/cargo/bin:{PATH}")
        # Whom this machine trusts on the way to the registry of crates, the step has to trust too.
        trust = "/etc/ssl/certs/ca-certificates.crt"
        image.mounts = [f"bind-read-only {sysroot.stdout.strip()} /usr/local/rustup", f"bind-read-only {trust} {trust}"]
        return image

    def ready_built(self) -> Image:
        root = self.work / "roots" / "builder"
        remove(root)
        (root / "out").mkdir(parents=True)
        for name in ("listsync", "listsync-api", "listsync-sync-worker", "listsync-scraper-worker"):
            shutil.copy2(self.binaries / name, root / "out" / name)
        return Image(root, key_of(*(digest(path) for path in sorted((root / "out").iterdir()))))

    # The stages.

    def staged(self, stage: Stage) -> Image:
        base = self.image(stage.base)
        key = key_of(base.key, *(part for step in stage.instructions for part in self.depends_on(step)))
        root = self.work / "stages" / stage.name / key[:12]
        image, is_there = base.copy(root, key), root.exists()
        if not is_there:
            remove(root.parent)
        variables: dict[str, str] = {}

        def make(partial: Path) -> None:
            copy_tree(base.root, partial)
            image.root = partial
            for step in stage.instructions:
                self.step(image, step, variables)

        say(f"stage {stage.name}{' (nothing changed)' if is_there else ''}")
        kept(root, make)
        image.root = root
        if is_there:
            for step in stage.instructions:
                if step.name not in ("RUN", "COPY"):
                    self.step(image, step, variables)
        return image

    def depends_on(self, step: Instruction) -> list[str]:
        """Texts that change when what the step does changes."""
        parts = [f"{step.name} {step.flags} {step.text}", *self.dockerfile.variables.values()]
        if step.name == "COPY":
            source = dict(step.flags).get("from")
            if source:
                parts.append(self.image(source).key)
            else:
                parts += [f"{name} {digest(self.context.folder / name)}" for name in self.context.files()]
        return parts

    def step(self, image: Image, step: Instruction, arguments: dict[str, str]) -> None:
        variables = {**arguments, **image.environment}
        if step.name == "RUN":
            say(f"  RUN {step.text[:100]}")
            mounts = [self.cache(value, variables) for _, value in step.flags]
            carry_out(image, step.command(), variables, mounts)
        elif step.name == "COPY":
            say(f"  COPY {step.text}")
            self.copy(image, step, variables)
        elif step.name == "ARG":
            name, _, default = substituted(step.text, variables).partition("=")
            arguments[name] = self.dockerfile.variables.get(name) or default or predefined(name)
        elif step.name == "ENV":
            image.environment.update(step.pairs(variables))
        elif step.name == "LABEL":
            image.labels.update(step.pairs(variables))
        elif step.name == "WORKDIR":
            image.folder = os.path.join(image.folder, *step.words(variables))
            inside(image.root, image.folder).mkdir(parents=True, exist_ok=True)
        elif step.name == "EXPOSE":
            image.ports += step.words(variables)
        elif step.name == "VOLUME":
            image.volumes += step.words(variables)
        elif step.name == "ENTRYPOINT":
            image.entrypoint, image.command = step.command(), []
        elif step.name == "CMD":
            image.command = step.command()
        elif step.name == "STOPSIGNAL":
            image.stop_signal = step.words(variables)[0]
        elif step.name == "HEALTHCHECK":
            kind, _, command = step.text.partition(" ")
            if kind != "CMD":
                raise DockerfileError(f"line {step.line}: HEALTHCHECK {kind} is not known here")
            image.health = (dict(step.flags), replace(step, text=command.strip()).command())
        else:
            raise DockerfileError(f"line {step.line}: nobody has said what {step.name} does here")

    def cache(self, mount: str, variables: dict[str, str]) -> str:
        fields = dict(part.split("=", 1) for part in substituted(mount, variables).split(","))
        if fields.get("type") != "cache" or set(fields) - {"type", "id", "target", "sharing"}:
            raise DockerfileError(f"RUN --mount={mount} is not known here")
        name = fields.get("id", fields["target"].strip("/").replace("/", "-"))
        folder = self.work / "cache" / name
        folder.mkdir(parents=True, exist_ok=True)
        return f"bind {folder} {fields['target']}"

    def copy(self, image: Image, step: Instruction, variables: dict[str, str]) -> None:
        flags, words = dict(step.flags), step.words(variables)
        *sources, target = words
        place = inside(image.root, os.path.join(image.folder, target))
        if "from" not in flags and sources == ["."]:
            for name in self.context.files():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(self.context.folder / name, place / name)
        elif "from" in flags and target.endswith("/"):
            root = self.image(flags["from"]).root
            place.mkdir(parents=True, exist_ok=True)
            for source in sources:
                found = inside(root, source)
                if not found.exists():
                    raise DockerfileError(f"line {step.line}: {flags['from']} has no {source}")
                run(["cp", "-a", f"{found}/." if found.is_dir() else str(found), str(place)])
        else:
            raise DockerfileError(f"line {step.line}: COPY {step.text} is not known here")
        if "chown" in flags:
            run(["chown", "-R", flags["chown"], str(place)])


def carry_out(image: Image, command: list[str] | str, variables: dict[str, str], mounts: list[str]) -> None:
    command = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    resolver = "bind-read-only /etc/resolv.conf /etc/resolv.conf"
    settings = [f"{name}={value}" for name, value in {**image.environment, **variables}.items()]
    step = ["env", "-i", "-C", image.folder, *settings, *command]
    process = entered(image.root, None, "chroot", [resolver, *image.mounts, *mounts], step,
                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = process.stdout.read().decode(errors="replace")
    if process.wait() != 0:
        raise DockerfileError(f"{command} ended with {process.returncode}:\n{output[-4000:]}")


def predefined(name: str) -> str:
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    return {"TARGETARCH": machine, "TARGETOS": "linux", "TARGETPLATFORM": f"linux/{machine}"}.get(name, "")


def inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def kept(root: Path, make) -> None:
    """Makes a folder under another name, so that one that was not finished is never taken for one that was."""
    if root.exists():
        return
    partial = root.with_name(root.name + ".partial")
    remove(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    make(partial)
    partial.rename(root)


def copy_tree(source: Path, target: Path) -> None:
    run(["cp", "-a", "--reflink=auto", str(source), str(target)])


def remove(path: Path) -> None:
    """Mounts are in namespaces of their own and never here; all the same, none is ever entered."""
    if path.is_symlink() or path.exists():
        run(["rm", "-rf", "--one-file-system", str(path)])


def key_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def say(text: str) -> None:
    print(text, flush=True)
