// A list's address, with the object that its drawer shows (`open`), and without what is no matter of the list itself.

const OPEN = "open";
const PASSING = [OPEN, "cursor", "sort"];

/** What the drawer of a list shows, as its address says: a path on this host, or undefined. */
export function opened(address: string): string | undefined {
  const url = new URL(address);
  const path = url.searchParams.get(OPEN);
  if (!path?.startsWith("/") || new URL(path, url).origin !== url.origin) return undefined;
  return path;
}

/** The address of a list with another object in its drawer, or with none. */
export function opening(address: string, path: string | undefined): string {
  const url = new URL(address);
  url.searchParams.delete(OPEN);
  if (path) url.searchParams.set(OPEN, path);
  return url.href;
}

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** The one cluster that an address asks, by its name; empty where it asks several, or knows it by its id alone. */
export function clusterOf(address: string): string {
  const url = new URL(address);
  const [, under, name] = url.pathname.split("/");
  const names = under === "clusters" && name ? [decodeURIComponent(name)] : url.searchParams.getAll("cluster");
  return names.length === 1 && !ID.test(names[0]!) ? names[0]! : "";
}

/** Under what name a list keeps its selection: the same on every page and in every order of it. */
export function listName(address: string): string {
  const url = new URL(address);
  for (const name of PASSING) url.searchParams.delete(name);
  url.searchParams.sort();
  const query = url.searchParams.toString();
  return query ? `${url.pathname}?${query}` : url.pathname;
}
