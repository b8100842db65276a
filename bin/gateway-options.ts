/** What the commands that start a laptop gateway read from their command line, and how they show its output. */
import { mkdirSync, readFileSync } from 'node:fs';
import {
  type CertificateFiles,
  type FaultPlanInput,
  makeCertificate,
  parseFaultPlan,
} from '../gateway/index';
import { UsageError } from './usage-error';

/** @throws UsageError unless it is a port, or 0 for any free one */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`The port "${text}" must be a number from 0 to 65535.`);
}

/** Read before anything is started, so that an invalid plan fails at once. */
export function readFaultPlan(file: string): FaultPlanInput {
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `The fault plan ${file} cannot be read: ${error instanceof Error ? error.message : ''}`,
    );
  }
  return parseFaultPlan(plan);
}

/** An authorizer throws this to reject a client. Its stack would look like a defect. */
export function display(text: string): string {
  return text.startsWith('Error: Unauthorized\n') ? 'A handshake was rejected with 401.' : text.trimEnd();
}

/** @throws UsageError where openssl is missing */
export function certificateIn(folder: string): CertificateFiles {
  mkdirSync(folder, { recursive: true });
  const files = makeCertificate(folder);
  if (files === undefined)
    throw new UsageError('--tls needs the program openssl, which makes the certificate.');
  return files;
}
