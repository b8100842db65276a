/** One message: what it says, and what became of it. */
import { useEffect, useState } from 'preact/hooks';
import { type Explanation, explain, isSearchNeeded, linesAbout } from '../data/explain';
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
      <Way key={row.key} row={row} />
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

interface Told {
  readonly explanation: Explanation;
  /** Why the log lines cannot be read. */
  readonly failure?: string;
}

/**
 * Absent while the log lines are read.
 * @param asked - how often they were asked for; 0: not yet
 */
function useExplanation({ message }: Row, asked: number): Told | undefined {
  const [told, setTold] = useState<Told | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    const tell = (next: Told | undefined): void => {
      if (isCurrent) setTold(next);
    };
    if (asked === 0) tell({ explanation: explain(message, []) });
    else {
      tell(undefined);
      linesAbout(message).then(
        (lines) => {
          tell({ explanation: explain(message, lines) });
        },
        (error: unknown) => {
          const failure = error instanceof Error ? error.message : String(error);
          tell({ explanation: explain(message, []), failure });
        },
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [asked]);
  return told;
}

function Way({ row }: { readonly row: Row }) {
  const isSearched = isSearchNeeded(row.message);
  const [asked, setAsked] = useState(isSearched ? 0 : 1);
  const told = useExplanation(row, asked);
  if (told === undefined) return <p class="quiet">Reading the log lines …</p>;
  const { explanation, failure } = told;
  return (
    <>
      <Steps steps={explanation.steps} />
      {explanation.batch > 1 && (
        <p class="quiet">
          Sent in a batch with others: the counts are those of {explanation.batch} messages.
        </p>
      )}
      {failure !== undefined && (
        <p class="quiet" role="alert">
          The log lines cannot be read: {failure}
        </p>
      )}
      {isSearched && !explanation.isKnown && (
        <Search
          hasFoundNothing={asked > 0 && failure === undefined}
          begin={() => {
            setAsked(asked + 1);
          }}
        />
      )}
      {!isSearched && <WithoutLog />}
      {explanation.lines.length > 0 && <LogLines lines={explanation.lines} />}
    </>
  );
}

function Steps({ steps }: Pick<Explanation, 'steps'>) {
  return (
    <ol class="way">
      {steps.map(({ what, said, tone, hint }) => (
        <li key={`${what} ${said ?? ''}`} title={hint} class={`is-${said === undefined ? 'unknown' : tone}`}>
          <span>{what}</span>
          <b>{said ?? 'unknown'}</b>
        </li>
      ))}
    </ol>
  );
}

interface SearchProps {
  readonly hasFoundNothing: boolean;
  readonly begin: () => void;
}

function Search({ hasFoundNothing, begin }: SearchProps) {
  return (
    <>
      {hasFoundNothing && (
        <p class="quiet">
          No log line tells what became of it. CloudWatch may have the newest lines a minute or two later.
        </p>
      )}
      <button class="button" type="button" onClick={begin}>
        Search the log lines
      </button>
      <p class="quiet">CloudWatch searches 20 minutes of log lines, at $0.005 per GB.</p>
    </>
  );
}

function WithoutLog() {
  const { isLaptop = false, logsKey } = session.value ?? {};
  if (logsKey !== undefined || (isLaptop && hasLog.value !== false)) return null;
  return (
    <p class="quiet">
      This console does not see the log lines of the functions: look for its id in the log of the function
      “default”.
    </p>
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
          {timestamp !== undefined && (
            <p class="quiet">
              {clock(Date.parse(timestamp))} · {name}
            </p>
          )}
          <Json value={line} />
        </section>
      ))}
    </details>
  );
}
