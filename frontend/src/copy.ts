// Copy buttons: `data-copy` names the element whose text goes to the clipboard.

import { announce } from "./announce.ts";
import { t } from "./texts.ts";

const SHOWN_FOR = 1600;

async function copy(button: HTMLElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  const text = source instanceof HTMLInputElement ? source.value : (source.textContent ?? "");
  await navigator.clipboard.writeText(text);
  button.dataset.copied = "";
  announce(t("Copied."));
  setTimeout(() => delete button.dataset.copied, SHOWN_FOR);
}

export function start(): void {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest<HTMLElement>("[data-copy]");
    if (button) copy(button).catch(() => announce(t("The browser did not allow copying.")));
  });
}
