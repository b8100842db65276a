/** Numbers and times as the page shows them. */

/** 1234 → `1,234`; 12345 → `12.3k`. */
export function count(value: number): string {
  if (value >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (value >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return Math.round(value).toLocaleString('en');
}

/** A rate: small ones with a decimal. */
export function rate(value: number): string {
  return value > 0 && value < 10 ? value.toFixed(1) : count(value);
}

export function milliseconds(value: number): string {
  return value >= 10_000 ? `${(value / 1_000).toFixed(1)} s` : `${Math.round(value).toLocaleString('en')} ms`;
}

export function dollars(value: number): string {
  if (value === 0) return '$0';
  if (value >= 100) return `$${Math.round(value).toLocaleString('en')}`;
  if (value >= 1) return `$${value.toFixed(2)}`;
  return `$${value.toPrecision(2).replace(/e-?\d+$/, '') === '0' ? '0' : Number(value.toPrecision(2)).toFixed(Math.min(6, 1 - Math.floor(Math.log10(value))))}`;
}

/** `14:03:22.481`, in the time of the reader. */
export function clock(epochMs: number): string {
  const at = new Date(epochMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}

/** `now`, `12 s`, `5 min`, `3 h`, `2 d`: how long ago. */
export function ago(epochMs: number | undefined, now = Date.now()): string {
  if (epochMs === undefined || !Number.isFinite(epochMs)) return '–';
  const seconds = Math.max(0, Math.round((now - epochMs) / 1_000));
  if (seconds < 3) return 'now';
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}
