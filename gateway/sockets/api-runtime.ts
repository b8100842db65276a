/**
 * The shared dependencies of the socket side. Passed as one value instead of module state, so that one process can
 * run several gateways.
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
