// What a form sends, what is said of its mistakes, and the notes that answers bring.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldOf, told } from "../src/forms/errors.ts";
import { bodyOf } from "../src/forms/submit.ts";
import { noteOf } from "../src/toasts.ts";

test("a pointer leads to its field", () => {
  assert.equal(fieldOf("/labels/0/name"), "labels");
  assert.equal(fieldOf("/a~1b~0c"), "a/b~c");
  assert.equal(fieldOf(""), "");
});

test("a problem is told with its cure", () => {
  assert.equal(told({ title: "Wrong", detail: "The name is taken.", cure: "Choose another." }), "The name is taken. Choose another.");
  assert.equal(told({}), "This could not be done.");
});

test("a form without files is sent as browsers send it, one with files in parts", () => {
  const data = new FormData();
  data.append("selected", "a");
  data.append("selected", "b c");
  assert.equal(String(bodyOf(data)), "selected=a&selected=b+c");
  data.append("file", new File(["x"], "kubeconfig"));
  assert.ok(bodyOf(data) instanceof FormData);
});

test("a note says its kind, or is of one that went well", () => {
  assert.deepEqual(noteOf("warn:Saved%2C%20but%20late"), { text: "Saved, but late", kind: "warn" });
  assert.deepEqual(noteOf("Saved"), { text: "Saved", kind: "ok" });
  assert.deepEqual(noteOf("pink:Saved"), { text: "pink:Saved", kind: "ok" });
  assert.deepEqual(noteOf("100%"), { text: "100%", kind: "ok" });
  assert.equal(noteOf(null), undefined);
});
