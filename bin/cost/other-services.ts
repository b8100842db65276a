/**
 * What other services charge for the same load in a month of 30 days, in dollars, without free tiers, volume discounts and
 * data transfer. Where their bill depends on how they are used, the cheaper use is assumed.
 */
import type { Load } from './load';

export interface OtherService {
  readonly name: string;
  readonly dollars: number;
  readonly source: string;
}

/** List prices, those of AWS in us-east-1. */
const prices = {
  appSyncOperation: { dollars: 1e-6, source: 'AWS Price List, AWSAppSync, 2026-09-11' },
  appSyncMinute: { dollars: 0.08e-6, source: 'AWS Price List, AWSAppSync, 2026-09-11' },
  iotMessage: { dollars: 1e-6, source: 'aws.amazon.com/iot-core/pricing, 2026-11' },
  iotMinute: { dollars: 0.08e-6, source: 'aws.amazon.com/iot-core/pricing, 2026-11' },
  ablyMessage: { dollars: 2.5e-6, source: 'ably.com/docs, platform/pricing, 2026-11' },
  ablyMinute: { dollars: 1e-6, source: 'ably.com/docs, platform/pricing, 2026-11' },
  ablyPackage: { dollars: 29, source: 'ably.com/docs, platform/pricing, 2026-11' },
  fargateCpuHour: { dollars: 0.03238, source: 'aws.amazon.com/fargate/pricing, arm64, 2026-11' },
  fargateGigabyteHour: { dollars: 0.00356, source: 'aws.amazon.com/fargate/pricing, arm64, 2026-11' },
  balancerHour: { dollars: 0.0225, source: 'aws.amazon.com/elasticloadbalancing/pricing, 2026-11' },
  balancerUnitHour: { dollars: 0.008, source: 'aws.amazon.com/elasticloadbalancing/pricing, 2026-11' },
  addressHour: { dollars: 0.005, source: 'aws.amazon.com/vpc/pricing, public IPv4, 2026-11' },
  valkeyHour: { dollars: 0.0256, source: 'aws.amazon.com/elasticache/pricing, cache.t4g.small, 2026-11' },
} as const;

const hours = 720;
const minutesPerMonth = hours * 60;
/** AppSync and IoT Core count a message in started units of 5 KB. Bytes besides the content: our fields, or theirs. */
const unitBytes = 5_120;
const fieldBytes = 150;

interface Amounts {
  readonly publishes: number;
  /** Messages in and out, in units of 5 KB. */
  readonly units: number;
  readonly minutes: number;
}

function amountsOf({ agents, channels, rate, fanOut, size }: Load): Amounts {
  const publishes = channels * rate * hours * 3_600;
  const units = publishes * (1 + fanOut) * Math.ceil((size + fieldBytes) / unitBytes);
  return { publishes, units, minutes: agents * minutesPerMonth };
}

/** Its connections live for a day: a connect and a subscribe each. Pings are left out. No log, no order, no direct messages. */
function appSyncEvents(load: Load): OtherService {
  const { units, minutes } = amountsOf(load);
  const operations = units + load.agents * 30 * 2;
  const dollars = operations * prices.appSyncOperation.dollars + minutes * prices.appSyncMinute.dollars;
  return { name: 'AWS AppSync Events', dollars, source: prices.appSyncOperation.source };
}

/** With quality of service 0; with 1, each confirmation of a receiver is one more message. No log, no order. */
function iotCore(load: Load): OtherService {
  const { units, minutes } = amountsOf(load);
  const messages = units + load.agents * 30 * 2;
  const dollars = messages * prices.iotMessage.dollars + minutes * prices.iotMinute.dollars;
  return { name: 'AWS IoT Core', dollars, source: prices.iotMessage.source };
}

/** The Standard package: two days of history, order, presence. */
function ably(load: Load): OtherService {
  const { publishes, minutes } = amountsOf(load);
  const messages = publishes * (1 + load.fanOut) * prices.ablyMessage.dollars;
  const channelMinutes = load.channels * minutesPerMonth;
  const dollars =
    prices.ablyPackage.dollars + messages + (minutes + channelMinutes) * prices.ablyMinute.dollars;
  return { name: 'Ably', dollars, source: prices.ablyMessage.source };
}

const servers = { tasks: 2, cpus: 1, gigabytes: 2, addresses: 4, connectionsPerBalancerUnit: 3_000 };

/**
 * A server of our own, such as Centrifugo with recovery: two Fargate tasks, a load balancer, one Valkey node. The work of running
 * it is not counted. One such pair carries some ten thousand connections and deliveries per second.
 */
function centrifugo({ agents, channels, rate, fanOut, size }: Load): OtherService {
  const gigabytesPerHour = (channels * rate * 3_600 * (1 + fanOut) * (size + fieldBytes)) / 1e9;
  const balancerUnits = Math.max(agents / servers.connectionsPerBalancerUnit, gigabytesPerHour);
  const hourly =
    servers.tasks * servers.cpus * prices.fargateCpuHour.dollars +
    servers.tasks * servers.gigabytes * prices.fargateGigabyteHour.dollars +
    servers.addresses * prices.addressHour.dollars +
    prices.balancerHour.dollars +
    balancerUnits * prices.balancerUnitHour.dollars +
    prices.valkeyHour.dollars;
  return { name: 'Centrifugo on Fargate', dollars: hours * hourly, source: prices.fargateCpuHour.source };
}

export function otherServices(load: Load): readonly OtherService[] {
  return [appSyncEvents(load), iotCore(load), ably(load), centrifugo(load)];
}
