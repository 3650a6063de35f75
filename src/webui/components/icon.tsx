// The page's pictograms: lines in a square of 24, drawn in the colour of the text around them. They
// say nothing to screen readers; what they stand beside does.

const PATHS = {
  overview: 'M4 13h6V4H4v9Zm0 7h6v-4H4v4Zm10 0h6v-9h-6v9Zm0-16v4h6V4h-6Z',
  tasks: 'M4 6h3M4 12h3M4 18h3M10 6h10M10 12h10M10 18h10',
  agents: 'M4 5h16v6H4V5Zm0 8h16v6H4v-6Zm4-5h.01M8 16h.01M12 8h4M12 16h4',
  frameworks: 'M12 3 4 7.5v9L12 21l8-4.5v-9L12 3Zm0 9 8-4.5M12 12v9M12 12 4 7.5',
  offers: 'M4 13l8-9 8 9M12 4v11M4 13v7h16v-7',
  roles: 'M9 4h6v5H9V4ZM3 15h6v5H3v-5Zm12 0h6v5h-6v-5ZM12 9v3M6 15v-3h12v3',
  maintenance:
    'M14.5 6.5a4 4 0 0 1 5-1.2L16.8 8l1.2 1.2 2.7-2.7a4 4 0 0 1-5.4 5L8 19l-3-3 7.5-7.3a4 4 0 0 1 2-2.2Z',
  events: 'M3 12h4l3-8 4 16 3-8h4',
  flags: 'M5 21V4h13l-3 4.5 3 4.5H5',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.8-1.7L20 20',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z',
  contrast: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 0v18',
  keyboard: 'M3 6h18v12H3V6Zm4 4h.01M11 10h.01M15 10h.01M7 14h10',
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9V9ZM5 15H4V4h11v1',
  check: 'M5 13l4 4L19 7',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-8 8c1.5-4 4.5-5 8-5s6.5 1 8 5',
  folder: 'M3 6h6l2 2h10v11H3V6Z',
  file: 'M6 3h8l4 4v14H6V3Zm8 0v4h4',
  download: 'M12 4v11m0 0 4-4m-4 4-4-4M5 20h14',
  up: 'M12 19V6m0 0-5 5m5-5 5 5',
  down: 'M12 5v13m0 0-5-5m5 5 5-5',
  warning: 'M12 4 2.5 20h19L12 4Zm0 6v4m0 3h.01',
  lock: 'M6 11h12v9H6v-9Zm2 0V8a4 4 0 0 1 8 0v3',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0V8Zm6 9v4',
  inbox: 'M4 13h5l1.5 3h3L15 13h5M4 13v6h16v-6M4 13l3-8h10l3 8',
  right: 'M9 5l7 7-7 7',
  terminal: 'M3 5h18v14H3V5Zm4 4 3 3-3 3m6 0h4',
  question:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm-2.5-11.5a2.5 2.5 0 1 1 3.4 2.3c-.6.3-.9.7-.9 1.7m0 3h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
