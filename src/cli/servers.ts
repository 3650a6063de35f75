// The commands that run as servers: data alone, which is known before any of them is loaded.
export const SERVERS = ['master', 'agent'] as const;
export type ServerName = (typeof SERVERS)[number];
