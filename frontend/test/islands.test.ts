// Lines of logs and figures of charts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, filterOf, levelOf, parse, Store } from "../src/islands/log-lines.ts";
import { number, said } from "../src/islands/series.ts";

test("the moment before a line is no part of it", () => {
  const line = parse("2026-01-02T03:04:05.678901234Z ERROR heap exhausted");
  assert.equal(line.at?.toISOString(), "2026-01-02T03:04:05.678Z");
  assert.equal(line.text, "ERROR heap exhausted");
  assert.equal(parse("no moment here").at, undefined);
});

const LEVELS: [string, string][] = [
  ["E0102 03:04:05 controller.go:1] failed", "error"],
  ['{"level":"warn","msg":"slow"}', "warn"],
  ["level=info msg=ready", "info"],
  ["DEBUG cache hit", "debug"],
  ["terrorise the informant", ""],
];
for (const [text, level] of LEVELS) test(`“${text}” is ${level || "of no level"}`, () => assert.equal(levelOf(text), level));

test("a terminal's colours are left out", () => assert.equal(parse("\u001b[31mred\u001b[0m").text, "red"));

test("a filter is a part of the text, or a pattern between slashes", () => {
  assert.deepEqual(filterOf("HEAP")?.find("the heap"), [4, 8]);
  assert.equal(filterOf("HEAP")?.find("stack"), undefined);
  assert.deepEqual(filterOf("/h..p/")?.find("the heap"), [4, 8]);
  assert.deepEqual(filterOf("/H..P/gi")?.find("the heap"), [4, 8]);
  assert.equal(filterOf(""), undefined);
  assert.throws(() => filterOf("/(/"), SyntaxError);
});

test("a stream may break anywhere within a line", () => {
  const store = new Store(10);
  store.take("one\ntw");
  store.take("o\r\nthr");
  assert.deepEqual(store.lines.map((line) => line.text), ["one", "two"]);
  store.end();
  assert.deepEqual(store.lines.map((line) => line.text), ["one", "two", "thr"]);
});

test("only the newest lines are held, and what went is counted", () => {
  const store = new Store(2);
  store.add(["a", "b", "c"]);
  assert.deepEqual(store.lines.map((line) => line.text), ["b", "c"]);
  assert.equal(store.dropped, 1);
});

test("everyone's clock is UTC", () => assert.equal(clock(new Date("2026-01-02T03:04:05.678Z"), true), "03:04:05.678"));

test("a figure is read from how it is written", () => {
  assert.equal(number("1,204.5 m"), 1204.5);
  assert.equal(number("-3"), -3);
  assert.equal(number("–"), null);
});

test("a moment is read aloud with what is missing", () => {
  const series = { title: "", unit: "m", labels: ["web", "db"], times: [0], values: [[12], [null]] };
  assert.equal(said(series, 0, String), "0: web 12 m, db no value");
});
