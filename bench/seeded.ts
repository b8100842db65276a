/**
 * Ids of connections that exist in the tables only. The gateway counts and answers posts to them, so that a fan-out
 * can have more subscribers than one machine has sockets for.
 */
const start = 'SEED';
/** 15 characters of URL-safe base64 and a `=`, the format of the platform. */
const digits = 15 - start.length;

export function seededId(number: number): string {
  return `${start}${String(number).padStart(digits, '0')}=`;
}

export function isSeeded(connectionId: string): boolean {
  return connectionId.startsWith(start) && /^\d+=$/.test(connectionId.slice(start.length));
}
