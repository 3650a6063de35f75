import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largeJson } from '../../src/http/large-json.ts';

const text = async (value: unknown) => String(await largeJson(value));

describe('large JSON', () => {
  it('is what JSON.stringify writes', async () => {
    const lists = fc.dictionary(
      fc.string(),
      fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue(), { minLength: 120, maxLength: 140 })),
    );
    await fc.assert(
      fc.asyncProperty(lists, async (value) => {
        expect(await text(value)).toBe(JSON.stringify(value));
      }),
      { numRuns: 30 },
    );
    for (const value of [undefined, null, 1, [], {}, { a: undefined, b: [] }]) {
      expect(await text(value)).toBe(String(JSON.stringify(value)));
    }
  });

  it('makes the elements of an iterable only as it writes them', async () => {
    let made = 0;
    function* slaves() {
      for (let id = 0; id < 1_000; id++) {
        made++;
        yield { id };
      }
    }
    const writing = largeJson({ slaves: slaves(), after: true, nothing: undefined });
    const { slaves: shown, after } = JSON.parse(String(await writing));
    expect(made).toBe(1_000);
    expect(shown).toHaveLength(1_000);
    expect(shown[999]).toEqual({ id: 999 });
    expect(after).toBe(true);
  });

  it('lets others have their turn', async () => {
    let turns = 0;
    let done = false;
    const watch = () => {
      turns++;
      if (!done) {
        setImmediate(watch);
      }
    };
    const rows = Array.from({ length: 60_000 }, (_, id) => ({ id, name: `agent ${id}`, x: {} }));
    setImmediate(watch);
    await largeJson({ rows });
    done = true;
    expect(turns).toBeGreaterThan(2);
  });
});
