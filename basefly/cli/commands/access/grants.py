"""Grants."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.access.places import InNamespaces, OnClusters, OnLabels, OnRegion
from basefly.cli.commands.options import Output, OutputOption, Yes, add, command

app = typer.Typer(
    no_args_is_help=True,
    help="""Grants: who has which role, over what, until when.

    \b
    Examples
      basefly grants list
      basefly grants give operator --member kim@example.com --cluster prod-eu -n shop --hours 8
      basefly grants give viewer --team SRE --labels env=prod
      basefly grants give developer --group idp-developers --region eu-west-1
    """,
)

Member = Annotated[str, typer.Option("--member", metavar="MEMBER", help="To a member: e-mail address, name or id.")]
Team = Annotated[str, typer.Option("--team", metavar="TEAM", help="To a team: name or id.")]
Group = Annotated[str, typer.Option("--group", metavar="GROUP", help="To a group of your identity provider.")]
Hours = Annotated[int, typer.Option("--hours", min=0, max=87_600, help="Ends after so many hours. [default: never]")]


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_grants, name="list")
    add(app, give, revoke)
    parent.add_typer(app, name="grants")


@command
def list_grants(member: Member = "", team: Team = "", group: Group = "", output: OutputOption = Output.TABLE) -> None:
    """List grants, all or those of one member, team or group."""
    from basefly.cli.access import grants as work

    work.show({"user": member, "team": team, "group": group}, output.value)


@command
def give(
    role: Annotated[str, typer.Argument(metavar="ROLE", help="The name or id of a role.")],
    member: Member = "",
    team: Team = "",
    group: Group = "",
    cluster: OnClusters = None,
    labels: OnLabels = "",
    region: OnRegion = "",
    namespace: InNamespaces = None,
    hours: Hours = 0,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the audit.")] = "",
) -> None:
    """Give a role. No one can grant more than they hold."""
    from basefly.cli.access import grants as work
    from basefly.cli.access.places import Place

    place = Place(cluster or [], labels, region, namespace or [])
    work.give(role, {"user": member, "team": team, "group": group}, place, hours=hours, reason=reason)


@command
def revoke(grant: Annotated[str, typer.Argument(metavar="ID", help="The id of a grant.")], yes: Yes = False) -> None:
    """Take a grant away, with the next request of whoever has it."""
    from basefly.cli.access import grants as work

    work.revoke(grant, yes=yes)
