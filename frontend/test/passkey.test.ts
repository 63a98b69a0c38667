// What a passkey's answer is written in, and where one is led afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, ours, text } from "../src/islands/passkey.ts";

test("bytes survive the way there and back", () => {
  const raw = Uint8Array.from({ length: 256 }, (_, index) => index);
  const written = text(raw.buffer);
  assert.match(written, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(bytes(written), raw);
  assert.deepEqual(bytes(text(new Uint8Array([255]).buffer)), new Uint8Array([255]));
});

test("one is led to pages of this hub only", () => {
  Object.assign(globalThis, { location: { origin: "https://hub.example" } });
  assert.equal(ours("/pods?q=a#b"), "/pods?q=a#b");
  for (const elsewhere of ["//evil.example", "https://evil.example/x", "javascript:alert(1)", "/\\evil.example"]) {
    assert.equal(ours(elsewhere), "/");
  }
});
