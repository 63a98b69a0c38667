import assert from "node:assert/strict";
import { test } from "node:test";
import { between, clock, parse, pauseAt } from "../src/islands/terminal/cast.ts";

const TEXT = '{"version":2,"width":100,"height":30,"duration":9.5}\n[0.5,"o","$ "]\n[1,"i","ls\\r"]\n[8,"o","bin\\r\\n"]\n[8.1,"o';

test("a recording is its header and its events, though it be cut off", () => {
  const { header, events, length } = parse(TEXT);
  assert.deepEqual([header.width, header.height, length], [100, 30, 9.5]);
  assert.deepEqual(events.map(({ text }) => text), ["$ ", "ls\r", "bin\r\n"]);
});

test("what is shown is what lies between two moments", () => {
  const { events } = parse(TEXT);
  assert.equal(between(events, -1, 1).length, 2);
  assert.equal(between(events, 1, 8).length, 1);
});

test("long pauses end shortly before something is shown", () => {
  const { events } = parse(TEXT);
  assert.equal(pauseAt(events, 1), 7.5);
  assert.equal(pauseAt(events, 6), undefined);
  assert.equal(pauseAt(events, 9), undefined);
});

test("time is told in minutes and seconds", () => {
  assert.equal(clock(61.9), "1:01");
  assert.equal(clock(0), "0:00");
});
