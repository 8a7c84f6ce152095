"""The contract of a plugin's operations: described, true to the description, discreet."""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dokkupy.errors import PluginError, UsageError
from dokkupy.names import AppName
from dokkupy.operations import schema
from dokkupy.operations.failures import declared_errors
from dokkupy.operations.registry import Operation
from dokkupy.testing.contracts.plugin_fixtures import PluginFixtures, state
from dokkupy.testing.samples import HOSTILE, SECRET, Sample

if TYPE_CHECKING:
    from dokkupy.operations.registry import Parameter
    from dokkupy.platform import Platform
    from dokkupy.testing.cli import Cli, CliResult
    from dokkupy.testing.engine_fake import FakeEngine
    from dokkupy.types import PropertyGroup

LONGEST_SUMMARY = 72
UNEXPECTED = 70
"""The exit code of an error that is none of dokkupy's: EX_SOFTWARE."""


class OperationsContract(PluginFixtures):
    """What can be relied on by whoever offers the operations: command line, HTTP, a client."""

    @pytest.fixture
    def served(self, platform: Platform, app: AppName) -> AppName:
        """Give an app in use that has been deployed, with a secret in its config."""
        from dokkupy import pipeline
        from dokkupy.testing import stand_in
        from dokkupy.testing.engine_fake import BASE
        from dokkupy.testing.sources import commit

        platform.hooks.add("stand-in", stand_in)
        with platform.store.write():
            platform.store.config.change(app, {"CONTRACT_SECRET": SECRET})
        commit(platform, app, {"Dockerfile": f"FROM {BASE}\n", "Procfile": "web: serve\n"})
        pipeline.deploy(platform, lambda _: None, app=app, revision="main")
        return app

    def test_every_operation_says_what_it_does(
        self, operations: list[Operation], service_operations: list[Operation]
    ) -> None:
        for operation in [*operations, *service_operations]:
            assert operation.spec.summary, f"{operation.title} has no summary"
            assert len(operation.spec.summary) <= LONGEST_SUMMARY, operation.title
            assert inspect.getdoc(operation.function), f"{operation.title} has no docstring"

    def test_every_operation_can_be_described_in_json_schema(
        self, operations: list[Operation], service_operations: list[Operation]
    ) -> None:
        from jsonschema import Draft202012Validator

        for operation in [*operations, *service_operations]:
            answer = schema.answer(operation)
            for one in (schema.parameters(operation), answer.result, answer.lines):
                Draft202012Validator.check_schema(one or {})

    def test_every_operation_declares_errors_that_exist(
        self, operations: list[Operation], service_operations: list[Operation]
    ) -> None:
        for operation in [*operations, *service_operations]:
            assert declared_errors(operation), operation.title

    def test_schemas_and_the_command_line_agree_on_values(
        self, operations: list[Operation], service_operations: list[Operation]
    ) -> None:
        for operation in [*operations, *service_operations]:
            for item in operation.parameters:
                if item.kind != "stdin" and not item.flag:
                    assert not list(disagreements(item)), operation.title

    @pytest.fixture
    def driver(
        self,
        cli: Cli,
        operations: list[Operation],
        platform: Platform,
        served: AppName,
        properties: PropertyGroup | None,
    ) -> Driver:
        """Give what runs the operations on an app that serves."""
        try:
            for operation in operations:
                schema.answer(operation)
                declared_errors(operation)
        except PluginError as error:
            pytest.skip(f"not every operation can be described: {error.message}")
        return Driver(
            cli=cli,
            operations=tuple(one for one in in_order(operations) if self._is_driven(one)),
            app=served,
            sample=lambda operation, app: self.sample(operation, app, properties),
            prepare=lambda operation, app: self.prepare(operation, platform, app),
        )

    def _is_driven(self, operation: Operation) -> bool:
        """Whether it is known to do no harm: who knows a plugin answers for its changes."""
        known = operation.spec.reads or self.samples_required
        return known and operation.title not in self.unsampled

    def test_json_output_fits_its_schema(self, driver: Driver) -> None:
        untried = []
        for operation in driver.operations:
            done = driver.run(operation)
            if done.exit_code == 0 or is_answer(done):
                assert_fits(operation, done)
            else:
                untried.append(f"{operation.title} ({done.error.get('message', done.stderr)})")
        if untried and not self.samples_required:
            pytest.skip(f"no words are known with which these succeed: {'; '.join(untried)}")
        assert not untried, f"add to `samples` words that do not fail: {'; '.join(untried)}"

    def test_operations_that_read_write_nothing(self, driver: Driver, platform: Platform) -> None:
        reading = [operation for operation in driver.operations if operation.spec.reads]
        if not reading:
            pytest.skip("it has no operation that only reads")
        for operation in reading:
            driver.prepare(operation.title, driver.app)
            before = state(platform)
            done = driver.ask(operation, driver.sample(operation, driver.app))
            assert state(platform) == before, f"{operation.title} reads, and writes"
            assert not done.events, f"{operation.title} reads, and leaves events"

    def test_operations_fail_only_as_they_declare(
        self, driver: Driver, platform: Platform, fake_engine: FakeEngine
    ) -> None:
        wrong = [driver.undeclared(one, AppName("contract-nobody")) for one in driver.operations]
        wrong += [driver.undeclared(one) for one in driver.operations]
        platform.store.apps.lock(driver.app, "the contract")
        wrong += [driver.undeclared(one) for one in driver.operations]
        platform.store.apps.unlock(driver.app)
        fake_engine.down = True
        wrong += [driver.undeclared(one) for one in driver.operations]
        fake_engine.down = False
        assert not list(filter(None, wrong)), "; ".join(dict.fromkeys(filter(None, wrong)))

    def test_hostile_words_are_refused_or_harmless(self, driver: Driver) -> None:
        for operation in driver.operations:
            sample = driver.sample(operation, driver.app)
            flags = [word for word in sample.words if word == "--force"]
            words = [word for word in sample.words if word != "--force"]
            for place in range(len(words)):
                for text in HOSTILE:
                    tried = [*words[:place], text, *words[place + 1 :]]
                    if not is_accepted(operation, tried):
                        continue
                    done = driver.ask(operation, Sample((*flags, "--", *tried), sample.stdin))
                    assert done.exit_code < UNEXPECTED, f"{operation.title} {tried}: {done.stderr}"

    def test_no_secret_is_told(self, driver: Driver, platform: Platform) -> None:
        for operation in driver.operations:
            done = driver.run(operation)
            where = {"events": repr(done.events)}
            if operation.title not in self.shows_secrets:
                where |= {"its output": done.text, "its messages": done.stderr}
            if not isinstance(done.result, str):
                where["its result's repr"] = repr(done.result)
            for place, text in where.items():
                assert SECRET not in text, f"{operation.title} tells a secret in {place}"
        logs = (path for path in platform.paths.log.rglob("*") if path.is_file())
        assert not [str(path) for path in logs if SECRET.encode() in path.read_bytes()]

    def test_no_secret_is_in_what_it_contributes(self, platform: Platform, served: AppName) -> None:
        from dokkupy.testing.contracts.plugin_apps import contributions

        assert SECRET not in repr(contributions(platform, served))


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Runs operations as a person with `--json` would."""

    cli: Cli
    operations: tuple[Operation, ...]
    app: AppName
    """One that serves."""
    sample: Callable[[Operation, AppName], Sample]
    prepare: Callable[[str, AppName], None]

    def run(self, operation: Operation, app: AppName | None = None) -> CliResult:
        """Run an operation with words of its sample, on an app or on the one that serves."""
        if app is None:
            self.prepare(operation.title, self.app)
        return self.ask(operation, self.sample(operation, app or self.app))

    def ask(self, operation: Operation, given: Sample) -> CliResult:
        """Run an operation with these words."""
        return self.cli(*operation.title.split(), "--json", *given.words, stdin=given.stdin)

    def undeclared(self, operation: Operation, app: AppName | None = None) -> str:
        """Run an operation; say with what it failed that it does not declare, empty for nothing."""
        done = self.run(operation, app)
        codes = {one.code: one.exit_code for one in declared_errors(operation)}
        code = done.error.get("code", "")
        if done.exit_code == 0 or is_answer(done) or codes.get(code) == done.exit_code:
            return ""
        why = done.error.get("message", done.stderr)
        return f"{operation.title} ended with {code or done.exit_code}, undeclared: {why}"


def is_answer(done: CliResult) -> bool:
    """Say whether a command answered, and with its exit code said that something is amiss."""
    return done.result is not None and not done.error


def is_accepted(operation: Operation, words: list[str]) -> bool:
    """Say whether words get past the parsing, which refuses them for all operations alike."""
    from dokkupy.cli.arguments import split

    try:
        given = split(operation.parameters, ["--", *words])
        return given is None or bool(operation.bind(given.values)) or not words
    except UsageError:
        return False


def in_order(operations: list[Operation]) -> list[Operation]:
    """Return operations that can be run: those that read first, so that they find something."""
    runnable = [operation for operation in operations if not operation.spec.interactive]
    return sorted(runnable, key=lambda each: (not each.spec.reads, each.title))


def assert_fits(operation: Operation, done: CliResult) -> None:
    """Fail unless what a command wrote is what the operation's schema says."""
    from jsonschema import Draft202012Validator

    answer = schema.answer(operation)
    if answer.lines is not None and (answer.result is None or not done.text.startswith("[")):
        for line in done.text.splitlines():
            Draft202012Validator(answer.lines).validate(json.loads(line))
    elif answer.result is not None:
        assert done.text, f"{operation.title} answers with nothing"
        Draft202012Validator(answer.result).validate(done.json)
    else:
        assert not done.text, f"{operation.title} answers with more than an exit code"


