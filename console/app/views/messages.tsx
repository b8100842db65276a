/** Live messages of all channels, newest first. Scrolling down goes into the logs; whatever is away from the top stays in place. */
import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { feed, past, readPast, watchChannel } from '../data/begin';
import { channels, channelsState } from '../data/channels';
import type { Row } from '../data/rows';
import { clock, count } from '../parts/format';
import { Empty, Failed, Loading } from '../parts/state';
import { hueOf } from '../parts/status';
import { VirtualList } from '../parts/virtual-list';
import { Icon } from '../shell/icons';
import { go, route } from '../shell/route';
import { MessagePanel } from './message-panel';

const opened = signal<Row | undefined>(undefined);
/** Whether the list is held because the reader has gone away from its top, or has opened a message. */
let isHeldByReading = false;

const rowHeight = 34;

function holdForReading(isReading: boolean): void {
  if (isReading && !feed.held.value) {
    isHeldByReading = true;
    feed.hold(true);
  } else if (!isReading && isHeldByReading && opened.value === undefined) {
    isHeldByReading = false;
    feed.hold(false);
  }
}

export function Messages() {
  const { id } = route.value;
  useEffect(() => {
    if (id !== undefined) watchChannel(id);
    feed.filter(feed.query.value, id);
  }, [id]);
  const close = (): void => {
    opened.value = undefined;
    holdForReading(false);
  };
  return (
    <div
      class={`split ${opened.value === undefined ? '' : 'is-open'}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <section class="split-main">
        <Toolbar channel={id} />
        <List />
      </section>
      {opened.value !== undefined && <MessagePanel row={opened.value} close={close} />}
    </div>
  );
}

function Toolbar({ channel }: { readonly channel: string | undefined }) {
  const names = channels.value.map(({ id }) => id).sort();
  if (channel !== undefined && !names.includes(channel)) names.unshift(channel);
  return (
    <header class="toolbar">
      <h1>Messages</h1>
      <label class="field is-search">
        <Icon name="search" />
        <input
          type="search"
          placeholder="Search  (agent:bob, channel:orders)"
          aria-label="Search messages"
          value={feed.query.value}
          onInput={(event) => {
            feed.filter(event.currentTarget.value, channel);
          }}
        />
      </label>
      <label class="field">
        <span class="sr">Channel</span>
        <select
          value={channel ?? ''}
          onChange={(event) => {
            go('messages', event.currentTarget.value || undefined);
          }}
        >
          <option value="">All channels</option>
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <PauseButton />
    </header>
  );
}

function PauseButton() {
  const { value: held } = feed.held;
  const toggle = (): void => {
    isHeldByReading = false;
    feed.hold(!held);
    if (held) document.querySelector('.list')?.scrollTo({ top: 0 });
  };
  return (
    <button
      class={`button ${held ? 'is-held' : ''}`}
      type="button"
      aria-pressed={held}
      title="Pause or go on (p)"
      onClick={toggle}
    >
      <Icon name={held ? 'play' : 'pause'} />
      <span>{held ? 'Resume' : 'Pause'}</span>
      {held && feed.waiting.value > 0 && <b class="badge">{count(feed.waiting.value)} new</b>}
    </button>
  );
}

function List() {
  const { value: rows } = feed.shown;
  const { value: state } = channelsState;
  useEffect(() => {
    if (state === 'ready') void readPast();
  }, [state === 'ready', feed.channel.value]);
  if (rows.length === 0 && feed.isFiltered.value && feed.query.value !== '') {
    return (
      <Empty title="Nothing matches">
        <p class="quiet">
          The search looks at the messages that this page has. Scroll down without a search to read more of
          the logs.
        </p>
      </Empty>
    );
  }
  if (rows.length === 0 && typeof state === 'object')
    return <Failed title="The channels cannot be listed" reason={state.error} />;
  if (rows.length === 0 && (state === 'loading' || past.isLoading.value))
    return <Loading title="Reading the channels" />;
  if (rows.length === 0) {
    return (
      <Empty title="No messages yet">
        <p class="quiet">New ones appear here as they are published. Press n to send the first one.</p>
      </Empty>
    );
  }
  return (
    <VirtualList
      items={rows}
      rowHeight={rowHeight}
      keyOf={(row) => row.key}
      label="Messages, newest first"
      openKey={opened.value?.key}
      open={(row) => {
        holdForReading(true);
        opened.value = row;
      }}
      atTop={(isAtTop) => {
        holdForReading(!isAtTop);
      }}
      nearEnd={() => {
        if (!past.isLoading.value && !past.isComplete.value) void readPast();
      }}
      row={(row) => <MessageRow row={row} />}
      footer={<PastState />}
    />
  );
}

function MessageRow({ row }: { readonly row: Row }) {
  const { timestamp, agentId, sequence, type } = row.message;
  return (
    <>
      <time class="cell-time">{clock(timestamp)}</time>
      <span class={`chip hue-${hueOf(row.channel)}`}>{row.channel}</span>
      <span class="cell-agent">{agentId}</span>
      <span class="cell-text">
        {type !== 'message' && <span class="type">{type}</span>}
        {row.preview}
      </span>
      <span class="cell-number">{sequence ?? '~'}</span>
    </>
  );
}

function PastState() {
  const { value: error } = past.error;
  const text =
    error !== undefined
      ? `The logs cannot be read: ${error}`
      : past.isLoading.value
        ? 'Reading older messages …'
        : past.isComplete.value
          ? 'That is all the logs hold'
          : '';
  return <p class="list-foot">{text}</p>;
}
