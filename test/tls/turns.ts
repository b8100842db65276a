/**
 * Turns of the test clients under the quotas of a new account. The eleventh client at a time gets a 500, or an error frame that
 * names no message, and the end of a connection is lost; a rule of the protocol says nothing of that. So the clients of a test file
 * act one after another, each when functions are free. Without quotas everybody acts at once.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Gateway, newAccount } from '../../gateway/index';

/** The other half is for what a message starts: a worker, a push, the audit log. */
const busy = newAccount.concurrency / 2;
/** Until the gateway has taken what a client sent, which is in its loop, as the client is. */
const landingMs = 5;

const gateways = new Set<Gateway>();
let last: Promise<void> = Promise.resolve();
/** Handshakes are two functions, one after the other. */
let handshakes = 0;

/** From then on clients take turns, until the returned function is called. */
export function takeTurnsAt(gateway: Gateway): () => void {
  gateways.add(gateway);
  return () => {
    gateways.delete(gateway);
  };
}

/** In the order of the calls. Without quotas it has happened when this returns. */
export function inTurn(act: () => void): void {
  if (gateways.size === 0) {
    act();
    return;
  }
  last = last.then(async () => {
    while (isBusy()) await sleep(landingMs);
    act();
    await sleep(landingMs);
  });
}

/** A handshake, or another call that has an answer. */
export async function inTurnUntilAnswered<T>(call: () => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => {
    inTurn(() => {
      handshakes += 1;
      resolve();
    });
  });
  try {
    return await call();
  } finally {
    handshakes -= 1;
  }
}

function isBusy(): boolean {
  return handshakes >= busy || [...gateways].some((gateway) => gateway.running() >= busy);
}
