/**
 * An agent of the tenant "demo" on the bus that `npm start` runs; BUS_URL names another one.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { PubSub } from '@artcafe/pubsub';
import WebSocket from 'ws';

export const url = process.env.BUS_URL ?? 'ws://127.0.0.1:8787/v1';

export function agent(name) {
  return new PubSub({ url, token: () => tokenFor(name), WebSocket });
}

/** A fresh token, as `npm run token` makes it. */
export function tokenFor(name) {
  const bin = path.join(import.meta.dirname, '../bin/token.ts');
  const command = ['--import', 'tsx', bin, '--tenant', 'demo', '--agent', name];
  return execFileSync(process.execPath, command, { encoding: 'utf8' }).trim();
}
