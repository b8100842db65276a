/**
 * What the socket side of a running API needs together. Handed around as one value,
 * so that several gateways can live in one process without module state.
 */
import type { Clock } from '../clock';
import type { CostMeter } from '../costs/meter';
import type { ApiFacts } from '../events/request-context';
import type { Functions } from '../functions/functions';
import type { EventFaults } from '../faults/event-faults';
import type { ApiModel } from '../template/model';
import type { UnverifiedBehaviour } from '../unverified-behaviour';

export interface ApiRuntime {
  model: ApiModel;
  facts: ApiFacts;
  functions: Functions;
  clock: Clock;
  faults: EventFaults;
  unverified: UnverifiedBehaviour;
  costs: CostMeter;
}
