/** How the bus is doing: figures, and the last five minutes as plots. */
import { agents, onlineCount } from '../data/agents';
import { lately, type Sample, samples } from '../data/samples';
import { session } from '../source/session';
import { errorLines } from '../source/log';
import { Chart, type Line, Spark } from '../parts/chart';
import { ago, count, dollars, milliseconds, rate } from '../parts/format';

const hoursPerMonth = 720;

export function Overview() {
  const list = samples.value;
  const { isLaptop = false } = session.value ?? {};
  return (
    <div class="page">
      <header class="page-head">
        <h1>Overview</h1>
        <p class="quiet">The last five minutes{isLaptop ? '' : ', as this page sees them'}</p>
      </header>
      <Tiles list={list} isLaptop={isLaptop} />
      <div class="plots">
        <Plot
          title="Throughput"
          unit="messages a second"
          lines={isLaptop ? traffic : seen}
          format={rate}
          list={list}
        />
        <Plot
          title="Latency"
          unit="95th percentile"
          lines={isLaptop ? latency : deliveryOnly}
          format={milliseconds}
          list={list}
        />
        <Plot title="Errors" unit="a second" lines={errors} format={rate} list={list} />
        {isLaptop && (
          <Plot title="Cost on AWS" unit="an hour, at this load" lines={cost} format={dollars} list={list} />
        )}
      </div>
      <Errors />
    </div>
  );
}

const traffic: readonly Line[] = [
  { label: 'out', of: (sample) => sample.out, colour: 1, isFilled: true },
  { label: 'in', of: (sample) => sample.in, colour: 2 },
];
const seen: readonly Line[] = [
  { label: 'seen here', of: (sample) => sample.seen, colour: 1, isFilled: true },
];
const latency: readonly Line[] = [
  { label: 'delivery', of: (sample) => sample.deliveryP95, colour: 1, isFilled: true },
  { label: 'ACK', of: (sample) => sample.ackP95, colour: 2 },
];
const deliveryOnly: readonly Line[] = latency.slice(0, 1);
const errors: readonly Line[] = [
  { label: 'errors', of: (sample) => sample.errors, colour: 3, isFilled: true },
];
const cost: readonly Line[] = [
  { label: 'dollars an hour', of: (sample) => sample.dollarsPerHour, colour: 4, isFilled: true },
];

function Tiles({ list, isLaptop }: { readonly list: readonly Sample[]; readonly isLaptop: boolean }) {
  const minute = list.slice(-60);
  // A few messages in a few seconds would be many dollars a month.
  const perHour = minute.length < 60 ? undefined : meanOf(minute.map((sample) => sample.dollarsPerHour));
  const failures = minute.reduce((sum, sample) => sum + sample.errors, 0);
  const ack = lately((sample) => sample.ackP95, 30);
  const delivery = lately((sample) => sample.deliveryP95, 30);
  return (
    <div class="tiles">
      <Tile
        name="Throughput"
        value={rate(lately((sample) => (isLaptop ? sample.out : sample.seen)) ?? 0)}
        unit="msg/s"
        note={isLaptop ? `${rate(lately((sample) => sample.in) ?? 0)} in` : 'seen by this page'}
        values={minute.map((sample) => (isLaptop ? sample.out : sample.seen))}
      />
      <Tile
        name="Agents"
        value={count(onlineCount.value)}
        unit="online"
        note={`of ${count(agents.value.size)} known`}
      />
      <Tile
        name="Delivery"
        value={delivery === null ? '–' : milliseconds(delivery)}
        note={ack === null ? 'publish to arrival, p95' : `ACK ${milliseconds(ack)}, p95`}
        values={minute.map((sample) => sample.deliveryP95)}
      />
      <Tile
        name="Errors"
        value={count(failures)}
        note="in the last minute"
        tone={failures > 0 ? 'bad' : undefined}
        values={minute.map((sample) => sample.errors)}
      />
      {isLaptop && (
        <Tile
          name="Cost on AWS"
          value={perHour === undefined ? '–' : dollars(perHour)}
          unit="an hour"
          note={
            perHour === undefined ? 'measuring' : `${dollars(perHour * hoursPerMonth)} a month at this load`
          }
          values={minute.map((sample) => sample.dollarsPerHour)}
        />
      )}
    </div>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly note: string;
  readonly tone?: 'bad' | undefined;
  readonly values?: readonly (number | null)[];
}

function Tile({ name, value, unit, note, tone, values }: TileProps) {
  return (
    <section class={`tile ${tone === 'bad' ? 'is-bad' : ''}`}>
      <h2>{name}</h2>
      <p class="tile-value">
        {value}
        {unit !== undefined && <small>{unit}</small>}
      </p>
      <p class="tile-note">{note}</p>
      {values !== undefined && values.length > 1 && <Spark values={values} />}
    </section>
  );
}

interface PlotProps {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  readonly list: readonly Sample[];
}

export function Plot({ title, unit, lines, format, list }: PlotProps) {
  const now = list.at(-1);
  return (
    <section class="plot">
      <header>
        <h2>{title}</h2>
        <span class="quiet">{unit}</span>
        <ul class="legend">
          {lines.map(({ label, of, colour }) => {
            const value = now && of(now);
            return (
              <li key={label}>
                <span class={`swatch is-${colour}`} aria-hidden="true" />
                {label}
                <b>{value === undefined || value === null ? '–' : format(value)}</b>
              </li>
            );
          })}
        </ul>
      </header>
      <Chart samples={list} lines={lines} format={format} label={`${title}, ${unit}, over five minutes`} />
    </section>
  );
}

function Errors() {
  const lines = errorLines.value.slice(0, 8);
  if (lines.length === 0) return null;
  return (
    <section class="plot">
      <header>
        <h2>Latest error lines</h2>
      </header>
      <ol class="log">
        {lines.map(({ function: name, timestamp, line }, index) => (
          <li key={`${timestamp}${index}`}>
            <time>{ago(Date.parse(timestamp))}</time>
            <b>{typeof line.event === 'string' ? line.event : 'error'}</b>
            <span class="quiet">{name}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function meanOf(values: readonly (number | null)[]): number | undefined {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
