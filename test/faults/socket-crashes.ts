/**
 * Every crash point over sockets: the deployed bundles, killed at each call that they make to DynamoDB, `@connections` and
 * Lambda, before and after it has its effect.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../gateway/faults/decisions';
import { type Bus, fresh } from '../helpers/bus';
import type { Violation } from './record';
import { SocketParty } from './socket-party';

const services = ['dynamodb', 'connections', 'lambda'] as const;
const channel = 'news';
/** Nobody pings while calls are counted. */
const pingMs = 3_600_000;
/** No function makes more calls of one kind in these scenarios; a run beyond means that the count never ends. */
const maxCalls = 40;

interface Scenario {
  readonly name: string;
  /** A part of the name of the function that is killed. */
  readonly function: string;
  readonly act: (party: SocketParty, tenantId: string) => unknown;
}

const scenarios: readonly Scenario[] = [
  {
    name: 'connect',
    function: 'ConnectFunction',
    act: (party, tenantId) => party.add(tenantId, 'carol', [channel]),
  },
  {
    name: 'publish to a channel',
    function: 'DefaultFunction',
    act: (party) => {
      party.publish(party.members[0]!, { channelId: channel });
    },
  },
  {
    name: 'direct message',
    function: 'DefaultFunction',
    act: (party) => {
      party.publish(party.members[0]!, { to: 'bob' });
    },
  },
  {
    name: 'direct message that is stored',
    function: 'DefaultFunction',
    act: (party) => {
      party.publish(party.members[0]!, { to: 'nobody' });
    },
  },
  {
    name: 'subscribe',
    function: 'DefaultFunction',
    act: (party) => {
      party.members[0]?.client.follow('work');
    },
  },
  {
    name: 'hello with a resume',
    function: 'DefaultFunction',
    act: (party) => {
      party.members[0]?.client.drop(false);
    },
  },
  {
    name: 'disconnect',
    function: 'DisconnectFunction',
    act: (party) => {
      party.members[0]?.client.drop(false);
    },
  },
];

export interface CrashResult {
  readonly scenario: string;
  readonly points: number;
  readonly failures: { readonly point: string; readonly violations: readonly Violation[] }[];
}

export async function* crashEverywhere(bus: Bus): AsyncGenerator<CrashResult> {
  for (const scenario of scenarios) {
    let points = 0;
    const failures: CrashResult['failures'] = [];
    for (const service of services) {
      for (const when of ['before', 'after'] as const) {
        for (let nth = 1; nth <= maxCalls; nth++) {
          const violations = await crashAt(bus, scenario, { service, when, nth });
          if (violations === undefined) break;
          points += 1;
          if (violations.length > 0) failures.push({ point: `${service} ${nth} ${when}`, violations });
        }
      }
    }
    yield { scenario: scenario.name, points, failures };
  }
}

/** `undefined` when the function makes fewer calls. */
async function crashAt(
  bus: Bus,
  scenario: Scenario,
  point: {
    readonly service: (typeof services)[number];
    readonly when: 'before' | 'after';
    readonly nth: number;
  },
): Promise<Violation[] | undefined> {
  const { faultPlan } = bus.inside.gateway;
  if (faultPlan === undefined) throw new Error('The bus has to be started with a fault plan');
  const party = new SocketParty(bus, seededRandom(point.nth), pingMs);
  const tenantId = fresh('t');
  try {
    for (const agentId of ['alice', 'bob'])
      (await party.add(tenantId, agentId, [channel, 'work'])).client.follow(channel);
    await party.connected();
    party.publish(party.members[1]!, { channelId: channel });
    await party.published();
    faultPlan.replace({ rules: [{ ...point, fault: 'kill', function: scenario.function }] });
    await scenario.act(party, tenantId);
    const hasFired = (): boolean => faultPlan.report().counts[0]?.fired === 1;
    // All calls of a function are made within its own time; the wait ends with the kill.
    for (let waited = 0; waited < 1_500 && !hasFired(); waited += 25) await sleep(25);
    const wasKilled = hasFired();
    faultPlan.replace({});
    if (!wasKilled) return undefined;
    await party.published();
    for (const { client } of party.members) client.drop(false);
    await sleep(200);
    return await party.settle(channel);
  } finally {
    faultPlan.replace({});
    party.stop();
  }
}
