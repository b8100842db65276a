/** What messages and requests cost on a deployed stack: the last hour, from the log lines. */
import { useEffect } from 'preact/hooks';
import { type DeployedCost, deployedCost, followDeployedCost } from '../data/deployed-cost';
import type { CostPoint } from '../source/deployed-log';
import { dollars } from '../parts/format';
import type { Line } from '../parts/chart';
import { Plot, Tile } from '../parts/figures';

const hoursPerMonth = 720;
const none: readonly CostPoint[] = [];

const lines: readonly Line<CostPoint>[] = [
  { label: 'dollars an hour', of: ({ dollarsPerHour }) => dollarsPerHour, colour: 4, isFilled: true },
];

export function DeployedCostTile() {
  const { value: cost } = deployedCost;
  const points = pointsOf(cost);
  const mean = points.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0) / points.length;
  const now = points.at(-1)?.dollarsPerHour;
  return (
    <Tile
      name="Cost of messages"
      value={now === undefined ? '–' : dollars(now)}
      unit="an hour"
      note={
        points.length === 0 ? 'without connections' : `${dollars(mean * hoursPerMonth)} a month at this load`
      }
    />
  );
}

export function DeployedCostPlot() {
  useEffect(followDeployedCost, []);
  const { value: cost } = deployedCost;
  const isFailed = cost !== undefined && 'error' in cost;
  return (
    <Plot
      title="Cost of messages"
      unit="an hour"
      lines={lines}
      format={dollars}
      list={pointsOf(cost)}
      span={3_600}
    >
      {isFailed && (
        <p class="plot-note quiet" role="alert">
          The cost cannot be read: {cost.error}
        </p>
      )}
      <p class="plot-note quiet">
        Counts the text messages and HTTP requests of this tenant with their deliveries, reads, writes and
        runs, at list prices. Does not count connection minutes, handshakes, presence events, the publish
        queue, logs or data transfer. Pings are text messages. CloudWatch searches an hour of log lines for
        it, every five minutes while this view is open.
      </p>
    </Plot>
  );
}

function pointsOf(cost: DeployedCost | undefined): readonly CostPoint[] {
  return cost !== undefined && 'points' in cost ? cost.points : none;
}
