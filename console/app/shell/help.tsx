/** The keys. */
import { Dialog } from '../parts/dialog';
import { isHelpOpen } from './keys';

const keys: readonly (readonly [readonly string[], string])[] = [
  [['g', 'o'], 'Overview'],
  [['g', 'm'], 'Messages'],
  [['g', 'a'], 'Agents'],
  [['g', 'c'], 'Channels'],
  [['g', 'f'], 'Faults'],
  [['/'], 'Search'],
  [['p'], 'Pause or go on with the messages'],
  [['↑', '↓'], 'Move in a list; j and k do as well'],
  [['Enter'], 'Open'],
  [['Esc'], 'Close'],
  [['n'], 'New message'],
  [['t'], 'Dark or light'],
  [['?'], 'This list'],
];

export function Help() {
  return (
    <Dialog title="Keyboard" close={() => (isHelpOpen.value = false)}>
      <dl class="keys">
        {keys.map(([names, what]) => (
          <div key={what}>
            <dt>
              {names.map((name) => (
                <kbd key={name}>{name}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
