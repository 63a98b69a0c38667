// What the worker keeps: pages and assets. Never data, streams, writes, or what is about secrets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { escaped, keeps, marked, way } from "../src/worker/rules.ts";

const HUB = "https://hub.example";
const asked = (path: string, change = {}) => way({ method: "GET", mode: "navigate", url: HUB + path, fragment: false, ...change }, HUB);

test("pages and assets are kept", () => {
  assert.equal(asked("/pods?q=a"), "page");
  assert.equal(asked("/"), "page");
  assert.equal(asked("/static/app-1.js", { mode: "cors" }), "asset");
});

for (const path of ["/api/v1/search", "/live?topic=a", "/settings", "/settings/tokens", "/setup", "/confirm", "/reset-password", "/connect", "/sw.js", "/metrics"]) {
  test(`${path} goes straight to the hub`, () => assert.equal(asked(path), "pass"));
}

test("only whole words name what is never kept", () => assert.equal(asked("/liveness"), "page"));

test("writes, parts and other hosts pass", () => {
  assert.equal(asked("/pods", { method: "POST" }), "pass");
  assert.equal(asked("/pods", { fragment: true }), "pass");
  assert.equal(asked("/pods", { mode: "cors" }), "pass");
  assert.equal(way({ method: "GET", mode: "navigate", url: "https://other.example/", fragment: false }, HUB), "pass");
});

test("who comes to the door or leaves by it takes the kept pages along", () => {
  assert.equal(asked("/sign-in?next=/pods"), "sign-out");
  assert.equal(asked("/sign-out", { method: "POST" }), "sign-out");
});

test("a kept page is whole and itself", () => {
  assert.ok(keeps(200, "text/html; charset=utf-8", false));
  assert.ok(!keeps(404, "text/html", false));
  assert.ok(!keeps(200, "text/html", true));
  assert.ok(!keeps(200, "application/json", false));
});

test("a kept page carries its moment, and nothing that is none", () => {
  assert.equal(marked('<html lang="en">', "2026-01-02T03:04:05.678Z"), '<html data-kept-at="2026-01-02T03:04:05.678Z" lang="en">');
  assert.equal(marked("<html>", '"><script>'), '<html data-kept-at="script">');
  assert.equal(escaped(`<a href="'&">`), "&lt;a href=&quot;&#39;&amp;&quot;&gt;");
});
