// What verbs of several nouns are about, as their help and completion have it.

export const AGENT = {
  name: 'AGENT',
  help: 'Its id, the beginning or last part of it (S3), or its host name.',
  completes: 'agent',
} as const;

export const FRAMEWORK = {
  name: 'FRAMEWORK',
  help: 'Its id, the beginning or last part of it, or its name.',
  completes: 'framework',
} as const;
