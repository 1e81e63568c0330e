"""Which firmware a device says it has, and whether it is one of those that its profile was made for."""

from __future__ import annotations

import pytest

from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.firmware import firmware_of, outside
from gateway.profiles.model import Product

UCM = Catalog.load([builtin_folder()], wanted=["grandstream/ucm6300"]).get("grandstream/ucm6300")


@pytest.mark.parametrize(
    ("agent", "version"),
    [
        ("Grandstream UCM6304 1.0.25.9", "1.0.25.9"),
        ("Grandstream UCM6300A V1.0.25.9", "1.0.25.9"),
        ("UCM6300/1.0.27 (linux 5.10.1)", "1.0.27"),
        ("curl/8.5.0", ""),
        ("Python/3.11 aiohttp/3.14.5", ""),
        ("", ""),
        ("Grandstream", ""),
    ],
)
def test_a_version_is_believed_of_the_makers_programs_only(agent: str, version: str):
    assert firmware_of(agent, UCM) == version


@pytest.mark.parametrize(
    ("version", "ranges", "wanted"),
    [
        ("1.0.25.7", [">=1.0.25.7"], ""),
        ("1.0.25.10", [">=1.0.25.7"], ""),
        ("1.0.25.6", [">=1.0.25.7"], ">=1.0.25.7"),
        ("1.0.9", [">=1.0.25.7"], ">=1.0.25.7"),
        ("2.0.0", [">=1.0 <2.0"], ">=1.0 <2.0"),
        ("1.9.9", [">=1.0 <2.0"], ""),
        ("1.0.0", ["1.0"], ""),
        ("1.0.1", [">=2", ">=1.0.1"], ""),
        ("1.0.0", [">=2", ">=3"], ">=2; >=3"),
        ("", [">=2"], ""),
        ("1.0.0", [None], ""),
        ("1.0.0", [">1.0"], ">1.0"),
        ("1.0.0", ["<=1.0", "=1"], ""),
    ],
)
def test_a_version_fits_when_one_range_holds(version: str, ranges: list[str | None], wanted: str):
    products = [Product(brand="Acme", model="Bridge", firmware=text) for text in ranges]
    assert outside(version, products) == wanted
