/** Figures and times as people read them, in the language of the display. */
import * as l10n from '@vscode/l10n';
import type { RunStatus } from '../runs/run';

/** A loss to four digits: the difference between checkpoints is often in the third. */
export function formatLoss(loss: number | null): string {
  return loss === null ? '–' : loss.toFixed(4);
}

export function formatStep(step: number, language: string): string {
  return l10n.t('step {0}', step.toLocaleString(language));
}

/** `15 s`, `1:02`. */
export function formatDuration(seconds: number): string {
  const tenths = Math.round(seconds * 10) / 10;
  if (tenths < 60) return `${tenths} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** `14:02` today, else `23 Nov, 14:02`. */
export function formatMoment(at: Date, now: Date, language: string): string {
  const time = { hour: '2-digit', minute: '2-digit' } as const;
  return at.toDateString() === now.toDateString()
    ? at.toLocaleTimeString(language, time)
    : at.toLocaleString(language, { day: 'numeric', month: 'short', ...time });
}

/** What the files say of a run, and no more than that. */
export function formatStatus(status: RunStatus, now: Date, language: string): string {
  const when = (seconds: number): string => formatMoment(new Date(seconds * 1000), now, language);
  switch (status.kind) {
    case 'training':
      return l10n.t('training, last word {0}', when(status.lastEvent));
    case 'silent':
      return l10n.t('no word since {0}; whether it still trains is not known', when(status.lastEvent));
    case 'completed':
      return status.at === null ? l10n.t('completed') : l10n.t('completed {0}', when(status.at));
    case 'stopped':
      return status.at === null ? l10n.t('stopped') : l10n.t('stopped {0}', when(status.at));
    case 'failed':
      return status.reason === '' ? l10n.t('failed') : l10n.t('failed: {0}', status.reason);
    case 'unknown':
      return l10n.t('state not known from its files');
  }
}

/** Time to go, as one says it: `40 s`, `4 min`, `2 h 5 min`. */
export function formatSpan(seconds: number): string {
  if (seconds < 90) return l10n.t('{0} s', Math.ceil(seconds));
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return l10n.t('{0} min', minutes);
  return l10n.t('{0} h {1} min', Math.floor(minutes / 60), minutes % 60);
}
