// What the suite in the extension host tells the runner, one JSON line an event.
export type TestEvent =
  | { kind: 'start'; title: string }
  | { kind: 'passed'; title: string; ms: number; /** On its second try. */ again: boolean }
  | { kind: 'failed'; title: string; why: string }
  | { kind: 'skipped'; title: string }
  | { kind: 'end' };

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** The lines of a report file; a last line that is cut off is left out. */
export function parseReport(text: string): TestEvent[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as TestEvent);
}

/** Prints what happened and counts it. A suite that did not reach its end has failed. */
export function summarize(events: readonly TestEvent[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const event of events) {
    if (event.kind === 'passed') {
      counts.passed++;
      console.log(`  ✓ ${event.title} (${event.ms} ms)${event.again ? ' on the second try' : ''}`);
    } else if (event.kind === 'failed') {
      counts.failed++;
      console.log(`  ✗ ${event.title}\n${event.why.replace(/^/gm, '      ')}`);
    } else if (event.kind === 'skipped') {
      counts.skipped++;
      console.log(`  - ${event.title} (skipped)`);
    }
  }
  const last = events.at(-1);
  if (last?.kind !== 'end') {
    counts.failed++;
    console.log(
      `  ✗ the suite did not reach its end${last?.kind === 'start' ? `; it was in: ${last.title}` : ''}`,
    );
  }
  return counts;
}
