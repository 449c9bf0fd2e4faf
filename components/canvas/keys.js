/** Keys: which command a key means, and when the canvas may take it. */

import { useEffect } from "react";

const ANYWHERE = {
  "Mod+z": "undo",
  "Mod+Shift+z": "redo",
  "Mod+y": "redo",
  "Mod+Enter": "run",
};
const ON_THE_CANVAS = {
  Delete: "remove",
  Backspace: "remove",
  Enter: "enter",
  Escape: "escape",
  "Mod+a": "selectAll",
  f: "fit",
  c: "beginEdge",
  ArrowLeft: "walk",
  ArrowRight: "walk",
  ArrowUp: "walk",
  ArrowDown: "walk",
  "Shift+ArrowLeft": "nudge",
  "Shift+ArrowRight": "nudge",
  "Shift+ArrowUp": "nudge",
  "Shift+ArrowDown": "nudge",
};
const WRITES =
  "input, textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox]";
const LAYERS = "dialog, [role=dialog], [role=alertdialog], [role=menu], [role=listbox]";

/** Call `commands[name](key)` for the keys above and `commands.settle()` when one is released; `root` is the canvas' own element. */
export function useKeys(root, commands) {
  useEffect(() => {
    const listener = (event) => {
      if (event.defaultPrevented || event.isComposing || event.target.closest(`${WRITES}, ${LAYERS}`)) return;
      const chord = chordOf(event);
      const name = ANYWHERE[chord] ?? (isForCanvas(event, root.current) && ON_THE_CANVAS[chord]);
      if (!name) return;
      event.preventDefault();
      commands[name](event.key);
    };
    document.addEventListener("keydown", listener);
    document.addEventListener("keyup", commands.settle);
    return () => {
      document.removeEventListener("keydown", listener);
      document.removeEventListener("keyup", commands.settle);
    };
  }, [root, commands]);
}

function chordOf({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  const modifiers = [(ctrlKey || metaKey) && "Mod", shiftKey && "Shift", altKey && "Alt"];
  return [...modifiers, key.length === 1 ? key.toLowerCase() : key].filter(Boolean).join("+");
}

function isForCanvas({ target, key }, root) {
  const presses = key === "Enter" && target.closest("button, a");
  return !presses && (target === document.body || root.contains(target));
}
