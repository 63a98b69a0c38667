"""An ID token from the kubeconfig's OIDC provider, renewed at its issuer when it has run out, as kubectl does."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from basefly.cli.exits import Failure
from basefly.cli.kubeconfig.granted import Granted, token_expiry

if TYPE_CHECKING:
    from basefly.cli.client import http

SPARE = timedelta(seconds=10)  # a token this close to its end counts as expired
PATIENCE = 15.0  # seconds
_PLAIN = re.compile(r"[A-Za-z0-9._~+/=-]+")  # text that needs no quoting in YAML
_SIGN_IN_AGAIN = "Sign in again with the tool that wrote this user into the kubeconfig."


def id_token(config: dict[str, str], file: Path, *, now: datetime | None = None) -> Granted:
    """The ID token, renewed if need be. Renewed tokens are written back to `file`, because the old ones may be void."""
    token = config.get("id-token", "")
    until = token_expiry(token)
    if until and until - SPARE > (now or datetime.now(UTC)):
        return Granted(token, expires_at=until)
    if not config.get("refresh-token"):
        raise Failure("The OIDC token has expired, and there is no refresh token to renew it.", cure=_SIGN_IN_AGAIN)
    answer = _refresh(config)
    fresh = answer.get("id_token")
    if not isinstance(fresh, str) or not fresh:
        raise _refused(config, "it renewed the sign-in, but gave no ID token")
    changes = [(token, fresh)] if token else []
    renewed, held = answer.get("refresh_token"), config["refresh-token"]
    if isinstance(renewed, str) and renewed not in ("", held):
        changes.append((held, renewed))
    keep(file, changes)
    return Granted(fresh, expires_at=token_expiry(fresh))


def keep(file: Path, changes: list[tuple[str, str]]) -> bool:
    """Put new tokens where the old ones stood, and leave all else in the file, comments included, as it is.

    Returns whether everything could be replaced. A file that somebody else changed meanwhile is left alone.
    """
    if not changes:
        return True
    try:
        text = file.read_text()
        if not all(old in text and _PLAIN.fullmatch(new) for old, new in changes):
            return False
        for old, new in changes:
            text = text.replace(old, new)
        fresh = file.with_name(f".{file.name}.basefly")
        mode = file.stat().st_mode & 0o777
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(text)
        fresh.chmod(mode)
        fresh.replace(file.resolve())
    except OSError:
        return False
    return True


def _refresh(config: dict[str, str]) -> dict[str, Any]:
    from basefly.cli.client import http

    issuer = config.get("idp-issuer-url", "").rstrip("/")
    if not issuer.startswith("https://"):
        raise _refused(config, "idp-issuer-url is no https:// address")
    form = {"grant_type": "refresh_token", "refresh_token": config["refresh-token"]}
    try:
        with http.dial(issuer, tls=_trust(config), answer=PATIENCE) as client:
            found = _json(config, client.get(f"{issuer}/.well-known/openid-configuration"))
            endpoint = found.get("token_endpoint")
            if not isinstance(endpoint, str) or not endpoint.startswith("https://"):
                raise _refused(config, "its configuration names no token endpoint")
            return _json(config, _ask(client, endpoint, form, config))
    except http.TransportError as error:
        raise _refused(config, http.reason(error)) from None


def _ask(client: http.Client, endpoint: str, form: dict[str, str], config: dict[str, str]) -> http.Response:
    """Prove the client in the header (RFC 6749, 2.3.1) and, if the issuer does not like that, in the form."""
    who, secret = config.get("client-id", ""), config.get("client-secret", "")
    in_form = {**form, "client_id": who, **({"client_secret": secret} if secret else {})}
    if not secret:
        return client.post(endpoint, data=in_form)
    answer = client.post(endpoint, data=form, auth=(who, secret))
    return answer if answer.is_success else client.post(endpoint, data=in_form)


def _json(config: dict[str, str], answer: http.Response) -> dict[str, Any]:
    decoded: Any = None
    with contextlib.suppress(ValueError):
        decoded = answer.json()
    if not answer.is_success:
        why = decoded.get("error") if isinstance(decoded, dict) else None
        told = f" ({why})" if isinstance(why, str) and re.fullmatch(r"[a-z_]{1,40}", why) else ""
        raise _refused(config, f"it answered {answer.status_code}{told}")
    if not isinstance(decoded, dict):
        raise _refused(config, "its answer is no JSON object")
    return decoded


def _trust(config: dict[str, str]) -> ssl.SSLContext | None:
    from basefly.cli.client import http

    encoded, path = config.get("idp-certificate-authority-data", ""), config.get("idp-certificate-authority", "")
    if not encoded and not path:
        return None
    try:
        return http.trust(base64.b64decode(encoded).decode() if encoded else Path(path).read_text())
    except (OSError, ValueError):  # ssl.SSLError is an OSError, binascii.Error a ValueError
        raise _refused(config, "its idp-certificate-authority cannot be read") from None


def _refused(config: dict[str, str], why: str) -> Failure:
    issuer = config.get("idp-issuer-url", "") or "without an address"
    return Failure(f"The OIDC token could not be renewed at the issuer {issuer}: {why}.", cure=_SIGN_IN_AGAIN)
