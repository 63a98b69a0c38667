"""The hub's own PostgreSQL: begins, goes on where it was, and refuses clearly what it cannot do."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from basefly.base.db import migrate, postmaster
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.postmaster import memory, shared_buffers
from basefly.base.settings import Settings, SettingsError

OTHER = Path("/usr/lib/postgresql/15/bin")
GIB = 2**30
ROOT = Path(__file__).resolve().parents[3]
Start = Callable[..., Embedded]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def start(data_dir: Path) -> Iterator[Start]:
    """Start a server in `data_dir`, and stop every one that was started."""
    started: list[Embedded] = []

    def start(**settings: object) -> Embedded:
        embedded = Embedded.start(Settings(**{"data_dir": data_dir, **settings}))  # type: ignore[arg-type]  # by name
        started.append(embedded)
        return embedded

    yield start
    for embedded in started:
        embedded.stop()


def value(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


async def test_it_migrates_serves_and_keeps_what_was_written(start: Start) -> None:
    for _ in range(2):
        embedded = start()
        await migrate.up(embedded.owner_url)
        db = await Database.open(embedded.app_url)
        async with db.transaction() as tx:
            await tx.execute("insert into organizations (name) values ('Acme')")
        await db.close()
        embedded.stop()
    assert value(start().superuser_url(), "select count(*) from organizations") == 2


def test_it_listens_nowhere_but_on_its_private_socket(start: Start, data_dir: Path) -> None:
    url = start().superuser_url()
    assert value(url, "select current_setting('listen_addresses')") == ""
    folder = data_dir / "postgres" / "run"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert {path.lstat().st_uid for path in data_dir.rglob("*")} == {os.getuid()}, "no file belongs to anybody else"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("synchronous_commit", "on"), ("fsync", "on"), ("full_page_writes", "on"), ("jit", "off"),
        ("max_connections", "100"), ("TimeZone", "UTC"), ("server_encoding", "UTF8"),
    ],
)  # fmt: skip
def test_its_settings(server: Embedded, name: str, expected: str) -> None:
    assert value(server.app_url, f"select current_setting('{name}')") == expected


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    embedded = Embedded.start(Settings(data_dir=tmp_path_factory.mktemp("server")))
    yield embedded
    embedded.stop()


def test_names_sort_by_code_point_as_everywhere(server: Embedded) -> None:
    query = "select string_agg(x, '' order by x) from unnest(array['b', 'ä', 'B', 'a', 'é', '-']) x"
    assert value(server.app_url, query) == "-Babäé"


def test_a_second_hub_is_told_who_is_there(start: Start, data_dir: Path) -> None:
    start()
    with pytest.raises(SettingsError, match=f"process {os.getpid()}.*{data_dir}(?s:.*)BASEFLY_DATA_DIR"):
        Embedded.start(Settings(data_dir=data_dir))


def test_a_long_path_gets_a_short_socket(start: Start, data_dir: Path) -> None:
    deep = data_dir / ("x" * 60) / ("y" * 60)
    embedded = start(data_dir=deep)
    assert value(embedded.app_url, "select 1") == 1
    folder = Path(str(value(embedded.superuser_url(), "select current_setting('unix_socket_directories')")))
    assert len(str(folder)) < 60
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    embedded.stop()
    folder.chmod(0o777)
    with pytest.raises(SettingsError, match="private"):
        start(data_dir=deep)
    folder.rmdir()


def test_data_of_another_version_is_refused_with_a_way_out(start: Start, data_dir: Path) -> None:
    start().stop()
    version = data_dir / "postgres/data/PG_VERSION"
    version.write_text("15\n")
    before = sorted(data_dir.rglob("*"))
    with pytest.raises(SettingsError) as refused:
        start()
    for words in (
        "PostgreSQL 15",
        "version 18",
        "BASEFLY_POSTGRES_BIN=/usr/lib/postgresql/15/bin",
        "pg_dump",
        "pg_upgrade",
    ):
        assert words in str(refused.value)
    assert sorted(data_dir.rglob("*")) == before, "nothing was touched"


@pytest.mark.skipif(not OTHER.exists(), reason="needs a PostgreSQL 15 in /usr/lib/postgresql")
async def test_the_way_out_leads_out(start: Start, data_dir: Path) -> None:
    """What the refusal says, word for word: dump with the old programs, restore into the new."""
    old = start(postgres_bin=str(OTHER))
    await migrate.up(old.owner_url)
    with psycopg.connect(old.owner_url) as owner:
        owner.execute("insert into organizations (name) values ('Acme')")
    place = ["-h", str(data_dir / "postgres/run"), "-U", "postgres"]
    dump = str(data_dir / "dump")
    run(OTHER / "pg_dump", *place, "-Fc", "basefly", "-f", dump)
    old.stop()
    with pytest.raises(SettingsError, match="version 18"):
        start()
    (data_dir / "postgres/data").rename(data_dir / "postgres/data.15")
    new = start()
    run(postmaster.Binaries.find().folder / "pg_restore", *place, "-d", "basefly", "--clean", "--if-exists", dump)
    assert value(new.app_url, "select name from organizations") == "Acme"
    assert (await migrate.status(new.owner_url)).pending == ()
    db = await Database.open(new.app_url)
    await db.close()


def run(program: Path, *words: str) -> None:
    subprocess.run([program, *words], check=True)


def test_a_half_made_folder_is_made_anew(start: Start, data_dir: Path) -> None:
    half = data_dir / "postgres/data.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    assert value(start().app_url, "select 1") == 1
    assert not half.exists()


def test_programs_that_are_not_there_are_named(start: Start, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BASEFLY_POSTGRES_BIN"):
        start(postgres_bin=str(tmp_path))


def test_a_server_that_does_not_start_shows_its_log(data_dir: Path) -> None:
    with pytest.raises(SettingsError, match="max_connections"):
        Embedded.start(Settings(data_dir=data_dir), options={"max_connections": "none"})
    Embedded.start(Settings(data_dir=data_dir)).stop()  # the folder is free again


NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
REACHED = os.getuid() == 0 and not subprocess.run([*NOBODY, sys.executable, "-c", ""], cwd="/", check=False).returncode
as_root = pytest.mark.skipif(not REACHED, reason="needs root, and a checkout that the account nobody can read")


@as_root
def test_an_ordinary_user_needs_nothing() -> None:
    home = Path("/tmp/basefly-home-of-nobody")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    shutil.chown(home, "nobody", "nogroup")
    try:
        said = _as(NOBODY, home)
    finally:
        shutil.rmtree(home)
    assert said == f"basefly_app {pwd.getpwnam('nobody').pw_uid}"


def _as(prefix: list[str], home: Path) -> str:
    """Start and stop a server as somebody else, and say as whom it served and who owns its data."""
    script = (
        "import os, psycopg; from basefly.base.settings import load; from basefly.base.db.embedded import Embedded\n"
        "settings = load(); server = Embedded.start(settings)\n"
        "user = psycopg.connect(server.app_url).execute('select current_user').fetchone()[0]\n"
        "server.stop(); print(user, os.stat(settings.data_dir / 'postgres/data').st_uid)"
    )
    done = subprocess.run(
        [*prefix, sys.executable, "-c", script],
        cwd="/", env={"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


@as_root
def test_root_without_namespaces_uses_an_account_that_is_let_through_to_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    open_to_all, closed = Path("/tmp/basefly-root-open"), Path("/tmp/basefly-root-closed")
    for folder in (open_to_all, closed):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o755)
    closed.chmod(0o700)
    try:
        for folder in (open_to_all, closed):
            embedded = Embedded.start(Settings(data_dir=folder))
            assert value(embedded.app_url, "select current_user::text") == "basefly_app"
            embedded.stop()
        (tmp_path / "setpriv").write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / "setpriv").chmod(0o755)
        with pytest.raises(SettingsError, match=r"cannot reach(?s:.*)BASEFLY_DATA_DIR"):
            Embedded.start(Settings(data_dir=closed))
    finally:
        shutil.rmtree(open_to_all)
        shutil.rmtree(closed)


@pytest.mark.parametrize(
    ("machine", "given"), [(GIB, "128MB"), (8 * GIB, "256MB"), (24 * GIB, "768MB"), (512 * GIB, "1024MB")]
)
def test_a_large_machine_keeps_more_pages(machine: int, given: str) -> None:
    assert shared_buffers(machine) == given


def test_a_control_group_counts_where_it_leaves_less(tmp_path: Path) -> None:
    told = tmp_path / "memory.max"
    whole = memory(told)
    for text, expected in ((f"{GIB}\n", GIB), ("max\n", whole), (f"{2**60}\n", whole), ("soon\n", whole)):
        told.write_text(text)
        assert memory(told) == expected
