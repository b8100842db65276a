/** Line icons, 20 by 20. */
const paths = {
  overview: 'M3 12.5 7 8l3.5 3.5L17 5M13 5h4v4',
  messages: 'M3.5 5.5h13v8.5h-7L6 17v-3H3.5z',
  agents: 'M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5',
  channels: 'M7.5 3.5 6 16.500M14 3.5 12.5 16.500M3.5 7.500h13.500M3 12.500h13.5',
  faults: 'M10.8 2.5 4.5 11.500h4.700L8.7 17.5 15.5 8.500h-5z',
  search: 'M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11ZM13 13l4 4',
  pause: 'M7 4.500v11M13 4.500v11',
  play: 'M6.5 4.500v11l9-5.500z',
  close: 'M5 5l10 10M15 5 5 15',
  send: 'M3.5 10 16.5 4l-4.5 12.5-3-5z',
  sun: 'M10 13.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM10 2v1.500M10 16.500V18M2 10h1.500M16.5 10H18M4.3 4.300l1.1 1.100M14.6 14.600l1.1 1.100M15.7 4.300l-1.1 1.100M5.4 14.600l-1.1 1.1',
  moon: 'M16.5 11.500A6.8 6.8 0 1 1 8.5 3.500a5.5 5.5 0 0 0 8 8Z',
  keyboard: 'M2.5 5.500h15v9h-15zM5.5 8.500h.01M8.5 8.500h.01M11.5 8.500h.01M14.5 8.500h.01M6.5 11.500h7',
  lock: 'M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 6 0V9',
  unlock: 'M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 5.8-1',
  eject: 'M12.5 6.500V3.500h-9v13h9v-3M8 10h9M14 7l3 3-3 3',
  up: 'M10 16V4.500M5 9l5-5 5 5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" class="logo-ground" />
      <path
        d="M7.5 13.500h13v5.200a5.3 5.3 0 0 1-5.3 5.300h-2.400a5.3 5.3 0 0 1-5.3-5.300z"
        class="logo-cup"
      />
      <path d="M20.5 15h1.700a2.7 2.7 0 0 1 0 5.400h-2" class="logo-line" />
      <path d="M10.6 7.600a4.8 4.8 0 0 1 6.8 0M12.6 10.200a2 2 0 0 1 2.8 0" class="logo-line" />
    </svg>
  );
}
