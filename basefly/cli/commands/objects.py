"""Looking at what runs in the fleet and at its past: get, describe, search, events, history, changes, kinds."""

from __future__ import annotations

from typing import Annotated

import typer

from basefly.cli.commands.options import (
    AllNamespaces,
    Clusters,
    Listed,
    ListedOption,
    Namespaces,
    NoHeaders,
    Output,
    OutputOption,
    Watch,
    add,
    command,
    kind_names,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `basefly`."""
    add(app, get, describe, search, unreadable, events, history, changes, kinds)


Objects = Annotated[
    list[str],
    typer.Argument(metavar="KIND", help="As for kubectl: pods, po NAME, deploy/web.", autocompletion=kind_names),
]
Selector = Annotated[
    str, typer.Option("--selector", "-l", metavar="SELECTOR", help="Labels, as for kubectl: app=web,tier!=db.")
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most so many of each kind; 0: all.")]


@command
def get(
    objects: Objects,
    clusters: Clusters = None,
    namespaces: Namespaces = None,
    all_namespaces: AllNamespaces = False,
    selector: Selector = "",
    match: Annotated[
        str, typer.Option("--match", metavar="QUERY", help="Only what fits: a part of a name, ns:shop -status:Running.")
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="COLUMN=VALUE", help="Only this value of a column: node=n1. Repeatable."),
    ] = None,
    sort: Annotated[
        str, typer.Option("--sort", metavar="COLUMN", help="Any column; -restarts for the largest first.")
    ] = "",
    limit: Limit = 0,
    output: ListedOption = Listed.TABLE,
    watch: Watch = False,
    show_labels: Annotated[bool, typer.Option("--show-labels", help="With a column of labels.")] = False,
    no_headers: NoHeaders = False,
) -> None:
    """List objects of any kind, over all clusters or some.

    As with kubectl, a list shows the namespace default unless -n or -A says otherwise; a NAME is looked for in every
    namespace. Clusters that did not answer are named on stderr, with the age of what is shown of them, and the exit
    code is 7.

    -o csv prints a table for spreadsheets, with a heading; what one would take for a formula begins with '.
    -o json and -o yaml print the rows of the hub's inventory; with a NAME they print the object itself, live from its
    cluster. -o name prints CLUSTER:NAMESPACE/KIND/NAME, which get and describe take.

    \b
    Examples
      basefly get pods -A
      basefly get deploy,sts -n shop -c east -c west
      basefly get pods -A -l app=web --where node=worker-1 --sort -restarts -o wide
      basefly get deploy/web -o yaml
      basefly get pods -A --watch
      basefly get pods -A -o name | xargs -n1 basefly describe
    """
    from basefly.cli.fleet import listing, query, reference, watching
    from basefly.cli.fleet.connection import connect

    asked = query.Asked(
        reference.parse(objects),
        clusters=clusters or [],
        namespaces=namespaces or [],
        everywhere=all_namespaces,
        selector=selector,
        match=match,
        where=where or [],
        sort=sort,
        limit=limit,
        output=output.value,
        headed=not no_headers,
        labels=show_labels,
    )
    with connect() as hub:
        raise typer.Exit(watching.follow(hub, asked) if watch else listing.show(hub, asked))


@command
def describe(objects: Objects, clusters: Clusters = None, namespaces: Namespaces = None) -> None:
    """Tell everything about an object: its state, its owners and what it owns, its events.

    The object comes live from its cluster; if that does not answer, you see what the hub knows, with its age. A name
    that several clusters have is described for each.

    \b
    Examples
      basefly describe pod web-7c9d
      basefly describe deploy/web -c east -n shop
      basefly describe east:shop/pod/web-7c9d
    """
    from basefly.cli.fleet import detail, query, reference
    from basefly.cli.fleet.connection import connect

    asked = query.Asked(reference.parse(objects), clusters=clusters or [], namespaces=namespaces or [])
    with connect() as hub:
        raise typer.Exit(detail.describe(hub, asked))


@command
def search(
    text: Annotated[
        str, typer.Argument(metavar="QUERY", help="A part of a name; ns:shop, -status:Running and the like narrow it.")
    ],
    kind: Annotated[
        str, typer.Option("--kind", "-k", metavar="KIND", help="Only this kind.", autocompletion=kind_names)
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """Find clusters and objects of any kind.

    \b
    Examples
      basefly search ledger
      basefly search web --kind deploy
      basefly search "kind:pod ns:shop status:crash"
    """
    from basefly.cli.fleet import search as work
    from basefly.cli.fleet.connection import connect

    with connect() as hub:
        raise typer.Exit(work.search(hub, text, kind, limit=limit, output=output.value))


@command
def unreadable(clusters: Clusters = None, output: OutputOption = Output.TABLE) -> None:
    """Show how many objects cannot be read, by cluster and kind.

    They are there, but their text is damaged, or the hub's database cannot hold it. Each is set aside by itself: all
    others of its kind are complete.

    \b
    Examples
      basefly unreadable
      basefly unreadable -c east -o json
      basefly get pods -A --match status:Unreadable
    """
    from basefly.cli.fleet import search as work
    from basefly.cli.fleet.connection import connect

    with connect() as hub:
        raise typer.Exit(work.unreadable(hub, clusters or [], output=output.value))


@command
def events(
    clusters: Clusters = None,
    namespaces: Namespaces = None,
    about: Annotated[str, typer.Option("--for", metavar="KIND/NAME", help="Only about this object: pod/web-1.")] = "",
    warnings: Annotated[bool, typer.Option("--warnings", help="Only warnings.")] = False,
    grouped: Annotated[
        str, typer.Option("--grouped", metavar="SPAN", help="One line a reason and kind, of the last 15m, 1h or 3h.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=0, help="At most so many, latest first; 0: all.")
    ] = 100,
    output: OutputOption = Output.TABLE,
    watch: Watch = False,
) -> None:
    """Show what the clusters say about their objects, latest first, of every namespace.

    \b
    Examples
      basefly events --warnings
      basefly events --grouped 1h
      basefly events -c east -n shop --for pod/web-7c9d
      basefly events --watch
    """
    from basefly.cli.exits import misuse
    from basefly.cli.fleet import groups, listing, query, reference, watching
    from basefly.cli.fleet import search as work
    from basefly.cli.fleet.connection import connect

    if grouped:
        if about or watch:
            raise misuse(
                "--grouped goes with neither --for nor --watch.", "Leave --grouped out to see events one by one."
            )
        told: dict[str, str | list[str]] = {"cluster": clusters or [], "namespace": namespaces or [], "since": grouped}
        with connect() as hub:
            raise typer.Exit(groups.events(hub, told, warnings=warnings, output=output.value))
    asked = query.Asked(
        reference.parse(["events"]),
        clusters=clusters or [],
        namespaces=namespaces or [],
        everywhere=True,
        limit=limit,
        output=output.value,
    )
    with connect() as hub:
        asked = work.events(hub, asked, about=about, warnings=warnings)
        raise typer.Exit(watching.follow(hub, asked) if watch else listing.show(hub, asked))


@command
def history(
    objects: Objects,
    clusters: Clusters = None,
    namespace: Annotated[str, typer.Option("--namespace", "-n", metavar="NAMESPACE", help="Its namespace.")] = "",
    at: Annotated[
        str, typer.Option("--at", metavar="WHEN", help="Print it as it was: 2h for ago, a time, or a version.")
    ] = "",
    diff: Annotated[
        str, typer.Option("--diff", metavar="WHEN", help="What differs at this moment or in this version.")
    ] = "",
    since: Annotated[
        str, typer.Option("--from", metavar="WHEN", help="With --diff: from here, instead of the version before.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most so many entries; 0: all.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """Tell the life of an object: each change, when, and by whom.

    Who it was is the person, where the change came through the hub and you may read the audit; else the field manager
    that the cluster names. The namespace is default unless -n says otherwise.

    \b
    Examples
      basefly history deploy/web -n shop
      basefly history deploy/web -n shop --at 2h
      basefly history deploy/web -n shop --diff 1234
      basefly history deploy/web -n shop --from 1d --diff 0s
    """
    from basefly.cli import terminal
    from basefly.cli.exits import misuse
    from basefly.cli.fleet import reference
    from basefly.cli.fleet.connection import connect
    from basefly.cli.history import timeline
    from basefly.cli.show import documents

    found, *others = reference.parse(objects)
    if others or not found.name:
        raise misuse("Whose history?", "Name one object: basefly history deploy/web")
    with connect() as hub:
        life = timeline.Life(hub, found, clusters or [], namespace)
        if diff:
            terminal.say(life.difference(since, diff))
        elif at:
            past = life.past(at)
            terminal.write(documents.written(past, output.value))
        else:
            timeline.show(life.entries(limit), output.value)


@command
def changes(
    clusters: Clusters = None,
    namespaces: Namespaces = None,
    kind: Annotated[
        str, typer.Option("--kind", "-k", metavar="KIND", help="Only this kind.", autocompletion=kind_names)
    ] = "",
    match: Annotated[str, typer.Option("--match", metavar="TEXT", help="Only names that contain it.")] = "",
    manager: Annotated[str, typer.Option("--manager", metavar="NAME", help="Only by this field manager: helm.")] = "",
    since: Annotated[str, typer.Option("--since", metavar="WHEN", help="30m, 2h or 7d for ago, or a time.")] = "1h",
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=0, help="At most so many; 0: all.")] = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what changed in the fleet, latest first: what was created, changed and deleted, and by whom.

    \b
    Examples
      basefly changes --since 1h
      basefly changes -c prod-eu -n shop --kind deploy --since 2d
      basefly changes --manager helm --since 1d -o json
    """
    from basefly.cli.fleet.connection import connect
    from basefly.cli.history import timeline

    named = {"cluster": clusters or [], "namespace": namespaces or [], "resource": kind, "q": match, "manager": manager}
    asked = {name: value for name, value in named.items() if value}
    with connect() as hub:
        timeline.changes(hub, asked, since=since, limit=limit, output=output.value)


@command
def kinds(output: OutputOption = Output.TABLE) -> None:
    """List every kind that the fleet has, custom ones included, with how many objects there are."""
    from basefly.cli.fleet import search as work
    from basefly.cli.fleet.connection import connect

    with connect() as hub:
        work.kinds(hub, output.value)
