/** One message: what it says, and what became of it. */
import { useEffect, useState } from 'preact/hooks';
import { type Explanation, explain } from '../data/explain';
import { hasLog } from '../source/log';
import type { Row } from '../data/rows';
import { session } from '../source/session';
import { clock, milliseconds } from '../parts/format';
import { Json } from '../parts/json';
import { hueOf } from '../parts/status';
import { Icon } from '../shell/icons';

export function MessagePanel({ row, close }: { readonly row: Row; readonly close: () => void }) {
  const { message, channel, arrivedAt } = row;
  const { id, agentId, sequence, timestamp, type, content, metadata } = message;
  return (
    <aside class="panel" aria-label="Message">
      <header class="panel-head">
        <div>
          <span class={`chip hue-${hueOf(channel)}`}>{channel}</span>
          <h2>{sequence === undefined ? 'Ephemeral' : `#${sequence}`}</h2>
        </div>
        <button class="tool" type="button" aria-label="Close" title="Close (Esc)" onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <dl class="facts">
        <Fact name="Agent" value={agentId} />
        <Fact name="Time" value={clock(timestamp)} />
        <Fact name="Type" value={type} />
        <Fact name="Id" value={id} isCode />
        {arrivedAt !== undefined && !message.replayed && (
          <Fact name="Arrived here" value={`after ${milliseconds(Math.max(0, arrivedAt - timestamp))}`} />
        )}
      </dl>
      <h3>Content</h3>
      <Json value={content} />
      {Object.keys(metadata).length > 0 && (
        <>
          <h3>Metadata</h3>
          <Json value={metadata} />
        </>
      )}
      <h3>What became of it</h3>
      <Way row={row} />
    </aside>
  );
}

function Fact({
  name,
  value,
  isCode = false,
}: {
  readonly name: string;
  readonly value: string;
  readonly isCode?: boolean;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={isCode ? 'code' : ''}>{value}</dd>
    </div>
  );
}

type Told = Explanation | { readonly error: string };

/** Absent while the log lines are read. */
function useExplanation(row: Row): Told | undefined {
  const [told, setTold] = useState<Told | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    setTold(undefined);
    explain(row.message).then(
      (explanation) => {
        if (isCurrent) setTold(explanation);
      },
      (error: unknown) => {
        if (isCurrent) setTold({ error: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [row.key]);
  return told;
}

function Way({ row }: { readonly row: Row }) {
  const told = useExplanation(row);
  if (told === undefined) return <p class="quiet">Reading the log lines …</p>;
  if ('error' in told) return <p class="quiet">The log lines cannot be read: {told.error}</p>;
  return (
    <>
      <ol class="way">
        {told.steps.map(({ what, said, tone, hint }) => (
          <li
            key={`${what} ${said ?? ''}`}
            title={hint}
            class={`is-${said === undefined ? 'unknown' : tone}`}
          >
            <span>{what}</span>
            <b>{said ?? 'unknown'}</b>
          </li>
        ))}
      </ol>
      {told.batch > 1 && (
        <p class="quiet">Sent in a batch with others: the counts are those of {told.batch} messages.</p>
      )}
      {(session.value?.isLaptop !== true || hasLog.value === false) && (
        <p class="quiet">
          This console does not see the log lines of the functions: look for its id in the log of the function
          “default”.
        </p>
      )}
      {told.lines.length > 0 && <LogLines lines={told.lines} />}
    </>
  );
}

function LogLines({ lines }: Pick<Explanation, 'lines'>) {
  return (
    <details class="lines">
      <summary>
        {lines.length} log {lines.length === 1 ? 'line' : 'lines'}
      </summary>
      {lines.map(({ function: name, timestamp, line }, index) => (
        <section key={index}>
          <p class="quiet">
            {clock(Date.parse(timestamp))} · {name}
          </p>
          <Json value={line} />
        </section>
      ))}
    </details>
  );
}
