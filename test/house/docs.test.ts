// Files, links and flags that the documentation names must exist.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { BATCH_FLAGS } from '../../src/cli/batch/flags.ts';
import { EXECUTE_FLAGS } from '../../src/cli/execute/flags.ts';
import { IMAGE_FLAGS } from '../../src/cli/image/flags.ts';
import { LOCAL_FLAGS } from '../../src/cli/local/flags.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { REGISTRY_FLAGS } from '../../src/cli/registry/flags.ts';
import { SECURE_FLAGS } from '../../src/cli/secure/flags.ts';
import { root, sources } from '../support/sources.ts';

const pages = sources('docs/*.md').filter(({ path }) => path !== 'docs/flags.md');

/** The flags of scripts/conformance.ts. */
const CONFORMANCE_FLAGS = ['closed', 'groups', 'runner'];

test('links lead somewhere', () => {
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#:]+)\)/g)]
      .map(([, target]) => target ?? '')
      .filter((target) => !existsSync(join(root, 'docs', target)))
      .map((target) => `${path}: ${target}`),
  );
  expect(broken, 'A link of docs/ leads to a file that exists').toEqual([]);
});

test('files of the checkout that are named exist', () => {
  const missing = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![./\w])(?:bin|examples)\/[\w.-]+/g)]
      .map(([file]) => file)
      .filter((file) => !existsSync(join(root, file)))
      .map((file) => `${path}: ${file}`),
  );
  expect(missing, 'A file of bin/ or examples/ that docs/ name exists').toEqual([]);
});

const forDevelopers = [
  ...sources('*.md'),
  ...sources('{bench,src/webui}/README.md'),
  ...sources('test/**/*.md'),
];

test('paths in pages for developers exist', () => {
  const missing = forDevelopers
    .filter(({ path }) => path !== 'CHANGELOG.md')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/`((?:asm|bench|bin|docs|examples|proto|scripts|src|test)\/[\w./-]*)`/g)]
        .map(([, file]) => file ?? '')
        .filter((file) => !existsSync(join(root, file)))
        .map((file) => `${path}: ${file}`),
    );
  expect(missing, 'A path that a page for developers names exists').toEqual([]);
});

test('npm scripts that pages name exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing = [...forDevelopers, ...pages].flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm run ([\w:]+)/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => !Object.hasOwn(scripts, name))
      .map((name) => `${path}: ${name}`),
  );
  expect(missing, 'An npm script that a page names is in package.json').toEqual([]);
});

/** Of curl, for who has a certificate. */
const CURL_FLAGS = ['cacert', 'cert', 'fail-with-body', 'key'];
/** Of npm, systemctl, and mesos-init-wrapper. */
const INSTALLATION_FLAGS = ['global', 'now', 'print'];

test('flags that are named exist', () => {
  const tables = [
    MASTER_FLAGS,
    AGENT_FLAGS,
    LOCAL_FLAGS,
    EXECUTE_FLAGS,
    BATCH_FLAGS,
    IMAGE_FLAGS,
    SECURE_FLAGS,
    REGISTRY_FLAGS,
  ];
  // The page of verbs is made of their tables, and held current.
  const verbs = pages.find(({ path }) => path === 'docs/commands.md')?.text ?? '';
  const ofVerbs = [...verbs.matchAll(/^\| .*?`--(no-)?([\w-]+)/gm)].flatMap(([, , name = '']) => [
    name,
    `no-${name}`,
  ]);
  const known = new Set([
    ...tables.flatMap(Object.keys),
    ...ofVerbs,
    ...CONFORMANCE_FLAGS,
    ...CURL_FLAGS,
    ...INSTALLATION_FLAGS,
  ]);
  const unknown = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<![\w-])--([a-z][\w-]*\w)/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => !known.has(name))
      .map((name) => `${path}: --${name}`),
  );
  expect(
    unknown,
    'A flag that docs/ name is one of a command (the tables are named in CONTRIBUTING.md, To add a flag)',
  ).toEqual([]);
});
