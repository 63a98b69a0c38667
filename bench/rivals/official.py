"""The official Python client: every pod of a cluster, in pages, into its own models."""

from __future__ import annotations

import sys
from typing import Any

from kubernetes import client, config

from bench.measure import metered

PAGE = 500


def main(kubeconfig: str) -> None:
    """List all pods and hold them, as a program would that works with them."""
    config.load_kube_config(kubeconfig)  # type: ignore[no-untyped-call]  # it has no types
    core: Any = client.CoreV1Api()
    with metered() as cost:
        pods: list[object] = []
        page = core.list_pod_for_all_namespaces(limit=PAGE)
        pods += page.items
        while page.metadata._continue:
            page = core.list_pod_for_all_namespaces(limit=PAGE, _continue=page.metadata._continue)
            pods += page.items
        cost.objects = len(pods)


if __name__ == "__main__":
    main(sys.argv[1])
