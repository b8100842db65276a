/** Sending and ending connections, with a token that may. The page only watches until the user asks for one. */
import { signal } from '@preact/signals';
import { PubSub } from '@artcafe/pubsub';
import { kick as kickOverHttp } from './http';
import { operatorToken, session } from './session';

/** `minted`: the server of the page gives tokens. Otherwise the text is one that the user pasted. */
type Source = 'minted' | { readonly pasted: string };

export const acting = signal<Source | undefined>(undefined);
let bus: PubSub | undefined;

function token(): Promise<string> {
  const { value } = acting;
  return value === 'minted' ? operatorToken() : Promise.resolve(value?.pasted ?? '');
}

/** Connects; rejects, and stays without, when the token is refused. */
export async function startActing(source: Source): Promise<void> {
  await stopActing();
  acting.value = source;
  bus = new PubSub({ url: session.value?.url ?? '', token, echo: false, observer: true });
  bus.on('error', () => undefined);
  bus.on('retrying', () => undefined);
  try {
    await bus.connect({ timeout: 10_000 });
  } catch (error) {
    await stopActing();
    throw error;
  }
}

export async function stopActing(): Promise<void> {
  const ending = bus;
  bus = undefined;
  acting.value = undefined;
  await ending?.close();
}

function connection(): PubSub {
  if (bus === undefined) throw new Error('There is no token that may send.');
  return bus;
}

/** Text that tells what became of it. */
export async function sendMessage(to: 'channel' | 'agent', id: string, content: unknown): Promise<string> {
  if (to === 'channel') {
    const { sequence } = await connection().channel(id).publish(content);
    return sequence === undefined ? 'Accepted' : `Accepted as number ${sequence}`;
  }
  const { status } = await connection().agent(id).send(content);
  return status === 'stored' ? `Stored: ${id} is not connected` : 'Accepted';
}

export async function askAgent(id: string, content: unknown): Promise<unknown> {
  return (await connection().agent(id).request(content, { timeout: 15_000 })).content;
}

export async function kickAgent(id: string): Promise<void> {
  await kickOverHttp(id, await token());
}
