"""Names for clusters, and labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig.loading import Kubeconfig
from basefly.cli.kubeconfig.schema import Context
from basefly.cli.registration.plan import Plan, labels_of, names

CONFIG = Kubeconfig(
    (Path("config"),), "", {}, {}, {"east": Context("c1", "me", "shop"), "west": Context("c2", "me", "")}
)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("{context}", ["east", "west"]),
        ("eu-{context}", ["eu-east", "eu-west"]),
        ("{cluster}/{user}", ["c1-me", "c2-me"]),
        ("{{{namespace}}}{context}", ["shop-east", "west"]),
    ],
)
def test_names_are_filled_in(template: str, named: list[str]) -> None:
    assert list(names(Plan([], name=template), CONFIG, ["east", "west"]).values()) == named


def test_one_cluster_may_have_a_name_of_its_own() -> None:
    assert names(Plan([], name="prod"), CONFIG, ["east"]) == {"east": "prod"}


def test_two_clusters_may_not_share_a_name() -> None:
    with pytest.raises(Failure, match="'east' and 'west' would both be named 'prod'"):
        names(Plan([], name="prod"), CONFIG, ["east", "west"])


@pytest.mark.parametrize(
    "template", ["{nonsense}", "{", "}", "{0}", "{}", "{context!r}", "{context:>99}", "{context.x}"]
)
def test_a_template_that_cannot_be_filled_in(template: str) -> None:
    with pytest.raises(Failure, match="cannot be filled in"):
        names(Plan([], name=template), CONFIG, ["east"])


def test_labels() -> None:
    assert labels_of(["a=1", "b=", "c=x=y"]) == {"a": "1", "b": "", "c": "x=y"}
    for wrong in ("a", "=x"):
        with pytest.raises(Failure, match="no label"):
            labels_of([wrong])
