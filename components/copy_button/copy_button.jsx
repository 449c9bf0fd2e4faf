/** Copies a text; where the page may not, on plain HTTP, it is selected instead, to be copied by hand. */

import { useState } from "react";

const BRIEFLY = 2_000; // milliseconds

export function CopyButton({ value, ...rest }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async (event) => {
    const text = event.currentTarget.previousElementSibling;
    try {
      await navigator.clipboard.writeText(value);
      setCopied(true);
      setTimeout(() => setCopied(false), BRIEFLY);
    } catch {
      if (text) getSelection().selectAllChildren(text);
    }
  };
  return (
    <button type="button" onClick={copy} {...rest}>
      {isCopied ? "Copied" : "Copy"}
    </button>
  );
}
