"""kubernetes-asyncio: every pod of a cluster, in pages, into its own models; then what its watch tells."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from kubernetes_asyncio import client, config, watch

from bench.measure import metered
from bench.rivals.official import PAGE


async def main(kubeconfig: str, changes: int) -> None:
    """List all pods and hold them, then hold what `changes` events bring."""
    await config.load_kube_config(kubeconfig)
    async with client.ApiClient() as api:
        core: Any = client.CoreV1Api(api)
        with metered() as cost:
            page = await core.list_pod_for_all_namespaces(limit=PAGE)
            pods = {pod.metadata.uid: pod for pod in page.items}
            while page.metadata._continue:
                page = await core.list_pod_for_all_namespaces(limit=PAGE, _continue=page.metadata._continue)
                pods |= {pod.metadata.uid: pod for pod in page.items}
            cost.objects = len(pods)
        if changes:
            with metered() as cost:
                since = page.metadata.resource_version
                events = watch.Watch().stream(core.list_pod_for_all_namespaces, resource_version=since)
                async for event in events:
                    pods[event["object"].metadata.uid] = event["object"]
                    cost.objects += 1
                    if cost.objects == changes:
                        break


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
