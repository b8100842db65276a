/** Sending a message or asking a request. Before the first one the page asks for a token that may. */
import { signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { acting, askAgent, sendMessage, startActing } from '../source/acting';
import { agents } from '../data/agents';
import { watchChannel } from '../data/begin';
import { channels } from '../data/channels';
import { session } from '../source/session';
import { Dialog } from '../parts/dialog';
import { Json } from '../parts/json';
import { Icon } from '../shell/icons';
import { isComposeOpen } from '../shell/keys';

export interface Draft {
  readonly to: 'channel' | 'agent';
  readonly id: string;
  readonly isRequest: boolean;
}

const draft = signal<Draft>({ to: 'channel', id: '', isRequest: false });

export function openCompose(given: Draft): void {
  draft.value = given;
  isComposeOpen.value = true;
}

export function Compose() {
  const close = (): void => {
    isComposeOpen.value = false;
  };
  return (
    <Dialog title={acting.value === undefined ? 'A token that may send' : 'New message'} close={close}>
      {acting.value === undefined ? <Unlock /> : <Form />}
    </Dialog>
  );
}

function Unlock() {
  const [pasted, setPasted] = useState('');
  const [problem, setProblem] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const mayMint = session.value?.roles.includes('operator') === true;
  const start = (source: 'minted' | { pasted: string }): void => {
    setIsBusy(true);
    startActing(source).catch((error: unknown) => {
      setIsBusy(false);
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        start(mayMint && pasted === '' ? 'minted' : { pasted });
      }}
    >
      <p>
        This console watches with a token that can write nothing. To send messages, ask agents or end
        connections, it needs another one, which stays in this page until you close it.
      </p>
      {mayMint && (
        <button
          class="button is-primary"
          type="button"
          disabled={isBusy}
          onClick={() => {
            start('minted');
          }}
        >
          <Icon name="unlock" /> Mint one for “console”
        </button>
      )}
      <Paste {...{ pasted, setPasted, isBusy, isOpen: !mayMint }} />
      <p class="said is-bad" role="alert">
        {problem}
      </p>
    </form>
  );
}

interface PasteProps {
  readonly pasted: string;
  readonly setPasted: (token: string) => void;
  readonly isBusy: boolean;
  readonly isOpen: boolean;
}

function Paste({ pasted, setPasted, isBusy, isOpen }: PasteProps) {
  return (
    <details open={isOpen}>
      <summary>Paste a token</summary>
      <label class="stack">
        <span>Token</span>
        <input
          type="password"
          autocomplete="off"
          value={pasted}
          onInput={(event) => {
            setPasted(event.currentTarget.value.trim());
          }}
        />
      </label>
      <button class="button" type="submit" disabled={isBusy || pasted === ''}>
        Use it
      </button>
    </details>
  );
}

interface Outcome {
  readonly text: string;
  readonly reply?: unknown;
  readonly isBad?: boolean;
}

async function deliver({ to, id, isRequest }: Draft, text: string): Promise<Outcome> {
  try {
    const content = parsed(text);
    const isAsked = isRequest && to === 'agent';
    const outcome = isAsked
      ? { text: `${id} replies:`, reply: await askAgent(id, content) }
      : { text: await sendMessage(to, id, content) };
    if (to === 'channel') watchChannel(id);
    return outcome;
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), isBad: true };
  }
}

function Form() {
  const { isRequest } = draft.value;
  const [text, setText] = useState('{ "hello": "world" }');
  const [said, setSaid] = useState<Outcome>({ text: '' });
  const send = async (): Promise<void> => {
    setSaid({ text: isRequest ? 'Waiting for the reply …' : 'Sending …' });
    setSaid(await deliver(draft.value, text));
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Recipient />
      <label class="stack">
        <span>Content, as JSON or plain text</span>
        <textarea
          rows={6}
          spellcheck={false}
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
          }}
        />
      </label>
      <div class="actions">
        <button class="button is-primary" type="submit">
          <Icon name="send" /> {isRequest ? 'Ask' : 'Send'}
        </button>
        <p class={`said ${said.isBad === true ? 'is-bad' : ''}`} role="status">
          {said.text}
        </p>
      </div>
      {said.reply !== undefined && <Json value={said.reply} />}
    </form>
  );
}

function change(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
}

function Recipient() {
  const { to, id, isRequest } = draft.value;
  return (
    <>
      <div class="choice" role="group" aria-label="To">
        <Choice label="To a channel" isChosen={to === 'channel'} kind={{ to: 'channel', isRequest: false }} />
        <Choice
          label="To an agent"
          isChosen={to === 'agent' && !isRequest}
          kind={{ to: 'agent', isRequest: false }}
        />
        <Choice label="Ask an agent" isChosen={isRequest} kind={{ to: 'agent', isRequest: true }} />
      </div>
      <label class="stack">
        <span>{to === 'channel' ? 'Channel' : 'Agent'}</span>
        <input
          required
          list={`known-${to}`}
          value={id}
          placeholder={to === 'channel' ? 'lobby' : 'bob'}
          onInput={(event) => {
            change({ id: event.currentTarget.value.trim() });
          }}
        />
      </label>
      <Known />
    </>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly isChosen: boolean;
  readonly kind: Partial<Draft>;
}

function Choice({ label, isChosen, kind }: ChoiceProps) {
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      onClick={() => {
        change(kind);
      }}
    >
      {label}
    </button>
  );
}

const listed = 200;

function Known() {
  return (
    <>
      <datalist id="known-channel">
        {channels.value.slice(0, listed).map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <datalist id="known-agent">
        {[...agents.value.keys()].slice(0, listed).map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </>
  );
}

/** What is not JSON is a text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
