"""The small private file by which the commands find a running fleet."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import msgspec


class State(msgspec.Struct):
    """Where the control server of a fleet listens on loopback, and the token that it wants to see."""

    port: int
    token: str


def default_path() -> Path:
    folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(folder) / f"basefly-sim-{os.getuid()}.json"


def write(path: Path, state: State) -> None:
    write_private(path, msgspec.json.encode(state).decode())


def write_private(path: Path, text: str) -> None:
    """Put a file with credentials in place at once, for its owner alone; a link that someone left there is replaced."""
    handle, made = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(made).replace(path)


def read(path: Path) -> State:
    """The state in a file of our own; a LookupError says the cure where there is none."""
    try:
        if path.stat().st_uid != os.getuid():
            raise LookupError(f"{path} is another user's: name your own with --state")
        return msgspec.json.decode(path.read_bytes(), type=State)
    except (OSError, msgspec.MsgspecError) as error:
        cure = "start a fleet with `python -m basefly.sim serve`, or name its file with --state"
        raise LookupError(f"no simulated fleet is found by {path} ({error}): {cure}") from None


def forget(path: Path, state: State) -> None:
    """Remove the file, unless another fleet has put its own there."""
    try:
        if read(path).token == state.token:
            path.unlink()
    except LookupError:
        return
