// The menu at the side, whole or only its symbols. The choice is a cookie, so the server draws it right the first time.

const YEAR = 365 * 24 * 3600;

function toggle(button: Element): void {
  const narrow = document.body.dataset.nav !== "rail";
  if (narrow) document.body.dataset.nav = "rail";
  else delete document.body.dataset.nav;
  button.setAttribute("aria-pressed", String(narrow));
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `nav=rail; path=/; max-age=${narrow ? YEAR : 0}; samesite=lax${secure}`;
}

export function start(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-nav-toggle]");
    if (button) toggle(button);
  });
}
