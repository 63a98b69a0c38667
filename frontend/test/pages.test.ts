// Addresses that the module makes, what the palette finds, and the choice of colours.

import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterFound, completed, grouped, named, objectFound, prefixesFor } from "../src/islands/found.ts";
import { clusterOf, listName, opened, opening } from "../src/list/address.ts";
import { formAddress } from "../src/navigation.ts";
import { chosen } from "../src/theme.ts";

const cluster = { id: "7", name: "prod" };
const pages = ["Pods", "Workloads", "Overview"].map((name) => ({ group: "Pages", kind: "Page", name, where: "", href: `/${name}` }));

test("a filter left empty is not in the address", () => {
  assert.equal(formAddress("/pods", [["q", "a b"], ["status", ""]]), "/pods?q=a+b");
  assert.equal(formAddress("/pods", [["q", ""]]), "/pods");
});

test("an object is found under its cluster, with its namespace", () => {
  const pod = { kind: "Pod", resource: "pods", namespace: "shop", name: "web:1", cluster };
  assert.deepEqual(objectFound(pod), {
    group: "Pod",
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
  assert.deepEqual(named("o", pages).map((page) => page.name), ["Overview", "Pods", "Workloads"]);
  assert.deepEqual(named("POD", pages).map((page) => page.name), ["Pods"]);
});

test("a word that may become a prefix is completed to it, whatever stands before", () => {
  assert.deepEqual(prefixesFor("web st"), ["status:"]);
  assert.deepEqual(prefixesFor("kind:pod"), []);
  assert.deepEqual(prefixesFor(""), []);
  assert.equal(completed("web st", "status:"), "web status:");
});

test("results stand in groups, each of them once", () => {
  const twice = [...pages, { ...pages[0]!, group: "Recent" }];
  assert.deepEqual([...grouped(twice).keys()], ["Pages"]);
});

test("who is waited for has a name where one cluster is asked", () => {
  assert.equal(clusterOf("https://hub.example/pods?cluster=prod-eu&q=a"), "prod-eu");
  assert.equal(clusterOf("https://hub.example/clusters/prod%20eu/objects/pods/web"), "prod eu");
  assert.equal(clusterOf("https://hub.example/pods?cluster=a&cluster=b"), "");
  assert.equal(clusterOf("https://hub.example/clusters"), "");
  assert.equal(clusterOf("https://hub.example/clusters/0193cc2e-5f2b-7aa1-8d2e-3f0c2b1a9d10"), "");
});

test("an open drawer is part of the list's address, and of nothing else", () => {
  const list = "https://hub.example/pods?q=a";
  const path = "/clusters/7/objects/pods/web?namespace=shop";
  const address = opening(list, path);
  assert.equal(opened(address), path);
  assert.equal(opening(address, undefined), list);
  assert.equal(opened(list), undefined);
});

test("a drawer opens nothing of another host", () => {
  assert.equal(opened("https://hub.example/pods?open=https://evil.example/"), undefined);
  assert.equal(opened("https://hub.example/pods?open=//evil.example/"), undefined);
  assert.equal(opened("https://hub.example/pods?open=/\\evil.example/"), undefined);
});

test("pages and orders of a list share a selection, filters do not", () => {
  assert.equal(listName("https://h/pods?sort=age&q=a&cursor=x&open=/y"), "/pods?q=a");
  assert.equal(listName("https://h/pods?b=1&a=2"), listName("https://h/pods?a=2&b=1"));
});

test("colours are the system's unless a cookie says otherwise", () => {
  assert.equal(chosen(""), undefined);
  assert.equal(chosen("a=1; theme=dark"), "dark");
  assert.equal(chosen("theme=system; x=y"), "system");
  assert.equal(chosen("theme=pink"), undefined);
  assert.equal(chosen("mytheme=dark"), undefined);
});
