/** Dark, light, or as the system has it. */
import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const key = 'artcafe-theme';
const system = matchMedia('(prefers-color-scheme: dark)');

function kept(): Theme {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : 'auto';
  } catch {
    return 'auto';
  }
}

export const theme = signal<Theme>(kept());
export const isDark = signal(system.matches);

system.addEventListener('change', () => {
  show();
});

function show(): void {
  isDark.value = theme.value === 'auto' ? system.matches : theme.value === 'dark';
  document.documentElement.dataset.theme = isDark.value ? 'dark' : 'light';
}

effect(show);

export function toggleTheme(): void {
  theme.value = isDark.value ? 'light' : 'dark';
  try {
    localStorage.setItem(key, theme.value);
  } catch {
    // Not kept then.
  }
}
