"""Quantities mean what they mean to Kubernetes."""

from __future__ import annotations

import pytest

from basefly.base.kube import quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", 0.25), ("1", 1), ("1.5", 1.5), ("2e3", 2000), ("1E3", 1000), ("1E", 10**18), ("1Ei", 2**60),
        ("128974848", 128974848), ("129M", 129_000_000), ("123Mi", 128974848), ("1Ki", 1024), (".5Gi", 2**29),
        ("100n", 1e-7), ("50u", 5e-5), ("-1k", -1000), ("+2", 2), (3, 3), (0.5, 0.5),
    ],
)  # fmt: skip
def test_a_quantity_is_its_number(text: str | float, number: float) -> None:
    assert quantity.number(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "Gi", "1Q", "1 Gi", "inf", "nan", "1_000", "0x10", "1ki", "١", "1mi"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no Kubernetes quantity"):
        quantity.number(text)
