// The editor of the console: it takes the place of the form's text field, underlines what is wrong, offers what may be written, explains
// words, and keeps what is typed. Without scripts the text field stays as it is.
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, hoverTooltip } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { yaml } from "@codemirror/lang-yaml";
import { autocompletion, completionKeymap, insertCompletionText, startCompletion } from "@codemirror/autocomplete";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { forceLinting, linter, lintGutter, lintKeymap } from "@codemirror/lint";
import { ask, askPart, Gone, reach } from "./server.js";
import { Keeper, ago } from "./keep.js";
import { bytesBefore, offsetOf, offsetOfBytes } from "./places.js";
import { look } from "./look.js";

// diagnosticOf turns a problem of the console into one of the editor. Its action replaces what the console would replace.
function diagnosticOf(doc, problem) {
  const line = Math.max(1, Math.min(problem.line || 1, doc.lines));
  const { from: lineStart, to: lineEnd } = doc.line(line);
  let from = problem.col ? offsetOf(doc, line, problem.col) : lineStart;
  let to = problem.end_col ? offsetOf(doc, line, problem.end_col) : lineEnd;
  if (from >= to) from = Math.max(lineStart, to - 1);
  if (from === to && to < lineEnd) to++;
  const actions = [];
  if (problem.replacement) {
    const start = offsetOf(doc, problem.replacement.start.line, problem.replacement.start.col) - from;
    const end = offsetOf(doc, problem.replacement.end.line, problem.replacement.end.col) - from;
    const insert = problem.replacement.text;
    actions.push({
      name: "Replace by " + insert,
      apply(view, at) {
        view.dispatch({ changes: { from: at + start, to: at + end, insert }, userEvent: "input.replace" });
        view.focus();
      },
    });
  }
  return {
    from,
    to,
    actions,
    severity: problem.warning ? "warning" : "error",
    message: problem.message,
    renderMessage() {
      const words = document.createElement("div");
      words.textContent = problem.message;
      if (problem.fix) words.appendChild(document.createElement("span")).textContent = problem.fix;
      return words;
    },
  };
}

const iconOf = { key: "keyword", value: "enum", event: "class", property: "property", variable: "variable", function: "function", message: "text", topic: "namespace", link: "text", rule: "type" };

// optionOf turns what the console offers into what the editor offers. n is its place.
function optionOf(item, n) {
  const text = item.insert || item.label;
  return {
    label: item.label,
    detail: item.detail,
    info: item.words,
    type: iconOf[item.kind],
    boost: Math.max(-99, 99 - n),
    apply(view, option, from, to) {
      view.dispatch(insertCompletionText(view.state, text, from, to));
      if (/(: |- |\n +)$/.test(text)) startCompletion(view);
    },
  };
}

class Editor {
  constructor(form) {
    this.form = form;
    this.text = form.elements.content;
    this.side = document.getElementById("side");
    this.status = form.querySelector(".kept");
    this.keeper = new Keeper(form);
    this.problems = JSON.parse(form.dataset.problems || "[]");
    this.saved = this.text.value;
    this.checked = this.text.value;
    this.readOnly = this.text.readOnly;
    this.narrow = matchMedia("(max-width: 860px)");
    this.layout = new Compartment();
    this.view = new EditorView({ state: EditorState.create({ doc: this.text.value, extensions: this.extensions() }) });
    this.text.hidden = true;
    this.text.after(this.view.dom);
    form.querySelector("label[for=content]").addEventListener("click", () => this.view.focus());
    this.narrow.addEventListener("change", () => this.view.dispatch({ effects: this.layout.reconfigure(this.layoutOf()) }));
    forceLinting(this.view);
    if (this.readOnly) return;
    this.offerKept();
    form.addEventListener("submit", (e) => this.submit(e));
    window.addEventListener("pagehide", () => this.keeper.flush());
    window.addEventListener("beforeunload", (e) => {
      if (this.keeper.fails && !this.reached && this.text.value !== this.saved) e.preventDefault();
    });
  }

