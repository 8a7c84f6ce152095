"""What runs inside a build container: the buildpacks one after the other, then their result.

It is handed over as text and runs with the container's own Python, so it imports nothing but the
standard library. An archive on stdin brings everything, stdout takes the result away, stderr is
the build's output. See https://devcenter.heroku.com/articles/buildpack-api for what buildpacks
may expect.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

HEAVY = 1024 * 1024
"""Bytes from which on something that a buildpack made is a layer of its own."""
MOST_LAYERS = 8
NOT_STARTED = (126, 127)
"""What a shell says of a program that cannot be run, or whose interpreter is missing."""
PIECE = 1024 * 1024
HARMFUL = frozenset([
    "BASH_ENV", "BUILD_DIR", "CPATH", "ENV", "GIT_DIR", "HOME", "IFS", "LD_LIBRARY_PATH",
    "LD_PRELOAD", "LIBRARY_PATH", "PATH", "PYTHONHOME", "PYTHONPATH", "SHELLOPTS",
])  # fmt: skip
"""Variables that would change how the buildpacks themselves run, not what they build."""


class Failed(Exception):
    """The build cannot go on; its words are for the person who pushed."""

    def __init__(self, kind: str, pack: str = "", code: int = 0) -> None:
        super().__init__(kind)
        self.words = {"failed": kind, "pack": pack, "code": code}


class Kit:
    """The folders of one build."""

    def __init__(self, volume: Path, kit: Path, home: Path) -> None:
        self.volume, self.kit, self.home = volume, kit, home
        self.build = volume / "app"
        self.cache = volume / "cache"
        self.known = volume / "digests.json"

    def unpack(self, stream: IO[bytes]) -> dict[str, Any]:
        """Put what came where it belongs; return the request, which came first."""
        self.cache.mkdir(exist_ok=True)
        self._put_away(self.build)
        self.build.mkdir()
        request: dict[str, Any] = {}
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                top, _, rest = member.name.partition("/")
                if top == "request.json":
                    file = tar.extractfile(member)
                    request = json.load(file) if file else {}
                    continue
                member.name = rest
                if member.islnk():
                    member.linkname = member.linkname.partition("/")[2]
                target = self.build if top == "source" else self.kit / top
                tar.extract(member, target, set_attrs=True, numeric_owner=True)
        for name in ("env", "packs", "programs"):
            (self.kit / name).mkdir(parents=True, exist_ok=True)
        return request

    def _put_away(self, path: Path) -> None:
        """Remove what an earlier build has left, without waiting for it."""
        trash = self.volume / "trash"
        shutil.rmtree(trash, ignore_errors=True)
        if path.is_symlink() or path.exists():
            trash.mkdir()
            path.rename(trash / path.name)
            remover = threading.Thread(target=shutil.rmtree, args=(trash, True), daemon=True)
            remover.start()


def main() -> int:
    """Build, and write a line of JSON and then the archives to stdout."""
    out = os.fdopen(os.dup(1), "wb")
    # Whatever buildpacks print is output of the build, not its result.
    os.dup2(2, 1)
    os.umask(0o022)
    kit = Kit(Path("/build"), Path("/tmp/kit"), Path("/app"))  # noqa: S108 - the container's own
    with (kit.volume / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            build(kit, out)
        except Failed as failure:
            out.write(json.dumps(failure.words).encode() + b"\n")
            out.flush()
            return 1
    return 0


def build(kit: Kit, out: IO[bytes]) -> None:
    """Run the buildpacks of the request and send what they made."""
    request = kit.unpack(sys.stdin.buffer)
    sources = {path for path, _ in scan(str(kit.build))}
    env = environment(kit, request)
    released: dict[str, dict[str, str]] = {}
    for number, name in enumerate(request["packs"]):
        pack = kit.kit / "packs" / str(number)
        detect(kit, pack, name, env)
        run(kit, pack, name, env)
        released = release(kit, pack, name, env) or released
        env = exported(pack, env)
    defaults(kit, released.get("config_vars", {}))
    layers = chain(kit, request["base"], heavy(kit.build, sources))
    header = {
        "processes": released.get("default_process_types", {}),
        "layers": [{"key": key, "sent": key not in request["have"]} for key, _ in layers],
    }
    out.write(json.dumps(header).encode() + b"\n")
    for key, path in layers:
        if key not in request["have"]:
            send(out, [("app/" + str(path.relative_to(kit.build)), path)], {})
    apart = {path for _, path in layers}
    rest = [("app/" + str(path.relative_to(kit.build)), path) for path in kit.build.iterdir()]
    send(out, sorted(rest), {request["launcher_path"]: request["launcher"]}, apart)
    out.flush()


def environment(kit: Kit, request: dict[str, Any]) -> dict[str, str]:
    """Return what buildpacks find in their environment; what is secret they find in ENV_DIR."""
    public = {key: value for key, value in request["env"].items() if key not in HARMFUL}
    return {
        "LANG": "C.UTF-8",
        **{key: value for key, value in os.environ.items() if key not in ("HOSTNAME", "PWD")},
        "STACK": request["stack"],
        "SOURCE_VERSION": request["revision"],
        **public,
        "HOME": str(kit.home),
        "PATH": f"{kit.kit / 'programs'}:{os.environ['PATH']}",
    }


def detect(kit: Kit, pack: Path, name: str, env: dict[str, str]) -> None:
    """Ask a buildpack whether it can build this."""
    if not (pack / "bin/compile").is_file():
        raise Failed("no buildpack", name)
    code, _ = start(pack / "bin/detect", [kit.build], kit, env, taken=True)
    if code:
        raise Failed("detect" if code in NOT_STARTED else "not for it", name, code)


def run(kit: Kit, pack: Path, name: str, env: dict[str, str]) -> None:
    """Let a buildpack build."""
    say(f"Buildpack {name}")
    code, _ = start(pack / "bin/compile", [kit.build, kit.cache, kit.kit / "env"], kit, env)
    if code:
        raise Failed("compile", name, code)


def start(
    program: Path, words: list[Path], kit: Kit, env: dict[str, str], *, taken: bool = False
) -> tuple[int, bytes]:
    """Run a program of a buildpack, if there is one; return its exit code and what was taken."""
    if not program.is_file():
        return 0, b""
    null, stdout = subprocess.DEVNULL, subprocess.PIPE if taken else None
    try:
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        with program.open("rb") as file:
            # What names no interpreter is the shell's, by which buildpacks are started elsewhere.
            command = [program] if file.read(2) in (b"#!", b"\x7fE") else ["bash", program]
        done = subprocess.run(
            [*command, *words], cwd=kit.build, env=env, stdin=null, stdout=stdout, check=False
        )
    except OSError as error:
        missing = error.errno == errno.ENOENT
        why = "its interpreter is not on this stack" if missing else error.strerror
        say(f"{program.parent.name}/{program.name} cannot be run: {why}")
        return NOT_STARTED[missing], b""
    return done.returncode, done.stdout or b""


def say(text: str) -> None:
    """Add a line to the output of the build."""
    sys.stderr.write(f"-----> {text}\n")
    sys.stderr.flush()


def release(kit: Kit, pack: Path, name: str, env: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return what a buildpack says of how to run the app."""
    code, said = start(pack / "bin/release", [kit.build], kit, env, taken=True)
    if code:
        raise Failed("release", name, code)
    return read_release(said.decode("utf-8", "replace"))


