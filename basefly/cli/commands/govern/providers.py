"""The organization's identity providers."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from basefly.cli.commands.options import Code, Email, Output, OutputOption, PasswordStdin, Yes, add, command

Name = Annotated[str, typer.Argument(help="Its name or id.")]


class FirstSignIn(StrEnum):
    """What someone becomes on their first sign-in."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


app = typer.Typer(
    no_args_is_help=True,
    help="""Sign-in with your company's own identity provider (OpenID Connect).

    \b
    Examples
      basefly single-sign-on add "Acme ID" --issuer https://id.acme.example --client-id basefly
      basefly single-sign-on test "Acme ID"
      basefly single-sign-on address acme
      basefly single-sign-on require "Acme ID"
    """,
)


def add_to(parent: typer.Typer) -> None:
    """Add the group to `basefly`."""
    add(app, list_providers, name="list")
    add(app, add_provider, name="add")
    add(app, change, test, address, require, release, remove)
    parent.add_typer(app, name="single-sign-on")


@command
def list_providers(output: OutputOption = Output.TABLE) -> None:
    """List the identity providers."""
    from basefly.cli.signin import providers as work

    work.show(output.value)


@command
def add_provider(
    name: Annotated[str, typer.Argument(help="Shown on the sign-in page.")],
    issuer: Annotated[str, typer.Option("--issuer", metavar="URL", help="Exactly as the provider writes it.")],
    client_id: Annotated[str, typer.Option("--client-id", help="As the provider calls Basefly.")],
    client_secret_stdin: Annotated[
        bool, typer.Option("--client-secret-stdin", help="Read the client secret from standard input.")
    ] = False,
    groups_claim: Annotated[str, typer.Option("--groups-claim", help="The claim with the groups.")] = "",
    domain: Annotated[list[str] | None, typer.Option("--domain", help="Only addresses of this domain.")] = None,
    create: Annotated[
        FirstSignIn | None, typer.Option("--create", help="Let whoever signs in first in, as this.")
    ] = None,
    require_mfa: Annotated[bool, typer.Option("--require-mfa", help="Only with a second factor there.")] = False,
) -> None:
    """Add an identity provider. Its client secret is asked for, or piped in."""
    from basefly.cli.signin import providers as work

    wish = {
        "name": name,
        "issuer": issuer,
        "client_id": client_id,
        "groups_claim": groups_claim,
        "domains": domain or [],
        "create_role": create.value if create else "",
        "require_mfa": require_mfa,
    }
    work.add(wish, secret_stdin=client_secret_stdin)


@command
def change(
    name: Name,
    new_name: Annotated[str | None, typer.Option("--name", help="Call it so.")] = None,
    issuer: Annotated[str | None, typer.Option("--issuer", metavar="URL", help="Another issuer.")] = None,
    client_id: Annotated[str | None, typer.Option("--client-id", help="Another client id.")] = None,
    client_secret_stdin: Annotated[
        bool, typer.Option("--client-secret-stdin", help="Read another client secret from standard input.")
    ] = False,
    groups_claim: Annotated[str | None, typer.Option("--groups-claim", help="The claim with the groups.")] = None,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="THEIRS=OURS", help="Names of groups, all of them.")
    ] = None,
    domain: Annotated[list[str] | None, typer.Option("--domain", help="E-mail domains, all of them.")] = None,
    create: Annotated[
        FirstSignIn | None, typer.Option("--create", help="Let whoever signs in first in, as this.")
    ] = None,
    create_nobody: Annotated[bool, typer.Option("--create-nobody", help="Let nobody in who is no member.")] = False,
    require_mfa: Annotated[
        bool | None, typer.Option("--require-mfa/--no-require-mfa", help="Only with a second factor there.")
    ] = None,
) -> None:
    """Change what is given of an identity provider; the rest stays."""
    from basefly.cli.signin import providers as work

    wish = {
        "name": new_name,
        "issuer": issuer,
        "client_id": client_id,
        "groups_claim": groups_claim,
        "group_names": None if group is None else work.mapping(group),
        "domains": domain,
        "create_role": "" if create_nobody else create.value if create else None,
        "require_mfa": require_mfa,
    }
    work.change(name, wish, secret_stdin=client_secret_stdin)


@command
def test(name: Name) -> None:
    """Ask the provider's issuer as a sign-in would, and say what is wrong."""
    from basefly.cli.signin import providers as work

    work.test(name)


@command
def address(slug: Annotated[str, typer.Argument(help="The name in /sign-in/NAME.")]) -> None:
    """Name the address that your people sign in at."""
    from basefly.cli.signin import providers as work

    work.address(slug)


@command
def require(
    name: Name, email: Email = "", password_stdin: PasswordStdin = False, code: Code = "", yes: Yes = False
) -> None:
    """Want this provider's sign-in of everybody: a password alone lets in nobody but owners then.

    A token cannot do it: an owner's password and code are asked for again.
    """
    from basefly.cli.signin import providers as work

    work.require(name, email=email, stdin=password_stdin, code=code, yes=yes)


@command
def release(email: Email = "", password_stdin: PasswordStdin = False, code: Code = "", yes: Yes = False) -> None:
    """Want no provider's sign-in of everybody any more. A token cannot do it."""
    from basefly.cli.signin import providers as work

    work.require("", email=email, stdin=password_stdin, code=code, yes=yes)


@command
def remove(name: Name, yes: Yes = False) -> None:
    """Remove an identity provider."""
    from basefly.cli.signin import providers as work

    work.remove(name, yes=yes)
