"""kubectl: `get pods -A` over the contexts of a kubeconfig, one after another, as scripts over many clusters do."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

import msgspec

from bench.measure import Cost


def main(kubeconfig: str, form: str) -> None:
    """Ask each context and read all that is told; the cost is kubectl's own."""
    kubectl = ["kubectl", "--kubeconfig", kubeconfig]
    named = subprocess.run([*kubectl, "config", "get-contexts", "-o", "name"], capture_output=True, check=True)
    cost, begun = Cost(), time.perf_counter()
    mark, told_as = (b'"kind": "Pod"', ["-o", "json"]) if form == "json" else (b"\n", ["-o", form, "--no-headers"])
    for context in named.stdout.decode().split():
        asked = [*kubectl, "--context", context, "get", "pods", "-A", *told_as]
        with subprocess.Popen(asked, stdout=subprocess.PIPE) as told:
            assert told.stdout is not None
            cost.objects += sum(mark in line for line in told.stdout)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost.wall, cost.cpu = time.perf_counter() - begun, spent.ru_utime + spent.ru_stime
    cost.peak = spent.ru_maxrss * 1024
    print(msgspec.json.encode(cost).decode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
