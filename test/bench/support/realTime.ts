/** What is measured in the page at the pace of real time, with a running AudioContext and keys that are really pressed. */
import { Player } from '../../../src/webview/player';
import { listen, loaded, toTake, withheld, type TakeSpec } from './rig';
import { STEP } from './signals';

const RATE = 32_000;

/** Keeps every sample that reaches it; runs in the audio thread. */
const recorder = `registerProcessor('recorder', class extends AudioWorkletProcessor {
  process([input]) {
    this.port.postMessage({ time: currentTime, block: input.map((channel) => channel.slice()) });
    return true;
  }
})`;

async function newRecorder(context: AudioContext, channels: number) {
  await context.audioWorklet.addModule(
    URL.createObjectURL(new Blob([recorder], { type: 'text/javascript' })),
  );
  const node = new AudioWorkletNode(context, 'recorder', {
    channelCount: channels,
    channelCountMode: 'explicit',
    channelInterpretation: 'discrete',
  });
  const blocks: Float32Array[][] = [];
  let since = 0;
  node.port.onmessage = ({ data }: MessageEvent<{ time: number; block: Float32Array[] }>) => {
    if (data.time >= since) blocks.push(data.block);
  };
  // Without a way to the device a node is not run.
  node.connect(new GainNode(context, { gain: 0 })).connect(context.destination);
  const read = () =>
    Array.from({ length: channels }, (_, channel) =>
      Float32Array.from(blocks.flatMap((block) => [...(block[channel] ?? new Float32Array(128))])),
    );
  /** Forgets what was recorded up to now and a moment longer. */
  const restart = () => {
    since = context.currentTime + 0.05;
    blocks.length = 0;
  };
  return { node, read, restart };
}

/** Frames around a change of take within which fades bend the count. */
const FADING = 300;

/** By how many frames the count jumps where one take gives way to another, and how long nothing sounds between them. */
function changesIn(channels: readonly Float32Array[]) {
  const length = channels[0]?.length ?? 0;
  const soundingAt = (index: number) => channels.flatMap((channel, take) => (channel[index] ? [take] : []));
  let first = 0;
  while (first < length && !soundingAt(first).length) first++;
  let last = length - 1;
  while (last > first && !soundingAt(last).length) last--;
  const found = { offset: 0, gap: 0, changes: 0 };
  let previous: { readonly take: number; readonly lag: number } | null = null;
  let silent = 0;
  for (let index = first + FADING; index < last - FADING; index++) {
    const [take, ...others] = soundingAt(index);
    silent = take === undefined ? silent + 1 : 0;
    found.gap = Math.max(found.gap, silent);
    const settled = [-FADING, FADING].every((near) => soundingAt(index + near).join() === String(take));
    if (take === undefined || others.length || !settled) continue;
    const lag = index - ((channels[take]?.[index] ?? 0) / STEP - 1);
    if (previous && previous.take !== take) {
      found.offset = Math.max(found.offset, Math.abs(lag - previous.lag));
      found.changes++;
    }
    previous = { take, lag };
  }
  return found;
}

/** Plays, and lets the keys 1…9 choose the take, until `end`; every key is timed to the gain's first change. */
export async function playWithKeys(takes: readonly TakeSpec[]) {
  const context = new AudioContext({ sampleRate: RATE });
  const { node, read, restart } = await newRecorder(context, takes.length);
  Object.defineProperty(context, 'destination', { value: node });
  const ear = listen();
  const player = new Player({ sampleRate: RATE, events: ear.events, createContext: () => context });
  player.load(takes.map(toTake), { second: 0, selected: takes[0]?.clip ?? '' });
  player.play();
  for (const { clip } of [...takes].reverse()) {
    player.select(clip);
    await ear.until(() => player.state.kind === 'playing');
  }
  await loaded(player);
  // Up to here takes were selected that had still to be loaded.
  restart();

  let change = 0;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its own `this`
  const { setValueAtTime } = AudioParam.prototype;
  AudioParam.prototype.setValueAtTime = function (value, time) {
    change = performance.now() + (time - context.currentTime) * 1000;
    return setValueAtTime.call(this, value, time);
  };
  const delays: number[] = [];
  /** Seconds by which the position ran apart from the context's clock since the beginning. */
  const drifts: number[] = [];
  const started = context.currentTime - player.position;
  const onKey = (event: KeyboardEvent) => {
    player.select(takes[Number(event.key) - 1]?.clip ?? '');
    delays.push(change - event.timeStamp);
    drifts.push(context.currentTime - started - player.position);
  };
  document.addEventListener('keydown', onKey);
  return {
    end: () => {
      document.removeEventListener('keydown', onKey);
      AudioParam.prototype.setValueAtTime = setValueAtTime;
      player.dispose();
      return { delays, drifts, ...changesIn(read()), heard: ear.heard };
    },
  };
}

