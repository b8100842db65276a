/** The targets, compared with the results of a run. Targets that a run did not measure are left out. */
import type { BroadcastResult } from './broadcast/run';
import type { Transport } from './broadcast/sender';
import type { CostResult } from './costs/run';
import type { Results } from './results';

export interface Target {
  readonly name: string;
  readonly wanted: string;
  readonly found: string;
  readonly isMet: boolean;
}

const maxRatios: Readonly<Record<'durable' | 'ephemeral', Readonly<Record<number, number>>>> = {
  durable: { 1: 1.5, 10: 1.13, 100: 1.02, 1_000: 1.007 },
  ephemeral: { 1: 1.25, 10: 1.06, 100: 1.01, 1_000: 1.005 },
};
const initLimits: Readonly<Record<string, number>> = { authorizer: 16, default: 75 };

export function targetsOf(results: Results): Target[] {
  return [...broadcastTargets(results), ...costTargets(results), ...initTargets(results)];
}

const cpuRatios: Readonly<Record<Transport, number>> = { plain: 8, tls: 10 };

function cpuTarget(transport: Transport, lean: BroadcastResult, sdk: BroadcastResult): Target {
  const ratio = sdk.warmCpuUs.median / lean.warmCpuUs.median;
  return {
    name: `processor time per delivery, SDK ÷ lean, warm${transport === 'tls' ? ', TLS' : ''}`,
    wanted: `≥ ${cpuRatios[transport]}`,
    found: ratio.toFixed(1),
    isMet: ratio >= cpuRatios[transport],
  };
}

function broadcastTargets({ broadcasts }: Results): Target[] {
  const pairOf = (wanted: Transport) =>
    (['lean', 'sdk'] as const).map((sender) =>
      broadcasts.find(({ kind, transport }) => kind === sender && transport === wanted),
    );
  const [[lean, sdk], [leanTls, sdkTls]] = [pairOf('plain'), pairOf('tls')];
  if (lean === undefined || sdk === undefined) return [];
  const seconds = lean.firstMs.median / 1_000;
  const share = lean.firstMs.median / sdk.firstMs.median;
  const memory = lean.rssAboveIdleMb.median;
  return [
    cpuTarget('plain', lean, sdk),
    ...(leanTls && sdkTls ? [cpuTarget('tls', leanTls, sdkTls)] : []),
    ...(lean.recipients < 10_000
      ? []
      : [
          {
            name: `broadcast to ${lean.recipients} from a new process, posts of ${lean.latencyMs} ms`,
            wanted: '≤ 2.0 s',
            found: `${seconds.toFixed(2)} s`,
            isMet: seconds <= 2,
          },
          {
            name: 'the same, lean ÷ SDK',
            wanted: '≤ 0.25',
            found: share.toFixed(2),
            isMet: share <= 0.25,
          },
        ]),
    {
      name: `memory above the idle process, ${lean.recipients} recipients`,
      wanted: '≤ 128 MB',
      found: `${memory.toFixed(0)} MB`,
      isMet: memory <= 128,
    },
  ];
}

function costTargets({ costs }: Results): Target[] {
  const targets: Target[] = [];
  const find = (wanted: Partial<CostResult>): CostResult | undefined =>
    costs.find((each) =>
      Object.entries(wanted).every(([name, value]) => each[name as keyof CostResult] === value),
    );
  for (const each of costs) {
    if (each.contender !== 'lean' || each.kind === 'burst' || each.otherConnections > 0) continue;
    const most = maxRatios[each.kind][each.subscribers];
    if (most === undefined) continue;
    targets.push({
      name: `${each.kind} publish to ${each.subscribers}, ratio to the floor`,
      wanted: `≤ ${most}`,
      found: each.ratioToFloor.toFixed(4),
      isMet: each.ratioToFloor <= most,
    });
    if (each.kind === 'durable') targets.push(callsTarget(each));
  }
  const hundred = find({ contender: 'lean', kind: 'durable', subscribers: 100, otherConnections: 0 });
  const burst = find({ contender: 'lean', kind: 'burst', subscribers: 100 });
  if (hundred && burst) {
    const times = hundred.dollarsPerMillionMessages / burst.dollarsPerMillionMessages;
    targets.push({
      name: 'a message in a burst of 25 per frame at level 1, unbatched price ÷ its price',
      wanted: '≥ 10',
      found: times.toFixed(1),
      isMet: times >= 10,
    });
  }
  const ours = find({ contender: 'lean', subscribers: 10, otherConnections: 100_000 });
  const naive = find({ contender: 'naive', subscribers: 10, otherConnections: 100_000 });
  if (ours && naive) {
    const times = naive.dollarsPerMillionMessages / ours.dollarsPerMillionMessages;
    targets.push({
      name: 'naive price ÷ ours, 10 subscribers, 100,000 connections in the table',
      wanted: '≥ 25',
      found: times.toFixed(1),
      isMet: times >= 25,
    });
  }
  const thousand = find({ contender: 'lean', kind: 'durable', subscribers: 1_000 });
  const tenThousand = find({ contender: 'lean', kind: 'durable', subscribers: 10_000 });
  if (hundred && thousand && tenThousand) targets.push(constancy(hundred, thousand, tenThousand));
  return targets;
}

function callsTarget({ subscribers, callsPerPublish }: CostResult): Target {
  const { 'execute-api:POST': posts = 0, ...others } = callsPerPublish;
  const beyond = Object.values(others).reduce((sum, count) => sum + count, 0) + posts - subscribers - 1;
  const writes = others['dynamodb:PutItem'] ?? 0;
  return {
    name: `durable publish to ${subscribers}, calls beyond its posts, of which writes`,
    wanted: '≤ 3, 1',
    found: `${beyond}, ${writes}`,
    isMet: beyond <= 3 && writes <= 1,
  };
}

/**
 * All deliveries share the costs of the publish, its ACK and its row, so the target is a constant price of one more
 * delivery.
 */
function constancy(hundred: CostResult, thousand: CostResult, tenThousand: CostResult): Target {
  const oneMore = (few: CostResult, many: CostResult): number =>
    (many.dollarsPerMillionMessages - few.dollarsPerMillionMessages) / (many.subscribers - few.subscribers);
  const change = oneMore(thousand, tenThousand) / oneMore(hundred, thousand) - 1;
  const whole = [hundred, thousand, tenThousand].map((each) => each.dollarsPerMillionDeliveries.toFixed(4));
  return {
    name: 'price of one more delivery, from 1,000 to 10,000 against from 100 to 1,000',
    wanted: 'within 1 %',
    found: `${(change * 100).toFixed(2)} % (including shared costs: $${whole.join(', $')} per million deliveries)`,
    isMet: Math.abs(change) <= 0.01,
  };
}

function initTargets({ init }: Results): Target[] {
  return init.flatMap(({ node, function: name, ms }) => {
    const most = initLimits[name];
    if (most === undefined || !node.startsWith('24.')) return [];
    return [
      {
        name: `init of ${name} above an empty function, Node ${node}`,
        wanted: `≤ ${most} ms`,
        found: `${ms.median.toFixed(1)} ms`,
        isMet: ms.median <= most,
      },
    ];
  });
}
