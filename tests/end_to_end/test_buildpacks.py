"""ACCEPTANCE C 6 and 9: real apps of their communities, pushed as they are, without a Dockerfile.

Their sources are what the generators of Django, Express and Vite write, made at test time.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokkupy import locks
from dokkupy.names import AppName
from dokkupy.paths import Paths
from dokkupy.testing.tls import self_signed

from .conftest import EXAMPLES, Root, change, commit, docker

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]

LITERAL = "curl --fail --retry 3 --retry-delay 1 --connect-timeout 3 --max-time 30"
HANDSHAKE_SECONDS = 5.0
"""Two more than the literal waits for a connection; test_curl.py has the other limit too."""

DJANGO = """\
python3 -m venv v >&2 && v/bin/pip install --quiet django >&2
v/bin/django-admin startproject mysite .
printf 'django\\ngunicorn\\n' > requirements.txt
echo 'STATIC_ROOT = BASE_DIR / "staticfiles"' >> mysite/settings.py
rm -r v
"""
EXPRESS = "npx --yes express-generator --no-view . >&2"
VITE = """\
npx --yes --package node@24 --package create-vite@latest -- \\
  create-vite made --template vanilla --no-interactive >&2
mv made/* . && rm -r made
"""


@pytest.fixture(scope="module", autouse=True)
def patient(root: Root) -> None:
    """Have the stack, which takes minutes where it is not there yet."""
    subprocess.run(
        [*root_command(root), "stack", "ensure", "build"],
        check=True,
        capture_output=True,
        timeout=890,
    )


def root_command(root: Root) -> list[str]:
    return [sys.executable, "-m", "dokkupy", "--root", str(root.path)]


def generated(script: str, folder: Path) -> Path:
    """Return a folder with what a generator writes, run where the machine's settings reach it."""
    inside = f"mkdir /tmp/g\ncd /tmp/g\n{script}\ncd /tmp/g\ntar --create ."
    made = subprocess.run(
        ["docker", "run", "--rm", "--interactive", "dokkupy/build:latest", "bash", "-ec", inside],
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert made.returncode == 0, made.stderr.decode()
    folder.mkdir()
    subprocess.run(["tar", "--extract", "--directory", folder], input=made.stdout, check=True)
    return folder


def pushed(root: Root, source: Path) -> tuple[str, Path, str]:
    """Push a source as a new app; return its name, its tree and what was said."""
    app = root.create()
    tree = root.tree(source)
    return app, tree, root.push(tree, app).err


def body(root: Root, app: str, path: str = "/") -> str:
    answer = root.get(f"{app}.localhost", path)
    assert answer.status == 200, answer
    return answer.body


def test_flask_is_built_once_and_a_changed_line_installs_nothing_again(root: Root) -> None:
    app, tree, said = pushed(root, EXAMPLES / "flask")
    assert re.search(r"\+ flask==", said)
    assert body(root, app) == "version one\n"
    asked = ("python", "-c", "import flask, os; print(os.environ['HOME'], os.getcwd())")
    for done in (root.cli("enter", app, "web.1", *asked), root.cli("run", app, *asked)):
        assert done.out == "/app /app\n"
    text = (tree / "app.py").read_text().replace('"one"', '"two"')
    change(tree, app__py=text)
    said = root.push(tree, app).err
    assert "Using the packages of the last build" in said
    assert "flask==" not in said
    assert body(root, app) == "version two\n"
    change(tree, requirements__txt="flask\ngunicorn\npython-dotenv\n")
    said = root.push(tree, app).err
    assert re.search(r"\+ python-dotenv==", said)
    assert "Installing uv" not in said
    assert "Downloading" not in said
    root.cli("rollback", app)
    assert body(root, app) == "version two\n"


def test_a_django_project_serves_with_its_static_files_collected(
    root: Root, tmp_path: Path
) -> None:
    app, _, said = pushed(root, generated(DJANGO, tmp_path / "django"))
    assert re.search(r"\d+ static files copied", said)
    assert "The install worked successfully" in body(root, app)
    listed = root.cli("run", app, "ls", "staticfiles/admin").out
    assert "css" in listed.split()


def test_an_express_app_of_the_generator_serves(root: Root, tmp_path: Path) -> None:
    app, tree, said = pushed(root, generated(EXPRESS, tmp_path / "express"))
    assert "Installing packages with npm" in said
    assert "Welcome to Express" in body(root, app)
    (tree / "public" / "new.txt").write_text("new\n")
    commit(tree, "new")
    assert "Using the packages of the last build" in root.push(tree, app).err
    assert body(root, app, "/new.txt") == "new\n"


def test_a_vite_site_is_built_and_served_without_its_tools_or_without_a_container(
    root: Root, tmp_path: Path
) -> None:
    app, tree, said = pushed(root, generated(VITE, tmp_path / "vite"))
    assert "npm run build" in said
    page = body(root, app)
    (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', page)
    answer = root.get(f"{app}.localhost", script)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert body(root, app, "/a/page/of/the/app") == page
    assert root.get(f"{app}.localhost", "/missing.js").status == 404
    assert "vite" not in root.cli("run", app, "ls", "-a", "node_modules").out

    (tree / "static.json").write_text('{"root": "nowhere/", "routes": {"/**": "index.html"}}')
    commit(tree, "a site in the wrong place")
    assert "The build made no folder nowhere" in root.push(tree, app, code=1).err
    assert body(root, app) == page
    (tree / "static.json").write_text('{"root": "dist/", "routes": {"/**": "index.html"}}')
    commit(tree, "a site")
    assert "The site is what the build made in dist" in root.push(tree, app).err
    assert root.containers(app) == []
    assert body(root, app) == body(root, app, "/a/page/of/the/app") == page
    assert root.get(f"{app}.localhost", script).status == 200
    root.cli("rollback", app)
    assert len(root.containers(app)) == 1
    assert body(root, app) == page


def test_config_reaches_the_build_in_files_and_nowhere_else(root: Root, tmp_path: Path) -> None:
    pack = own_pack(tmp_path, compile='sha256sum "$3/SECRET"; mkdir -p "$1/x"')
    app = root.create()
    root.cli("config", "set", app, "SECRET=hunter2")
    root.cli("buildpacks", "add", app, str(pack))
    tree = root.tree(source_of(tmp_path, Procfile="web: python3 -m http.server $PORT\n"))
    said = root.push(tree, app).err
    assert hashlib.sha256(b"hunter2").hexdigest() in said
    assert "hunter2" not in said
    (container,) = root.containers(app)
    image = docker("inspect", "--format={{.Image}}", container).strip()
    assert "hunter2" not in docker("image", "inspect", image)
    assert "hunter2" not in docker("history", "--no-trunc", image)


def test_a_source_that_nobody_knows_is_told_what_each_builder_looks_for(
    root: Root, tmp_path: Path
) -> None:
    app = root.create()
    tree = root.tree(source_of(tmp_path, **{"main.f90": "end\n"}))
    said = root.push(tree, app, code=1).err
    assert "builder-dockerfile looks for" in said
    assert "builder-buildpacks looks for" in said


def own_pack(folder: Path, **scripts: str) -> Path:
    pack = folder / "pack"
    (pack / "bin").mkdir(parents=True)
    for name, text in {"detect": "true", **scripts}.items():
        (pack / "bin" / name).write_text(f"#!/usr/bin/env bash\nset -e\n{text}\n")
        (pack / "bin" / name).chmod(0o755)
    return pack


def source_of(folder: Path, **files: str) -> Path:
    source = folder / "source"
    source.mkdir()
    for name, text in files.items():
        (source / name).write_text(text)
    return source


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Give a server, slow to shake hands, on the address that containers know the host by."""
    bridge = docker("network", "inspect", "--format={{(index .IPAM.Config 0).Gateway}}", "bridge")
    certificate = self_signed(tmp_path / "tls", "slow.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        stop.wait(HANDSHAKE_SECONDS)
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(65536)
                secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nslow\n")
        except OSError:  # who asked has given up
            connection.close()

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server((bridge.strip() or "172.17.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        address = listener.getsockname()
        yield f"{address[0]}:{address[1]}", certificate.chain.read_text()
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_the_literal_download_of_a_buildpack_fails_without_user_env_compile_and_succeeds_with_it(
    root: Root, tmp_path: Path, slow: tuple[str, str]
) -> None:
    address, certificate = slow
    port = address.rpartition(":")[2]
    pack = own_pack(
        tmp_path,
        compile=f"""
cat > /tmp/slow.crt <<'EOF'
{certificate}EOF
export CURL_CA_BUNDLE=/tmp/slow.crt
# The name in the certificate is not the host's address: that is all that is made easy here.
echo 'resolve = "slow.example:{port}:{address.rpartition(":")[0]}"' > "$HOME/.curlrc"
{LITERAL} https://slow.example:{port}/ > "$1/downloaded"
""",
    )
    app = root.create()
    root.cli("buildpacks", "add", app, str(pack))
    tree = root.tree(source_of(tmp_path, Procfile="web: python3 -m http.server $PORT\n"))
    root.cli("plugin", "disable", "user-env-compile")
    try:
        said = root.push(tree, app, code=1).err
        assert "curl: (28)" in said
    finally:
        root.cli("plugin", "enable", "user-env-compile")
    root.push(tree, app)
    assert body(root, app, "/downloaded") == "slow\n"


def test_what_bin_release_says_runs_travels_with_the_image(root: Root, tmp_path: Path) -> None:
    pack = own_pack(
        tmp_path,
        compile='echo "from afar" > "$1/index.html"',
        release="echo 'default_process_types:'; echo '  web: python3 -m http.server $PORT'",
    )
    app, other = root.create(), root.create()
    root.cli("buildpacks", "add", app, str(pack))
    root.push(root.tree(source_of(tmp_path, **{"main.f90": "end\n"})), app)
    image = f"test/{app}:1"
    docker("tag", root.json("releases", "show", app, "1")["image"], image)
    try:
        root.cli("deploy", other, "--image", image)
    finally:
        docker("rmi", image)
    assert body(root, other) == "from afar\n"


def test_a_build_whose_runner_is_killed_holds_up_no_later_one(root: Root, tmp_path: Path) -> None:
    pack = own_pack(
        tmp_path,
        compile='[ -f "$1/page" ] || { echo begun; sleep 100; }; mv "$1/page" "$1/index.html"',
        release="echo 'default_process_types:'; echo '  web: python3 -m http.server $PORT'",
    )
    app = root.create()
    root.cli("buildpacks", "add", app, str(pack))
    tree = root.tree(source_of(tmp_path, other="x"))
    words = ["git", "-C", str(tree), "push", root.json("git", "remote", app)["path"], "main"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as push:
        assert push.stderr is not None
        assert any(b"begun" in line for line in push.stderr)
        holder = locks.app_holder(Paths(root.path), AppName(app))
        assert holder is not None
        os.kill(holder.pid, signal.SIGKILL)
        push.communicate(timeout=60)
    assert len(root.containers(app)) == 1
    root.cli("up")
    assert root.containers(app) == []
    assert not [path for path in (root.path / "run").iterdir() if path.name.startswith("source")]
    change(tree, page="one\n")
    root.push(tree, app)
    assert body(root, app) == "one\n"


def test_several_buildpacks_run_in_their_order(root: Root, tmp_path: Path) -> None:
    own = own_pack(tmp_path, compile='echo "from own" > "$1/from-own"')
    app = root.create()
    root.cli("buildpacks", "add", app, "python")
    root.cli("buildpacks", "add", app, str(own), "--index", "1")
    source = source_of(
        tmp_path,
        **{"requirements.txt": "", "Procfile": "web: python -m http.server $PORT\n"},
    )
    said = root.push(root.tree(source), app).err
    assert said.index(f"Buildpack {own}") < said.index("Buildpack python")
    assert body(root, app, "/from-own") == "from own\n"
    stack = {row["key"]: row["value"] for row in root.json("builder-buildpacks", "report", app)}
    assert stack["stack"]
