"""Options that say over what: clusters by name, labels or region, and namespaces."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import cluster_names

OnClusters = Annotated[
    list[str] | None,
    typer.Option(
        "--cluster", "-c", metavar="CLUSTER", help="Only this cluster. Repeatable.", autocompletion=cluster_names
    ),
]
OnLabels = Annotated[str, typer.Option("--labels", "-l", metavar="SELECTOR", help="Only clusters with these labels.")]
OnRegion = Annotated[str, typer.Option("--region", help="Only clusters in this region.")]
InNamespaces = Annotated[
    list[str] | None, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Only this namespace. Repeatable.")
]
