/** Keys that work everywhere. A key that a field takes, or one with a modifier, is left alone. */
import { signal } from '@preact/signals';
import { feed } from '../data/begin';
import { go, route, type View } from './route';
import { toggleTheme } from './theme';

export const isHelpOpen = signal(false);
export const isComposeOpen = signal(false);

const places: Readonly<Record<string, View>> = {
  o: 'overview',
  m: 'messages',
  a: 'agents',
  c: 'channels',
  f: 'faults',
};

/** A switch takes no letters. */
const fields = 'input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]';
const listKeys = ['ArrowDown', 'ArrowUp', 'j', 'k'];

let goPressedAt = -Infinity;
const sequenceMs = 1_200;

export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches(fields);
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (document.querySelector('dialog[open]') !== null) return;
  const place = performance.now() - goPressedAt < sequenceMs ? places[event.key] : undefined;
  goPressedAt = event.key === 'g' ? performance.now() : -Infinity;
  if (place !== undefined) go(place);
  else if (event.key === '/') focusSearch();
  else if (event.key === '?') isHelpOpen.value = true;
  else if (event.key === 'n') isComposeOpen.value = true;
  else if (event.key === 't') toggleTheme();
  else if (event.key === 'p' && route.value.view === 'messages') feed.hold(!feed.held.value);
  else if (!listKeys.includes(event.key) || document.activeElement !== document.body || !focusList()) return;
  event.preventDefault();
});

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('input[type=search]')?.focus();
}

/** A list that gets the focus selects a row; its own keys go on from there. */
function focusList(): boolean {
  const list = document.querySelector<HTMLElement>('[role=listbox]');
  list?.focus();
  return list !== null;
}
