// Light, dark, or as the system has it. The choice is a cookie, so the server draws the page right the first time.

const YEAR = 365 * 24 * 3600;

export type Theme = "system" | "light" | "dark";

/** The theme that a cookie header holds. */
export function chosen(cookies: string): Theme {
  const value = /(?:^|;\s*)theme=(light|dark)(?:;|$)/.exec(cookies)?.[1];
  return (value as Theme | undefined) ?? "system";
}

function choose(theme: Theme): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${theme === "system" ? 0 : YEAR}; samesite=lax${secure}`;
  apply(theme);
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
  addEventListener("pageshow", () => apply(chosen(document.cookie)));
}
