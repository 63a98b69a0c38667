// The frame: the palette that Ctrl+K opens from anywhere.

import { island } from "./islands.ts";
import { isTyping } from "./keys/keyboard.ts";

function openPalette(): void {
  const dialog = document.getElementById("palette");
  if (!(dialog instanceof HTMLDialogElement)) return;
  if (dialog.open) return dialog.close();
  dialog.showModal();
  dialog.querySelector("input")?.select();
  void island(() => import("./islands/palette.ts")).then((palette) => palette?.open());
}

export function start(): void {
  if (!document.getElementById("palette")) return;
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (!event.target.closest("[data-open-palette]")) return;
    event.preventDefault();
    openPalette();
  });
  addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.key.toLowerCase() !== "k") return;
    if (isTyping(event.target) && (event.target as Element).closest(".editor, .terminal")) return;
    event.preventDefault();
    openPalette();
  });
}
