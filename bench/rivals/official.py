"""The official Python client: every pod of a cluster, in pages, into its own models; then what its watch tells."""

from __future__ import annotations

import sys
from typing import Any

from kubernetes import client, config, watch

from bench.measure import metered

PAGE = 500


def main(kubeconfig: str, changes: int) -> None:
    """List all pods and hold them, as a program would that works with them; then hold what `changes` events bring."""
    config.load_kube_config(kubeconfig)  # type: ignore[no-untyped-call]  # it has no types
    core: Any = client.CoreV1Api()
    with metered() as cost:
        page = core.list_pod_for_all_namespaces(limit=PAGE)
        pods = {pod.metadata.uid: pod for pod in page.items}
        while page.metadata._continue:
            page = core.list_pod_for_all_namespaces(limit=PAGE, _continue=page.metadata._continue)
            pods |= {pod.metadata.uid: pod for pod in page.items}
        cost.objects = len(pods)
    if changes:
        with metered() as cost:
            since = page.metadata.resource_version
            watcher: Any = watch.Watch
            for event in watcher().stream(core.list_pod_for_all_namespaces, resource_version=since):
                pods[event["object"].metadata.uid] = event["object"]
                cost.objects += 1
                if cost.objects == changes:
                    break


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
