/** The palette's items, dragged or clicked: elements of the page with `data-palette='{"action", "label", "type"}'`. */

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

const itemOf = (event) => event.target.closest?.("[data-palette]");