def read_release(text: str) -> dict[str, dict[str, str]]:
    """Read the YAML of bin/release: two levels of text are all that it has, or it is JSON."""
    found: dict[str, dict[str, str]] = {}
    section, key, depth = "", "", 0
    try:
        known = json.loads(text.strip().removeprefix("---")).items()
        found = {name: inner for name, inner in known if isinstance(inner, dict)}
    except (ValueError, AttributeError):
        for line in text.splitlines():
            bare, indent = line.strip(), len(line) - len(line.lstrip())
            name, colon, value = bare.partition(":")
            if not bare or bare.startswith("#") or line.startswith("---"):
                continue
            if not indent:
                section, key = name.strip(), ""
                found[section] = {}
            elif key and indent > depth:  # a long text goes on in its next line
                found[section][key] = f"{found[section][key]} {bare}".lstrip("|>+- ")
            elif section and colon:
                key, depth = unquoted(name.strip()), indent
                found[section][key] = value.strip()
    for name, inner in found.items():
        found[name] = {str(key): unquoted(str(value)) for key, value in inner.items() if value}
    return {name: inner for name, inner in found.items() if inner}


def unquoted(text: str) -> str:
    """Return a YAML scalar without its quotes."""
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return text


def exported(pack: Path, env: dict[str, str]) -> dict[str, str]:
    """Return the environment for the buildpacks that follow."""
    if not (pack / "export").is_file():
        return env
    command = ["bash", "-c", '. "$1" >&2; env -0', "export", str(pack / "export")]
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False
    )
    pairs = (pair.partition("=") for pair in os.fsdecode(done.stdout).split("\0") if pair)
    return {key: value for key, _, value in pairs} or env


def defaults(kit: Kit, variables: dict[str, str]) -> None:
    """Give the app the `config_vars` of bin/release, which its own config beats."""
    if not variables:
        return
    folder = kit.build / ".profile.d"
    folder.mkdir(exist_ok=True)
    lines = [f'export {key}="${{{key}:-{value}}}"\n' for key, value in sorted(variables.items())]
    (folder / "000-release.sh").write_text("".join(lines), encoding="utf-8")


