"""When each minor release of Kubernetes came out, and when its support ends.

Source: data/releases/schedule.yaml and eol.yaml of github.com/kubernetes/website, shown at
https://kubernetes.io/releases/patch-releases/ and on a page of each minor (https://kubernetes.io/releases/1.37/); read
in September 2026. A release is planned to end on a 28th, and often ends with its last patch some days before or after:
once it has ended, eol.yaml says when, and its line here follows. Providers often support a release longer; that is
theirs to say. To follow a new release, add its line. What is not in the table is not guessed: the pages say that its
end of support is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

import msgspec

SOON = timedelta(days=90)  # an upgrade wants to be planned by then

_MINOR = re.compile(r"v?(\d+)\.(\d+)")
_DAYS: Mapping[tuple[int, int], tuple[date, date]] = {
    (1, 20): (date(2020, 12, 8), date(2022, 2, 28)),
    (1, 21): (date(2021, 4, 8), date(2022, 6, 28)),
    (1, 22): (date(2021, 8, 4), date(2022, 12, 8)),
    (1, 23): (date(2021, 12, 7), date(2023, 2, 28)),
    (1, 24): (date(2022, 5, 3), date(2023, 7, 28)),
    (1, 25): (date(2022, 8, 23), date(2023, 10, 28)),
    (1, 26): (date(2022, 12, 9), date(2024, 2, 28)),
    (1, 27): (date(2023, 4, 11), date(2024, 7, 16)),
    (1, 28): (date(2023, 8, 15), date(2024, 10, 22)),
    (1, 29): (date(2023, 12, 13), date(2025, 2, 28)),
    (1, 30): (date(2024, 4, 17), date(2025, 7, 15)),
    (1, 31): (date(2024, 8, 13), date(2025, 11, 11)),
    (1, 32): (date(2024, 12, 11), date(2026, 2, 28)),
    (1, 33): (date(2025, 4, 23), date(2026, 6, 28)),
    (1, 34): (date(2025, 8, 27), date(2026, 10, 27)),
    (1, 35): (date(2025, 12, 17), date(2027, 2, 28)),
    (1, 36): (date(2026, 4, 22), date(2027, 6, 28)),
    (1, 37): (date(2026, 8, 26), date(2027, 10, 28)),
}

Standing = Literal["supported", "ending", "ended", "unknown"]


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """A minor release as a cluster runs it. `released` and `ends` are None where the table does not know it."""

    minor: str  # "1.34"; "" where the version cannot be read
    standing: Standing
    released: date | None = None
    ends: date | None = None


def release(version: str, today: date) -> Release:
    """The release of a version such as v1.34.2-eks-1."""
    number = numbers(version)
    if number is None:
        return Release(minor="", standing="unknown")
    minor = f"{number[0]}.{number[1]}"
    if number not in _DAYS:
        return Release(minor=minor, standing="unknown")
    released, ends = _DAYS[number]
    standing: Standing = "ended" if ends < today else "ending" if ends - today <= SOON else "supported"
    return Release(minor=minor, standing=standing, released=released, ends=ends)


def numbers(version: str) -> tuple[int, int] | None:
    """Major and minor of a version, to compare by; None where it cannot be read."""
    found = _MINOR.match(version)
    return (int(found[1]), int(found[2])) if found else None
