import assert from "node:assert/strict";
import { test } from "node:test";

test("texts come from the page, with their values and forms", async () => {
  const texts = { "{name} is here": "{name} ist da", "{n} new": ["{n} neuer", "{n} neue"] };
  const page = { documentElement: { lang: "de" }, getElementById: () => ({ textContent: JSON.stringify(texts) }) };
  Object.assign(globalThis, { document: page });
  const { t, tn } = await import("../src/texts.ts");
  assert.equal(t("{name} is here", { name: "Mia" }), "Mia ist da");
  assert.equal(t("Not brought {x}"), "Not brought {x}");
  assert.equal(tn("{n} new", "{n} new", 1), "1 neuer");
  assert.equal(tn("{n} new", "{n} new", 1234), "1.234 neue");
  assert.equal(tn("{n} gone", "{n} are gone", 2), "2 are gone");
});
