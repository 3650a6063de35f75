// A registry as a document: what is read from it is what was written.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RegistryContent } from '../../src/model/registry-content.ts';
import { RegistryError } from '../../src/registry/registry.ts';
import { readDocument, writeDocument } from '../../src/registry/registry-document.ts';
import { anyChange, sorted } from './snapshots.ts';

test('another registry takes the document, and has all that the first one had', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 40 }), (changes) => {
      const first = new RegistryContent();
      for (const change of changes) {
        first.apply(change);
      }
      const text = writeDocument(first.snapshot());
      const second = new RegistryContent();
      for (const change of readDocument(text)) {
        second.apply(change);
      }
      expect(writeDocument(second.snapshot())).toBe(text);
      const [a, b] = [sorted(first.snapshot()), sorted(second.snapshot())];
      expect(b.unreachable).toEqual(a.unreachable);
      expect(b.gone).toEqual(a.gone);
      expect(b.duties).toEqual(a.duties);
    }),
    { numRuns: 60 },
  );
});

test.each([
  '',
  '{}',
  '[]',
  '{"kind": "registry of Mesoscale masters", "format": 2}',
  '{"kind": "registry of Mesoscale masters", "format": 1, "agents": {}}',
  '{"kind": "registry of Mesoscale masters", "format": 1, "agents": [{"hostname": "h"}]}',
  '{"kind": "registry of Mesoscale masters", "format": 1, "gone": [{"id": "a"}]}',
  '{"kind": "registry of Mesoscale masters", "format": 1, "duties": [{}]}',
])('what is no such document is refused: %s', (text) => {
  expect(() => readDocument(text)).toThrow(RegistryError);
});
