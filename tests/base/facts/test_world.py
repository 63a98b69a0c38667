"""The map: regions lie where they are, and on land."""

from __future__ import annotations

import re

import pytest

from basefly.base.facts import world
from basefly.base.facts.regions import PLACES, place


@pytest.mark.parametrize("name", ["West Europe", "westeurope", "us-east-1", "us-east-1a", "europe_west3", "FSN1"])
def test_a_region_is_found_however_it_is_written(name: str) -> None:
    assert place(name) is not None


@pytest.mark.parametrize("name", ["", "the moon", "us-nowhere-9"])
def test_what_nobody_knows_has_no_place(name: str) -> None:
    assert place(name) is None


def test_every_region_is_on_the_drawing_and_near_land() -> None:
    strokes = [tuple(map(float, found)) for found in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", world.land())]
    for name, point in PLACES.items():
        spot = world.spot(point)
        assert 0 <= spot.x <= world.WIDTH, name
        assert 0 <= spot.y <= world.HEIGHT, name
        near = 3 * world.STEP
        assert any(x - near <= spot.x <= x + length + near and abs(y - spot.y) <= near for x, y, length in strokes), (
            name
        )
