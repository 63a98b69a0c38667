// Light, dark, or as the system has it. The choice is a cookie and a preference of whoever is signed in, so that the
// server draws the page right the first time, here and on their other devices.

const YEAR = 365 * 24 * 3600;
const SOON = 20; // s in which the account learns of it, however slow the line; until then this browser's word counts

export type Theme = "system" | "light" | "dark";

/** The theme that a cookie header holds; undefined where nothing was chosen in this browser. */
export function chosen(cookies: string): Theme | undefined {
  return /(?:^|;\s*)theme=(system|light|dark)(?:;|$)/.exec(cookies)?.[1] as Theme | undefined;
}

function choose(theme: Theme): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  const rest = `path=/; samesite=lax${secure}`;
  document.cookie = `theme=${theme}; ${rest}; max-age=${YEAR}`;
  document.cookie = `theme-now=${theme}; ${rest}; max-age=${SOON}`;
  apply(theme);
  keep(theme);
}

/** Keep it with the account; without an answer it still holds in this browser. */
function keep(theme: Theme): void {
  const csrf = document.querySelector<HTMLInputElement>('input[name="csrf"]')?.value;
  if (!csrf) return;
  const body = new URLSearchParams({ csrf, theme });
  const sent = { method: "POST", body, redirect: "manual", keepalive: true } as const;
  fetch("/settings/preferences", sent).catch(() => undefined);
}

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="theme"]')) {
    radio.checked = radio.value === theme;
  }
}

export function start(): void {
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input instanceof HTMLInputElement && input.name === "theme") choose(input.value as Theme);
  });
  // A page that comes back from the browser's memory may be older than the choice.
  addEventListener("pageshow", (event) => {
    const theme = event.persisted && chosen(document.cookie);
    if (theme) apply(theme);
  });
}
