// Ages that tick: every <time data-age> shows how long ago it was, in kubectl's words.

const SECOND = 1000;

/** A duration as kubectl prints it. Source: HumanDuration of k8s.io/apimachinery/pkg/util/duration. */
export function age(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / SECOND);
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return pair(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 2920 ? pair(years, "y", days % 365, "d") : `${years}y`;
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small ? `${large}${largeUnit}${small}${smallUnit}` : `${large}${largeUnit}`;
}

/** Bring every age in `root` up to date. */
export function tick(root: ParentNode, now: number): void {
  for (const time of root.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const text = age(now - Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

/** Tick once a second for as long as someone looks. */
export function start(): void {
  setInterval(() => document.hidden || tick(document, Date.now()), SECOND);
}
