/** How the bus is doing: figures, and the last five minutes as plots. */
import { agents, onlineCount } from '../data/agents';
import { lately, type Sample, samples } from '../data/samples';
import { session } from '../source/session';
import { errorLines } from '../source/log';
import type { Line } from '../parts/chart';
import { Plot, Tile } from '../parts/figures';
import { ago, count, dollars, milliseconds, rate } from '../parts/format';
import { DeployedCostPlot, DeployedCostTile } from './deployed-cost';

const hoursPerMonth = 720;

export function Overview() {
  const list = samples.value;
  const { isLaptop = false, logsKey } = session.value ?? {};
  const hasDeployedCost = logsKey !== undefined;
  return (
    // Scrolled by keys, with nothing else in it that takes the focus.
    <div class="page" role="region" aria-label="Overview" tabIndex={0}>
      <header class="page-head">
        <h1>Overview</h1>
        <p class="quiet">The last five minutes{isLaptop ? '' : ', as this page sees them'}</p>
      </header>
      <Tiles list={list} isLaptop={isLaptop} hasDeployedCost={hasDeployedCost} />
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
        {hasDeployedCost && <DeployedCostPlot />}
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

interface TilesProps {
  readonly list: readonly Sample[];
  readonly isLaptop: boolean;
  readonly hasDeployedCost: boolean;
}

function Tiles({ list, isLaptop, hasDeployedCost }: TilesProps) {
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
      {hasDeployedCost && <DeployedCostTile />}
    </div>
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
