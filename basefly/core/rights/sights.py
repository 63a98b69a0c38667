"""What everybody sees of the clusters, worked out when first asked for, and anew where roles or bindings change."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from basefly.base.db.changes import RESET
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal, Scope
from basefly.base.runtime.house import House
from basefly.base.sight import Profile, Sight
from basefly.base.web.language import sentence
from basefly.core.access.impersonated import GROUPS, groups, name_of
from basefly.core.clusters import store as clusters
from basefly.core.explanations.model import Question
from basefly.core.rights import store
from basefly.core.rights.arbiter import Arbiter
from basefly.core.rights.model import KINDS, Binding, Choice, explained
from basefly.core.rights.rules import Bound, Person, Rule, person, profiles

SEEING = "inventory:read"  # the permission that the clusters' rules narrow
CHOICE_KEPT = 5.0  # s; a notice makes it sooner
KEPT = 60.0  # s; notices of roles and bindings make it sooner, but new kinds of objects give none
AT_MOST = 500  # people of one process, of whom those go first who have not asked for longest
DEAF = 5.0  # s; while notices do not come in
ROLES_AT_MOST = 20_000

UNREAD = sentence("its roles and bindings are still being read")
TOPICS = [f"*/inventory/*/{kind}" for kind in KINDS]

Key = tuple[UUID, UUID, tuple[Scope, ...]]


@dataclass
class Held:
    """What one person sees: worked out at a time, and of which clusters it no longer holds."""

    at: float = 0.0
    profiles: dict[UUID, Profile] = field(default_factory=dict)
    unknown: dict[UUID, str] = field(default_factory=dict)
    stale: set[UUID] = field(default_factory=set)
    sight: Sight | None = None
    working: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sights:
    """The sights of this process. `run` must be running: it hears what changes."""

    def __init__(self, house: House, arbiter: Arbiter, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._arbiter = arbiter
        self._clock = clock
        self._choices: dict[UUID, tuple[float, Choice]] = {}
        self._held: OrderedDict[Key, Held] = OrderedDict()
        self._roles: dict[tuple[UUID, int], tuple[Rule, ...]] = {}

    async def run(self) -> None:
        """Hear of choices, verdicts, roles and bindings that change, until cancelled."""
        async with self._house.changes.subscribe(None, [*TOPICS, "*/rights/*"]) as inbox:
            async for topics in inbox:
                for topic in topics:
                    self._hear(topic)

    async def attach(self, by: Principal) -> Principal:
        """The same person with what the clusters' rules show them, if their organization wants that it counts."""
        if await self._choice(by.org_id) == "hub":
            return by
        return msgspec.structs.replace(by, sight=await self.of(by))

    async def of(self, by: Principal) -> Sight:
        """What the clusters show someone."""
        return await self._arbiter.corrected(by, await self.computed(by))

    async def computed(self, by: Principal) -> Sight:
        """What the clusters' roles and bindings, as they were read, show someone."""
        held = self._holding((by.org_id, by.user_id, tuple(by.scope(permission) for permission in (SEEING, *GROUPS))))
        async with held.working:
            if held.sight is None or held.stale or self._old(held):
                await self._work_out(by, held)
            assert held.sight is not None, "it was worked out"  # noqa: S101  # for the type checker
            return held.sight

    async def explain(self, who: Principal, asked: Question) -> str:
        """What the clusters' rules make of a right to read; "" where they do not count."""
        if asked.permission != SEEING or asked.cluster is None or await self._choice(who.org_id) == "hub":
            return ""
        sight = await self.of(who)
        if reason := sight.unknown.get(asked.cluster):
            return sentence(f"Nothing of this cluster is shown all the same: {reason}.")
        return explained(sight.profiles.get(asked.cluster, Profile()), asked.namespace)

    def forget(self, org_id: UUID) -> None:
        """Work out anew, when next asked for, what anybody of an organization sees."""
        for key in [key for key in self._held if key[0] == org_id]:
            del self._held[key]

    def _old(self, held: Held) -> bool:
        return self._clock() - held.at > (KEPT if self._house.changes.hears else DEAF)

    def _hear(self, topic: str) -> None:
        org, _, rest = topic.partition("/")
        subject, _, place = rest.partition("/")
        if topic == RESET:
            self._choices.clear()
            self._held.clear()
        elif subject == "rights":
            self._choices.pop(UUID(org), None)
            self._arbiter.forget(UUID(org))
        else:
            cluster = UUID(place.partition("/")[0])
            for (org_id, *_), held in self._held.items():
                if org_id == UUID(org):
                    held.stale.add(cluster)

    async def _choice(self, org_id: UUID) -> Choice:
        at, choice = self._choices.get(org_id, (float("-inf"), "hub"))
        if self._clock() - at > CHOICE_KEPT:
            async with self._house.db.transaction(org_id) as tx:
                choice = (await store.get_choice(tx)).choice
            self._choices[org_id] = (self._clock(), choice)
        return choice

    def _holding(self, key: Key) -> Held:
        held = self._held.setdefault(key, Held())
        self._held.move_to_end(key)
        if len(self._held) > AT_MOST:
            self._held.popitem(last=False)
        return held

    async def _work_out(self, by: Principal, held: Held) -> None:
        """All of it, or those clusters whose roles or bindings have changed."""
        now, stale, whole = self._clock(), held.stale, held.sight is None or self._old(held)
        held.stale = set()  # what changes from here on is heard again
        try:
            found, unknown = await self._read(by, None if whole else stale)
        except BaseException:
            held.stale |= stale
            raise
        if whole:
            held.at, held.profiles, held.unknown = now, found, unknown
        else:
            held.profiles = {c: p for c, p in held.profiles.items() if c not in stale} | found
            held.unknown = {c: why for c, why in held.unknown.items() if c not in stale} | unknown
        held.sight = Sight(SEEING, held.profiles, held.unknown)

    async def _read(self, by: Principal, only: set[UUID] | None) -> tuple[dict[UUID, Profile], dict[UUID, str]]:
        """What shows of each cluster, and of which it is not known; of all in sight, or of some."""
        scope = by.scope(SEEING)
        async with self._house.db.transaction(by.org_id) as tx:
            there = [c.id for c in await clusters.get_states(tx) if scope.sees(c.id) and (only is None or c.id in only)]
            return await self._profiles(tx, by, there)

    async def _profiles(
        self, tx: Tx, by: Principal, wanted: Sequence[UUID]
    ) -> tuple[dict[UUID, Profile], dict[UUID, str]]:
        unread = await store.get_unread(tx, wanted)
        unknown = {
            each.cluster_id: sentence(f"its roles and bindings may not be read: {each.reason}")
            if each.reason
            else UNREAD
            for each in unread
        }
        known = [cluster for cluster in wanted if cluster not in unknown]
        people = {cluster: who(by, cluster) for cluster in known}
        bound = await self._bound(tx, by.org_id, people)
        served, work_out = await store.get_served(tx), profiles()
        return {c: work_out(frozenset(bound[c]), people[c], served) for c in known}, unknown

    async def _bound(self, tx: Tx, org_id: UUID, people: Mapping[UUID, Person]) -> dict[UUID, list[Bound]]:
        subjects = frozenset[str]().union(*(each.subjects for each in people.values()))
        found: defaultdict[UUID, list[Bound]] = defaultdict(list)
        bindings = await store.get_bindings(tx, list(people), subjects) if people else []
        roles = await self._rules(tx, org_id, bindings)
        for each in bindings:
            named = frozenset(each.subjects) & subjects
            found[each.cluster_id].append(Bound(each.namespace or None, named, roles[each.role_digest]))
        return found

    async def _rules(self, tx: Tx, org_id: UUID, bindings: Sequence[Binding]) -> dict[int, tuple[Rule, ...]]:
        """The rules of bound roles, of which many clusters have the same: those are read once."""
        new = {
            each.role_digest: (each.cluster_id, each.role_uid)
            for each in bindings
            if (org_id, each.role_digest) not in self._roles
        }
        if len(self._roles) + len(new) > ROLES_AT_MOST:
            self._roles.clear()
            return await self._rules(tx, org_id, bindings)
        for read in await store.get_rules(tx, list(new.values())) if new else []:
            self._roles[org_id, read.digest] = read.rules
        return {each.role_digest: self._roles.get((org_id, each.role_digest), ()) for each in bindings}


def who(by: Principal, cluster: UUID) -> Person:
    """As whom a cluster sees someone, by the rules of the gateway."""
    reaches = [reach for permission in GROUPS for reach in by.scope(permission).reaches]
    spaces = {
        space
        for reach in reaches
        if reach.clusters is None or cluster in reach.clusters
        for space in reach.namespaces or ()
    }
    within = {space: groups(by, cluster, space) for space in spaces}
    return person(name_of(by.user_id), groups(by, cluster, None), within)
