"""Variables as text: what is written is read back to the byte, and what cannot be is refused."""

from __future__ import annotations

import json
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dokkupy import envfile
from dokkupy.envfile import Format
from dokkupy.errors import UsageError
from dokkupy.types import Environment

keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
environments = st.dictionaries(keys, values, max_size=6)

AWKWARD = {
    "SPACES": "  a  b  ",
    "QUOTES": """it's "quoted" \\ `id`""",
    "LINES": "one\r\ntwo\nthree\n",
    "DOLLAR": "$HOME ${HOME} $(id) %PATH%",
    "EQUALS": "a=b==c",
    "EMOJI": "\N{PARTY POPPER} caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "HASH": "# no comment",
    "EMPTY": "",
    "SEPARATOR": "a\u2028b\x85c\x0c",
    "LARGE": "x" * 64 * 1024,
}


@pytest.mark.parametrize("form", ["env", "json"])
@given(environment=environments)
def test_what_is_dumped_is_loaded_to_the_byte(form: Format, environment: dict[str, str]) -> None:
    assert envfile.load(envfile.dump(environment, form)) == environment


@pytest.mark.parametrize("form", ["env", "json"])
def test_awkward_values_survive(form: Format) -> None:
    assert envfile.load(envfile.dump(AWKWARD, form)) == AWKWARD


@settings(max_examples=10)
@given(environment=environments | st.just(AWKWARD))
def test_a_shell_that_reads_the_dump_has_the_values(environment: dict[str, str]) -> None:
    # What the shell itself sets, or refuses to be told.
    plain = {f"X_{key}": value for key, value in environment.items()}
    script = envfile.dump(plain, "shell") + "\nexec env -0"
    printed = subprocess.run(
        ["/bin/sh", "-s"], input=script.encode(), env={}, capture_output=True, check=True
    ).stdout
    found = dict(item.partition("=")[::2] for item in printed.decode().split("\0") if item)
    assert {key: value for key, value in found.items() if key.startswith("X_")} == plain


def attempt(text: str) -> Environment | UsageError:
    try:
        return envfile.load(text)
    except UsageError as refused:
        return refused


@given(text=st.text() | st.text(alphabet="AB=\"'\\u d800{}:,\n\r#\t\0"))
def test_any_text_is_understood_or_refused(text: str) -> None:
    found = attempt(text)
    if isinstance(found, UsageError):
        assert found.message
    else:
        assert isinstance(found, Environment)
        for key, value in found.items():
            assert f"{key}={value}".encode()
            assert "\0" not in value


def test_lines_are_read_as_people_write_them() -> None:
    lines = [
        "# settings",
        "",
        "PLAIN=a b # c",
        "export EXPORTED=1",
        "export \t WIDE=2",
        "  INDENTED=3",
        'DOUBLE="a\\nb\\u00e9"',
        r"SINGLE='a\n$b'",
        "NOTHING=",
        "LONE='",
        "EQUALS=a=b",
    ]
    assert envfile.load("\r\n".join(lines)) == {
        "PLAIN": "a b # c",
        "EXPORTED": "1",
        "WIDE": "2",
        "INDENTED": "3",
        "DOUBLE": "a\nb\N{LATIN SMALL LETTER E WITH ACUTE}",
        "SINGLE": r"a\n$b",
        "NOTHING": "",
        "LONE": "'",
        "EQUALS": "a=b",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\nB", "Line 2 has no '='"),
        ('A=1\n\nB="open', "quotes of line 3"),
        ('A="\\x41"', "quotes of line 1"),
        ('A="b" # c', "quotes of line 1"),
        ("1A=b", "Line 1 has no environment key"),
        ("A-B=c", "Line 1 has no environment key"),
        ("=c", "Line 1 has no environment key"),
        ('{"A": 1}', "value of 'A' is no string"),
        ('{"A": null}', "value of 'A' is no string"),
        ('{"A-B": "c"}', "'A-B' is not a valid environment key"),
        ('{"A": "b"', "not valid JSON"),
        ('{"A": ' + "[" * 100_000, "not valid JSON"),
    ],
    ids=lambda text: str(text)[:20],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        envfile.load(text)


@pytest.mark.parametrize("text", ['{"A": "b\\u0000c"}', "A=b\0c", 'A="b\\u0000"'])
def test_a_nul_is_refused_with_the_key(text: str) -> None:
    with pytest.raises(UsageError, match="value of A holds a NUL"):
        envfile.load(text)


@pytest.mark.parametrize("text", ['{"A": "\\ud800"}', 'A="\\udfff"', "A=\udc80"], ids=ascii)
def test_half_a_surrogate_pair_is_refused_with_the_key(text: str) -> None:
    with pytest.raises(UsageError, match="value of A is not valid Unicode"):
        envfile.load(text)


def test_a_value_may_be_as_large_as_linux_takes_it_and_not_larger() -> None:
    largest = Environment(A="x" * (128 * 1024 - len("A=\0")))
    assert envfile.check(largest) is largest
    subprocess.run(["/bin/true"], env=largest, check=True)
    larger = Environment(A=largest["A"] + "x")
    with pytest.raises(UsageError, match="value of A is larger than the 128 KiB"):
        envfile.check(larger)
    with pytest.raises(OSError, match="too long"):
        subprocess.run(["/bin/true"], env=larger, check=True)


def test_size_is_counted_in_bytes() -> None:
    with pytest.raises(UsageError, match="128 KiB"):
        envfile.check(Environment(A="\N{PARTY POPPER}" * 40_000))


def test_a_refused_value_shows_in_no_message() -> None:
    for text in ("A=hunter2\0", '{"A": ["hunter2"]}', 'A="hunter2\nB', "hunter2"):
        with pytest.raises(UsageError) as refused:
            envfile.load(text)
        error = refused.value
        assert "hunter2" not in error.message + error.hint + error.detail


def test_json_is_written_for_people_and_programs() -> None:
    text = envfile.dump({"A": "caf\N{LATIN SMALL LETTER E WITH ACUTE}"}, "json")
    assert text == '{\n  "A": "caf\N{LATIN SMALL LETTER E WITH ACUTE}"\n}'
    assert json.loads(text)


@pytest.mark.parametrize("text", ["K=-----BEGIN\ns3cr3t+/==\n", "s3cr3t=\0", 's3cr3t+="'])
def test_a_line_that_may_be_part_of_a_secret_is_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        envfile.load(text.replace("s3cr3t=", "K=s3cr3t"))
    assert "s3cr3t" not in refused.value.message + refused.value.hint + refused.value.detail
    assert refused.value.hint
