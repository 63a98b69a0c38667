"""Clusters behind firewalls: the agent itself, and what is done with agents at the hub."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from basefly.cli.commands.options import Output, OutputOption, Yes, add, cluster_names, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Agents: programs inside clusters that dial out to the hub, for clusters that it cannot reach.

    \b
    Examples
      basefly agents token prod-eu | kubectl apply -f -
      basefly agents list
      basefly agents approve prod-eu
    """,
)


class Profile(StrEnum):
    """What the agent's account may do."""

    VIEW = "view"
    OPERATE = "operate"
    ADMIN = "admin"


Which = Annotated[str, typer.Argument(metavar="AGENT", help="By the name of its cluster, its fingerprint or its id.")]


def add_to(root: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, token, approve, refuse, revoke)
    add(app, list_agents, name="list")
    root.add_typer(app, name="agents")
    add(root, agent)


@command
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the new cluster is to be called.")] = "",
    cluster: Annotated[
        str, typer.Option("--cluster", help="A cluster that is there and gets an agent.", autocompletion=cluster_names)
    ] = "",
    profile: Annotated[Profile, typer.Option("--profile", help="What its account may do.")] = Profile.VIEW,
    bare: Annotated[bool, typer.Option("--bare", help="Print the token and the hub's key, no manifest.")] = False,
    without_approval: Annotated[
        bool, typer.Option("--without-approval", help="Connect as soon as the agent is there, if that is allowed.")
    ] = False,
    minutes: Annotated[int, typer.Option("--minutes", min=5, max=10080, help="How long it is good for.")] = 60,
) -> None:
    """Make a token that lets one agent enrol, and print the manifest that runs the agent with it.

    \b
    Examples
      basefly agents token prod-eu | kubectl apply -f -
      basefly agents token --cluster prod-eu --profile operate > agent.yaml
      basefly agents token prod-eu --bare
    """
    from basefly.cli.gateway import agents as work

    wish = {"name": name, "cluster": cluster, "approval": not without_approval, "minutes": minutes}
    work.token(wish, "" if bare else profile.value)


@command
def list_agents(output: OutputOption = Output.TABLE) -> None:
    """List agents, those that wait for approval first.

    \b
    Example
      basefly agents list
    """
    from basefly.cli.gateway import agents as work

    work.show(output.value)


@command
def approve(agent: Which, yes: Yes = False) -> None:
    """Connect the cluster of an agent that waits. Compare the fingerprint with the one that the agent logs.

    \b
    Example
      basefly agents approve prod-eu
    """
    from basefly.cli.gateway import agents as work

    work.approve(agent, yes=yes)


@command
def refuse(agent: Which, yes: Yes = False) -> None:
    """Send an agent that waits away for good.

    \b
    Example
      basefly agents refuse prod-eu
    """
    from basefly.cli.gateway import agents as work

    work.end(agent, "refusals", yes=yes)


@command
def revoke(agent: Which, yes: Yes = False) -> None:
    """Take an agent's key out of use. Its cluster stays in the hub, unreachable until it has another way.

    \b
    Example
      basefly agents revoke prod-eu
    """
    from basefly.cli.gateway import agents as work

    work.end(agent, "revocations", yes=yes)


@command
def agent(
    hub: Annotated[str, typer.Option("--hub", metavar="URL", help="The hub [BASEFLY_AGENT_HUB].")] = "",
    hub_key: Annotated[str, typer.Option("--hub-key", metavar="KEY", help="Who it is [BASEFLY_AGENT_HUB_KEY].")] = "",
    hub_ca: Annotated[
        Path | None, typer.Option("--hub-ca", metavar="FILE", help="Whom to trust there [BASEFLY_AGENT_HUB_CA].")
    ] = None,
    state: Annotated[
        str,
        typer.Option(
            "--state",
            metavar="PLACE",
            help="Where keys are kept: secret/NAMESPACE/NAME, or a file [BASEFLY_AGENT_STATE].",
        ),
    ] = "",
    api: Annotated[str, typer.Option("--api", metavar="URL", help="The API server [BASEFLY_AGENT_API].")] = "",
) -> None:
    """Run the agent: dial out to the hub, and let it speak to this cluster's API server, and to nothing else.

    The manifest of `basefly agents token` runs it in a cluster. Everything can be given in the environment as well; the
    enrolment token only there (BASEFLY_AGENT_TOKEN), or in the Secret. HTTPS_PROXY and NO_PROXY count.

    \b
    Example
      basefly agent --hub https://basefly.example.com --hub-key ed25519:…
    """
    from basefly.cli.agent import run

    given = {"HUB": hub, "HUB_KEY": hub_key, "HUB_CA": str(hub_ca or ""), "STATE": state, "API": api}
    run({f"BASEFLY_AGENT_{name}": value for name, value in given.items() if value})
