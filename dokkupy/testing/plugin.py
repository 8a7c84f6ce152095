"""The pytest plugin that gives tests their fixtures."""

from __future__ import annotations

import os

import pytest

TEST_IMAGE = "DOKKUPY_TEST_IMAGE"
"""Names a local image with sh and perl that real containers are made of."""


@pytest.fixture(scope="session")
def test_image() -> str:
    """Give the name of the image that real containers are made of.

    A test that needs it fails without it: a machine without image must not look tested.
    """
    image = os.environ.get(TEST_IMAGE, "")
    assert image, f"engine tests need an image with sh and perl: set {TEST_IMAGE}, or run ./test"
    return image
