/** Inputs marked `data-commit`: Enter saves, Escape puts back what stood there; both leave it.
 * One that is required and left empty is put back, too. What is longer than `data-limit` stays and is not sent. */

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
    const onFocusOut = (event) => {
      const input = event.target;
      if (input.dataset?.commit && input.required && !input.value.trim()) input.value = input.defaultValue;
      if (input.dataset?.limit && refuse(input)) event.stopPropagation();
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

/** Say that the text is too long, if it is; the browser shows it at the input. */
function refuse(input) {
  const limit = Number(input.dataset.limit);
  const isTooLong = input.value.length > limit;
  const words = `This is too long to be saved: ${limit.toLocaleString("en")} characters are the limit.`;
  input.setCustomValidity(isTooLong ? words : "");
  if (isTooLong) input.reportValidity();
  return isTooLong;
}
