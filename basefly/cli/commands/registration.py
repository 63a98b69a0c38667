"""Clusters of the user's own kubeconfig: register them, check them, renew their credentials."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.clusters import Profile
from basefly.cli.commands.options import (
    ClusterArgument,
    ExecTimeout,
    KubeconfigOption,
    Yes,
    add,
    command,
    context_names,
)

Contexts = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="CONTEXT", help="Only this context. Repeatable.", autocompletion=context_names),
]
ServiceAccount = Annotated[
    Profile | None,
    typer.Option(
        "--service-account",
        help="Make an account for the hub in the cluster, with your own credentials, and use its token.",
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly clusters`."""
    add(app, register, check, rotate)


@command
def register(
    contexts: Contexts = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All contexts, which is what happens without --context, too.")
    ] = False,
    kubeconfig: KubeconfigOption = None,
    service_account: ServiceAccount = None,
    name: Annotated[
        str, typer.Option("--name", metavar="TEMPLATE", help="With {context}, {cluster}, {user} or {namespace} in it.")
    ] = "{context}",
    labels: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="KEY=VALUE", help="A label for each. Repeatable.")
    ] = None,
    region: Annotated[str, typer.Option("--region", help="Where they run. [default: as their nodes say]")] = "",
    provider: Annotated[str, typer.Option("--provider", help="Who runs them. [default: as their nodes say]")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, save nothing.")] = False,
    exec_timeout: ExecTimeout = None,
) -> None:
    """Give the clusters of your kubeconfig to the hub.

    Reads the kubeconfig as kubectl does (--kubeconfig, the files in KUBECONFIG, ~/.kube/config). What works only on
    this machine is resolved on this machine: files are read, exec plugins run, OIDC tokens renewed. The hub gets a
    kubeconfig with one context, checks the connection, and says what is wrong if something is.

    Tokens of exec plugins and OIDC end soon. With --service-account the cluster gets an account for the hub (see
    `basefly clusters manifest`), made with your own credentials, and the hub its token.

    Each context has a line on stdout. The exit code is 7 if some were not taken, 1 if none was.

    \b
    Examples
      basefly clusters register
      basefly clusters register --context east --context west --label tier=gold
      basefly clusters register --context eks-prod --service-account view
      basefly clusters register --kubeconfig team.yaml --name 'team-{context}' --dry-run
    """
    from basefly.cli.registration import register as work
    from basefly.cli.registration.plan import Plan, labels_of

    plan = Plan(
        contexts=[] if everything else contexts or [],
        kubeconfig=kubeconfig,
        profile=service_account.value if service_account else "",
        name=name,
        labels=labels_of(labels or []),
        region=region,
        provider=provider,
        exec_timeout=exec_timeout,
    )
    raise typer.Exit(work.check(plan) if dry_run else work.register(plan))


@command
def check(
    contexts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CONTEXT]...", help="Contexts; without: all.", autocompletion=context_names),
    ] = None,
    kubeconfig: KubeconfigOption = None,
    exec_timeout: ExecTimeout = None,
) -> None:
    """Check whether the hub could connect to the clusters of your kubeconfig. Nothing is saved.

    Tells step by step what was found: address, certificate, authentication, version, rights, and the cure.

    \b
    Examples
      basefly clusters check
      basefly clusters check east --kubeconfig team.yaml
    """
    from basefly.cli.registration import register as work
    from basefly.cli.registration.plan import Plan

    plan = Plan(contexts=contexts or [], kubeconfig=kubeconfig, exec_timeout=exec_timeout)
    raise typer.Exit(work.check(plan, wordy=True))


@command
def rotate(
    cluster: ClusterArgument,
    context: Annotated[
        str,
        typer.Option(
            "--context",
            metavar="CONTEXT",
            help="Where the new ones are. [default: the cluster's name]",
            autocompletion=context_names,
        ),
    ] = "",
    kubeconfig: KubeconfigOption = None,
    service_account: ServiceAccount = None,
    yes: Yes = False,
    exec_timeout: ExecTimeout = None,
) -> None:
    """Give the hub new credentials for a cluster, from your kubeconfig. The old ones stay if the new do not work.

    \b
    Examples
      basefly clusters rotate east
      basefly clusters rotate east --context eks-prod --service-account view
    """
    from basefly.cli.registration import register as work
    from basefly.cli.registration.plan import Plan

    plan = Plan(
        contexts=[context or cluster],
        kubeconfig=kubeconfig,
        profile=service_account.value if service_account else "",
        exec_timeout=exec_timeout,
    )
    work.rotate(cluster, plan, yes=yes)
