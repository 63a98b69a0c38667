// What the palette finds, and in which order: what was opened lately, pages, actions, clusters, objects by kind.

import { t } from "../texts.ts";

export interface Found {
  group: string;
  kind: string;
  name: string;
  where: string;
  href: string;
  /** What it does when it leads nowhere. */
  run?: () => void;
}

export interface Cluster {
  id: string;
  name: string;
}

export interface Match {
  kind: string;
  resource: string;
  namespace: string;
  name: string;
  cluster: Cluster;
}

export const GROUPS = { recent: t("Recent"), page: t("Pages"), action: t("Actions"), cluster: t("Clusters"), prefix: t("Narrow it down") };

/** What narrows a search, with an example of each. The server understands them. */
export const PREFIXES: readonly [string, string][] = [
  ["kind:", "kind:pod"],
  ["ns:", "ns:payments"],
  ["cluster:", "cluster:prod"],
  ["label:", "label:app=web"],
  ["status:", "status:crash"],
];

/** A cluster as a result. */
export function clusterFound(cluster: Cluster): Found {
  const href = `/clusters/${encodeURIComponent(cluster.id)}`;
  return { group: GROUPS.cluster, kind: t("Cluster"), name: cluster.name, where: "", href };
}

/** An object as a result; its page is under its cluster. */
export function objectFound(match: Match): Found {
  const query = match.namespace ? `?namespace=${encodeURIComponent(match.namespace)}` : "";
  const path = [match.cluster.id, "objects", match.resource, match.name].map(encodeURIComponent).join("/");
  const where = [match.namespace, match.cluster.name].filter(Boolean).join(" · ");
  return { group: match.kind, kind: match.kind, name: match.name, where, href: `/clusters/${path}${query}` };
}

/** Those whose name begins with, or else contains, what was typed. */
export function named(text: string, all: readonly Found[]): Found[] {
  const wanted = text.trim().toLowerCase();
  const starts = all.filter((one) => one.name.toLowerCase().startsWith(wanted));
  const contains = all.filter((one) => !starts.includes(one) && one.name.toLowerCase().includes(wanted));
  return [...starts, ...contains];
}

/** The prefixes that the last word typed may be the beginning of. */
export function prefixesFor(text: string): string[] {
  const word = text.split(/\s+/).at(-1)?.toLowerCase() ?? "";
  if (!word || word.includes(":")) return [];
  return PREFIXES.map(([prefix]) => prefix).filter((prefix) => prefix.startsWith(word));
}

/** The text with its last word completed to a prefix. */
export function completed(text: string, prefix: string): string {
  return text.replace(/\S*$/, prefix);
}

/** One after another by group, in the order in which each group first appears, each thing once. */
export function grouped(all: readonly Found[]): Map<string, Found[]> {
  const groups = new Map<string, Found[]>();
  const seen = new Set<string>();
  for (const one of all) {
    const key = one.href || `${one.group} ${one.name}`;
    if (seen.has(key)) continue;
    seen.add(key);
    groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  }
  return groups;
}
