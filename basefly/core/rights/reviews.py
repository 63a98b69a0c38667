"""Asking a cluster itself: whether it would let someone see something (SubjectAccessReview, as the hub's account)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from basefly.base.kube.client import Client
from basefly.core.rights.rules import VERB

AT_ONCE = 8  # questions to one cluster
PATIENCE = 5.0  # s for all of them
_PATH = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """May a user with these groups see this? Without a name: all of its kind; without a namespace: everywhere."""

    user: str
    groups: tuple[str, ...]
    resource: str
    namespace: str = ""
    name: str = ""


class _Status(msgspec.Struct, frozen=True):
    allowed: bool = False


class _Review(msgspec.Struct, frozen=True):
    status: _Status = _Status()


async def ask(client: Client, questions: Iterable[Question]) -> list[bool]:
    """The cluster's answers, in order. Raises ApiError, ConnectError, or TimeoutError."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(question: Question) -> bool:
        async with gate:
            return (await client.post_json(_PATH, _body(question), into=_Review)).status.allowed

    async with asyncio.timeout(PATIENCE):
        return await asyncio.gather(*[one(question) for question in questions])


def question(user: str, groups: Sequence[str], resource: str, namespace: str = "", name: str = "") -> Question:
    """About an object: a request for a namespace is one within it."""
    place = name if resource == "namespaces" else namespace
    return Question(user=user, groups=tuple(groups), resource=resource, namespace=place, name=name)


def _body(asked: Question) -> dict[str, object]:
    plural, _, group = asked.resource.partition(".")
    attributes = {"verb": VERB, "group": group, "resource": plural, "namespace": asked.namespace, "name": asked.name}
    groups = [*asked.groups, "system:authenticated"]
    spec = {
        "user": asked.user,
        "groups": groups,
        "resourceAttributes": {key: value for key, value in attributes.items() if value or key == "group"},
    }
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
