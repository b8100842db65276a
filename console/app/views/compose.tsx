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
      <details open={!mayMint}>
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
      <p class="said is-bad" role="alert">
        {problem}
      </p>
    </form>
  );
}

function Form() {
  const { to, id, isRequest } = draft.value;
  const [text, setText] = useState('{ "hello": "world" }');
  const [said, setSaid] = useState<{
    readonly text: string;
    readonly reply?: unknown;
    readonly isBad?: boolean;
  }>({ text: '' });
  const set = (change: Partial<Draft>): void => {
    draft.value = { ...draft.value, ...change };
  };
  const send = async (): Promise<void> => {
    setSaid({ text: isRequest ? 'Waiting for the reply …' : 'Sending …' });
    try {
      const content = parsed(text);
      if (isRequest && to === 'agent')
        setSaid({ text: `${id} replies:`, reply: await askAgent(id, content) });
      else setSaid({ text: await sendMessage(to, id, content) });
      if (to === 'channel') watchChannel(id);
    } catch (error) {
      setSaid({ text: error instanceof Error ? error.message : String(error), isBad: true });
    }
  };
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div class="choice" role="group" aria-label="To">
        <button
          type="button"
          aria-pressed={to === 'channel'}
          onClick={() => {
            set({ to: 'channel', isRequest: false });
          }}
        >
          To a channel
        </button>
        <button
          type="button"
          aria-pressed={to === 'agent' && !isRequest}
          onClick={() => {
            set({ to: 'agent', isRequest: false });
          }}
        >
          To an agent
        </button>
        <button
          type="button"
          aria-pressed={isRequest}
          onClick={() => {
            set({ to: 'agent', isRequest: true });
          }}
        >
          Ask an agent
        </button>
      </div>
      <label class="stack">
        <span>{to === 'channel' ? 'Channel' : 'Agent'}</span>
        <input
          required
          list={`known-${to}`}
          value={id}
          placeholder={to === 'channel' ? 'lobby' : 'bob'}
          onInput={(event) => {
            set({ id: event.currentTarget.value.trim() });
          }}
        />
      </label>
      <Known />
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
