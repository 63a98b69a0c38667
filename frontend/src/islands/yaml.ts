// The YAML viewer: search, folding, line numbers. It takes the place of the server's coloured YAML while one wants it.

import { openSearchPanel } from "@codemirror/search";
import { EditorView } from "@codemirror/view";
import { t } from "../texts.ts";
import { look, readOnly } from "./yaml-look.ts";

const TEXT = { label: t("The object as YAML"), open: t("Open in viewer"), close: t("Close the viewer") };

const open = new WeakMap<HTMLButtonElement, EditorView>();

/** Open the viewer that a button asks for (`data-open-viewer`: the id of the text), or close it again. */
export function toggle(button: HTMLButtonElement): void {
  const source = document.getElementById(button.dataset.openViewer ?? "");
  const plain = source?.closest<HTMLElement>("[data-viewed]") ?? source;
  if (!source || !plain) return;
  const shown = open.get(button);
  if (shown) {
    shown.dom.remove();
    shown.destroy();
    open.delete(button);
    plain.hidden = false;
  } else {
    const view = new EditorView({ doc: source.textContent ?? "", extensions: [look(), readOnly(TEXT.label)] });
    view.dom.classList.add("editor");
    plain.hidden = true;
    plain.after(view.dom);
    open.set(button, view);
    openSearchPanel(view);
    view.focus();
  }
  button.textContent = shown ? TEXT.open : TEXT.close;
  button.ariaExpanded = String(!shown);
}
