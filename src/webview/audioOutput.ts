export interface OutputEvents {
  /** The context runs (again), or stopped running: see `running` and `blocked`. */
  onChange(): void;
  /** It is closed, or its clock stands still: another one has to be made. */
  onLost(): void;
}

/** How long the browser is given to start the context before a person is asked for a click. */
const PATIENCE_MS = 500;
/** A context that runs keeps the device open and the computer awake. */
const REST_MS = 60_000;
/** More than this between the clock and what is heard is a wrong timestamp, not latency. */
const MOST_LATENCY_SECONDS = 1;

/** One audio context: woken when something is to be heard, put to rest when nothing was for a while, watched. */
export class AudioOutput {
  /** The browser did not start the context: it waits for a click or key in the page. */
  blocked = false;
  private readonly end = new AbortController();
  private patience: ReturnType<typeof setTimeout> | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private seen = { time: 0, at: 0 };

  constructor(
    readonly context: AudioContext,
    private readonly events: OutputEvents,
  ) {
    const { signal } = this.end;
    context.addEventListener('statechange', () => this.changed(), { signal });
    context.addEventListener('error', () => this.events.onLost(), { signal });
    for (const gesture of ['pointerdown', 'keydown']) {
      document.addEventListener(gesture, () => this.blocked && this.resume(), { signal, capture: true });
    }
  }

  get running(): boolean {
    return this.context.state === 'running';
  }

  /** The frame of the context's clock that is heard now: what is rendered is heard later by the latency of the device. */
  get heard(): number {
    const { currentTime, sampleRate } = this.context;
    const { contextTime = 0, performanceTime = 0 } = this.context.getOutputTimestamp();
    const stamped = contextTime + (performance.now() - performanceTime) / 1000;
    const latency = this.context.outputLatency || this.context.baseLatency || 0;
    const sane =
      performanceTime > 0 && stamped <= currentTime && stamped >= currentTime - MOST_LATENCY_SECONDS;
    return (sane ? stamped : Math.max(0, currentTime - latency)) * sampleRate;
  }

  /** Asks the browser to let the context run. */
  wake(): void {
    clearTimeout(this.rest);
    this.seen = { time: -1, at: performance.now() };
    if (this.running) return;
    this.resume();
    clearTimeout(this.patience);
    this.patience = setTimeout(() => {
      this.blocked = !this.running;
      this.events.onChange();
    }, PATIENCE_MS);
  }

  /** Nothing is to be heard: lets the context run for a little longer, so that the next sound comes at once. */
  sleep(): void {
    this.blocked = false;
    clearTimeout(this.patience);
    clearTimeout(this.rest);
    this.rest = setTimeout(() => void this.context.suspend().catch(ignored), REST_MS);
  }

  /** Called now and then while playing: notices a clock that stands still, as when a sound device is gone. */
  watch(): void {
    const time = this.context.currentTime;
    if (!this.running || time !== this.seen.time) this.seen = { time, at: performance.now() };
    else if (performance.now() - this.seen.at > 1000) this.events.onLost();
  }

  dispose(): void {
    this.end.abort();
    clearTimeout(this.patience);
    clearTimeout(this.rest);
    if (this.context.state !== 'closed') void this.context.close().catch(ignored);
  }

  private resume(): void {
    void this.context.resume().catch(ignored);
  }

  private changed(): void {
    if (this.context.state === 'closed') {
      this.events.onLost();
      return;
    }
    if (this.running) {
      this.blocked = false;
      clearTimeout(this.patience);
    }
    this.events.onChange();
  }
}

/** Refusals of a context that cannot run show in its state, which is what counts. */
function ignored(): void {}
