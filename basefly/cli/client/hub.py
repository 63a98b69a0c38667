"""The hub's JSON API from the command line: requests, pages, and problems told as failures with an exit code."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from basefly.cli.client import http
from basefly.cli.exits import Exit, Failure

API = "/api/v1"
Params = Mapping[str, str | int | bool | list[str]]
_EXITS = {401: Exit.NOT_SIGNED_IN, 403: Exit.DENIED, 404: Exit.NOT_FOUND}
_GATEWAY = (502, 503, 504)


class Hub:
    """A connection to one hub as one person. Safe to share between threads. Every method raises Failure."""

    def __init__(self, url: str, token: str = "", *, answer: float | None = http.ANSWER) -> None:
        self.url = url.rstrip("/")
        self.signed_in = bool(token)
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = http.dial(self.url, headers=headers, answer=answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, params: Params | None = None) -> Any:
        """The decoded answer."""
        return self._decoded(self.send("GET", path, params=params))

    def post(self, path: str, body: Any = None) -> Any:
        """Send JSON; the decoded answer, or None where there is none."""
        return self._decoded(self.send("POST", path, body=body))

    def put(self, path: str, body: Any) -> Any:
        """As `post`."""
        return self._decoded(self.send("PUT", path, body=body))

    def patch(self, path: str, body: Any) -> Any:
        """As `post`."""
        return self._decoded(self.send("PATCH", path, body=body))

    def delete(self, path: str) -> None:
        """Remove what is there."""
        self.send("DELETE", path)

    def text(self, path: str) -> str:
        """An answer that is no JSON, such as a manifest."""
        return self.send("GET", path).text

    def version(self) -> str:
        """The hub's own version, as its API document says it."""
        return str(self.get("/api/openapi.json")["info"]["version"])

    def pages(self, path: str, params: Params) -> Iterator[Any]:
        """Every page of a list, by its cursors."""
        cursor = ""
        while True:
            page = self.get(path, {**params, "cursor": cursor} if cursor else params)
            yield page
            cursor = page.get("next") or ""
            if not cursor:
                return

    def changes(self, topics: list[str]) -> Iterator[list[str]]:
        """Each time something changes, its topics, or [] when anything may have. Ends with the connection."""
        with self._streaming(f"{API}/changes", {"topic": topics}) as answer:
            event, data = "", ""
            for line in answer.iter_lines():
                if not line:
                    if event in ("changed", "reset"):
                        yield list(json.loads(data or "[]")) if event == "changed" else []
                    event, data = "", ""
                    continue
                field, _, value = line.partition(":")
                event = value.strip() if field == "event" else event
                data = data + value.strip() if field == "data" else data

    @contextmanager
    def lines(self, path: str, params: Params) -> Iterator[Iterator[str]]:
        """An answer line by line, as it comes; it may be long, and take long."""
        with self._streaming(API + path, params) as answer:
            yield answer.iter_lines()

    def send(self, method: str, path: str, *, params: Params | None = None, body: Any = None) -> httpx.Response:
        """One request; a Failure unless the answer is good."""
        path = path if path.startswith(("/api/", "/health")) else API + path
        try:
            answer = self._client.request(method, path, params=params, json=body)
        except httpx.TransportError as error:
            raise self.unreachable(http.reason(error)) from None
        except httpx.InvalidURL:
            raise Failure(f"{self.url} is no address.", cure="Give one like https://basefly.example.com.") from None
        if not answer.is_success:
            raise self._failure(answer)
        return answer

    def _streaming(self, path: str, params: Params) -> _Stream:
        return _Stream(self, self._client, path, params)

    def _decoded(self, answer: httpx.Response) -> Any:
        if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise self.unreachable("what answers there is not Basefly") from None

    def unreachable(self, why: str) -> Failure:
        """No sensible answer from the hub."""
        cure = "Start it with `basefly up`" if http.is_loopback(self.url) else "Check the address and the network"
        return Failure(
            f"The hub at {self.url} does not answer: {why}.",
            cure=f"{cure}, or name another with --url or BASEFLY_URL. `basefly doctor` looks closer.",
            exit_code=Exit.UNREACHABLE,
        )

    def _failure(self, answer: httpx.Response) -> Failure:
        problem = _problem(answer)
        status = answer.status_code
        if not problem and (status in _GATEWAY or answer.is_redirect):
            what = f"leads elsewhere ({answer.headers.get('Location', '')})" if answer.is_redirect else f"says {status}"
            return self.unreachable(f"something on the way {what}")
        if not problem and status == httpx.codes.NOT_FOUND:
            return self.unreachable("what answers there has no such API; it may not be Basefly, or an older one")
        exit_code = _EXITS.get(status, Exit.ERROR)
        if status == httpx.codes.UNPROCESSABLE_ENTITY and answer.request.method == "GET":
            exit_code = Exit.USAGE  # nothing was to be done: the question itself was written wrongly
        if exit_code is Exit.NOT_SIGNED_IN:
            if self.signed_in and os.environ.get("BASEFLY_TOKEN", "").strip():
                cure = "Unset it to use your login, or set one that is good: `basefly tokens create` makes them."
                return Failure("The hub does not accept the token in BASEFLY_TOKEN.", cure=cure, exit_code=exit_code)
            what = "The hub no longer accepts your sign-in." if self.signed_in else "You are not signed in."
            return Failure(what, cure=f"basefly login {self.url}", exit_code=exit_code)
        what = problem.get("detail") or problem.get("title") or f"The hub answered {status}."
        request = answer.headers.get("X-Request-ID", "")
        notes = (f"Request {request}; the hub's log says more under this name.",) if status >= 500 and request else ()
        return Failure(
            what,
            cure=problem.get("cure", ""),
            exit_code=exit_code,
            notes=_notes(problem) + notes,
            code=problem.get("code", ""),
        )


class _Stream:
    """An answer that goes on for as long as both sides like."""

    def __init__(self, hub: Hub, client: httpx.Client, path: str, params: Params) -> None:
        self._hub = hub
        self._opening = client.stream(
            "GET", path, params=params, headers={"Accept": "text/event-stream"}, timeout=httpx.Timeout(60.0)
        )

    def __enter__(self) -> Self:
        try:
            self._answer = self._opening.__enter__()
        except httpx.TransportError as error:
            raise self._hub.unreachable(http.reason(error)) from None
        if not self._answer.is_success:
            self._answer.read()
            raise self._hub._failure(self._answer)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._opening.__exit__(kind, error, at)

    def iter_lines(self) -> Iterator[str]:
        """Lines as they come; a broken connection is an end like any other."""
        try:
            yield from self._answer.iter_lines()
        except httpx.TransportError:
            return


def _problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem details (RFC 9457), or nothing if the answer is something else."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return {}
    try:
        problem = answer.json()
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _notes(problem: dict[str, Any]) -> tuple[str, ...]:
    """A line for each wrong field and each failed check, unless it only repeats the detail."""
    fields = [
        f"{e.get('pointer', '')}: {e.get('detail', '')}".lstrip(": ")
        for e in problem.get("errors") or ()
        if e.get("detail") != problem.get("detail")
    ]
    checks = [
        f"{check.get('name')}: {check.get('detail')}"
        for check in problem.get("checks") or ()
        if not check.get("ok") and check.get("detail") != problem.get("detail")
    ]
    return (*fields, *checks)
