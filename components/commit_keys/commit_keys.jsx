/** Inputs marked `data-commit`: Enter saves, Escape puts back what stood there; both leave it.
 * One that is required and left empty is put back, too. */

import { useEffect } from "react";

export function CommitKeys() {
  useEffect(() => {
    const onKeyDown = (event) => {
      const input = event.target;
      if (!input.dataset?.commit || event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      if (event.key === "Escape") input.value = input.defaultValue;
      event.preventDefault();
      input.blur();
    };
    const onFocusOut = ({ target }) => {
      if (target.dataset?.commit && target.required && !target.value.trim()) target.value = target.defaultValue;
    };
    document.addEventListener("keydown", onKeyDown);
    document.addEventListener("focusout", onFocusOut, true); // before the page hears of the blur
    return () => {
      document.removeEventListener("keydown", onKeyDown);
      document.removeEventListener("focusout", onFocusOut, true);
    };
  }, []);
  return null;
}
