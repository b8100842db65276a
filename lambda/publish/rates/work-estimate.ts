/**
 * What frames will cost at least, in work units, before anything is read or written: the text message itself, the answer, the
 * store, and one receiver of each message. What they have really cost is charged afterwards.
 */
import type { ParsedControl, ParsedFrame } from '../../../protocol/index';
import { unitsOfMessage, workUnits } from '../../shared/work-meter';

const { message, readUnit, writeUnit, invocation } = workUnits;
const kilobyte = 1_024;
/** Of a row, what is not the body. */
const rowBytes = 300;

/** A request over HTTP that publishes nothing: one read at the least. */
export const requestEstimate = message + invocation + readUnit;

/** One estimate per frame; the first one includes the text message. */
export function estimateWork(text: string, frames: readonly ParsedFrame[]): readonly number[] {
  const share = text.length / frames.length;
  return frames.map((frame, index) => {
    const ownText = index === 0 ? unitsOfMessage(text) + invocation : 0;
    return ownText + estimateFrame(frame, share);
  });
}

function estimateFrame(parsed: ParsedFrame, bytes: number): number {
  if (!parsed.ok) return message;
  if (parsed.kind === 'control') return message + estimateControl(parsed.control);
  const { frame } = parsed;
  const answer = frame.id === undefined ? 0 : message;
  const stored = frame.ephemeral ? 0 : readUnit + Math.ceil((bytes + rowBytes) / kilobyte) * writeUnit;
  return answer + stored + readUnit + message;
}

/** The calls of docs/architecture.md (What an operation costs). */
function estimateControl(control: ParsedControl): number {
  switch (control.type) {
    case 'hello':
      return (3 + control.resume.length) * readUnit;
    case 'subscribe':
      return readUnit + 2 * writeUnit;
    case 'unsubscribe':
      return 2 * writeUnit;
    case 'history':
      return 2 * readUnit;
    case 'presence':
      return 2 * readUnit + writeUnit;
    case 'ping':
      return (1 + control.channels.length) * readUnit;
  }
}
