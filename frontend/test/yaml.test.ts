// Where in a YAML document a line is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { indentAfter, keyOf, pathAt } from "../src/islands/yaml-path.ts";

const TEXT = `apiVersion: apps/v1
metadata:
  labels:
    app: web
spec:
  replicas: 1
  # a comment: here
  template:
    spec:
      containers:
      - name: app
        image: "app:1"

        ports:
          - containerPort: 80
            protocol: TCP
        env:
        - name: A
      volumes:
      -
---
kind: Other
data:
  x`.split("\n");

function at(text: string): string {
  return pathAt(TEXT, TEXT.findIndex((line) => line.trim() === text)).join(".");
}

test("the keys above a line are its path", () => {
  assert.equal(at("apiVersion: apps/v1"), "");
  assert.equal(at("app: web"), "metadata.labels");
  assert.equal(at("replicas: 1"), "spec");
});

test("members of lists count as what the list is, indented or not", () => {
  const containers = "spec.template.spec.containers";
  assert.equal(at("- name: app"), containers);
  assert.equal(at('image: "app:1"'), containers);
  assert.equal(at("- containerPort: 80"), `${containers}.ports`);
  assert.equal(at("protocol: TCP"), `${containers}.ports`);
  assert.equal(at("- name: A"), `${containers}.env`);
  assert.equal(at("volumes:"), "spec.template.spec");
  assert.equal(at("-"), "spec.template.spec.volumes");
});

test("a document ends where the next begins", () => {
  assert.equal(at("kind: Other"), "");
  assert.equal(at("x"), "data");
});

test("a line's key is known by its colon", () => {
  assert.deepEqual(["  - name: app", "image:", '"a b": 1', "x", "# a: b"].map(keyOf), ["name", "image", "a b", "", ""]);
});

test("behind a bare key the next line is one step in, or as what is there", () => {
  const row = (text: string): number => TEXT.findIndex((line) => line.trim() === text);
  assert.equal(indentAfter(TEXT, row("spec:")), 2);
  assert.equal(indentAfter(TEXT, row("containers:")), 6);
  assert.equal(indentAfter(TEXT, row("ports:")), 10);
  assert.equal(indentAfter(["spec:", "status: 1"], 0), 2);
  assert.equal(indentAfter(TEXT, row("replicas: 1")), undefined);
});
