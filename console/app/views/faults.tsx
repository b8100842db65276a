/** Faults of the laptop gateway: switch one on, and watch what the bus makes of it. */
import { useEffect } from 'preact/hooks';
import {
  catalogue,
  type Fault,
  faultsState,
  firedCount,
  isOn,
  loadFaults,
  replacePlan,
  report,
  setFault,
} from '../data/faults';
import { samples } from '../data/samples';
import { count, milliseconds, rate } from '../parts/format';
import { Json } from '../parts/json';
import { Empty, Failed, Loading } from '../parts/state';
import { Plot } from '../parts/figures';

const everyMs = 1_000;

export function Faults() {
  useEffect(() => {
    void loadFaults();
    const timer = setInterval(() => void loadFaults(), everyMs);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const { value: state } = faultsState;
  if (state === 'loading') return <Loading title="Reading the fault plan" />;
  if (typeof state === 'object') return <Failed title="The fault plan cannot be read" reason={state.error} />;
  if (state === 'off') {
    return (
      <Empty title="Faults are off">
        <p class="quiet">This gateway was started without a fault plan. An empty one is enough:</p>
        <pre class="json">npm start -- --faults plan.json</pre>
      </Empty>
    );
  }
  return (
    <div class="page">
      <header class="page-head">
        <h1>Faults</h1>
        <p class="quiet">
          AWS loses, delays and repeats. Switch a fault on and watch how the bus and your agents take it.
        </p>
      </header>
      <div class="faults">
        {catalogue.map((fault) => (
          <FaultCard key={fault.id} fault={fault} />
        ))}
      </div>
      <Plots />
      <Plan />
    </div>
  );
}

function Plots() {
  return (
    <div class="plots">
      <Plot
        title="Latency"
        unit="95th percentile"
        lines={[
          { label: 'delivery', of: (sample) => sample.deliveryP95, colour: 1, isFilled: true },
          { label: 'ACK', of: (sample) => sample.ackP95, colour: 2 },
        ]}
        format={milliseconds}
        list={samples.value}
      />
      <Plot
        title="Errors"
        unit="a second"
        lines={[{ label: 'errors', of: (sample) => sample.errors, colour: 3, isFilled: true }]}
        format={rate}
        list={samples.value}
      />
    </div>
  );
}

function FaultCard({ fault }: { readonly fault: Fault }) {
  const on = isOn(fault);
  return (
    <label class={`fault ${on ? 'is-on' : ''}`}>
      <span class="fault-head">
        <b>{fault.title}</b>
        <input
          type="checkbox"
          role="switch"
          class="switch"
          checked={on}
          onChange={(event) => void setFault(fault, event.currentTarget.checked)}
        />
      </span>
      <span class="fault-effect">{fault.effect}</span>
      <span class="fault-count">{on ? `fired ${count(firedCount(fault))} times` : 'off'}</span>
    </label>
  );
}

function Plan() {
  const rules = report.value?.plan.rules ?? [];
  return (
    <section class="plot">
      <header>
        <h2>The plan now</h2>
        <span class="quiet">
          {rules.length === 0 ? 'no rule' : `${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}`}
        </span>
        {rules.length > 0 && (
          <button class="button" type="button" onClick={() => void replacePlan([])}>
            Switch all off
          </button>
        )}
      </header>
      {rules.length > 0 && <Json value={rules} />}
    </section>
  );
}
