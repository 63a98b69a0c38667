// What a page hears, what its badge says, and which rows wait.

import assert from "node:assert/strict";
import { test } from "node:test";
import { alarm, word } from "../src/live/freshness.ts";
import { compare, summary } from "../src/live/rows.ts";
import { backoff } from "../src/live/stream.ts";
import { address, matches } from "../src/live/topics.ts";

test("a pattern's star stands for one segment, no more", () => {
  assert.ok(matches("inventory/*/pods", "inventory/7/pods"));
  assert.ok(!matches("inventory/*/pods", "inventory/7/nodes"));
  assert.ok(!matches("inventory/*", "inventory/7/pods"));
});

test("a change of everything in a cluster concerns each of its lists", () => {
  assert.ok(matches("inventory/7/pods", "inventory/7/*"));
  assert.ok(!matches("inventory/8/pods", "inventory/7/*"));
});

test("the same topics give the same stream, whatever their order", () => {
  assert.equal(address(["b/*", "a", "b/*"]), "/live?topic=a&topic=b%2F*");
});

test("attempts grow rarer, up to half a minute, and never all at once", () => {
  assert.equal(backoff(1, 1), 1000);
  assert.equal(backoff(3, 1), 4000);
  assert.equal(backoff(30, 1), 30_000);
  assert.equal(backoff(3, 0), 2000);
});

test("live is only called what every cluster answers for", () => {
  assert.equal(word("live", 0, "14:21").label, "Live");
  assert.equal(word("live", 1, "14:21").label, "1 cluster behind");
  assert.equal(word("live", 2, "14:21").state, "warn");
  assert.equal(word("offline", 0, "14:21").label, "Offline, as of 14:21");
});

test("rows that come and go are counted", () => {
  const held = compare(["a", "b", "c"], ["b", "c", "d", "e"], false);
  assert.deepEqual(held, { arrived: 2, left: 1 });
  assert.equal(summary(held), "2 new, 1 gone");
});

test("a row pushed over to the next page is not gone", () => {
  assert.deepEqual(compare(["b", "c", "d"], ["a", "b", "c"], true), { arrived: 1, left: 0 });
  assert.deepEqual(compare(["a", "b", "c"], ["b", "c", "d"], true), { arrived: 0, left: 1 });
});

test("another order says so", () => {
  assert.equal(summary(compare(["a", "b"], ["b", "a"], false)), "The order has changed");
});

test("what cannot be new says so over the page, with its time", () => {
  assert.equal(alarm("live", false, false, "14:21"), "");
  assert.equal(alarm("reconnecting", false, false, "14:21"), "");
  assert.match(alarm("polling", true, false, "14:21"), /^The hub does not answer\. .*14:21/);
  assert.equal(alarm("offline", false, false, "14:21"), "Offline. This is what was there at 14:21.");
  assert.equal(alarm("connecting", false, true, "14:21"), "Offline. This is what was there at 14:21.");
});
