// The cases of TestHumanDuration in k8s.io/apimachinery/pkg/util/duration, and the ends of each range.

import assert from "node:assert/strict";
import { test } from "node:test";
import { age } from "../src/live/clock.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

const cases: [number, string][] = [
  [-5 * SECOND, "0s"],
  [SECOND, "1s"],
  [70 * SECOND, "70s"],
  [119 * SECOND, "119s"],
  [190 * SECOND, "3m10s"],
  [70 * MINUTE, "70m"],
  [179 * MINUTE, "179m"],
  [3 * HOUR, "3h"],
  [7 * HOUR + 59 * MINUTE, "7h59m"],
  [47 * HOUR, "47h"],
  [49 * HOUR, "2d1h"],
  [8 * DAY + 2 * HOUR, "8d"],
  [367 * DAY, "367d"],
  [2 * YEAR, "2y"],
  [4 * YEAR + 4 * DAY, "4y4d"],
  [8 * YEAR + 4 * DAY, "8y"],
];

for (const [elapsed, text] of cases) {
  test(`${elapsed} ms ago is ${text}`, () => assert.equal(age(elapsed), text));
}
