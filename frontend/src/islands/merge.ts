// An edit beside what it was: two columns where there is room, one where there is not.

import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorView } from "@codemirror/view";
import { t } from "../texts.ts";
import { look, readOnly } from "./yaml-look.ts";

const TEXT = { before: t("Before the edit"), after: t("After the edit"), open: t("Side by side"), close: t("One below the other") };
const ROOM = 900; // pixels that two columns need
const collapseUnchanged = { margin: 3, minSize: 6 };

const shown = new WeakMap<HTMLElement, { dom: HTMLElement; destroy(): void }>();

function text(name: string): string {
  return document.querySelector<HTMLTextAreaElement>(`textarea[name=${name}]`)?.value ?? "";
}

function made(width: number): { dom: HTMLElement; destroy(): void } {
  const [before, after] = [text("original"), text("text")];
  if (width < ROOM) {
    const extensions = [look(), readOnly(TEXT.after), unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged })];
    return new EditorView({ doc: after, extensions });
  }
  return new MergeView({
    a: { doc: before, extensions: [look(), readOnly(TEXT.before)] },
    b: { doc: after, extensions: [look(), readOnly(TEXT.after)] },
    collapseUnchanged,
  });
}

/** Show the comparison instead of the lines that differ (`data-open-merge`: their id), or those again. */
export function toggle(button: HTMLButtonElement): void {
  const lines = document.getElementById(button.dataset.openMerge ?? "");
  if (!lines) return;
  const open = shown.get(lines);
  if (open) {
    open.dom.remove();
    open.destroy();
    shown.delete(lines);
  } else {
    const view = made(lines.clientWidth);
    view.dom.classList.add("editor");
    lines.after(view.dom);
    shown.set(lines, view);
  }
  lines.hidden = !open;
  button.textContent = open ? TEXT.open : TEXT.close;
  button.ariaExpanded = String(!open);
}
