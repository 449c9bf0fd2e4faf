/** Inputs that take a newly saved text, except over what somebody is typing. What is typed into one with `data-adds-to`
 * makes another appear, whose `data-place` is that and the text; it takes the focus if nothing else has it. */

import { useEffect, useEffectEvent, useRef } from "react";

let awaited; // the `data-place` of an input that is about to appear, and to be typed into

export const SharedInput = (props) => <Shared as="input" {...props} />;
export const SharedTextarea = (props) => <Shared as="textarea" {...props} />;

function Shared({ as: Tag, defaultValue = "", onBlur, onOvertaken, ...rest }) {
  const input = useRef(null);
  const settled = useRef([defaultValue]); // what was saved before, and what was last sent to be saved

  const take = useEffectEvent(() => {
    const { value } = input.current;
    const isTyping = input.current === document.activeElement && !settled.current.includes(value);
    const isMine = settled.current.includes(defaultValue) || value === defaultValue;
    settled.current = [defaultValue];
    if (!isTyping) input.current.value = defaultValue;
    else if (!isMine) onOvertaken?.();
  });
  useEffect(() => take(), [defaultValue]);
  useEffect(() => {
    if (!awaited || rest["data-place"] !== awaited) return;
    awaited = undefined;
    if (document.activeElement === document.body) input.current.focus();
  }, []);

  const send = (event) => {
    settled.current.push(event.target.value);
    if (rest["data-adds-to"]) awaited = `${rest["data-adds-to"]}/${event.target.value.trim()}`;
    onBlur?.(event);
  };
  return <Tag ref={input} defaultValue={defaultValue} onBlur={send} {...rest} />;
}
