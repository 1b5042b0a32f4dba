/** What is measured in the page, each a function of plain values, so that node can call it. */
import { loaded, renderOffline, withheld, type Act, type Rendering, type TakeSpec } from './rig';
import { STEP } from './signals';

const RATE = 32_000;
/** Seconds within which a start has faded in. */
const SETTLED = 0.006;

type Counting = Pick<Rendering, 'takes' | 'seconds'> & Partial<Rendering>;

/** Renders counting takes, one a channel, and tells for every sample which gains it has if all play the frame that is due. */
async function render(options: Counting) {
  const channels = options.takes.length;
  const rendered = await renderOffline({ sampleRate: RATE, channels, ...options });
  const { output } = rendered;
  // The fade in begins with a gain of 0: the first frame is the one before the first that is heard.
  const start = (output[0]?.findIndex((_, at) => output.some((channel) => channel[at])) ?? 0) - 1;
  return { ...rendered, start, length: output[0]?.length ?? 0 };
}

const at = (output: readonly Float32Array[], index: number) => output.map((channel) => channel[index] ?? 0);
/** The frame that a sample of a counting take tells, from 0. */
const frameOf = (sample: number) => sample / STEP - 1;

/** Switches between takes for a while; every sample is looked at. With `equal`, the takes are said to be the same audio. */
export async function switching(takes: readonly TakeSpec[], switches: number, equal: boolean) {
  const every = 0.05;
  const first = 0.2;
  const acts = Array.from({ length: switches }, (_, index): Act => ({
    at: first + index * every,
    do: (player) => player.select(takes[(index + 1) % takes.length]?.clip ?? ''),
  }));
  const same = equal ? { sha256: 'same' } : {};
  const { output, start, length, heard, errors } = await render({
    takes: takes.map((take) => ({ ...take, ...same })),
    seconds: first + (switches + 1) * every,
    acts,
  });
  const found = { offset: 0, gap: 0, steepest: 0, lowest: Infinity, highest: 0, alone: takes.map(() => 0) };
  let before = takes.map(() => 0);
  for (let index = start + SETTLED * RATE; index < length; index++) {
    const samples = at(output, index);
    const due = index - start;
    const gains = samples.map((sample) => sample / ((due + 1) * STEP));
    const level = equal ? gains.reduce((sum, gain) => sum + gain, 0) : Math.hypot(...gains);
    found.lowest = Math.min(found.lowest, level);
    found.highest = Math.max(found.highest, level);
    if (samples.every((sample) => sample === 0)) found.gap++;
    const [sounding, ...others] = samples.flatMap((sample, take) => (sample ? [take] : []));
    if (sounding !== undefined && !others.length) {
      found.offset = Math.max(found.offset, Math.abs(frameOf(samples[sounding] ?? 0) - due));
      found.alone[sounding] = (found.alone[sounding] ?? 0) + 1;
    }
    if (index > start + SETTLED * RATE) {
      gains.forEach((gain, take) => {
        found.steepest = Math.max(found.steepest, Math.abs(gain - (before[take] ?? 0)));
      });
    }
    before = gains;
  }
  const { lowest, highest, ...rest } = found;
  const decibels = (level: number) => 20 * Math.log10(level);
  return { ...rest, dipDb: -decibels(lowest), bumpDb: decibels(highest), problems: heard.problems, errors };
}

