// What keys mean, which of them may be given, and which rows a range takes in.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pressedKey } from "../src/keys/keyboard.ts";
import { conflict, letters, meaning, type Shortcut } from "../src/keys/registry.ts";
import { counted, range } from "../src/list/selection.ts";

const make = (id: string, keys: string, here = true): Shortcut => ({ id, keys, does: id, subject: "Rows", run: () => undefined, here: () => here });
const all = [make("next", "j"), make("pods", "g p"), make("absent", "l", false), make("nodes", "g n")];

function said(pressed: string, chosen = {}): string | undefined {
  const found = meaning(pressed, all, chosen);
  return found && ("run" in found ? found.run.id : `waits for ${found.waits}`);
}

test("a key runs its shortcut, the first of two waits for the second", () => {
  assert.equal(said("j"), "next");
  assert.equal(said("g"), "waits for g");
  assert.equal(said("g p"), "pods");
  assert.equal(said("z"), undefined);
});

test("what cannot be done here leaves its key alone", () => assert.equal(said("l"), undefined));

test("other keys take the place of ours", () => {
  assert.equal(said("n", { next: "n" }), "next");
  assert.equal(said("j", { next: "n" }), undefined);
});

test("keys that another has, begins with or is begun by are in conflict", () => {
  assert.equal(conflict("next", "g p", all, {})?.id, "pods");
  assert.equal(conflict("next", "g", all, {})?.id, "pods");
  assert.equal(conflict("pods", "j p", all, {})?.id, "next");
  assert.equal(conflict("next", "j", all, {}), undefined);
  assert.equal(conflict("pods", "j", all, { next: "n" }), undefined);
});

test("shift is said with letters only", () => {
  assert.equal(pressedKey({ key: "X", shiftKey: true }), "Shift+x");
  assert.equal(pressedKey({ key: "?", shiftKey: true }), "?");
  assert.equal(pressedKey({ key: "x", shiftKey: false }), "x");
});

test("each word gets a letter of its own", () => {
  assert.deepEqual(letters(["Name", "Namespace", "Age"]), ["n", "a", "g"]);
  assert.deepEqual(letters(["aa", "a"]), ["a", undefined]);
  assert.deepEqual(letters(["Pods"], ["p"]), ["o"]);
});

test("a range goes either way, and is one row when its beginning is not in sight", () => {
  const shown = ["a", "b", "c", "d"];
  assert.deepEqual(range(shown, "b", "d"), ["b", "c", "d"]);
  assert.deepEqual(range(shown, "d", "b"), ["b", "c", "d"]);
  assert.deepEqual(range(shown, "elsewhere", "c"), ["c"]);
  assert.deepEqual(range(shown, undefined, "c"), ["c"]);
});

test("a selection is counted in words", () => {
  assert.equal(counted(1), "1 selected");
  assert.equal(counted(12), "12 selected");
});
