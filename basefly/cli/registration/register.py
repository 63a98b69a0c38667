"""From contexts of the kubeconfig to clusters of the hub: resolve here, check and keep there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect, find_cluster
from basefly.cli.kubeconfig import loading, resolving
from basefly.cli.kubeconfig.loading import Kubeconfig
from basefly.cli.kubeconfig.resolving import Resolved
from basefly.cli.kubeconfig.schema import ExecPlugin
from basefly.cli.registration import service_account
from basefly.cli.registration.outcome import Outcome, tell, tell_checks
from basefly.cli.registration.plan import Plan, names

AT_ONCE = 8  # clusters that the hub checks side by side
_NOT_ABOUT_THE_CLUSTER = (Exit.NOT_SIGNED_IN, Exit.DENIED, Exit.UNREACHABLE)


def register(plan: Plan) -> Exit:
    """Register every context of the plan."""
    config = loading.load(plan.kubeconfig)
    contexts = config.chosen(plan.contexts)
    named = names(plan, config, contexts)
    with connect() as hub:
        hub.get("/me")  # a sign-in that has ended is said before any plugin runs
        prepared = [_prepare(hub, plan, config, context) for context in contexts]
        outcomes = _side_by_side(prepared, lambda resolved: _send(hub, plan, named[resolved.context], resolved))
    return tell(outcomes, profile=plan.profile)


def check(plan: Plan, *, wordy: bool = False) -> Exit:
    """Let the hub try to connect, keeping nothing. A service account is not made for that."""
    config = loading.load(plan.kubeconfig)
    contexts = config.chosen(plan.contexts)
    named = names(plan, config, contexts)
    with connect() as hub:
        hub.get("/me")
        prepared = [_resolve(plan, config, context) for context in contexts]
        outcomes = _side_by_side(prepared, lambda resolved: _try(hub, named[resolved.context], resolved))
    if plan.profile:
        terminal.note(
            f"Without --dry-run, an account with the profile {plan.profile} would be made in each cluster.", "dim"
        )
    if not wordy:
        return tell(outcomes, profile=plan.profile)
    for outcome in outcomes:
        tell_checks(outcome)
    refused = sum(outcome.result == "refused" for outcome in outcomes)
    return Exit.OK if not refused else Exit.ERROR if refused == len(outcomes) else Exit.PARTIAL


def rotate(word: str, plan: Plan, *, yes: bool) -> None:
    """Put the credentials of one context in place of those that the hub has."""
    with connect() as hub:
        cluster = find_cluster(hub, word)
        config = loading.load(plan.kubeconfig)
        (context,) = config.chosen(plan.contexts)
        placed = config.clusters.get(config.contexts[context].cluster)
        server = placed.cluster.server if placed else ""
        if server.rstrip("/") != cluster["server"].rstrip("/"):
            question = (
                f"The context {context} leads to {server}, and {cluster['name']} is at {cluster['server']}. Go on?"
            )
            terminal.sure(question, yes=yes)
        prepared = _prepare(hub, plan, config, context)
        if isinstance(prepared, Outcome):
            raise prepared.failure or Failure(f"Context {context!r} cannot be used.")
        body = {"kubeconfig": prepared.kubeconfig(), "context": prepared.context}
        changed = hub.put(f"/clusters/{cluster['id']}/credentials", body)
    terminal.say(f"{terminal.clean(changed['name'])} has new credentials.")


def _resolve(plan: Plan, config: Kubeconfig, context: str) -> Resolved | Outcome:
    try:
        return resolving.resolve(config, context, patience=plan.exec_timeout, on_plugin=_announce)
    except Failure as failure:
        return Outcome(context, "refused", failure=failure)


def _announce(plugin: ExecPlugin) -> None:
    terminal.note(f"Asking {plugin.command} for credentials…", "dim")


def _prepare(hub: Hub, plan: Plan, config: Kubeconfig, context: str) -> Resolved | Outcome:
    """Resolve a context, and change it for a service account if one is wanted."""
    resolved = _resolve(plan, config, context)
    if isinstance(resolved, Outcome) or not plan.profile:
        return resolved
    try:
        return service_account.make(resolved, hub.text(f"/manifests/{plan.profile}"), plan.profile)
    except Failure as failure:
        _stop_for(failure)
        return Outcome(context, "refused", resolved=resolved, failure=failure)


def _send(hub: Hub, plan: Plan, name: str, resolved: Resolved) -> Outcome:
    body = plan.settings(name) | {"kubeconfig": resolved.kubeconfig(), "context": resolved.context}
    try:
        return Outcome(resolved.context, "registered", answer=hub.post("/clusters", body), resolved=resolved)
    except Failure as failure:
        _stop_for(failure)
        there = failure.code == "conflict" and _is_there(hub, name, resolved)
        return Outcome(resolved.context, "already there" if there else "refused", {"name": name}, resolved, failure)


def _is_there(hub: Hub, name: str, resolved: Resolved) -> bool:
    """Whether the cluster with this name is the one meant, and not a namesake."""
    try:
        cluster = find_cluster(hub, name)
    except Failure:
        return False
    return str(cluster["server"]).rstrip("/") == resolved.server.rstrip("/")


def _try(hub: Hub, name: str, resolved: Resolved) -> Outcome:
    try:
        body = {"kubeconfig": resolved.kubeconfig(), "context": resolved.context}
        report = hub.post("/cluster-checks", body) | {"name": name}
    except Failure as failure:
        _stop_for(failure)
        return Outcome(resolved.context, "refused", resolved=resolved, failure=failure)
    if report["ok"]:
        return Outcome(resolved.context, "ready", report, resolved)
    failed = [c for c in report["checks"] if not c["ok"]]
    why = Failure(failed[0]["detail"], cure=failed[0].get("cure", "")) if failed else Failure("The check failed.")
    return Outcome(resolved.context, "refused", report, resolved, why)


def _stop_for(failure: Failure) -> None:
    """What is no matter of one cluster ends the whole command."""
    if failure.exit_code in _NOT_ABOUT_THE_CLUSTER:
        raise failure


def _side_by_side(prepared: list[Resolved | Outcome], send: Callable[[Resolved], Outcome]) -> list[Outcome]:
    """Send what could be prepared; the outcomes in the order of the contexts."""

    def one(item: Resolved | Outcome) -> Outcome:
        return item if isinstance(item, Outcome) else send(item)

    with ThreadPoolExecutor(AT_ONCE) as pool, _progress(len(prepared)) as advance:
        return list(advance(pool.map(one, prepared)))


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Iterable[Outcome]], Iterator[Outcome]]]:
    """A bar on stderr while there is something to wait for and someone who sees it."""
    if total < 2 or not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as bar:
        task = bar.add_task("The hub checks", total=total)

        def advance(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
            for outcome in outcomes:
                bar.advance(task)
                yield outcome

        yield advance
