/** Who is there, who was, and what each can do. */
import { signal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { acting, kickAgent } from '../source/acting';
import { type AgentRow, agents, agentsState, onlineCount, readAgent } from '../data/agents';
import { agent as readOne } from '../source/http';
import { ago, count } from '../parts/format';
import { Empty, Failed, Loading } from '../parts/state';
import { Avatar, Status } from '../parts/status';
import { VirtualList } from '../parts/virtual-list';
import { Icon } from '../shell/icons';
import { go, route } from '../shell/route';
import { openCompose } from './compose';

const query = signal('');
const scope = signal<'all' | 'online' | 'offline'>('all');
const rowHeight = 44;

function wanted(): AgentRow[] {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  return [...agents.value.values()]
    .filter(({ status }) => scope.value === 'all' || (status === 'offline') === (scope.value === 'offline'))
    .filter((row) => {
      if (words.length === 0) return true;
      const text = `${row.id} ${row.status} ${row.capabilities.join(' ')}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort(byPresence);
}

function byPresence(a: AgentRow, b: AgentRow): number {
  return Number(a.status === 'offline') - Number(b.status === 'offline') || (a.id < b.id ? -1 : 1);
}

export function Agents() {
  const { id } = route.value;
  const rows = useMemo(wanted, [agents.value, query.value, scope.value]);
  const opened = id === undefined ? undefined : agents.value.get(id);
  const close = (): void => {
    go('agents');
  };
  return (
    <div
      class={`split ${opened === undefined ? '' : 'is-open'}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <section class="split-main">
        <header class="toolbar">
          <h1>
            Agents <small>{count(onlineCount.value)} online</small>
          </h1>
          <label class="field is-search">
            <Icon name="search" />
            <input
              type="search"
              placeholder="Name, status or capability"
              aria-label="Search agents"
              value={query.value}
              onInput={(event) => (query.value = event.currentTarget.value)}
            />
          </label>
          <div class="choice" role="group" aria-label="Which agents">
            {(['all', 'online', 'offline'] as const).map((each) => (
              <button
                key={each}
                type="button"
                aria-pressed={scope.value === each}
                onClick={() => (scope.value = each)}
              >
                {each}
              </button>
            ))}
          </div>
        </header>
        <AgentList rows={rows} openId={id} />
      </section>
      {opened !== undefined && <AgentPanel row={opened} close={close} />}
    </div>
  );
}

function AgentList({
  rows,
  openId,
}: {
  readonly rows: readonly AgentRow[];
  readonly openId: string | undefined;
}) {
  const { value: state } = agentsState;
  if (rows.length === 0 && typeof state === 'object')
    return <Failed title="The agents cannot be listed" reason={state.error} />;
  if (rows.length === 0 && state === 'loading') return <Loading title="Reading the agents" />;
  if (rows.length === 0) {
    return agents.value.size === 0 ? (
      <Empty title="No agents yet">
        <p class="quiet">An agent appears with its first connection and stays for 30 days after its last.</p>
      </Empty>
    ) : (
      <Empty title="Nothing matches" />
    );
  }
  return (
    <>
      <div class="columns is-agents" aria-hidden="true">
        <span>Agent</span>
        <span>Status</span>
        <span>Capabilities</span>
        <span>Changed</span>
      </div>
      <VirtualList
        items={rows}
        rowHeight={rowHeight}
        keyOf={(row) => row.id}
        label="Agents"
        openKey={openId}
        open={(row) => {
          go('agents', row.id);
        }}
        row={(row) => <AgentLine row={row} />}
      />
    </>
  );
}

function AgentLine({ row }: { readonly row: AgentRow }) {
  return (
    <>
      <span class="cell-who">
        <Avatar name={row.id} />
        <b>{row.id}</b>
      </span>
      <Status status={row.status} />
      <span class="cell-words">
        {row.capabilities.map((word) => (
          <span key={word} class="word">
            {word}
          </span>
        ))}
      </span>
      <time class="cell-ago">{ago(row.changedAt)}</time>
    </>
  );
}

function AgentPanel({ row, close }: { readonly row: AgentRow; readonly close: () => void }) {
  const [connections, setConnections] = useState(row.connections);
  useEffect(() => {
    setConnections(row.connections);
    readOne(row.id).then(
      (entry) => {
        setConnections(readAgent(entry).connections);
      },
      () => undefined,
    );
  }, [row.id, row.version]);
  return (
    <aside class="panel" aria-label={`Agent ${row.id}`}>
      <header class="panel-head">
        <div>
          <Avatar name={row.id} />
          <h2>{row.id}</h2>
        </div>
        <button class="tool" type="button" aria-label="Close" title="Close (Esc)" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <Facts row={row} connections={connections} />
      <h3>Capabilities</h3>
      {row.capabilities.length === 0 ? (
        <p class="quiet">None advertised</p>
      ) : (
        <p class="words">
          {row.capabilities.map((word) => (
            <span key={word} class="word">
              {word}
            </span>
          ))}
        </p>
      )}
      <h3>Act</h3>
      <Actions row={row} />
    </aside>
  );
}

interface FactsProps {
  readonly row: AgentRow;
  readonly connections: number | undefined;
}

/** What is not known is left out: only the laptop gateway tells how many connections an agent has. */
function Facts({ row, connections }: FactsProps) {
  const live = row.status === 'offline' ? 0 : connections;
  return (
    <dl class="facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status status={row.status} />
        </dd>
      </div>
      {live !== undefined && (
        <div>
          <dt>Connections</dt>
          <dd>{live}</dd>
        </div>
      )}
      {row.changedAt !== undefined && (
        <div>
          <dt>{row.status === 'offline' ? 'Last seen' : 'Changed'}</dt>
          <dd title={new Date(row.changedAt).toISOString()}>
            {`${ago(row.changedAt)} ago`.replace('now ago', 'now')}
          </dd>
        </div>
      )}
    </dl>
  );
}

function Actions({ row }: { readonly row: AgentRow }) {
  const [said, setSaid] = useState('');
  const kick = (): void => {
    setSaid('Ending its connections …');
    kickAgent(row.id).then(
      () => {
        setSaid('Its connections are ended. It may connect again.');
      },
      (error: unknown) => {
        setSaid(`Not done: ${error instanceof Error ? error.message : String(error)}`);
      },
    );
  };
  const compose = (isRequest: boolean) => () => {
    openCompose({ to: 'agent', id: row.id, isRequest });
  };
  return (
    <>
      <div class="actions">
        <button class="button" type="button" onClick={compose(false)}>
          <Icon name="send" /> Message
        </button>
        <button class="button" type="button" onClick={compose(true)}>
          Ask
        </button>
        <KickButton isOff={acting.value === undefined || row.status === 'offline'} kick={kick} />
      </div>
      {acting.value === undefined && (
        <p class="quiet">This console only watches. “Message” asks for a token that may do more.</p>
      )}
      <p class="said" role="status">
        {said}
      </p>
    </>
  );
}

/** Asks once more. */
function KickButton({ isOff, kick }: { readonly isOff: boolean; readonly kick: () => void }) {
  const [isSure, setIsSure] = useState(false);
  return (
    <button
      class={`button ${isSure ? 'is-bad' : ''}`}
      type="button"
      disabled={isOff}
      onClick={() => {
        if (isSure) kick();
        setIsSure(!isSure);
      }}
    >
      <Icon name="eject" /> {isSure ? 'Really kick?' : 'Kick'}
    </button>
  );
}
