/** Runs in the page: the real Player on a real Web Audio graph, whose every output sample is kept. */
import type { ClipFormat } from '../../../src/audio/clip';
import { Player } from '../../../src/webview/player';
import type { PlayerState, PlayerTake } from '../../../src/webview/playerTypes';

export interface TakeSpec {
  readonly clip: string;
  readonly uri: string;
  readonly format: ClipFormat;
  readonly sha256?: string;
  readonly gainDb?: number;
}

export const toTake = ({ clip, uri, format, sha256 = clip, gainDb = 0 }: TakeSpec): PlayerTake => ({
  clip,
  uri,
  format,
  sha256,
  gainDb,
});

export interface Heard {
  /** Everything the player told, in order: states, problems, spans. */
  readonly states: PlayerState['kind'][];
  readonly problems: { readonly clip: string; readonly message: string }[];
  readonly audible: (readonly [clip: string, from: number, to: number])[];
}

export function listen() {
  const heard: Heard = { states: [], problems: [], audible: [] };
  const waiting = new Set<() => void>();
  const changed = () => [...waiting].forEach((check) => check());
  return {
    heard,
    events: {
      onState: (state: PlayerState) => {
        heard.states.push(state.kind);
        changed();
      },
      onProblem: (clip: string, message: string) => {
        heard.problems.push({ clip, message });
        changed();
      },
      onAudible: (clip: string, from: number, to: number) => void heard.audible.push([clip, from, to]),
    },
    /** Resolves when something told makes it true. */
    until: (isTrue: () => boolean) =>
      new Promise<void>((resolve) => {
        const check = () => {
          if (!isTrue()) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Settles when all of the takes is there: they sound before that, and nothing tells. */
export async function loaded(player: Player): Promise<void> {
  while (!player.complete) await new Promise((done) => setTimeout(done, 1));
}

/** Answers what is asked of a clip but all of its samples at once: those wait until `open`. */
export function withheld({ uri, format }: TakeSpec): { fetch: typeof fetch; open: () => void } {
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  return {
    fetch: async (input, init) => {
      const whole = new Headers(init?.headers)
        .get('Range')
        ?.endsWith(`-${format.dataOffset + format.dataBytes - 1}`);
      if (input === uri && whole === true) await gate;
      return fetch(input, init);
    },
    open: () => open(),
  };
}

/** An action at a second of the rendering (taken at the next block of 128 frames). */
export interface Act {
  readonly at: number;
  readonly do: (player: Player, ear: ReturnType<typeof listen>) => void | Promise<void>;
}

export interface Rendering {
  readonly takes: readonly TakeSpec[];
  readonly seconds: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly acts?: readonly Act[];
  readonly loop?: readonly [number, number];
  readonly second?: number;
  readonly fetch?: typeof fetch;
  /** These are not decoded beforehand. */
  readonly late?: readonly string[];
}

/**
 * Renders what the player sounds like, exactly and faster than time: its context is an OfflineAudioContext that stops
 * for every act. Play is pressed before the first sample.
 */
export async function renderOffline(options: Rendering) {
  const { takes, seconds, sampleRate, channels, acts = [], late = [] } = options;
  const context = new OfflineAudioContext(channels, Math.round(seconds * sampleRate), sampleRate);
  Object.defineProperties(context, {
    state: { value: 'running' },
    baseLatency: { value: 0 },
    outputLatency: { value: 0 },
    getOutputTimestamp: { value: () => ({ contextTime: 0, performanceTime: 0 }) },
    close: { value: () => Promise.resolve() },
  });
  const ear = listen();
  const player = new Player({
    sampleRate,
    events: ear.events,
    // With the properties above it does for the player all that an AudioContext does.
    createContext: () => context as unknown as AudioContext,
    ...(options.fetch && { fetch: options.fetch }),
  });
  const all = takes.map(toTake);
  const first = all[0]?.clip ?? '';
  for (const take of all.filter(({ clip }) => !late.includes(clip))) {
    player.load([take], { second: 0, selected: take.clip });
    player.play();
    await loaded(player);
    player.pause();
  }
  player.setLoop(options.loop ?? null);
  player.load(all, { second: options.second ?? 0, selected: first });
  player.play();
  const errors: string[] = [];
  for (const act of acts) {
    void context.suspend(act.at).then(async () => {
      try {
        await act.do(player, ear);
      } catch (error) {
        errors.push(String(error));
      }
      await context.resume();
    });
  }
  const buffer = await context.startRendering();
  const output = Array.from({ length: channels }, (_, channel) => buffer.getChannelData(channel));
  return { output, player, errors, ...ear };
}
