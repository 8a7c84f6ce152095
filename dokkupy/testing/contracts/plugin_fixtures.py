"""What the parts of a plugin's contract share: the plugin, its operations, a root for it alone."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from dokkupy.names import AppName
from dokkupy.operations.registry import Operation, make_operation, operations_of
from dokkupy.plugins import GROUP, Loaded, PluginState, Selection, discover, gate, load
from dokkupy.testing.capability import Contract
from dokkupy.testing.plugin import initialised, platform_of_fakes
from dokkupy.testing.samples import Sample, made_up
from dokkupy.types import PropertyGroup

if TYPE_CHECKING:
    from dokkupy.platform import Platform
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.testing.proxy_fake import FakeProxy

PROPERTY_OPERATIONS = "dokkupy.operations.properties"


class PluginFixtures(Contract):
    """A plugin is known by its name; what else there is to say, a subclass says."""

    suite = "plugin"
    name: ClassVar[str]
    """The name of the plugin: of its entry point, and in its other names."""
    samples: ClassVar[Mapping[str, Sample]] = {}
    """Operation -> words with which it succeeds on an app that serves, `{app}` in its place.

    Where there is none, words are made up from the types of its parameters.
    """
    unsampled: ClassVar[Mapping[str, str]] = {}
    """Operation -> why it is not to be run, or cannot succeed, on the fakes."""
    samples_required: ClassVar[bool] = True
    """Whether every operation is run, and one that refuses its sample fails the contract.

    Without it only those that read are run: nobody knows what a stranger's changes would do.
    """
    shows_secrets: ClassVar[frozenset[str]] = frozenset()
    """The operations that are there to show values, such as `build-env get`."""

    def use(self, platform: Platform, app: AppName) -> None:
        """Let the plugin keep something for `app`; override it where it can."""

    def prepare(self, operation: str, platform: Platform, app: AppName) -> None:
        """Bring an app that serves into a state in which an operation's sample succeeds."""

    def sample(
        self, operation: Operation, app: AppName, properties: PropertyGroup | None
    ) -> Sample:
        """Return words and input for an operation on an app that serves."""
        given = self.samples.get(operation.title)
        if given is None:
            return made_up(operation, app, properties)
        return Sample(tuple(word.replace("{app}", app) for word in given.words), given.stdin)

    @pytest.fixture
    def plugins(self) -> Sequence[str]:
        """Let this plugin alone take part."""
        return (self.name,)

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        """Give a root, whatever the plugin's other tests use."""
        return initialised(tmp_path / "root")

    @pytest.fixture
    def platform(
        self,
        root: Path,
        plugins: Sequence[str],
        fake_engine: FakeEngine,
        fake_proxy: FakeProxy,
    ) -> Iterator[Platform]:
        """Give a platform of fakes on which this plugin alone takes part."""
        with platform_of_fakes(root, plugins, fake_engine, fake_proxy) as platform:
            yield platform

    @pytest.fixture
    def plugin(self) -> PluginState:
        """Give the plugin as it is installed."""
        found = [one for one in discover(Selection()) if one.name == self.name]
        assert found, f"no installed distribution has the entry point {self.name} in {GROUP}"
        return found[0]

    @pytest.fixture
    def loaded(self, plugin: PluginState) -> Loaded:
        """Give the plugin after its import; one that cannot be loaded has a capability for that."""
        state = gate(plugin)
        loaded = load(state) if state.state == "enabled" else Loaded(plugin=state)
        if loaded.plugin.state != "enabled":
            pytest.skip(f"it cannot be loaded: {loaded.plugin.reason}")
        return loaded

    @pytest.fixture
    def operations(self, loaded: Loaded, properties: PropertyGroup | None) -> list[Operation]:
        """Give every operation of the plugin, those of its settings too."""
        try:
            found = [
                make_operation(noun, function)
                for noun, module in nouns_of(loaded).items()
                for function in operations_of(importlib.import_module(module)).values()
            ]
        except Exception as error:  # noqa: BLE001 - there is a capability for that
            pytest.skip(f"its operations cannot be read: {error}")
        if properties is not None:
            settings = importlib.import_module(PROPERTY_OPERATIONS)
            found += [
                make_operation(properties.noun, function, {"noun": properties.noun})
                for function in operations_of(settings).values()
            ]
        return found

    @pytest.fixture
    def service_operations(self, loaded: Loaded) -> list[Operation]:
        """Give the operations that follow from the kinds of service that the plugin knows."""
        kinds: list[Any] = [item.function() for item in loaded.hooks.get("register_services", ())]
        return [
            make_operation(kind.noun, function, {"noun": kind.noun})
            for kind in kinds
            for module in kind.operation_modules
            for function in operations_of(importlib.import_module(module)).values()
        ]

    @pytest.fixture
    def properties(self, loaded: Loaded) -> PropertyGroup | None:
        """Give the settings of the plugin, if it has any."""
        for item in loaded.hooks.get("register_properties", ()):
            group = item.function()
            assert isinstance(group, PropertyGroup)
            return group
        return None

    @pytest.fixture
    def app(self, loaded: Loaded, platform: Platform) -> AppName:  # noqa: ARG002 - it must load
        """Give an app for which the plugin keeps something."""
        from dokkupy import routes
        from dokkupy.operations import apps

        app = AppName("contract-app")
        apps.create(platform, app)
        self.use(platform, app)
        routes.apply(platform, changed=app)
        return app

    @property
    def readme(self) -> str:
        """The README that was installed with the plugin, or its source's when that is in use."""
        package = importlib.util.find_spec(f"dokkupy_{self.name.replace('-', '_')}")
        for place in (package.submodule_search_locations or ()) if package else ():
            source = Path(place).parent
            if (source / "pyproject.toml").is_file():
                return (source / "README.md").read_text(encoding="utf-8")
        installed = metadata(f"dokkupy-plugin-{self.name}")
        return installed["Description"] or str(installed.get_payload())  # type: ignore[attr-defined]


def nouns_of(loaded: Loaded) -> dict[str, str]:
    """Return the nouns under which a plugin has operations, each with its module."""
    found: dict[str, str] = {}
    for item in loaded.hooks.get("register_operations", ()):
        nouns = item.function()
        assert isinstance(nouns, Mapping)
        found |= nouns
    return found


def state(platform: Platform) -> tuple[list[str], list[str]]:
    """Return every row of the store but the events, and every file of the root."""
    dump = platform.store.database.connection.iterdump()
    rows = [line for line in dump if not line.startswith('INSERT INTO "events"')]
    files = (path for path in platform.paths.root.rglob("*") if path.is_file())
    # The journal of the store comes and goes, locks too; the index of plugins is the core's.
    names = (str(path.relative_to(platform.paths.root)) for path in files)
    ours = ("state.db", "cache/index", "locks/")
    return rows, sorted(name for name in names if not name.startswith(ours))
