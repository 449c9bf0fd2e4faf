/** The palette's items, dragged, clicked or found: elements of the page with `data-words` and
 * `data-palette='{"action", "label", "type"}'`; Enter in the `data-palette-search` picks the first one found. */

import { useEffect } from "react";

const MIME = "application/x-treadle-node";

/** Call `onPick(item)` when an item is clicked, or chosen with Enter or the space bar. */
export function usePalette(onPick) {
  useEffect(() => {
    const listeners = {
      dragstart: (event) => {
        const item = itemOf(event);
        if (item) event.dataTransfer.setData(MIME, item.dataset.palette);
      },
      click: (event) => {
        const item = itemOf(event);
        if (item) onPick(JSON.parse(item.dataset.palette));
      },
      keydown: (event) => {
        if (event.key === "Enter" && event.target.matches("[data-palette-search]")) firstHit(event.target.value)?.click();
        if (["Enter", " "].includes(event.key) && event.target === itemOf(event) && event.target.tagName !== "BUTTON") {
          event.preventDefault();
          event.target.click();
        }
      },
    };
    const entries = Object.entries(listeners);
    entries.forEach(([name, listener]) => document.addEventListener(name, listener));
    return () => entries.forEach(([name, listener]) => document.removeEventListener(name, listener));
  }, [onPick]);
}

export function allowDrop(event) {
  if (!event.dataTransfer.types.includes(MIME)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "copy";
}

/** The item that was dropped, or nothing. */
export function droppedItem(event) {
  const text = event.dataTransfer.getData(MIME);
  return text && JSON.parse(text);
}

/** The first item that has the words; the list may still show what was typed before. */
function firstHit(search) {
  const words = search.trim().toLowerCase();
  return words && [...document.querySelectorAll("[data-palette]")].find((item) => item.dataset.words.includes(words));
}

const itemOf = (event) => event.target.closest?.("[data-palette]");
