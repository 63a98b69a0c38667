// The one Trusted Types policy: HTML that our own server rendered, fetched from our own origin, may become elements,
// and our own worker may be registered. Nothing else.

interface Policy {
  createHTML(html: string): string;
  createScriptURL(address: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const WORKERS: readonly string[] = ["/sw.js"];

function known(address: string): string {
  if (!WORKERS.includes(address)) throw new TypeError(`${address} is no worker of ours.`);
  return address;
}

const rules: Policy = { createHTML: (html) => html, createScriptURL: known };
const policy = factory?.createPolicy("basefly", rules) ?? rules;

/** Parse HTML of our own server, detached from the page. */
export function parse(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}

/** The address of one of our workers, as registering wants it. */
export function workerAddress(address: string): string {
  return policy.createScriptURL(address);
}
