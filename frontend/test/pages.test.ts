// Addresses that the module makes, and the choice of colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { formAddress } from "../src/navigation.ts";
import { clusterFound, objectFound, pagesFor } from "../src/palette.ts";
import { chosen } from "../src/theme.ts";

const cluster = { id: "7", name: "prod" };
const pages = ["Pods", "Workloads", "Overview"].map((name) => ({ kind: "Page", name, where: "", href: "/" }));

test("a filter left empty is not in the address", () => {
  assert.equal(formAddress("/pods", [["q", "a b"], ["status", ""]]), "/pods?q=a+b");
  assert.equal(formAddress("/pods", [["q", ""]]), "/pods");
});

test("an object is found under its cluster, with its namespace", () => {
  const pod = { kind: "Pod", resource: "pods", namespace: "shop", name: "web:1", cluster };
  assert.deepEqual(objectFound(pod), {
    kind: "Pod",
    name: "web:1",
    where: "shop · prod",
    href: "/clusters/7/objects/pods/web%3A1?namespace=shop",
  });
});

test("what has no namespace has none in its address", () => {
  const node = { kind: "Node", resource: "nodes", namespace: "", name: "n1", cluster };
  assert.equal(objectFound(node).href, "/clusters/7/objects/nodes/n1");
  assert.equal(clusterFound(cluster).href, "/clusters/7");
});

test("pages that begin with the text come first", () => {
  assert.deepEqual(pagesFor("o", pages).map((page) => page.name), ["Overview", "Pods", "Workloads"]);
  assert.deepEqual(pagesFor("POD", pages).map((page) => page.name), ["Pods"]);
});

test("colours are the system's unless a cookie says otherwise", () => {
  assert.equal(chosen(""), undefined);
  assert.equal(chosen("a=1; theme=dark"), "dark");
  assert.equal(chosen("theme=system; x=y"), "system");
  assert.equal(chosen("theme=pink"), undefined);
  assert.equal(chosen("mytheme=dark"), undefined);
});
