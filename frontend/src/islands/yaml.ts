// The YAML viewer: search, folding, line numbers. It takes the place of the server's coloured YAML while one wants it.

import { yaml } from "@codemirror/lang-yaml";
import { codeFolding, foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "../islands.ts";
import { t } from "../texts.ts";

const TEXT = { label: t("The object as YAML"), open: t("Open in viewer"), close: t("Close the viewer") };
// What the viewer's own parts say, by their English.
const PHRASES = {
  Find: t("Find"),
  next: t("next"),
  previous: t("previous"),
  all: t("all"),
  "match case": t("match case"),
  regexp: t("regexp"),
  "by word": t("by word"),
  close: t("close"),
  "current match": t("current match"),
  "on line": t("on line"),
  "Go to line": t("Go to line"),
  go: t("go"),
  "Fold line": t("Fold line"),
  "Unfold line": t("Unfold line"),
  "folded code": t("folded code"),
  unfold: t("unfold"),
};

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--code-key)" },
  { tag: [tags.string, tags.content], color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--code-number)" },
  { tag: [tags.comment, tags.meta, tags.separator, tags.punctuation], color: "var(--muted)" },
]);

const LOOK = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "0.8125rem", maxBlockSize: "min(76vh, 760px)" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--muted)", borderInlineEnd: "1px solid var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { backgroundColor: "var(--flash)" },
  ".cm-cursor": { borderInlineStartColor: "var(--text)" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--accent-soft)", outline: "2px solid var(--accent)" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)", fontFamily: "var(--font)" },
  ".cm-panels.cm-panels-top": { borderBlockEnd: "1px solid var(--line)" },
  ".cm-textfield": { fontSize: "inherit", backgroundColor: "var(--surface)", border: "1px solid var(--line-control)", borderRadius: "6px", minBlockSize: "30px", color: "var(--text)" },
  ".cm-button": { fontSize: "inherit", backgroundColor: "var(--surface)", backgroundImage: "none", border: "1px solid var(--line-control)", borderRadius: "6px", minBlockSize: "30px", color: "var(--text)" },
  ".cm-panel.cm-search label": { fontSize: "0.8125rem", display: "inline-flex", alignItems: "center", minBlockSize: "30px" },
  ".cm-panel.cm-search [name=close]": { color: "var(--text)", minInlineSize: "30px", minBlockSize: "30px" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--idle-soft)", color: "var(--text)", border: "0", padding: "0 6px" },
});

function extensions(): Extension[] {
  return [
    EditorView.cspNonce.of(nonce()),
    EditorState.phrases.of(PHRASES),
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true", "aria-label": TEXT.label }),
    lineNumbers(),
    foldGutter(),
    codeFolding(),
    drawSelection(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    search({ top: true }),
    yaml(),
    syntaxHighlighting(COLOURS),
    LOOK,
    keymap.of([...searchKeymap, ...foldKeymap]),
  ];
}

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
    const view = new EditorView({ doc: source.textContent ?? "", extensions: extensions() });
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
