// How far a bar of tabs is scrolled.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toMiddle } from "../src/tabs.ts";

const bar = { left: 16, width: 360 };

test("a tab out of sight comes to the middle", () => assert.equal(toMiddle(bar, { left: 466, width: 100 }), 320));

test("a tab in the middle stays where it is", () => assert.equal(toMiddle(bar, { left: 146, width: 100 }), 0));

test("before the middle it is scrolled back, which at the beginning of a bar does nothing", () => {
  assert.ok(toMiddle(bar, { left: 16, width: 100 }) < 0);
});