  extensions() {
    return [
      EditorView.cspNonce.of(this.form.dataset.nonce),
      EditorView.contentAttributes.of({ "aria-label": this.form.elements.path.value, "data-gramm": "false", tabindex: "0" }),
      EditorState.readOnly.of(this.readOnly),
      EditorState.tabSize.of(2),
      this.layout.of(this.layoutOf()),
      EditorView.lineWrapping,
      highlightSpecialChars(),
      history(),
      indentOnInput(),
      bracketMatching(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: false }),
      this.form.elements.path.value.endsWith(".yaml") ? yaml() : [],
      linter((view) => this.check(view), { delay: 120 }),
      this.readOnly ? [] : [autocompletion({ override: [(context) => this.complete(context)], icons: false }), hoverTooltip((view, pos) => this.hover(view, pos))],
      keymap.of([{ key: "Mod-s", run: () => this.save() }, ...completionKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) this.changed();
      }),
      look,
    ];
  }

  // layoutOf returns what depends on the width: a phone has no room beside the text.
  layoutOf() {
    return this.narrow.matches ? [] : [lineNumbers(), foldGutter(), lintGutter(), highlightActiveLineGutter()];
  }

  // changed takes over what was typed into the form, and keeps it.
  changed() {
    this.text.value = this.view.state.doc.toString();
    this.keeper.keep(this.text.value);
  }

  // offerKept offers what was typed here and not saved.
  offerKept() {
    const kept = this.keeper.read();
    if (!kept) return;
    if (kept.text === this.text.value) {
      if (!this.form.dataset.refused) this.keeper.forget();
      return;
    }
    const back = document.createElement("button");
    const away = document.createElement("button");
    back.type = away.type = "button";
    back.textContent = "Bring it back";
    away.textContent = "Throw it away";
    away.className = "quiet";
    back.addEventListener("click", () => {
      this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: kept.text } });
      this.say();
      this.view.focus();
    });
    away.addEventListener("click", () => {
      this.keeper.forget();
      this.say();
    });
    this.say("You typed something else here " + ago(kept.at) + ", and it was not saved. ", back, " ", away);
  }

  // say shows a sentence above the editor, or nothing.
  say(...parts) {
    this.status.replaceChildren(...parts);
    this.status.hidden = parts.length === 0;
  }

  // sayGone says that there is no answer.
  sayGone(gone) {
    this.gone = true;
    if (!gone.signedOut) {
      this.say("The console does not answer. What you type is kept in this browser; save when it is back.");
      return;
    }
    const link = document.createElement("a");
    link.href = this.form.dataset.signIn + "?to=" + encodeURIComponent(location.pathname.slice(this.form.dataset.prefix.length) + location.search);
    link.textContent = "Sign in again";
    this.say("Your session has ended. What you typed is kept in this browser. ", link, ", and it is offered here.");
  }

  // answer waits for an answer of the console; null if there is none.
  async answer(promise) {
    try {
      const answer = await promise;
      if (this.gone) {
        this.gone = false;
        this.say();
      }
      return answer;
    } catch (e) {
      if (e instanceof Gone) this.sayGone(e);
      else if (e.name !== "AbortError") throw e;
      return null;
    }
  }

  // check returns what is wrong with the text. What stands beside the editor follows.
  async check(view) {
    const doc = view.state.doc;
    const text = doc.toString();
    if (text !== this.checked && !this.readOnly) {
      const answer = await this.answer(ask(this.form, this.form.dataset.check + "/problems", {}));
      if (answer && view.state.doc === doc) {
        this.problems = answer.problems;
        this.checked = text;
        this.refreshSide();
      }
    }
    const path = this.form.elements.path.value;
    return this.problems.filter((p) => p.file === path).map((p) => diagnosticOf(doc, p));
  }

  // refreshSide shows what the text means: the list of problems, the flow, the tests. Only the last answer counts.
  async refreshSide() {
    if (this.running) this.running.abort();
    const mine = (this.running = new AbortController());
    const part = await this.answer(askPart(this.form, this.form.dataset.check, mine.signal));
    if (part === null || this.running !== mine || !this.side) return;
    this.side.innerHTML = part;
    this.showReplacements();
  }

  // showReplacements makes the buttons visible that replace something in this file.
  showReplacements() {
    if (this.readOnly || !this.side) return;
    for (const button of this.side.querySelectorAll("button[data-replace]")) {
      button.hidden = button.dataset.file !== this.form.elements.path.value;
    }
  }

  async complete(context) {
    const text = context.state.doc.toString();
    const before = context.state.doc.lineAt(context.pos).text.slice(0, context.pos - context.state.doc.lineAt(context.pos).from);
    if (!context.explicit && !/([\w.]|: |- |\(["']|[{,] ?)$/.test(before)) return null;
    const answer = await this.answer(ask(this.form, this.form.dataset.complete, { content: text, offset: bytesBefore(text, context.pos) }));
    if (!answer || context.aborted || answer.items.length === 0) return null;
    return {
      from: offsetOfBytes(text, answer.start),
      to: Math.max(context.pos, offsetOfBytes(text, answer.end)),
      options: answer.items.map(optionOf),
      validFor: /^[\w-]*$/,
    };
  }

  async hover(view, pos) {
    const text = view.state.doc.toString();
    const answer = await this.answer(ask(this.form, this.form.dataset.hover, { content: text, offset: bytesBefore(text, pos) }));
    if (!answer || !answer.words) return null;
    return {
      pos: offsetOfBytes(text, answer.start),
      end: offsetOfBytes(text, answer.end),
      create() {
        const dom = document.createElement("div");
        dom.className = "words";
        dom.appendChild(document.createElement("b")).textContent = answer.title;
        dom.append(answer.words);
        return { dom };
      },
    };
  }

  // goTo moves the cursor to a place, and shows it.
  goTo(line, col) {
    const at = offsetOf(this.view.state.doc, line, col || 1);
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.view.focus();
  }

  // replace puts a text in the place that a button names.
  replace(at) {
    const doc = this.view.state.doc;
    const from = offsetOf(doc, Number(at.line), Number(at.col));
    const to = offsetOf(doc, Number(at.line), Number(at.end));
    this.view.dispatch({ changes: { from, to, insert: at.replace }, selection: { anchor: from + at.replace.length }, userEvent: "input.replace" });
    this.view.focus();
  }

  // save saves as the button does.
  save() {
    const button = this.form.querySelector("button[value=save]");
    if (button) this.form.requestSubmit(button);
    return true;
  }

  // submit saves only if the console answers, so that a session that has ended takes no text with it.
  async submit(e) {
    if (this.reached) return;
    e.preventDefault();
    const button = e.submitter;
    this.keeper.keepNow(this.text.value);
    if (!(await this.answer(reach(this.form, this.form.dataset.check + "/problems")))) return;
    this.reached = true;
    this.form.requestSubmit(button);
  }
}

for (const form of document.querySelectorAll("form.editor")) {
  const editor = new Editor(form);
  editor.showReplacements();
  document.addEventListener("click", (e) => {
    const button = e.target.closest("button[data-replace]");
    if (button) editor.replace(button.dataset);
    const place = e.target.closest("a[data-line]");
    if (place && (!place.dataset.file || place.dataset.file === form.elements.path.value)) {
      e.preventDefault();
      editor.goTo(Number(place.dataset.line), Number(place.dataset.col));
    }
  });
}
