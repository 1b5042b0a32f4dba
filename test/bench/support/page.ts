import { build } from 'esbuild';
import type { Browser, Page } from '@playwright/test';
import type { TakeSpec } from './rig';
import { serve, type Manner } from './server';
import { counting, type Signal } from './signals';
import type * as inPage from './inPage';

declare global {
  /** What support/inPage.ts exports, in the page. */
  var rig: typeof inPage;
}

export const RATE = 32_000;

export interface Fixture {
  readonly clip: string;
  readonly signal: Signal;
}

/** Takes a, b, c… that count their frames in a channel each. */
export function countingTakes(count: number, seconds: number): Fixture[] {
  return Array.from({ length: count }, (_, take) => ({
    clip: String.fromCharCode(97 + take),
    signal: counting(take, count, Math.round(seconds * RATE), RATE),
  }));
}

/** A page that holds the player and the measuring code, and a server of clips for it. */
export async function openRig(browser: Browser, fixtures: readonly Fixture[]) {
  const bundle = await build({
    entryPoints: ['test/bench/support/inPage.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'rig',
    platform: 'browser',
    mainFields: ['module', 'main'],
    target: 'chrome128',
  });
  const script = bundle.outputFiles[0]?.text ?? '';
  const page = (script: string) => ({
    type: 'text/html',
    body: `<!doctype html><title>rig</title><script src="/rig.js"></script><button>here</button>${script}`,
  });
  const relative = fixtures.map(({ clip, signal }) => ({ clip, uri: `/${clip}.wav`, format: signal.format }));
  const server = await serve({
    '/': page(''),
    // Plays by itself: what a test evaluates in a page counts as a gesture.
    '/unasked': page(`<script>rig.tellStates(rig.playUnasked(${JSON.stringify(relative)}))</script>`),
    '/rig.js': { type: 'text/javascript', body: script },
    ...Object.fromEntries(
      fixtures.map(({ clip, signal }) => [`/${clip}.wav`, { type: 'audio/wav', body: signal.wav }]),
    ),
  });
  const tab: Page = await browser.newPage();
  const failures: string[] = [];
  tab.on('pageerror', (error) => failures.push(error.message));
  await tab.goto(server.url);
  return {
    page: tab,
    url: server.url,
    /** Errors that nobody caught in the page. */
    failures,
    asked: server.asked,
    takes: (manner: Manner = 'honest'): TakeSpec[] =>
      fixtures.map(({ clip, signal }) => ({
        clip,
        uri: `${server.url}/${clip}.wav?manner=${manner}`,
        format: signal.format,
      })),
    close: async () => {
      await tab.close();
      server.close();
    },
  };
}
