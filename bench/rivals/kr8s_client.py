"""kr8s: every pod of a cluster into its own objects; then what its watch tells."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import kr8s
from kr8s.asyncio import api as connect

from bench.measure import metered


async def main(kubeconfig: str, changes: int) -> None:
    """List all pods and hold them, then hold what `changes` events bring."""
    api: Any = await connect(kubeconfig=kubeconfig)
    with metered() as cost:
        pods = {pod.metadata.uid: pod async for pod in api.get("pods", namespace=kr8s.ALL)}
        cost.objects = len(pods)
    if changes:
        with metered() as cost:
            since = str(max(int(pod.metadata.resourceVersion) for pod in pods.values()))
            async for _, pod in api.watch("pods", namespace=kr8s.ALL, since=since):
                pods[pod.metadata.uid] = pod
                cost.objects += 1
                if cost.objects == changes:
                    break


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
