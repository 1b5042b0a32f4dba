/** What the view of a job says besides its log, as templates for python/job_viewer.py: a test there compares the names and what is in braces. */
import * as l10n from '@vscode/l10n';

const TITLE = '{title}';

export function viewerWords(): Readonly<Record<string, string>> {
  return {
    first: l10n.t('{0}. Ctrl-C or closing this terminal ends only the view.', TITLE),
    earlier: l10n.t('Earlier output is in {0}.', '{path}'),
    replaced: l10n.t('The log was replaced; it goes on from its beginning.'),
    'waits-gpu': l10n.t('Waiting for a free GPU: place {0} in the queue.', '{place}'),
    'waits-job': l10n.t('Waiting for the job before it to end.'),
    'waits-slurm': l10n.t('Waiting until Slurm starts it.'),
    'end-complete': l10n.t('{0} is complete.', TITLE),
    'end-exited': l10n.t('{0} ended with exit code {1}; the lines above say why.', TITLE, '{code}'),
    'end-signaled': l10n.t('{0} was killed from outside ({1}).', TITLE, '{signal}'),
    'end-out-of-memory': l10n.t('{0} was killed because the machine ran out of memory.', TITLE),
    'end-stopped': l10n.t('{0} was stopped on request.', TITLE),
    'end-terminated': l10n.t('{0} was ended by the system.', TITLE),
    'end-skipped': l10n.t('{0} was not started.', TITLE),
    'end-not-started': l10n.t('{0} could not be started.', TITLE),
    ended: l10n.t('{0} ended.', TITLE),
    lost: l10n.t('{0} is lost: its supervisor is gone, and how it ended is not known.', TITLE),
    enter: l10n.t('Enter closes this view.'),
    closed: l10n.t('View closed.'),
    'closed-only': l10n.t('View closed; the job goes on.'),
  };
}
