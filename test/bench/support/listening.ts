/* eslint-disable @typescript-eslint/unbound-method -- methods of the browser are replaced, and called with their own `this` */
/** Looks over the comparison's shoulder, in its own frame: what it paints, when it sounds, what it holds. */

export interface Watching {
  /**
   * Milliseconds to the frame that shows every waveform of the overview: from the page's first state when the clips had yet
   * to be analysed, else from the key that opened the overview.
   */
  overview: number | null;
  /** When it was last clicked, by the same clock as `sound`. */
  clicked: number;
  /** When something began to sound after that, by the clock of `performance.now()`. */
  sound: number;
  /** Addresses of clips that were fetched. */
  readonly uris: Set<string>;
  /** Megabytes of the samples that are held. */
  heldMb(): Promise<number>;
  /** Bytes in CacheStorage. */
  storedBytes(): Promise<number>;
}

declare global {
  /** In every frame. */
  var watching: () => Watching;
}

/** Runs in every frame before its own scripts, as text: it can use nothing from here. */
export function watchListening(): void {
  const clips = 150;
  const held = new Set<WeakRef<AudioBuffer>>();
  const hold = (buffer: AudioBuffer): AudioBuffer => {
    held.add(new WeakRef(buffer));
    return buffer;
  };
  const watching: Watching = {
    overview: null,
    clicked: 0,
    sound: 0,
    uris: new Set(),
    heldMb: async () => {
      for (let i = 0; i < 4; i++) {
        globalThis.gc?.();
        await new Promise((done) => setTimeout(done, 50));
      }
      const alive = [...held].flatMap((ref) => ref.deref() ?? []);
      return (
        alive.reduce((sum, { length, numberOfChannels }) => sum + length * numberOfChannels * 4, 0) / 1e6
      );
    },
    storedBytes: async () => {
      let bytes = 0;
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
          bytes += (await (await cache.match(request))?.arrayBuffer())?.byteLength ?? 0;
        }
      }
      return bytes;
    },
  };
  globalThis.watching = () => watching;

  window.AudioBuffer = new Proxy(AudioBuffer, {
    construct: (target, given, self) => hold(Reflect.construct(target, given, self) as AudioBuffer),
  });
  const { startRendering } = OfflineAudioContext.prototype;
  OfflineAudioContext.prototype.startRendering = async function () {
    return hold(await startRendering.call(this));
  };
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (when = 0, ...rest) {
    const later = Math.max(0, when - this.context.currentTime) * 1000;
    const sounds = performance.now() + later;
    // The first after a click tells: all takes of a prompt start at once, and again when one joins them.
    if (watching.sound <= watching.clicked) watching.sound = sounds;
    start.call(this, when, ...rest);
  };
  const load = window.fetch;
  window.fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    if (address.includes('.wav')) watching.uris.add(address);
    return load(input, init);
  };

  // Waveforms on a canvas since it was last cleared, which setting its width does.
  const waveforms = new WeakMap<HTMLCanvasElement, number>();
  const width = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, 'width');
  if (width?.set === undefined) throw new Error('A canvas has no width');
  const setWidth = width.set;
  Object.defineProperty(HTMLCanvasElement.prototype, 'width', {
    ...width,
    set(this: HTMLCanvasElement, value: number) {
      waveforms.set(this, 0);
      setWidth.call(this, value);
    },
  });
  const { fill } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.fill = function (this: CanvasRenderingContext2D, ...given: unknown[]) {
    waveforms.set(this.canvas, (waveforms.get(this.canvas) ?? 0) + 1);
    (fill as (...same: unknown[]) => void).apply(this, given);
  };
  let began: number | null = null;
  let opened = false;
  const look = (): void => {
    const canvases = [...document.querySelectorAll<HTMLCanvasElement>('.overview-canvas')];
    const painted = canvases.reduce((sum, canvas) => sum + (waveforms.get(canvas) ?? 0), 0);
    if (painted < clips) requestAnimationFrame(look);
    // The frame that they were drawn for is on screen once the next one is asked for.
    else requestAnimationFrame(() => (watching.overview = performance.now() - (began ?? 0)));
  };
  const openOverview = (): void => {
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'o', bubbles: true }));
    requestAnimationFrame(look);
  };
  const follow = (event: Event): void => {
    const { data } = event as MessageEvent<{
      type?: string;
      state?: { kind?: string };
      clips?: readonly unknown[];
    }>;
    if (began === null && data.type === 'state' && data.state?.kind === 'comparison') {
      began = performance.now();
      const click = ({ timeStamp }: Event): number => (watching.clicked = timeStamp);
      document.addEventListener('click', click, { capture: true });
    }
    if (opened || data.type !== 'analysis') return;
    opened = true;
    if (data.clips?.length !== clips) {
      openOverview();
      return;
    }
    // All was known before. A person's hand comes when the page stands still.
    setTimeout(() => {
      began = performance.now();
      openOverview();
    }, 1000);
  };
  // Not at once: VS Code writes the page into this document, which takes every listener away.
  const { addEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, ...rest) {
    addEventListener.call(this, type, ...rest);
    if (type === 'message' && this === window) addEventListener.call(window, 'message', follow);
  };
}
