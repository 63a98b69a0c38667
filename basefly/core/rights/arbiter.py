"""Where a cluster decides otherwise than its roles read (a webhook, ABAC), the cluster is asked what someone sees."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from basefly.base.errors import BaseflyError
from basefly.base.kube.client import Client
from basefly.base.kube.errors import ApiError, ConnectError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.sight import Named, Profile, Sight
from basefly.base.web.language import sentence
from basefly.core.access.impersonated import groups, name_of
from basefly.core.clusters.connections import Connections
from basefly.core.rights import store
from basefly.core.rights.reviews import Question, ask, question
from basefly.core.rights.rules import NAMESPACES

KEPT = 5.0  # s that an answer holds
QUESTIONS = 400  # to one cluster for one person: kinds first, then kinds in single namespaces
AT_MOST = 2000  # answers of one process


class Asked(NamedTuple):
    """What a cluster answered about one person, and when; a reason where it did not."""

    at: float
    profile: Profile | None
    reason: str


class Arbiter:
    """The answers of the clusters that are asked, of this process."""

    def __init__(self, house: House, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._clock = clock
        self._differing: dict[UUID, tuple[float, frozenset[UUID]]] = {}
        self._answers: OrderedDict[tuple[UUID, Principal], Asked] = OrderedDict()

    async def corrected(self, by: Principal, sight: Sight) -> Sight:
        """A sight in which clusters that decide otherwise than their roles read show what they said themselves."""
        differing = await self._differ(by.org_id) & (sight.profiles.keys() | sight.unknown.keys())
        if not differing:
            return sight
        profiles, unknown = dict(sight.profiles), dict(sight.unknown)
        answers = await asyncio.gather(*[self._answer(by, cluster) for cluster in differing])
        for cluster, asked in zip(differing, answers, strict=True):
            profiles.pop(cluster, None)
            unknown.pop(cluster, None)
            if asked.profile is None:
                unknown[cluster] = asked.reason
            else:
                profiles[cluster] = asked.profile
        return Sight(sight.permission, profiles, unknown)

    def forget(self, org_id: UUID) -> None:
        """Verdicts have changed."""
        self._differing.pop(org_id, None)

    async def _differ(self, org_id: UUID) -> frozenset[UUID]:
        at, found = self._differing.get(org_id, (float("-inf"), frozenset[UUID]()))
        if self._clock() - at > KEPT:
            async with self._house.db.transaction(org_id) as tx:
                verdicts = await store.get_verdicts(tx)
            found = frozenset(each.cluster_id for each in verdicts if each.verdict == "differs")
            self._differing[org_id] = (self._clock(), found)
        return found

    async def _answer(self, by: Principal, cluster: UUID) -> Asked:
        held = self._answers.get((cluster, by))
        if held is None or self._clock() - held.at > KEPT:
            held = self._answers[cluster, by] = await self._ask(by, cluster)
            if len(self._answers) > AT_MOST:
                self._answers.popitem(last=False)
        return held

    async def _ask(self, by: Principal, cluster: UUID) -> Asked:
        now = self._clock()
        try:
            async with self._house.db.transaction(by.org_id) as tx:
                places = await store.get_places(tx, cluster)
                client = await self._house.get(Connections).client(tx, cluster)
            return Asked(now, await _profile(client, by, cluster, places), "")
        except (ApiError, ConnectError, TimeoutError, BaseflyError) as error:
            reason = str(error) or sentence("it took too long")
            return Asked(now, None, sentence(f"it must be asked what you may see, and gave no answer: {reason}"))


async def _profile(client: Client, by: Principal, cluster: UUID, places: Sequence[store.Where]) -> Profile:
    user = name_of(by.user_id)

    def within(resource: str, space: str) -> Question:
        name = space if resource == NAMESPACES else ""
        return question(user, groups(by, cluster, space), resource, space, name)

    everywhere = groups(by, cluster, None)
    resources = sorted({each.resource for each in places})[:QUESTIONS]
    said = await ask(client, [Question(user=user, groups=everywhere, resource=each) for each in resources])
    whole = frozenset(resource for resource, allowed in zip(resources, said, strict=True) if allowed)
    left = [each for each in places if each.resource not in whole and each.namespace][: QUESTIONS - len(resources)]
    said = await ask(client, [within(each.resource, each.namespace) for each in left])
    shown = [each for each, allowed in zip(left, said, strict=True) if allowed]
    spaces = {
        space: frozenset(each.resource for each in shown if each.namespace == space and each.resource != NAMESPACES)
        for space in {each.namespace for each in shown}
    }
    names = frozenset(Named(NAMESPACES, "", each.namespace) for each in shown if each.resource == NAMESPACES)
    return Profile(whole, frozenset((space, kinds) for space, kinds in spaces.items() if kinds), names)
