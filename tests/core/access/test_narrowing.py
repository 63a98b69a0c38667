"""A token's limits: whatever they are, nobody gets more than their owner has."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from basefly.base.principal import Grant, Principal
from basefly.core.access.narrowing import narrowed

NAMES = ["clusters:read", "clusters:write", "access:read", "audit:read", "inventory:read"]
CLUSTERS = [UUID(int=number) for number in range(1, 4)]
NAMESPACES = ["shop", "bank"]

some = st.one_of(st.none(), st.frozensets(st.sampled_from(CLUSTERS)))
grants = st.lists(
    st.builds(
        Grant,
        permissions=st.frozensets(st.sampled_from(NAMES)),
        clusters=some,
        namespaces=st.one_of(st.none(), st.frozensets(st.sampled_from(NAMESPACES))),
    ),
    max_size=4,
)


def principal(held: tuple[Grant, ...]) -> Principal:
    return Principal(user_id=UUID(int=9), org_id=UUID(int=8), name="", email="", grants=held)


@given(grants, st.one_of(st.none(), st.lists(st.sampled_from(NAMES))), some)
def test_a_token_reaches_what_both_reach(
    held: list[Grant], permissions: list[str] | None, clusters: frozenset[UUID] | None
) -> None:
    owner = principal(tuple(held))
    token = principal(narrowed(held, permissions, None if clusters is None else list(clusters)))
    for name in NAMES:
        named = permissions is None or name in permissions
        governs = name in ("access:read", "audit:read")
        for cluster in CLUSTERS:
            for namespace in NAMESPACES:
                reached = token.scope(name).covers(cluster, namespace)
                within = clusters is None or (cluster in clusters and not governs)
                assert reached == (owner.scope(name).covers(cluster, namespace) and named and within)
        if not named or (clusters is not None and governs):
            assert not token.may(name)


def test_no_limits_change_nothing() -> None:
    held = (Grant(frozenset(NAMES)), Grant(frozenset({"clusters:read"}), frozenset(CLUSTERS)))
    assert narrowed(held, None, None) == held


def test_a_cluster_that_the_owner_does_not_reach_gives_nothing() -> None:
    held = (Grant(frozenset({"clusters:read"}), frozenset(CLUSTERS[:1])),)
    assert narrowed(held, None, CLUSTERS[1:]) == ()
