"""ACCEPTANCE C 2: what a lock file names is what the bundled buildpacks install, once.

The lock files are written at test time, against whatever registry this machine's settings name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Root, commit, git
from .test_buildpacks import body, generated, patient, pushed

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(900)]
__all__ = ["patient"]

AGAIN = """\
# A registry may be slow to answer, and has nothing to do with what is tested.
again() { "$@" >&2 || "$@" >&2 || "$@" >&2; }
"""
PYTHON = """\
mkdir uv poetry
python3 -m venv v >&2
again v/bin/pip install --quiet uv
UV_INDEX_URL=${PIP_INDEX_URL:-$(v/bin/pip config get global.index-url 2>/dev/null || true)}
[ -z "$UV_INDEX_URL" ] || export UV_INDEX_URL
again v/bin/uv pip install --quiet --python v poetry
# Poetry reads no settings of pip's, and asks its own registry in a way that few others answer.
find_index='from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
index=${UV_INDEX_URL:-$(v/bin/python -c "$find_index")}
cat > uv/pyproject.toml <<'END'
[project]
name = "app"
version = "1"
requires-python = ">=3.9"
dependencies = ["itsdangerous>=2.1"]
[dependency-groups]
dev = ["iniconfig"]
END
export UV_PYTHON_DOWNLOADS=never
again v/bin/uv lock --quiet --project uv --resolution lowest-direct
cat > poetry/pyproject.toml <<'END'
[project]
name = "app"
version = "1"
requires-python = ">=3.9"
dependencies = ["itsdangerous (==2.1.0)"]
[tool.poetry]
package-mode = false
[tool.poetry.group.dev.dependencies]
iniconfig = "*"
END
cd poetry
printf '[[tool.poetry.source]]\\nname = "machine"\\nurl = "%s"\\n' "$index" >> pyproject.toml
again ../v/bin/poetry lock --no-interaction
sed -i 's/==2.1.0/>=2.1/' pyproject.toml
again ../v/bin/poetry lock --no-interaction
cd .. && rm -r v
for app in uv poetry; do
echo 'web: python app.py' > $app/Procfile
cat > $app/app.py <<'END'
import importlib.util, os
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version


class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        dev = importlib.util.find_spec("iniconfig")
        self.wfile.write(f"{version('itsdangerous')} {dev is None}".encode())


HTTPServer(("", int(os.environ["PORT"])), Page).serve_forever()
END
done
"""
NODE = """\
for app in pnpm yarn yarn-4; do
mkdir $app
cat > $app/package.json <<'END'
{"name": "app", "version": "1.0.0", "dependencies": {"ms": "2.1.2"},
 "devDependencies": {"inherits": "2.0.4"}, "scripts": {"start": "node app.js"}}
END
cat > $app/app.js <<'END'
const { version } = require('ms/package.json')
const answer = (request, response) => response.end(version)
require('http').createServer(answer).listen(process.env.PORT)
END
done
widen() { sed -i 's/"2\\.1\\.2"/"^2.1.0"/' package.json; }
cd pnpm
again npx --yes pnpm@10 install --lockfile-only --silent
widen
again npx --yes pnpm@10 install --lockfile-only --silent
cd ../yarn
again npx --yes yarn@1.22.22 install --silent --ignore-scripts
widen && sed -i 's/^ms@2\\.1\\.2:/ms@^2.1.0:/' yarn.lock
cd ../yarn-4
export YARN_NPM_REGISTRY_SERVER=$(npm config get registry) YARN_ENABLE_TELEMETRY=0
echo 'nodeLinker: node-modules' > .yarnrc.yml && touch yarn.lock
again npx --yes @yarnpkg/cli-dist@4 install --mode=update-lockfile
widen && sed -i 's/ms@npm:2\\.1\\.2":/ms@npm:^2.1.0":/; s/ms: "npm:2\\.1\\.2"/ms: "npm:^2.1.0"/' \\
  yarn.lock
cd .. && rm -rf */node_modules */.yarn
"""
KINDS = {
    "uv": ("uv.lock", "Installing packages of uv.lock", "2.1.0 True"),
    "poetry": ("poetry.lock", "Installing packages of poetry.lock", "2.1.0 True"),
    "pnpm": ("pnpm-lock.yaml", "Installing packages with pnpm", "2.1.2"),
    "yarn": ("yarn.lock", "Installing packages with yarn", "2.1.2"),
    "yarn-4": ("yarn.lock", "Installing packages with yarn", "2.1.2"),
}
"""Folder of the source -> its lock, what an installation says, and what the app answers."""

Sources = Callable[[str], Path]
Push = Callable[[Path], tuple[str, Path, str]]


@pytest.fixture(scope="module")
def sources(patient: None, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Give kind -> a source with a lock file that is behind what its ranges allow."""
    made: dict[str, Path] = {}

    def do(kind: str) -> Path:
        if kind not in made:
            folder = tmp_path_factory.mktemp("locks") / "made"
            script = PYTHON if kind in ("uv", "poetry") else NODE
            made.update({tree.name: tree for tree in generated(AGAIN + script, folder).iterdir()})
        return made[kind]

    return do


@pytest.fixture(scope="module")
def push(root: Root) -> Push:
    """Push a source to the one app of its language, which gets the runtime only once."""
    apps: dict[bool, tuple[str, Path]] = {}

    def do(source: Path) -> tuple[str, Path, str]:
        language = (source / "package.json").exists()
        if language not in apps:
            app, tree, said = pushed(root, source)
            apps[language] = app, tree
            return app, tree, said
        app, tree = apps[language]
        git(tree, "rm", "--quiet", "-r", ".")
        shutil.copytree(source, tree, dirs_exist_ok=True)
        commit(tree, source.name)
        return app, tree, root.push(tree, app).err

    return do


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_file_decides_and_unchanged_packages_are_not_installed_again(
    root: Root, sources: Sources, push: Push, kind: str
) -> None:
    lock, installing, expected = KINDS[kind]
    source = sources(kind)
    assert (source / lock).is_file()
    app, tree, said = push(source)
    assert installing in said
    assert body(root, app) == expected
    (tree / "README").write_text("changed\n")
    commit(tree, "a change that installs nothing")
    said = root.push(tree, app).err
    assert "Using the packages of the last build" in said
    assert installing not in said
    assert body(root, app) == expected
