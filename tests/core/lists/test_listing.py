"""A list laid out: headers that sort, rows that lead somewhere, and what is said of it."""

from __future__ import annotations

import pytest

from basefly.base.web.language import reading
from basefly.core.inventory.answers import ListRequest
from basefly.core.inventory.display.address import Address
from basefly.core.inventory.display.words import counted, plural, title_of
from basefly.core.inventory.model import InventoryObject, ObjectPage
from basefly.core.lists.columns import available
from basefly.core.lists.listing import Listing, amount, listing
from basefly.core.sync import kinds
from tests.core.inventory.display.test_facts import BERLIN, thing


def made(
    *items: InventoryObject, resource: str = "pods", sort: str = "name", total: int = 2, query: str = ""
) -> Listing:
    page = ObjectPage(
        items=list(items),
        next="more",
        total=total,
        total_exact=total < 10_000,
        as_of={str(BERLIN.id): None},
        missing=[],
    )
    kind = kinds.named(resource)
    assert kind is not None
    address = Address("/pods", (("q", query), ("sort", sort)))
    return listing(kind, page, ListRequest(resource=resource, sort=sort, q=query), address, namespaced=True, clusters=1)


def test_a_header_sorts_and_then_turns_round() -> None:
    heads = {head.title: head for head in made(sort="restarts").headers}
    assert (heads["Restarts"].sorted, heads["Restarts"].href) == ("ascending", "/pods?sort=-restarts")
    assert (heads["Name"].sorted, heads["Name"].href) == ("none", "/pods?sort=name")
    assert heads["Restarts"].numeric
    assert "IP" not in heads


def test_headers_and_cells_stand_under_one_another() -> None:
    shown = made(thing("web", ready="1/1", restarts=4, node="n1"))
    (line,) = shown.lines
    titles = [cell.title or "Status" for cell in line.cells]
    assert [head.title for head in shown.headers] == ["Name", *titles]
    assert titles == ["Namespace", "Cluster", "Status", "Ready", "Restarts", "Node", "Age"]


def test_a_row_leads_to_its_object_and_to_its_node() -> None:
    (line,) = made(thing("web", node="n1")).lines
    assert line.href == "/clusters/berlin/objects/pods/web?namespace=shop"
    assert [cell.href for cell in line.cells if cell.title == "Node"] == ["/clusters/berlin/objects/nodes/n1"]


def test_an_event_is_called_by_what_it_is_about() -> None:
    event = thing("web.17", object="Pod/web", message="Started", reason="Started", count=1)
    event = InventoryObject(**{name: getattr(event, name) for name in event.__struct_fields__} | {"resource": "events"})
    shown = made(event, resource="events")
    assert (shown.lines[0].name, shown.lines[0].note) == ("Pod/web", "Started")
    assert "Message" not in [head.title for head in shown.headers]


@pytest.mark.parametrize(
    ("total", "query", "said"),
    [
        (1, "", "1 pod in 1 cluster"),
        (2, "", "2 pods in 1 cluster"),
        (10_000, "", "More than 10,000 pods in 1 cluster"),
        (12_345, "web", "More than 12,345 pods match"),
        (1, "web", "1 pod matches"),
        (7, "web", "7 pods match"),
    ],
)
def test_what_is_said_of_a_list(total: int, query: str, said: str) -> None:
    assert made(total=total, query=query).said == said


@pytest.mark.parametrize(
    ("total", "language", "said"),
    [
        (9_999, "en", "9,999"),
        (9_999, "de", "9.999"),
        (123_456, "en", "About 123,000"),
        (123_456, "de", "Etwa 123.000"),
        (1_234_567, "en", "About 1.2M"),
        (1_234_567, "de", "Etwa 1,2\N{NO-BREAK SPACE}Mio."),
        (1_234_567, "zh-Hans", "约 123.5万"),
    ],
)
def test_amounts_are_written_as_the_language_does(total: int, language: str, said: str) -> None:
    page = ObjectPage(items=[], next=None, total=total, total_exact=True, as_of={}, missing=[])
    with reading(language):
        assert amount(page) == said


def test_a_filter_that_is_on_can_be_taken_off() -> None:
    (chip,) = made(query="web", sort="-age").chips
    assert (chip.text, chip.href) == ("web", "/pods?sort=-age")


@pytest.mark.parametrize(
    ("kind", "one", "many"),
    [
        ("Pod", "pod", "pods"),
        ("NetworkPolicy", "network policy", "network policies"),
        ("StorageClass", "storage class", "storage classes"),
        ("Ingress", "ingress", "ingresses"),
        ("Gateway", "gateway", "gateways"),
        ("CSIDriver", "CSIDriver", "CSIDrivers"),
        ("Endpoints", "endpoints", "endpoints"),
    ],
)
def test_kinds_in_a_sentence(kind: str, one: str, many: str) -> None:
    assert (plural(kind, 1), plural(kind)) == (one, many)


@pytest.mark.parametrize(
    ("language", "title", "one", "many"),
    [
        ("en", "Network policies", "network policy", "network policies"),
        ("de", "NetworkPolicies", "NetworkPolicy", "NetworkPolicies"),
        ("zh-Hans", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy"),
    ],
)
def test_kinds_keep_their_own_name_in_other_languages(language: str, title: str, one: str, many: str) -> None:
    with reading(language):
        assert title_of("NetworkPolicy") == title
        assert [counted("NetworkPolicy", n) for n in (1, 3)] == [one, many]


def test_columns_have_titles_in_the_language_of_the_reader() -> None:
    with reading("de"):
        titles = [shown.title for shown in available(kinds.by_resource("pods", "Pod"), namespaced=True).values()]
    assert {"Neustarts", "Alter"} <= set(titles)
