"""Label selectors read as kubectl reads them."""

import pytest

from basefly.base.errors import Invalid
from basefly.base.kube.selectors import Requirement, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("a=b", (Requirement("a", "in", ("b",)),)),
        ("a==b, c!=d", (Requirement("a", "in", ("b",)), Requirement("c", "notin", ("d",)))),
        ("app in (x, y),tier notin (z)", (Requirement("app", "in", ("x", "y")), Requirement("tier", "notin", ("z",)))),
        ("!legacy", (Requirement("legacy", "absent"),)),
        ("app.kubernetes.io/name", (Requirement("app.kubernetes.io/name", "exists"),)),
        ("a=", (Requirement("a", "in", ("",)),)),
    ],
)
def test_reads_the_syntax_of_kubectl(text: str, expected: tuple[Requirement, ...]) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize("text", ["a=b,", "a b", "=x", "a in x", "a in (b$)", ",a", "a=b c=d", "a in (b", "UPPER/A=b"])
def test_says_where_reading_stopped(text: str) -> None:
    with pytest.raises(Invalid, match="cannot be read at character") as refused:
        parse(text)
    assert refused.value.errors[0].pointer == "/labels"
    assert "kubectl" in refused.value.cure
