"""Questions that are asked by creating an object which is not kept: access reviews and who I am."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from basefly.sim.access.accounts import AUDIENCE
from basefly.sim.access.rbac import Rule
from basefly.sim.access.users import User
from basefly.sim.bodies.objects import read_object
from basefly.sim.clock import now
from basefly.sim.requests import Target
from basefly.sim.status import Cause, bad_request, invalid
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import answer_value

Object = dict[str, Any]


async def answer_review(call: Call) -> web.Response:
    """Answer with the question and its status."""
    obj = await read_object(call)
    spec = obj.get("spec") or {}
    _check(call.kind.plural, spec)
    status = ANSWERS[call.kind.name](call, spec)
    meta = obj.get("metadata") or {}
    if call.kind.plural == "selfsubjectreviews":
        meta |= {"creationTimestamp": now()}
    told = {"kind": call.kind.kind, "apiVersion": call.kind.api_version, "metadata": meta}
    if call.kind.plural != "selfsubjectreviews":
        told["spec"] = {} if call.kind.plural == "selfsubjectrulesreviews" else spec
    return await answer_value(call.request, told | {"status": status}, status=201)


def _check(plural: str, spec: Object) -> None:
    """Refuse questions that ask nothing, or about nobody."""
    if plural == "selfsubjectrulesreviews":
        if not spec.get("namespace"):
            raise bad_request("no namespace on request")
    elif plural.endswith("accessreviews"):
        causes = []
        if ("resourceAttributes" in spec) == ("nonResourceAttributes" in spec):
            why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            causes.append(Cause("FieldValueInvalid", f"Invalid value: null: {why}", "spec.resourceAttributes"))
        if not plural.startswith("self") and not spec.get("user") and not spec.get("groups"):
            why = "at least one of user or group must be specified"
            causes.append(Cause("FieldValueInvalid", f'Invalid value: "": {why}', "spec.user"))
        if causes:
            raise invalid("", "", causes, group="authorization.k8s.io")


def _self_access(call: Call, spec: Object) -> Object:
    return _decide(call, call.user, spec)


def _access(call: Call, spec: Object) -> Object:
    return _decide(call, User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", "")), spec)


def _decide(call: Call, user: User, spec: Object) -> Object:
    allowed, reason = call.cluster.access.allowed(user, _target(spec, call.namespace))
    return {"allowed": allowed} | ({"reason": reason} if reason else {})


def _target(spec: Object, namespace: str) -> Target:
    if path := spec.get("nonResourceAttributes"):
        return Target(verb=path.get("verb", ""), path=path.get("path", ""))
    asked = spec.get("resourceAttributes") or {}
    return Target(
        verb=asked.get("verb", ""),
        group=asked.get("group", ""),
        version=asked.get("version", ""),
        resource=asked.get("resource", ""),
        subresource=asked.get("subresource", ""),
        namespace=asked.get("namespace", namespace),
        name=asked.get("name", ""),
    )


def _self_rules(call: Call, spec: Object) -> Object:
    rules = call.cluster.access.rules(call.user, spec.get("namespace", ""))
    paths = [_told(rule, "verbs", "nonResourceURLs") for rule in rules if rule.non_resource_urls]
    resources = [_told(rule, "verbs", "apiGroups", "resources", "resourceNames") for rule in rules if rule.resources]
    return {"resourceRules": resources, "nonResourceRules": paths, "incomplete": False}


def _told(rule: Rule, *members: str) -> Object:
    held = msgspec.to_builtins(rule)
    return {member: held[member] for member in members if held[member]}


def _token(call: Call, spec: Object) -> Object:
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    audiences = spec.get("audiences") or [AUDIENCE]
    user = call.cluster.user_of(spec.get("token", ""), audiences)
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    groups = [*user.groups, *({"system:authenticated"} - set(user.groups))]
    told = {"authenticated": True, "user": user.info() | {"groups": groups}}
    return told | ({"audiences": audiences} if spec.get("audiences") else {})


def _self(call: Call, _spec: Object) -> Object:
    return {"userInfo": call.user.info()}


ANSWERS: dict[str, Callable[[Call, Object], Object]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": _self_access,
    "selfsubjectrulesreviews.authorization.k8s.io": _self_rules,
    "subjectaccessreviews.authorization.k8s.io": _access,
    "localsubjectaccessreviews.authorization.k8s.io": _access,
    "tokenreviews.authentication.k8s.io": _token,
    "selfsubjectreviews.authentication.k8s.io": _self,
}
