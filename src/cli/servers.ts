// The commands that run as servers. Only data: it is read before any command is loaded.
export const SERVERS = ['master', 'agent'] as const;
export type ServerName = (typeof SERVERS)[number];
