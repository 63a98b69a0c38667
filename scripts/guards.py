"""`make guards`: each row of the fault table has a guard in the hub; without it the row's test must fail.

Every guard is taken out of a copy of the tree, and its test run there. A test that passes without its guard proves
nothing, and ends this with exit code 1. `python -m scripts.guards 39 40` tries some rows only.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WATCH, SYNC = "basefly/base/kube/watch/", "basefly/core/sync/"
AUDIT, CHAIN = "basefly/core/audit/chain/", "tests/core/audit/chain/test_verifying.py::"
FAULTS = "tests/core/sync/faults/"
EFFECTS = f"{FAULTS}test_effects.py::test_row"
LISTS, SILENCE = f"{FAULTS}test_lists.py::test_", f"{FAULTS}test_silence.py::test_"
STRANGERS, REFUSALS = f"{FAULTS}test_strangers.py::test_", f"{FAULTS}test_refusals.py::test_"
STREAMS = "tests/base/kube/watch/test_streams.py::test_"
ADDRESSES = f"{FAULTS}test_addresses.py::test_"


class Edit(NamedTuple):
    """A piece of a file, and what stands there when the guard is gone."""

    path: str
    old: str
    new: str


class Guard(NamedTuple):
    """What defends a row: in words, the edits that take it out, and the test that must notice."""

    row: int
    what: str
    test: str
    edits: Sequence[Edit]


GUARDS = (
    Guard(29, "a link without its record is told", f"{CHAIN}test_takes_a_record", [
        Edit(f"{AUDIT}verifying.py", "if suspect.lost and not (", "if False and not ("),
    ]),
    Guard(29, "the chain is held against what was signed", f"{CHAIN}test_hashes_everything_anew", [
        Edit(f"{AUDIT}verifying.py", "if there.get(each.seq) != each.hash:", "if False:"),
    ]),
    Guard(29, "the chain is as long as what was signed", f"{CHAIN}test_cuts_the_end_off", [
        Edit(f"{AUDIT}verifying.py", "if each.seq > self._at.seq:", "if each.seq > self._at.seq and False:"),
        Edit(f"{AUDIT}verifying.py", "if there.get(each.seq) != each.hash:", "if each.seq in there and False:"),
    ]),
    Guard(29, "who has lost the lease adds no link", f"{CHAIN}test_writes_nothing_with_a_lease", [
        Edit(f"{AUDIT}sequencing.py", "        await fence(tx, lease)\n", ""),
    ]),
    Guard(31, "410 leads to a list", f"{LISTS}31_i9_i10_a_new_list_is_asked_for_no_older_than_what_was_seen", [
        Edit(f"{WATCH}follow.py", "        self._position.forget(error)\n", ""),
    ]),
    Guard(32, "a list that begins anew forgets the one given up", f"{LISTS}32_i9_a_list_expired_half_way", [
        Edit(f"{SYNC}stream.py", "                        self._shown = {}\n", ""),
    ]),
    Guard(33, "silent watches are compared with lists", f"{SILENCE}33_i3_i9_watches_that_fall_silent", [
        Edit(f"{WATCH}follow.py", "self._silent >= self._pace.deaf or ", ""),
    ]),
    Guard(33, "a deadline between signs of life", f"{SILENCE}33_i3_a_watch_on_a_dead_connection", [
        Edit("basefly/base/kube/lines.py", "asyncio.timeout(self.idle - waited)", "asyncio.timeout(None)"),
    ]),
    Guard(34, "silence alone is no failure", f"{SILENCE}34_i3_without_bookmarks_a_quiet_kind_stays_live", [
        Edit(f"{WATCH}follow.py", "            await self._stalled(error)\n", "            raise\n"),
    ]),
    Guard(35, "what is told twice is no news", f"{EFFECTS}[35-I9,I10-duplicate]", [
        Edit(f"{WATCH}position.py", "        if version == self.version:\n            return False\n", ""),
    ]),
    Guard(36, "what comes too late calls for a list", f"{EFFECTS}[36-I9,I10-reordered]", [
        Edit(f"{WATCH}position.py", "self.suspicious or version not in self._told", "False"),
    ]),
    Guard(37, "what a list does not show is swept", f"{LISTS}37_i9_a_deletion_that_nobody_told_leaves_a_tombstone", [
        Edit(f"{SYNC}store/merge.py", "and not exists (select from", "and false and not exists (select from"),
    ]),
    Guard(37, "a list now and then, whatever watches say", f"{LISTS}37_i9_deletions_that_a_watch_swallows", [
        Edit(f"{WATCH}follow.py", "if self._odd or self._pace.clock() >= self._list_by:", "if self._odd:"),
    ]),
    Guard(37, "a list that is due stays due", f"{LISTS}37_i9_a_list_that_is_due_stays_due", [
        Edit(f"{SYNC}stream.py", "                        self._owe(due=True)\n", "                        pass\n"),
        Edit(f"{SYNC}stream.py", "self._owe(doubtful=False, due=True)", "self._owe(doubtful=False)"),
    ]),
    Guard(37, "and for whoever follows next", f"{LISTS}37_i9_a_list_that_is_due_stays_due_for_whoever", [
        Edit(f"{SYNC}store/streams.py", "due = coalesce(i.due, s.due)", "due = s.due"),
        Edit(f"{SYNC}cluster.py", "self._kept |= {name: one.stream.kept for name, one in stopped.items()}", "pass"),
    ]),
    Guard(38, "lives are told apart by uid", f"{STRANGERS}38_i9_a_name_born_again", [
        Edit(f"{SYNC}kind.py", 'return meta.uid or f"{meta', 'return f"{meta'),
    ]),
    Guard(39, "a version that went back is noticed", f"{STRANGERS}39_i9_a_restored_cluster", [
        Edit(f"{WATCH}position.py", "if not older(version, self._seen):", "if True:"),
        Edit(f"{SYNC}cluster.py", '            return "restored"\n', '            return ""\n'),
    ]),
    Guard(39, "a restored cluster is said to be one", f"{STRANGERS}39_i9_a_restored_cluster", [
        Edit(f"{SYNC}writer.py", "await note_restored(tx, cluster_id)", "pass"),
    ]),
    Guard(40, "no list older than what was seen", f"{LISTS}40_i10_a_lagging_server_is_never_believed", [
        Edit(f"{WATCH}position.py", "if self._seen and not self._newest:", "if False:"),
        Edit(f"{WATCH}position.py", "if not self._restored and older(version, self._seen):", "if False:"),
    ]),
    Guard(41, "half a line is no line", f"{STREAMS}a_line_that_ends_with_the_answer_but_not_with_a_newline", [
        Edit("basefly/base/kube/lines.py", "                if not chunk:\n",
             "                if not chunk:\n                    yield [b''.join(cutter._parts)]\n"),
    ]),
    Guard(41, "a watch goes on from where it was", f"{EFFECTS}[41-I9,I10-truncated]", [
        Edit(f"{WATCH}position.py", "        self.version = self._seen = version\n        self._told",
             "        self.version = self._seen = str(int(version) + 3)\n        self._told"),
    ]),
    Guard(42, "whose text is broken is still known by name", f"{STRANGERS}42_i7_what_cannot_be_read_is_set_aside", [
        Edit(f"{WATCH}reader.py", "found = _IDENTITY.match(bytes(memoryview(body)[:4096]))", "found = None"),
    ]),
    Guard(42, "what cannot even be named calls for a list", f"{STRANGERS}42_i7_a_line_of_any_size", [
        Edit(f"{WATCH}stream.py", "self._position.suspicious = True", "pass"),
        Edit(f"{WATCH}follow.py", "if self._odd or self._pace", "if self._pace"),
    ]),
    Guard(42, "an answer says what it lacks", f"{STRANGERS}42_i3_a_list_says_that_it_lacks", [
        Edit(f"{SYNC}store/streams.py", "skipped = i.skipped +", "skipped = 0 * i.skipped +"),
    ]),
    Guard(43, "one object that cannot be read hides no other", f"{STRANGERS}43_i9_every_kind_with_every_type_flipped", [
        Edit(f"{SYNC}stream.py", "        if event.name:\n", "        if False:\n"),
    ]),
    Guard(43, "what is no longer served is gone", f"{STRANGERS}43_i9_a_definition_deleted_while_its_kind_is_watched", [
        Edit(f"{SYNC}cluster.py", '            await merge.sweep_objects(tx, [Sweep(place, (), "unserved")])\n', ""),
    ]),
    Guard(44, "Retry-After is obeyed", f"{REFUSALS}44_i8_retry_after_is_obeyed", [
        Edit(f"{WATCH}follow.py", "error.retry_after if isinstance(error, ApiError) else 0.0", "0.0"),
        Edit(f"{SYNC}cluster.py", "error.retry_after if isinstance(error, ApiError) else 0.0", "0.0"),
    ]),
    Guard(45, "a deadline until the answer begins", f"{EFFECTS}[45-I9-hang]", [
        Edit("basefly/base/kube/client.py", "asyncio.timeout(self.deadlines.until_answer)", "asyncio.timeout(None)"),
    ]),
    Guard(45, "a trickle is no sign of life", f"{EFFECTS}[45-I9-trickle]", [
        Edit("basefly/base/kube/lines.py", "if lines or pending >= SIGN:", "if True:"),
    ]),
    Guard(45, "a slow list keeps no turn", f"{SILENCE}45_i11_a_slow_cluster_keeps_no_turn_from_others", [
        Edit(f"{WATCH}turns.py", "call_later(self.lent, give_back)", "call_later(1e6, give_back)"),
        Edit(f"{WATCH}turns.py", "own = Turns(self.of_one, lent", "own = Turns(99, lent"),
    ]),
    Guard(46, "a cluster has a budget of what may wait", f"{LISTS}46_i7_i11_a_very_large_list", [
        Edit(f"{SYNC}writer.py", "if self._waiting.get(cluster_id, 0) >= BUDGET:", "if False:"),
    ]),
    Guard(47, "pages where streams are refused", f"{LISTS}47_i9_without_streamed_lists_pages_serve[unstreamed]", [
        Edit(f"{WATCH}follow.py", "except BadRequest as error:\n", "except BadRequest as error:\n            raise\n"),
    ]),
    Guard(47, "pages where streamed lists do not end", f"{LISTS}47_i9_without_streamed_lists_pages_serve[no end]", [
        Edit(f"{WATCH}follow.py", "        self._paged = True\n        self._source.client.unstreamed += 1\n", ""),
    ]),
    Guard(47, "a bound on a streamed list", f"{LISTS}47_i9_a_streamed_list_without_end", [
        Edit(f"{WATCH}stream.py", "if listing and pace.clock() - began > pace.listing:", "if False:"),
    ]),
    Guard(48, "certificates are verified", f"{REFUSALS}48_i6_a_wrong_certificate", [
        Edit("basefly/base/kube/credentials.py", '    context.set_alpn_protocols(["http/1.1"])\n',
             "    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n"),
    ]),
    Guard(48, "a safe version of TLS", f"{REFUSALS}48_i6_a_tls_of_old_is_refused", [
        Edit("basefly/base/kube/credentials.py", "context.minimum_version = ssl.TLSVersion.TLSv1_2\n",
             'context.minimum_version = ssl.TLSVersion.TLSv1\n    context.set_ciphers("ALL:@SECLEVEL=0")\n'),
    ]),
    Guard(49, "a cluster that does not know us is asked by one", f"{REFUSALS}49_i3_i6_a_revoked_token", [
        Edit(f"{SYNC}cluster.py", "            await self._stop(*self._running)\n        for name in self._known",
             "            pass\n        for name in self._known"),
    ]),
    Guard(50, "what may not be read is marked", f"{REFUSALS}50_i3_a_kind_we_may_no_longer_read", [
        Edit(f"{SYNC}cluster.py", 'state = "denied"', 'state = "live"'),
    ]),
    Guard(51, "names are asked for again", f"{ADDRESSES}51_i8_a_name_that_flaps_and_moves", [
        Edit("basefly/base/kube/client.py", "ttl_dns_cache=10", "ttl_dns_cache=None"),
    ]),
    Guard(51, "no forbidden address is dialed", f"{ADDRESSES}51_i6_a_name_that_comes_to_mean", [
        Edit("basefly/base/http.py", "if why := refusal(address[0], private=private):", 'if why := "":'),
    ]),
    Guard(52, "so many lists at once", f"{ADDRESSES}52_i8_i11_many_clusters_gone_at_once", [
        Edit(f"{WATCH}turns.py", "for gate in self._gates:", "for gate in ():"),
    ]),
)  # fmt: skip


def main(rows: Sequence[str]) -> int:
    """0 when every guard is missed by its test."""
    idle = 0
    for guard in GUARDS:
        if rows and str(guard.row) not in rows:
            continue
        with tempfile.TemporaryDirectory(prefix="basefly-guards-") as folder:
            copy = copied(Path(folder))
            for edit in guard.edits:
                take_out(copy / edit.path, edit)
            caught, how = noticed(copy, guard.test)
        idle += not caught
        print(f"{guard.row}  {'caught' if caught else 'MISSED'}  {guard.what}: {how}", flush=True)
    return 1 if idle else 0


def copied(folder: Path) -> Path:
    """The parts of the tree that the tests need, to be spoilt."""
    for part in ("basefly", "tests", "bench", "e2e", "scripts"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def take_out(path: Path, edit: Edit) -> None:
    """Replace the piece, which must be there exactly once."""
    text = path.read_text()
    if text.count(edit.old) != 1:
        raise SystemExit(f"{edit.path} has {text.count(edit.old)} times {edit.old!r}: the guard has moved")
    path.write_text(text.replace(edit.old, edit.new))


def noticed(copy: Path, test: str) -> tuple[bool, str]:
    """Whether the test fails, and the first word of how."""
    path, _, name = test.partition("::")
    selected = [test] if name.endswith("]") and "[" in name and "without_streamed" not in name else [path]
    if selected == [path]:
        base, _, case = name.partition("[")
        selected += ["-k", base.removesuffix("]") + (f" and {case.removesuffix(']').split()[0]}" if case else "")]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *selected]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=300, check=False)
    why = [line.removeprefix("E").strip() for line in done.stdout.splitlines() if line.startswith("E  ")]
    return done.returncode == 1, (why or done.stdout.splitlines() or ["nothing"])[-1 if not why else 0][:100]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
