"""How much memory PostgreSQL is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from basefly.base.db.postmaster import memory, shared_buffers

GIB = 2**30


@pytest.mark.parametrize(
    ("machine", "given"), [(GIB, "128MB"), (8 * GIB, "256MB"), (24 * GIB, "768MB"), (512 * GIB, "1024MB")]
)
def test_a_large_machine_keeps_more_pages(machine: int, given: str) -> None:
    assert shared_buffers(machine) == given


def test_a_control_group_counts_where_it_leaves_less(tmp_path: Path) -> None:
    told = tmp_path / "memory.max"
    whole = memory(told)
    for text, expected in ((f"{GIB}\n", GIB), ("max\n", whole), (f"{2**60}\n", whole), ("soon\n", whole)):
        told.write_text(text)
        assert memory(told) == expected
