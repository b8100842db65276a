/** The channels of the tenant, the busiest first. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type ChannelRow, channels, channelsState } from '../data/channels';
import { ago, count, rate } from '../parts/format';
import { Empty, Failed, Loading } from '../parts/state';
import { hueOf } from '../parts/status';
import { VirtualList } from '../parts/virtual-list';
import { Icon } from '../shell/icons';
import { go } from '../shell/route';

const query = signal('');
const rowHeight = 44;

export function Channels() {
  const { value: state } = channelsState;
  const rows = useMemo(
    () =>
      channels.value
        .filter(({ id }) => id.toLowerCase().includes(query.value.toLowerCase()))
        .sort((a, b) => b.rate - a.rate || (b.at ?? 0) - (a.at ?? 0) || (a.id < b.id ? -1 : 1)),
    [channels.value, query.value],
  );
  return (
    <div class="split">
      <section class="split-main">
        <header class="toolbar">
          <h1>
            Channels <small>{count(channels.value.length)}</small>
          </h1>
          <label class="field is-search">
            <Icon name="search" />
            <input
              type="search"
              placeholder="Name"
              aria-label="Search channels"
              value={query.value}
              onInput={(event) => (query.value = event.currentTarget.value)}
            />
          </label>
        </header>
        {rows.length > 0 && <ChannelList rows={rows} />}
        {rows.length === 0 && typeof state === 'object' && (
          <Failed title="The channels cannot be listed" reason={state.error} />
        )}
        {rows.length === 0 && state === 'loading' && <Loading title="Reading the channels" />}
        {rows.length === 0 && state === 'ready' && (
          <Empty title={channels.value.length === 0 ? 'No channels yet' : 'Nothing matches'}>
            {channels.value.length === 0 && <p class="quiet">A channel appears with its first message.</p>}
          </Empty>
        )}
      </section>
    </div>
  );
}

function ChannelList({ rows }: { readonly rows: readonly ChannelRow[] }) {
  const busiest = Math.max(0.1, rows[0]?.rate ?? 0);
  return (
    <>
      <div class="columns is-channels" aria-hidden="true">
        <span>Channel</span>
        <span>Rate</span>
        <span>Head</span>
        <span>Receivers</span>
        <span>Last message</span>
      </div>
      <VirtualList
        items={rows}
        rowHeight={rowHeight}
        keyOf={(row) => row.id}
        label="Channels"
        open={(row) => {
          go('messages', row.id);
        }}
        row={(row) => (
          <>
            <span class="cell-who">
              <span class={`mark hue-${hueOf(row.id)}`} aria-hidden="true" />
              <b>{row.id}</b>
            </span>
            <span class="cell-rate">
              <meter
                min={0}
                max={1}
                value={row.rate / busiest}
                aria-label="Share of the busiest channel's rate"
              />
              {rate(row.rate)}/s
            </span>
            <span class="cell-count">{row.sequence.toLocaleString('en')}</span>
            <span class="cell-count">{row.subscribers ?? '–'}</span>
            <time class="cell-ago">{ago(row.at)}</time>
          </>
        )}
      />
    </>
  );
}
