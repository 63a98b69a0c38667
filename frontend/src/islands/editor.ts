// The editor of an object: a text field of the page becomes one that knows the kind's fields, from the cluster's own OpenAPI.

import { autocompletion, type Completion, type CompletionContext, type CompletionResult, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { indentService, syntaxTree } from "@codemirror/language";
import { type Diagnostic, lintGutter, linter, lintKeymap } from "@codemirror/lint";
import type { Extension } from "@codemirror/state";
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import { t } from "../texts.ts";
import { look } from "./yaml-look.ts";
import { indentAfter, keyOf, pathAt } from "./yaml-path.ts";

interface Field {
  name: string;
  type: string;
  description: string;
  required: boolean;
  values: string[];
}

type Ask = (path: string[]) => Promise<Field[]>;

const UNREADABLE = t("This is no YAML");
const FRAME = EditorView.theme({
  "&": { minBlockSize: "220px", border: "1px solid var(--line-control)", borderRadius: "6px", contain: "inline-size" },
});

/** The fields at a path, asked for once; where there was no answer, once more the next time. */
function asking(address: string): Ask {
  const known = new Map<string, Promise<Field[]>>();
  const ask = async (at: string): Promise<Field[]> => {
    const answer = await fetch(`${address}?${new URLSearchParams({ at })}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.statusText);
    return ((await answer.json()) as { items: Field[] }).items;
  };
  return async (path) => {
    const at = path.join(".");
    const found = known.get(at) ?? ask(at);
    known.set(at, found);
    try {
      return await found;
    } catch {
      known.delete(at);
      return [];
    }
  };
}

function lines(view: { state: EditorView["state"] }): string[] {
  return view.state.doc.toString().split("\n");
}

/** A field as an offer: a value follows its colon where it has one. */
function offered(field: Field): Completion {
  const nested = /object|^\[|^map/.test(field.type);
  const detail = field.required ? `${field.type}, ${t("required")}` : field.type;
  return { label: field.name, detail, info: field.description, type: "property", apply: field.name + (nested ? ":" : ": "), boost: field.required ? 1 : 0 };
}

function completing(ask: Ask): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const path = pathAt(lines(context), line.number - 1);
    const value = /:\s+(\S*)$/.exec(before);
    if (value) {
      const field = (await ask(path)).find(({ name }) => name === keyOf(line.text));
      const values = field?.type === "boolean" ? ["true", "false"] : (field?.values ?? []);
      return { from: context.pos - (value[1]?.length ?? 0), options: values.map((label) => ({ label, type: "constant" })) };
    }
    const word = /^[\s-]*([\w.$/-]*)$/.exec(before);
    if (!word || (!word[1] && !context.explicit)) return null;
    const options = (await ask(path)).map(offered);
    return { from: context.pos - (word[1]?.length ?? 0), options, validFor: /^[\w.$/-]*$/ };
  };
}

/** What a key is for, to whoever points at it. */
function explaining(ask: Ask): Extension {
  return hoverTooltip(async (view, at) => {
    const line = view.state.doc.lineAt(at);
    const key = keyOf(line.text);
    const from = line.from + line.text.indexOf(key);
    if (!key || at < from || at > from + key.length) return null;
    const field = (await ask(pathAt(lines(view), line.number - 1))).find(({ name }) => name === key);
    if (!field?.description) return null;
    const dom = Object.assign(document.createElement("div"), { className: "cm-note", textContent: `${field.type}\n${field.description}` });
    return { pos: from, end: from + key.length, above: true, create: () => ({ dom }) };
  });
}

/** Where the next line begins; behind what is no bare key the language itself knows. */
const INDENT = indentService.of(({ state }, pos) => {
  const line = state.doc.lineAt(pos);
  return pos < line.to ? undefined : indentAfter(lines({ state }), line.number - 1);
});

/** What the parser cannot read, and what the hub said of the text as it was sent. */
function checking(said: { line: number; why: string; text: string }): Extension {
  return linter((view) => {
    const found: Diagnostic[] = [];
    syntaxTree(view.state).iterate({
      enter: ({ type, from, to }) => {
        if (type.isError) found.push({ from, to: Math.max(to, from + 1), severity: "error", message: UNREADABLE });
      },
    });
    if (said.why && said.line && said.line <= view.state.doc.lines && view.state.doc.toString() === said.text) {
      const { from, to } = view.state.doc.line(said.line);
      found.push({ from, to, severity: "error", message: said.why });
    }
    return found.filter(({ to }) => to <= view.state.doc.length).slice(0, 50);
  });
}

/** Put an editor in the place of a text field; the field keeps the text, for the form. */
export function mount(element: HTMLElement): void {
  if (!(element instanceof HTMLTextAreaElement)) return;
  const field = element;
  const ask = field.dataset.fields ? asking(field.dataset.fields) : async (): Promise<Field[]> => [];
  const label = document.querySelector<HTMLLabelElement>(`label[for="${field.id}"]`);
  const said = { line: Number(field.dataset.line ?? 0), why: field.dataset.why ?? "", text: field.value };
  const review = (): boolean => {
    field.form?.requestSubmit(field.form.querySelector<HTMLButtonElement>("button[value=review]"));
    return true;
  };
  const view = new EditorView({
    doc: field.value,
    extensions: [
      keymap.of([{ key: "Mod-Enter", run: review }]),
      look(),
      FRAME,
      INDENT,
      history(),
      autocompletion({ override: [completing(ask)], activateOnTyping: true }),
      explaining(ask),
      checking(said),
      lintGutter(),
      keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap]),
      EditorView.contentAttributes.of({ tabindex: "0", "aria-label": label?.textContent?.trim() ?? "", "aria-describedby": `${field.id}-hint` }),
      EditorView.updateListener.of(({ docChanged, state }) => {
        if (docChanged) field.value = state.doc.toString();
      }),
    ],
  });
  view.dom.classList.add("editor");
  field.hidden = true;
  field.after(view.dom);
  label?.addEventListener("click", () => view.focus());
  if (said.line && said.line <= view.state.doc.lines) {
    view.dispatch({ selection: { anchor: view.state.doc.line(said.line).from }, scrollIntoView: true });
  }
}
