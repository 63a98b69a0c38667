// How YAML looks in the viewer, in the editor and side by side, and what their parts say in the reader's language.

import { yaml } from "@codemirror/lang-yaml";
import { codeFolding, foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { nonce } from "../islands.ts";
import { t } from "../texts.ts";

// What the parts of CodeMirror say, by their English.
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
  Completions: t("Completions"),
  Diagnostics: t("Mistakes"),
  "No diagnostics": t("No mistakes"),
  "$ unchanged lines": t("$ unchanged lines"),
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
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--line-firm)", borderRadius: "8px", boxShadow: "var(--shadow-high)", fontFamily: "var(--font)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-fill)", color: "var(--on-accent)" },
  ".cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail": { color: "inherit" },
  ".cm-completionDetail": { color: "var(--muted)", fontStyle: "normal" },
  ".cm-tooltip.cm-completionInfo, .cm-note": { padding: "8px 12px", maxInlineSize: "min(46ch, 80vw)", fontSize: "0.8125rem", lineHeight: "1.5", whiteSpace: "pre-line" },
  ".cm-diagnostic-error": { borderInlineStartColor: "var(--bad)" },
  ".cm-changedLine": { backgroundColor: "var(--ok-soft) !important" },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--bad-soft) !important" },
  ".cm-changedText, .cm-deletedText": { background: "none !important", textDecoration: "underline 2px", textUnderlineOffset: "3px" },
  ".cm-collapsedLines": { background: "var(--sunken)", color: "var(--muted)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--idle-soft)", color: "var(--text)", border: "0", padding: "0 6px" },
});

/** What viewer, editor and comparison share. */
export function look(): Extension[] {
  return [
    EditorView.cspNonce.of(nonce()),
    EditorState.phrases.of(PHRASES),
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

/** A text that is read and not written in. */
export function readOnly(label: string): Extension[] {
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0", role: "textbox", "aria-readonly": "true", "aria-multiline": "true", "aria-label": label }),
  ];
}
