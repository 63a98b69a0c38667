// Topics name what may change ("inventory/CLUSTER/pods"); patterns, with * for one segment, name what a page shows.

/** Whether a topic falls under a pattern. In both, `*` stands for any one segment: a change may concern many. */
export function matches(pattern: string, topic: string): boolean {
  const wanted = pattern.split("/");
  const given = topic.split("/");
  const meets = (part: string, index: number) => part === "*" || given[index] === "*" || part === given[index];
  return wanted.length === given.length && wanted.every(meets);
}

/** The patterns of an element's `data-live`, parted by spaces. */
export function patterns(element: HTMLElement): string[] {
  return (element.dataset.live ?? "").split(/\s+/).filter(Boolean);
}

/** The address of the stream for these patterns: the same set always gives the same address. */
export function address(all: Iterable<string>): string {
  const query = new URLSearchParams();
  for (const pattern of [...new Set(all)].sort()) query.append("topic", pattern);
  return `/live?${query}`;
}
