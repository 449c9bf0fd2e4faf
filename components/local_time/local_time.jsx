/** A moment in the reader's own zone and language: the time today, else the day and the time. */

const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const DAY = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };

export function LocalTime({ value, ...rest }) {
  if (!value) return null;
  const moment = new Date(value);
  const isToday = moment.toDateString() === new Date().toDateString();
  return (
    <time {...rest} dateTime={value} title={moment.toLocaleString()}>
      {moment.toLocaleString(undefined, isToday ? TIME : DAY)}
    </time>
  );
}