def disagreements(item: Parameter) -> Iterator[str]:
    """Yield the hostile texts that a parameter's schema and its parsing see differently.

    A schema that allows every text leaves the rest to the parsing.
    """
    from jsonschema import Draft202012Validator

    described = schema.parameter(item)
    one: Mapping[str, Any] = described["items"] if item.many else described
    validator = Draft202012Validator(one)
    exact = bool(one.keys() & {"pattern", "enum", "anyOf", "const"}) or one["type"] != "string"
    for text in HOSTILE:
        try:
            item.convert(text)
            accepted = True
        except UsageError:
            accepted = False
        value = _as_json(one, text)
        allowed = value is not None and validator.is_valid(value)
        if allowed != accepted and (exact or accepted):
            yield f"{item.name}: {text!a} is {'allowed' if allowed else 'refused'} by the schema"


def _as_json(one: Mapping[str, Any], text: str) -> Any:
    """Return a text as the JSON value that it would be, None when there is none."""
    if one.get("type") in ("integer", "number", "boolean"):
        try:
            value = (
                json.loads(text, parse_constant=lambda _: None) if text.strip() == text else None
            )
        except ValueError:
            return None
        wanted = bool if one["type"] == "boolean" else (int, float)
        return value if isinstance(value, wanted) and math.isfinite(value) else None
    return text
