"""Which stage a stack is of."""

from __future__ import annotations

from bench.ingest.sampled import REST, stage

PSYCOPG = "/site-packages/psycopg/"
MERGE, BATCH = "/basefly/core/sync/store/merge.py", "/basefly/core/sync/writing/batch.py"


def test_the_innermost_frame_that_belongs_to_a_stage_has_it() -> None:
    assert stage([PSYCOPG + "_copy_async.py", MERGE, BATCH]) == "COPY and its lines"
    assert stage([PSYCOPG + "waiting.py", MERGE, BATCH]) == "statements"
    assert stage(["/lib/python3.11/enum.py", "/basefly/core/sync/kinds/pods.py", BATCH]) == "projection"
    assert stage(["/site-packages/aiohttp/client_proto.py", "/basefly/base/kube/watch/stream.py"]).startswith("network")


def test_a_stack_of_nothing_that_is_known_is_everything_else() -> None:
    assert stage(["/lib/python3.11/enum.py", "/basefly/cli/server.py"]) == REST
    assert stage([]) == REST
