"""Addresses of lists and objects."""

from __future__ import annotations

from uuid import UUID

import pytest

from basefly.core.inventory.display.address import Address, about_path, list_path, object_path

HERE = UUID(int=7)
LIST = Address("/pods", (("q", "a b"), ("status", "Running"), ("status", "Pending"), ("cursor", "xyz"), ("labels", "")))


def test_a_changed_list_begins_at_its_first_page() -> None:
    assert LIST.having(q="c") == "/pods?status=Running&status=Pending&q=c"


def test_the_next_page_keeps_the_filters() -> None:
    assert LIST.having(cursor="next") == "/pods?q=a+b&status=Running&status=Pending&cursor=next"


def test_one_of_several_values_can_be_taken_away() -> None:
    assert LIST.without("status", "Running") == "/pods?q=a+b&status=Pending"


def test_a_list_without_any_filter_has_no_query() -> None:
    assert Address("/pods").having() == "/pods"


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("pods", "/pods"),
        ("deployments.apps", "/workloads/deployments.apps"),
        ("secrets", "/objects/secrets"),
        ("widgets.example.com", "/objects/widgets.example.com"),
    ],
)
def test_every_kind_has_one_list(resource: str, path: str) -> None:
    assert list_path(resource) == path


def test_names_that_are_no_path_are_written_so_that_they_are() -> None:
    path = object_path(HERE, "roles.rbac.authorization.k8s.io", "kube-system", "system:controller/x?y")
    assert (
        path
        == f"/clusters/{HERE}/objects/roles.rbac.authorization.k8s.io/system%3Acontroller%2Fx%3Fy?namespace=kube-system"
    )


def test_an_event_leads_to_what_it_is_about() -> None:
    assert about_path(HERE, "Pod/web", "shop") == f"/clusters/{HERE}/objects/Pod/web?namespace=shop"
    assert about_path(HERE, "Node/n1", "default") == f"/clusters/{HERE}/objects/Node/n1"