def scan(top: str, below: str = "") -> Iterator[tuple[str, os.stat_result]]:
    """Yield the path and the state of all below `top`, in order, links not followed."""
    with os.scandir(os.path.join(top, below)) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}/{entry.name}" if below else entry.name
        yield path, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from scan(top, path)


Tree = list[tuple[str, os.stat_result]]
"""A file or a folder with all below it; its own path is empty."""


def tree_of(path: Path) -> Tree:
    """Return what there is at a path."""
    state = path.lstat()
    return [("", state), *(scan(str(path)) if stat.S_ISDIR(state.st_mode) else ())]


def heavy(top: Path, sources: set[str]) -> list[tuple[Path, Tree]]:
    """Return what came out of the build and is large, outermost first."""
    found: list[tuple[Path, Tree]] = []
    waiting = sorted(os.listdir(top))
    while waiting and len(found) < MOST_LAYERS:
        name = waiting.pop(0)
        path = top / name
        if name not in sources:
            tree = tree_of(path)
            if sum(state.st_size for _, state in tree) >= HEAVY:
                found.append((path, tree))
        elif path.is_dir() and not path.is_symlink():
            waiting += [f"{name}/{inner}" for inner in sorted(os.listdir(path))]
    return found


def chain(kit: Kit, base: str, parts: list[tuple[Path, Tree]]) -> list[tuple[str, Path]]:
    """Return each path with a key that stands for it, what is below it, and the image below."""
    try:
        before = json.loads(kit.known.read_text())
    except (OSError, ValueError):
        before = {}
    seen: dict[str, str] = {}
    layers: list[tuple[str, Path]] = []
    key = base
    for path, tree in parts:
        text = f"{key}\0{path.relative_to(kit.build)}\0{digest(path, tree, before, seen)}"
        key = hashlib.sha256(os.fsencode(text)).hexdigest()
        layers.append((key, path))
    kit.known.write_text(json.dumps(seen))
    return layers


def digest(top: Path, tree: Tree, before: dict[str, str], seen: dict[str, str]) -> str:
    """Return a digest of the names, modes and contents of a tree.

    A file that is the same to the file system as in the build before is not read again.
    """
    lines: list[str] = []
    for name, state in tree:
        told = ""
        if stat.S_ISLNK(state.st_mode):
            told = os.readlink(os.path.join(top, name) if name else top)
        elif stat.S_ISREG(state.st_mode):
            sign = f"{state.st_ino} {state.st_size} {state.st_mtime_ns}"
            told = before.get(sign) or content(top / name)
            seen[sign] = told
        lines.append(f"{name}\0{state.st_mode:o}\0{told}\n")
    return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()


def content(path: Path) -> str:
    """Return the digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def send(
    out: IO[bytes],
    parts: list[tuple[str, Path]],
    files: dict[str, str],
    apart: set[Path] | frozenset[Path] = frozenset(),
) -> None:
    """Send one archive in pieces, each after its length, 0 at the end."""
    pieces = Pieces(out)
    with tarfile.open(fileobj=pieces, mode="w|", bufsize=PIECE) as tar:
        root = tarfile.TarInfo("app")
        root.type, root.mode, root.uid, root.gid = tarfile.DIRTYPE, 0o755, os.getuid(), os.getgid()
        tar.addfile(root)
        for name, path in parts:
            add(tar, name, path, apart)
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755
            tar.addfile(member, io.BytesIO(text.encode()))
    out.write(b"0\n")


def add(tar: tarfile.TarFile, name: str, path: Path, apart: set[Path] | frozenset[Path]) -> None:
    """Add a file, or a folder with all that is not apart."""
    if path in apart:
        return
    mode = path.lstat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
        return
    member = tar.gettarinfo(str(path), name)
    # Two names of one file may end up in two layers.
    if member.islnk():
        member.type, member.size = tarfile.REGTYPE, path.stat().st_size
    member.uname = member.gname = ""
    if member.isreg():
        with path.open("rb") as file:
            tar.addfile(member, file)
        return
    tar.addfile(member)
    if member.isdir():
        for inner in sorted(path.iterdir()):
            add(tar, f"{name}/{inner.name}", inner, apart)


class Pieces(io.RawIOBase):
    """Writes each piece behind its length."""

    def __init__(self, out: IO[bytes]) -> None:
        super().__init__()
        self._out = out

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        if piece:
            self._out.write(b"%d\n" % len(piece))
            self._out.write(piece)
        return len(piece)


if __name__ == "__main__":
    sys.exit(main())