/** The plain way: an <audio> element a take, the second put to the position of the first when it takes over. */
export async function playElements(takes: readonly TakeSpec[]) {
  const context = new AudioContext({ sampleRate: RATE });
  const { node, read } = await newRecorder(context, takes.length);
  const elements = takes.map(({ uri }) => new Audio(uri));
  for (const element of elements) context.createMediaElementSource(element).connect(node);
  await context.resume();
  let current = elements[0];
  await current?.play();
  const delays: number[] = [];
  const onKey = (event: KeyboardEvent) => {
    const next = elements[Number(event.key) - 1];
    if (!current || !next || next === current) return;
    next.currentTime = current.currentTime;
    current.pause();
    next.addEventListener('playing', () => delays.push(performance.now() - event.timeStamp), { once: true });
    void next.play();
    current = next;
  };
  document.addEventListener('keydown', onKey);
  return {
    end: () => {
      document.removeEventListener('keydown', onKey);
      current?.pause();
      const found = { delays, ...changesIn(read()) };
      void context.close();
      return found;
    },
  };
}

/** The plain way to loop: set the position back when `timeupdate` says that the end is passed. Samples off after the rounds. */
export async function loopElement(
  { uri }: TakeSpec,
  from: number,
  to: number,
  rounds: number,
): Promise<number> {
  const element = new Audio(uri);
  element.currentTime = from;
  await element.play();
  const started = performance.now();
  let round = 0;
  await new Promise<void>((done) => {
    element.addEventListener('timeupdate', () => {
      if (element.currentTime < to) return;
      element.currentTime = from;
      round++;
      if (round === rounds) done();
    });
  });
  element.pause();
  return ((performance.now() - started) / 1000 - rounds * (to - from)) * RATE;
}

/** A player on the device, told to play at once; nothing is awaited. */
export function playUnasked(takes: readonly TakeSpec[]) {
  const ear = listen();
  const contexts: AudioContext[] = [];
  const player = new Player({
    sampleRate: RATE,
    events: ear.events,
    createContext: (sampleRate) => {
      const context = new AudioContext({ sampleRate });
      contexts.push(context);
      return context;
    },
  });
  player.load(takes.map(toTake), { second: 0, selected: takes[0]?.clip ?? '' });
  player.play();
  return {
    state: () => player.state.kind,
    position: () => player.position,
    contexts: () => contexts.length,
    closeContext: () => contexts.at(-1)?.close(),
    changed: (isTrue: () => boolean) => ear.until(isTrue),
    dispose: () => player.dispose(),
  };
}

/** Plays a take of which only a head comes until `open`. */
export function playHead(take: TakeSpec) {
  const ear = listen();
  const { fetch, open } = withheld(take);
  const player = new Player({ sampleRate: RATE, events: ear.events, fetch });
  player.load([toTake(take)], { second: 0, selected: take.clip });
  player.play();
  return {
    open,
    state: () => player.state.kind,
    position: () => player.position,
    seek: (second: number) => player.seek(second),
    heard: () => ear.heard.audible,
    dispose: () => player.dispose(),
  };
}

/** Writes every state of a player to the console, where a test reads it without touching the page. */
export function tellStates(player: ReturnType<typeof playUnasked>): void {
  let before = '';
  void player.changed(() => {
    const state = player.state();
    if (state !== before) console.log(state);
    before = state;
    return false;
  });
}
