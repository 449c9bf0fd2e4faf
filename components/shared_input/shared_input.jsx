/** Inputs that take a newly saved text, except over what somebody is typing. */

import { useEffect, useEffectEvent, useRef } from "react";

export const SharedInput = (props) => <Shared as="input" {...props} />;
export const SharedTextarea = (props) => <Shared as="textarea" {...props} />;

function Shared({ as: Tag, defaultValue, onBlur, onOvertaken, ...rest }) {
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

  const send = (event) => {
    settled.current.push(event.target.value);
    onBlur?.(event);
  };
  return <Tag ref={input} defaultValue={defaultValue} onBlur={send} {...rest} />;
}
