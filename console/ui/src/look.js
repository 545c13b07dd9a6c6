// The editor's look, in the colors of the console's style sheet, by day and by night.
import { EditorView } from "@codemirror/view";
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tags } from "@lezer/highlight";

const colors = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string), tags.content], color: "var(--ink)" },
  { tag: [tags.comment, tags.lineComment, tags.meta], color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.bool, tags.number, tags.typeName], color: "var(--warn)" },
]);

const theme = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--card)", border: "1px solid var(--soft)", borderRadius: "7px", maxHeight: "82vh", fontSize: "14px" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5", overflow: "auto", minHeight: "20em" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--soft)", borderRight: "1px solid var(--line)", borderRadius: "7px 0 0 7px" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--accent) 9%, transparent)" },
  ".cm-selectionMatch, .cm-searchMatch": { backgroundColor: "var(--mark)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--mark)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--paper)", border: "1px solid var(--line)", color: "var(--soft)" },
  ".cm-lintRange": { backgroundImage: "none" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad) 1.5px", textUnderlineOffset: "3px" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--warn) 1.5px", textUnderlineOffset: "3px" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--soft)", borderRadius: "7px", maxWidth: "min(34em, 92vw)", zIndex: "20" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16em" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "4px 8px" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-tooltip-autocomplete-disabled ul li[aria-selected]": { backgroundColor: "var(--soft)" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.85" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-tooltip.cm-completionInfo": { padding: "8px 10px", whiteSpace: "pre-line", fontFamily: "system-ui, sans-serif" },
  ".cm-diagnostic": { padding: "8px 10px", borderLeft: "4px solid var(--bad)", fontFamily: "system-ui, sans-serif", whiteSpace: "normal" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--warn)" },
  ".cm-diagnosticText span": { display: "block", color: "var(--soft)" },
  ".cm-diagnosticAction": { font: "inherit", backgroundColor: "var(--accent)", color: "var(--on-accent)", borderRadius: "7px", padding: "4px 12px", margin: "6px 0 0" },
  ".words": { padding: "8px 10px", whiteSpace: "pre-line" },
  ".words b": { display: "block", fontFamily: "var(--mono)" },
  ".cm-panels": { backgroundColor: "var(--paper)", color: "var(--ink)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "8px" },
  ".cm-textfield": { backgroundColor: "var(--card)", border: "1px solid var(--soft)", fontSize: "inherit" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--accent)", color: "var(--on-accent)", border: "1px solid var(--accent)", fontSize: "inherit" },
  ".cm-panel.cm-panel-lint ul [aria-selected]": { backgroundColor: "var(--mark)", color: "var(--ink)" },
  ".cm-panel.cm-search [name=close], .cm-panel.cm-panel-lint [name=close]": { color: "var(--ink)", backgroundColor: "transparent", border: "0", minHeight: "0" },
});

export const look = [theme, syntaxHighlighting(colors)];
