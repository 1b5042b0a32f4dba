/** Times and levels as the page writes them. Figures use a true minus sign. */

/** `00:09.42` */
export function clock(seconds: number): string {
  const hundredths = Math.max(0, Math.floor(seconds * 100 + 1e-6));
  const minutes = Math.floor(hundredths / 6000);
  return `${pad(minutes)}:${pad(Math.floor(hundredths / 100) % 60)}.${pad(hundredths % 100)}`;
}

/** `0:09`, as links in notes are written; `0:09.5` where a tenth was meant. */
export function shortClock(seconds: number): string {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const whole = Math.floor(tenths / 10);
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}${tenths % 10 === 0 ? '' : `.${tenths % 10}`}`;
}

/** `−16.2` */
export function level(value: number): string {
  return signless(value).replace('-', '−');
}

/** `−2.1` or `+0.0`, for gains. */
export function gain(db: number): string {
  const text = level(db);
  return text.startsWith('−') ? text : `+${text}`;
}

function signless(value: number): string {
  const text = value.toFixed(1);
  return text === '-0.0' ? '0.0' : text;
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
