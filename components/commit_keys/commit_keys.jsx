/** Enter saves an input that is marked `data-commit`, Escape puts back what stood there; both leave it. */

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
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
  return null;
}