/** Presses keys faster than a fade lasts, also several at once; then only the last one may sound. */
export async function rapidSwitches(takes: readonly TakeSpec[], order: readonly number[]) {
  const acts = order.map((take, index): Act => ({
    at: 0.2 + Math.floor(index / 2) * 0.005,
    do: (player) => player.select(takes[take]?.clip ?? ''),
  }));
  // Two of every time: a context can be stopped once at a time.
  const paired = acts.flatMap((act, index): Act[] => {
    const twin = acts[index + 1];
    if (index % 2) return [];
    return [
      {
        at: act.at,
        do: async (player, ear) => {
          await act.do(player, ear);
          await twin?.do(player, ear);
        },
      },
    ];
  });
  const { output, start, length, errors } = await render({ takes, seconds: 0.5, acts: paired });
  const gainsAt = (index: number) => at(output, index).map((sample) => sample / ((index - start + 1) * STEP));
  let steepest = 0;
  for (let index = start + SETTLED * RATE + 1; index < length; index++) {
    const [now, before] = [gainsAt(index), gainsAt(index - 1)];
    now.forEach((gain, take) => {
      steepest = Math.max(steepest, Math.abs(gain - (before[take] ?? 0)));
    });
  }
  return { gains: gainsAt(length - 1), steepest, errors };
}

/** Loops [from, to) of the first take, in frames, for so many rounds; how far off is the worst sample, and the last? */
export async function looping(takes: readonly TakeSpec[], from: number, to: number, rounds: number) {
  const { output, start, length, errors } = await render({
    takes,
    seconds: (rounds * (to - from)) / RATE + 0.1,
    loop: [from / RATE, to / RATE],
    second: from / RATE,
  });
  const off = (index: number) =>
    Math.abs(frameOf(output[0]?.[index] ?? 0) - (from + ((index - start) % (to - from))));
  let worst = 0;
  for (let index = start + SETTLED * RATE; index < length; index++) worst = Math.max(worst, off(index));
  return { worst, last: off(length - 1), rounds: (length - start) / (to - from), errors };
}

/** What a person does: `[second, action, ...values]`. */
export type Deed =
  | readonly [at: number, deed: 'seek', second: number]
  | readonly [at: number, deed: 'loop', from: number | null, to: number]
  | readonly [at: number, deed: 'select', clip: string]
  | readonly [at: number, deed: 'gain', clip: string, db: number]
  | readonly [at: number, deed: 'play' | 'pause'];

/**
 * Plays the first take while things are done to it. Tells the frame that sounds at some seconds of the rendering (null
 * in silence), the largest step from a sample to the next, and what the player told.
 */
export async function doing(
  takes: readonly TakeSpec[],
  deeds: readonly Deed[],
  seconds: number,
  probes: readonly number[],
) {
  const acts = deeds.map((deed): Act => ({
    at: deed[0],
    do: (player) => {
      if (deed[1] === 'seek') player.seek(deed[2]);
      else if (deed[1] === 'loop') player.setLoop(deed[2] === null ? null : [deed[2], deed[3]]);
      else if (deed[1] === 'select') player.select(deed[2]);
      else if (deed[1] === 'gain') player.setGain(deed[2], deed[3]);
      else if (deed[1] === 'play') player.play();
      else player.pause();
    },
  }));
  const { output, start, length, heard, errors, player } = await render({ takes, seconds, acts });
  let steepest = 0;
  for (let index = 1; index < length; index++) {
    for (const channel of output) {
      steepest = Math.max(steepest, Math.abs((channel[index] ?? 0) - (channel[index - 1] ?? 0)));
    }
  }
  // The last `ended` event comes after the rendering.
  await new Promise((resolve) => setTimeout(resolve));
  const frames = probes.map((probe) => {
    const samples = at(output, Math.round(probe * RATE)).filter((sample) => sample !== 0);
    return samples.length ? samples.map(frameOf) : null;
  });
  return { start, frames, steepest, heard, errors, state: player.state.kind, position: player.position };
}

