import assert from "node:assert/strict";
import { test } from "node:test";

import { source, taken } from "../src/islands/suggest.ts";

test("a value takes the place of its word, and a space follows it", () => {
  assert.deepEqual(taken("web sta x", { start: 4, end: 7 }, "status:Running"), { text: "web status:Running x", caret: 19 });
});

test("a field waits for its value", () => {
  assert.deepEqual(taken("sta", { start: 0, end: 3 }, "status:"), { text: "status:", caret: 7 });
});

test("what was typed of the word meanwhile goes with it, and what stands behind a space stays", () => {
  assert.deepEqual(taken("stat", { start: 0, end: 2 }, "status:", 4), { text: "status:", caret: 7 });
  assert.deepEqual(taken("st web", { start: 0, end: 2 }, "status:", 6), { text: "status: web", caret: 7 });
});

test("suggestions are asked for in the scope of the page, and nothing else of its address", () => {
  const asked = source("/api/v1/objects/pods/suggestions", "ns:", 3, "?cluster=a&cluster=b&q=old&sort=name&set=env%3Dprod");
  assert.equal(asked, "/api/v1/objects/pods/suggestions?q=ns%3A&at=3&cluster=a&cluster=b&set=env%3Dprod");
});
