// The one Trusted Types policy: HTML that our own server rendered, fetched from our own origin, may become elements.

interface Policy {
  createHTML(html: string): string;
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy;
}

const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
const rules: Policy = { createHTML: (html) => html };
const policy = factory?.createPolicy("basefly", rules) ?? rules;

/** Parse HTML of our own server, detached from the page. */
export function parse(html: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = policy.createHTML(html);
  return template.content;
}