/** The second take arrives while the first plays, after it was selected. By how many frames is it off? */
export async function joiningLate(takes: readonly TakeSpec[]) {
  const late = takes[1]?.clip ?? '';
  const lateUri = takes[1]?.uri ?? '';
  let open: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const states: string[] = [];
  const { output, start, errors } = await render({
    takes,
    seconds: 1,
    late: [late],
    fetch: async (input, init) => {
      if (input === lateUri) await gate;
      return fetch(input, init);
    },
    acts: [
      {
        at: 0.3,
        do: (player) => {
          player.select(late);
          states.push(player.state.kind);
        },
      },
      {
        at: 0.5,
        do: async (player, ear) => {
          open?.();
          await ear.until(() => player.state.kind === 'playing');
          states.push(player.state.kind);
        },
      },
    ],
  });
  const index = 0.8 * RATE;
  return {
    between: at(output, 0.45 * RATE),
    samples: at(output, index).map(frameOf),
    due: index - start,
    states,
    errors,
  };
}

/** A take is chosen at 0.3 s, and something of it has come at 0.4 s. */
const choosing = (clip: string): Act[] => [
  { at: 0.3, do: (player) => player.select(clip) },
  { at: 0.4, do: (player, ear) => ear.until(() => player.state.kind === 'playing') },
];

/**
 * Of the second take only a head comes at first; at 0.9 s all of it. Counts, from when it joined on, samples that are not the one that
 * is due.
 */
export async function headAndRest(takes: readonly TakeSpec[]) {
  const late = takes[1]!;
  const { fetch, open } = withheld(late);
  const { output, start, length, errors } = await render({
    takes,
    seconds: 1.6,
    late: [late.clip],
    fetch,
    acts: [
      ...choosing(late.clip),
      {
        at: 0.9,
        do: (player) => {
          open();
          return loaded(player);
        },
      },
    ],
  });
  let wrong = 0;
  for (let index = 0.51 * RATE; index < length; index++) {
    if (frameOf(output[1]?.[index] ?? 0) !== index - start) wrong++;
  }
  return { wrong, errors };
}

/** Of the second take only a head comes; it is left, and chosen again. What sounds of each at 0.55, 0.8 and 1.1 s? */
export async function leavingHead(takes: readonly TakeSpec[]) {
  const [first, late] = [takes[0]!, takes[1]!];
  const { fetch, open } = withheld(late);
  const states: string[] = [];
  const { output, start, errors, heard } = await render({
    takes,
    seconds: 1.2,
    late: [late.clip],
    fetch,
    acts: [
      ...choosing(late.clip),
      { at: 0.6, do: (player) => player.select(first.clip) },
      {
        at: 0.9,
        do: (player) => {
          player.select(late.clip);
          states.push(player.state.kind);
        },
      },
    ],
  });
  open();
  const sounding = [0.55, 0.8, 1.1].map((second) => {
    const due = second * RATE - start;
    return at(output, second * RATE).map((sample) => (sample === 0 ? null : frameOf(sample) - due));
  });
  return { sounding, states, errors, heard: heard.audible };
}

/** The same tone at two rates, one take a channel: by how many samples is the resampled one off, and how loud is it? */
export async function resampled(takes: readonly TakeSpec[], hertz: number) {
  const { output, errors } = await renderOffline({
    takes,
    seconds: 1.2,
    sampleRate: RATE,
    channels: 2,
    acts: [{ at: 0.6, do: (player) => player.select(takes[1]?.clip ?? '') }],
  });
  const turn = (2 * Math.PI * hertz) / RATE;
  const phasor = (from: number) => {
    let [cosine, sine] = [0, 0];
    const count = 0.25 * RATE;
    for (let index = from; index < from + count; index++) {
      const sample = output[0]?.[index] ?? 0;
      cosine += sample * Math.cos(turn * index);
      sine += sample * Math.sin(turn * index);
    }
    return { level: (2 * Math.hypot(cosine, sine)) / count, phase: Math.atan2(cosine, sine) };
  };
  const [own, other] = [phasor(0.25 * RATE), phasor(0.75 * RATE)];
  const difference = Math.atan2(Math.sin(other.phase - own.phase), Math.cos(other.phase - own.phase));
  return { offset: difference / turn, levelDb: 20 * Math.log10(other.level / own.level), errors };
}
