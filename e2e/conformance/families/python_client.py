"""The official Python client at work: what it reads, writes, watches and raises, as dicts."""

from __future__ import annotations

import json
from typing import Any

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

from e2e.conformance.sides import Side

SPACE = "conform-python"


def calls(side: Side) -> None:
    side.namespace(SPACE)
    api = config.new_client_from_config(str(side.kubeconfig))  # type: ignore[no-untyped-call]  # it has no types
    core: Any = client.CoreV1Api(api)
    apps: Any = client.AppsV1Api(api)

    def tell(title: str, value: Any) -> None:
        side.tell(title, json.loads(json.dumps(api.sanitize_for_serialization(value), default=str)))

    made = core.create_namespaced_config_map(SPACE, _map("one", a="1"))
    tell("create", made)
    tell("read", core.read_namespaced_config_map("one", SPACE))
    tell("merge patch", core.patch_namespaced_config_map("one", SPACE, {"data": {"b": "2"}}))
    tell("replace", core.replace_namespaced_config_map("one", SPACE, _map("one", c="3")))
    tell("list", core.list_namespaced_config_map(SPACE, label_selector="made=here"))
    tell("list everywhere", core.list_config_map_for_all_namespaces(label_selector="made=here"))
    first = core.list_namespaced_config_map(SPACE, limit=1, field_selector="metadata.name!=kube-root-ca.crt")
    tell("a page", first)
    tell("a deployment", apps.create_namespaced_deployment(SPACE, _deployment()))
    tell("its scale", apps.patch_namespaced_deployment_scale("web", SPACE, {"spec": {"replicas": 0}}))
    tell("its status", apps.read_namespaced_deployment_status("web", SPACE))
    tell("who may", client.AuthorizationV1Api(api).create_self_subject_access_review(_review()))
    _watch(tell, core, made.metadata.resource_version)
    _errors(tell, core)
    _dynamic(tell, api)
    tell("delete", core.delete_namespaced_config_map("one", SPACE))
    tell("delete many", core.delete_collection_namespaced_config_map(SPACE, label_selector="made=here"))
    tell("the version", client.VersionApi(api).get_code().git_version)


def _watch(tell: Any, core: Any, version: str) -> None:
    events = watch.Watch().stream(  # type: ignore[no-untyped-call]  # it has no types
        core.list_namespaced_config_map,
        SPACE,
        resource_version=version,
        timeout_seconds=1,
        label_selector="made=here",
    )
    tell("watch", [{"type": event["type"], "object": event["raw_object"]} for event in events])


def _errors(tell: Any, core: Any) -> None:
    for title, call in {
        "not there": lambda: core.read_namespaced_config_map("none", SPACE),
        "there already": lambda: core.create_namespaced_config_map(SPACE, _map("one")),
        "wrong": lambda: core.create_namespaced_config_map(SPACE, _map("Not A Name")),
    }.items():
        try:
            call()  # type: ignore[no-untyped-call]  # it has no types
        except ApiException as error:
            tell(title, {"status": error.status, "body": json.loads(error.body or "")})


def _dynamic(tell: Any, api: client.ApiClient) -> None:
    dynamic = DynamicClient(api)  # type: ignore[no-untyped-call]  # it has no types
    maps = dynamic.resources.get(api_version="v1", kind="ConfigMap")
    tell("dynamic get", maps.get(name="one", namespace=SPACE).to_dict())
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}, "data": {"a": "1"}}
    told = maps.server_side_apply(body=applied, namespace=SPACE, field_manager="python")
    tell("dynamic apply", told.to_dict())


def _map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"made": "here"}), data=data or None)


def _deployment() -> dict[str, Any]:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "x:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def _review() -> client.V1SelfSubjectAccessReview:
    attributes = client.V1ResourceAttributes(verb="list", resource="pods")
    return client.V1SelfSubjectAccessReview(spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
