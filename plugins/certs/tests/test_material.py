from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.x509 import load_pem_x509_certificates
from hypothesis import given
from hypothesis import strategies as st

from dokkupy.errors import UsageError
from dokkupy.names import HostName
from dokkupy_certs.generating import self_signed
from dokkupy_certs.material import LONGEST, parse

from .authority import DAY, Pair

ROOT = Pair.make(subject="root")
MIDDLE = Pair.make(parent=ROOT, subject="middle")
LEAF = Pair.make("a.test", "*.a.test", parent=MIDDLE, subject="leaf")


def test_a_pair_is_taken_with_what_it_says() -> None:
    material = parse(LEAF.pem + MIDDLE.pem, LEAF.key)
    assert material.chain == LEAF.pem + MIDDLE.pem
    assert material.key == LEAF.key
    assert material.facts.names == ("a.test", "*.a.test")
    assert (material.facts.subject, material.facts.issuer) == ("CN=leaf", "CN=middle")
    assert (material.facts.key, material.facts.chain) == ("EC secp256r1", 2)
    assert not material.facts.self_signed


@pytest.mark.parametrize(
    "given_chain",
    [
        ROOT.pem + MIDDLE.pem + LEAF.pem,
        MIDDLE.pem + LEAF.pem + ROOT.pem,
        LEAF.pem + MIDDLE.pem + LEAF.pem + ROOT.pem + MIDDLE.pem,
    ],
    ids=["backwards", "mixed", "twice"],
)
def test_a_chain_is_put_in_order_without_repetitions(given_chain: bytes) -> None:
    assert parse(given_chain, LEAF.key).chain == LEAF.pem + MIDDLE.pem + ROOT.pem


def test_a_certificate_that_vouches_for_nothing_in_the_chain_is_refused() -> None:
    stranger = Pair.make(subject="stranger")
    with pytest.raises(UsageError, match="vouches for none of it: CN=stranger"):
        parse(LEAF.pem + stranger.pem + MIDDLE.pem, LEAF.key)


def test_one_of_the_right_name_and_another_key_does_not_vouch() -> None:
    with pytest.raises(UsageError, match="vouches for none of it"):
        parse(LEAF.pem + Pair.make(subject="middle").pem, LEAF.key)


def test_the_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(UsageError, match="does not belong to the certificate"):
        parse(LEAF.pem, ROOT.key)


def test_an_expired_certificate_is_refused() -> None:
    old = Pair.make("a.test", begins=-3 * DAY, ends=-DAY)
    with pytest.raises(UsageError, match="The certificate expired on 20"):
        parse(old.pem, old.key)


def test_a_chain_with_an_expired_link_is_refused() -> None:
    middle = Pair.make(subject="middle", begins=-3 * DAY, ends=-DAY)
    leaf = Pair.make("a.test", parent=middle)
    with pytest.raises(UsageError, match="Certificate 2 of the chain expired"):
        parse(leaf.pem + middle.pem, leaf.key)


def test_a_certificate_of_the_future_is_refused() -> None:
    early = Pair.make("a.test", begins=timedelta(hours=1))
    with pytest.raises(UsageError, match="valid only from"):
        parse(early.pem, early.key)


def test_a_locked_key_is_refused_with_the_way_to_unlock_it() -> None:
    with pytest.raises(UsageError, match="passphrase") as refusal:
        parse(LEAF.pem, LEAF.locked_key)
    assert "openssl pkey -in KEY" in refusal.value.hint


def test_a_short_rsa_key_is_refused_and_a_long_one_taken() -> None:
    short = Pair.make("a.test", private=rsa.generate_private_key(65537, 1024))  # noqa: S505
    with pytest.raises(UsageError, match="1024 bits is too short"):
        parse(short.pem, short.key)
    long = Pair.make("a.test", private=rsa.generate_private_key(65537, 2048))
    assert parse(long.pem, long.key).facts.key == "RSA 2048"


def test_a_key_that_browsers_do_not_know_is_refused() -> None:
    with pytest.raises(UsageError, match="Browsers know no"):
        parse(LEAF.pem, Pair.make(private=dsa.generate_private_key(2048)).key)


def test_an_edwards_key_is_taken() -> None:
    pair = Pair.make("a.test", private=ed25519.Ed25519PrivateKey.generate())
    assert parse(pair.pem, pair.key).facts.key == "Ed25519"


def test_a_key_beside_the_certificate_does_not_get_into_the_chain() -> None:
    assert b"PRIVATE" not in parse(LEAF.key + LEAF.pem, LEAF.key).chain


def test_a_common_name_is_no_host_and_a_wrong_name_none_either() -> None:
    assert parse((pair := Pair.make(subject="a.test")).pem, pair.key).facts.names == ()
    odd = Pair.make("a.test", "a b.test", "x;y", "A.Test.")
    assert parse(odd.pem, odd.key).facts.names == ("a.test", "a.test")


def test_what_a_name_does_to_a_terminal_is_taken_out() -> None:
    odd = Pair.make(subject="evil\x1b[2J")
    assert "\x1b" not in parse(odd.pem, odd.key).facts.subject


@pytest.mark.parametrize(
    ("chain", "key", "what"),
    [
        (b"", LEAF.key, "The certificate is none"),
        (LEAF.key, LEAF.key, "The certificate is none"),
        (LEAF.pem[:200], LEAF.key, "The certificate is none"),
        (LEAF.pem.replace(b"M", b"N", 1), LEAF.key, "The certificate is none"),
        (LEAF.pem, b"", "no private key"),
        (LEAF.pem, LEAF.pem, "no private key"),
        (LEAF.pem, LEAF.key[:80], "no private key"),
        (LEAF.pem, b"x" * (LONGEST + 1), "more than 256 KiB"),
        (b"x" * (LONGEST + 1), LEAF.key, "more than 256 KiB"),
    ],
    ids=[
        "no certificate",
        "a key for it",
        "half of one",
        "a damaged one",
        "no key",
        "a certificate for it",
        "half a key",
        "a long key",
        "a long certificate",
    ],
)
def test_what_is_no_pair_is_refused(chain: bytes, key: bytes, what: str) -> None:
    with pytest.raises(UsageError, match=what) as refusal:
        parse(chain, key)
    assert refusal.value.hint


@given(noise=st.binary(max_size=40), at=st.integers(0, len(LEAF.pem)))
def test_a_damaged_certificate_is_taken_or_refused_and_nothing_else(noise: bytes, at: int) -> None:
    with suppress(UsageError):
        material = parse(LEAF.pem[:at] + noise + LEAF.pem[at + len(noise) :], LEAF.key)
        assert material.facts.names == ("a.test", "*.a.test")


def test_the_key_is_not_in_a_repr() -> None:
    assert "PRIVATE" not in repr(parse(LEAF.pem, LEAF.key))


def test_one_that_vouches_for_itself_is_valid_for_its_hosts_however_long_they_are() -> None:
    long = HostName.parse(".".join(["x" * 60] * 4))
    material = self_signed([long, HostName("*.b.test")])
    assert material.facts.names == (long, "*.b.test")
    assert material.facts.self_signed
    assert len(load_pem_x509_certificates(material.chain)) == 1
