/** The matrix: every fault and hostile input, how it is provoked here, what held. README.md is rendered from it by table.faults.ts. */

import { inSlurm } from './slurmCells';

export const cells = ['local × direct', 'ssh × direct', 'local × slurm', 'ssh × slurm'] as const;
export type Cell = (typeof cells)[number];

export interface Row {
  readonly id: string;
  readonly fault: string;
  readonly provoked: string;
  readonly held: string;
  /** True where the row is run; a reason where it can't be, or is proved elsewhere. */
  readonly cells: Readonly<Record<Cell, true | string>>;
}

const row = (id: string, fault: string, provoked: string, held: string, run: Row['cells']): Row => ({
  id,
  fault,
  provoked,
  held,
  cells: { ...run, ...inSlurm[id] },
});
const everywhere = (reason: true | string): Row['cells'] => ({
  'local × direct': reason,
  'ssh × direct': reason,
  'local × slurm': reason,
  'ssh × slurm': reason,
});

const noSlurmRun = 'not run with a batch system';
/** Run over every transport. */
const ran = (id: string, fault: string, provoked: string, held: string): Row =>
  row(id, fault, provoked, held, { ...everywhere(noSlurmRun), 'local × direct': true, 'ssh × direct': true });
/** Run once: how the host is reached has no part in it. */
const here = (id: string, fault: string, provoked: string, held: string): Row =>
  row(id, fault, provoked, held, {
    ...everywhere('n/a: the same on either side of a link'),
    'local × direct': true,
  });
/** About the link itself. */
const link = (id: string, fault: string, provoked: string, held: string): Row =>
  row(id, fault, provoked, held, {
    ...everywhere(noLink),
    'ssh × direct': true,
    'ssh × slurm': 'the link is that of ssh × direct',
  });
/** About Slurm itself. */
const slurm = (id: string, fault: string, provoked: string, held: string): Row =>
  row(id, fault, provoked, held, {
    ...everywhere(noSlurm),
    'local × slurm': true,
    'ssh × slurm': 'n/a: the link has no part in it',
  });
const not = (id: string, fault: string, reason: string): Row => row(id, fault, '', '', everywhere(reason));

const noLink = 'n/a: no link between this window and the host';
const noSlurm = 'n/a: no batch system in this cell';
const inUnit = (where: string): string => `not run here: tested in ${where}`;

export const matrix: readonly Row[] = [
  ran('F1', 'viewer killed while following', 'kill -9 of attach in mid-log', 'job untouched; a new viewer shows every byte from the start'),
  link('F2', 'link silently dropped', 'packets in both directions are dropped by the firewall of a network namespace', 'noticed within 16 seconds and told as “does not answer”, never as failed; afterwards all is as it was'),
  ran('F3', 'cut during submit', '40 jobs, each submitted until it answers, with kill -9 at a random moment or a cut standard input in three of four tries', 'no job twice, none with a part of its description, every retry succeeds, no left-overs'),
  ran('F4', 'reply lost after the start', 'the answer is thrown away; the same request again, four times', 'one run; each answer tells of the same one'),
  ran('F5', 'two windows submit the same id', '20 starts of one id at once', 'one run, all told'),
  ran('F6', 'same id, other content', 'second start with another title', 'refused in words; the first is untouched'),
  ran('F7', 'laptop sleeps', 'SIGSTOP to supervisor and command, looks meanwhile, SIGCONT', 'running all the while, then the true end'),
  ran('F8', 'extension host crashes', 'kill -9 of a process that started a chain and watches it', 'a new one finds all jobs at its first look; started once; the chain goes on'),
  ran('F9', 'editor quit for hours', 'SIGHUP, then SIGKILL to its whole process group', 'as F8; ended jobs are told as ended'),
  ran('F10', 'visible terminal closed, Ctrl-C', 'SIGHUP and SIGINT to the viewer (on a real terminal: test/python/test_supervisor.py)', 'viewer ends with 130 on Ctrl-C; job goes on'),
  ran('F11', 'tmux server killed', 'start from inside tmux, then kill-server', 'job goes on'),
  ran('F12', 'supervisor killed with -9', 'while the command runs, and again with a stop after it', '"running without supervisor", stoppable; afterwards "lost", never "succeeded"'),
  ran('F13', 'trainer killed with -9; out of memory', 'kill -9 of the command, whose worker left its session; a control group of 64 MB', 'ended 137, told as killed or as out of memory by the kernel’s own counter; no worker left'),
  ran('F14', 'trainer ignores SIGTERM', 'trap, grace of 0.3 s', 'killed after the grace, told as such'),
  ran('F15', 'host reboot', 'boot key in started.json of another boot', 'lost: reboot'),
  ran('F16', 'container restart with the same boot id', 'unshare --pid, killed and made again', 'lost: reboot'),
  ran('F17', 'pid reused', 'started.json names a living process with another start time', 'not taken for alive; never signalled'),
  ran('F18', 'disk full on the host', 'the command fills a tmpfs of 1 MB', 'exit.json is there with the code; the next start is refused and names the disk'),
  ran('F19', 'inodes used up; read-only file system', 'tmpfs with 20 inodes; remounted read-only', 'start refused with that reason; a running job still ends with its exit.json'),
  ran('F20', 'exit.json half written', 'kill -9 of supervisors at random moments around the end, a reader in a loop', 'the reader sees no file or a whole one; states are ended or lost'),
  ran('F21', 'clock skew of hours', 'times in all files and the client’s clock set hours ahead and back', 'states are the same'),
  here('F22', 'torn last line in events.jsonl', 'cut in the middle of a character, then completed', 'waits for the rest; nothing lost'),
  here('F23', 'two writers on one events.jsonl', 'two processes append 2,000 events each through python/runfiles.py while it is read', '4,000 whole lines'),
  ran('F24', 'log truncated or replaced', 'mv and truncate under a viewer', 'the viewer says so and goes on'),
  here('F25', '1 GB log, 10 MB line, NUL bytes', 'a sparse log of 1 GB with such a line at its end', 'the viewer stays under 64 MB and shows the end; looks cost nothing more'),
  ran('F26', 'many probes while jobs start', '4 askers in a loop while 8 jobs start', 'every job runs once; none is ever told as lost'),
  link('F27', 'ControlMaster killed', 'kill -9 of the shared connection, and its socket left behind', 'the next call makes another'),
  link('F28', 'MaxSessions exceeded', 'MaxSessions 3 with 12 calls at once; MaxStartups 1 with connections of their own', 'every call is answered'),
  link('F29', 'sshd restarted', 'sshd and all its sessions killed, started again', 'told as refused; jobs untouched; the next call answers'),
  link('F30', 'host key changed', 'sshd with another key at the same address', 'refused, told with the exact ssh-keygen; nothing is sent'),
  link('F31', 'authentication expired', 'the key is taken out of authorized_keys, the shared connection ends', 'told as to sign in; jobs untouched'),
  slurm('F32', 'slurmctld killed', 'kill -9 while a job runs, another waits and a third is started; later started again', 'running by its heartbeat, what waits unverifiable, the start refused in words; later all as it was, and nothing twice'),
  slurm('F33', 'slurmd killed', 'kill -9 while a job runs, which then ends', 'running, then its own end'),
  slurm('F34', 'record aged out', 'slurmctld forgets all jobs, one of them without exit.json', 'exit.json decides; without it lost: scheduler, or what Slurm had said before'),
  slurm('F35', 'scancel from outside', 'of a running and of a waiting job', 'ended: terminated, with the command’s own code; the waiting one ended in Slurm’s words'),
  slurm('F36', 'time limit', 'a limit of one minute', 'told before the end, time to save, ended: terminated'),
  slurm('F37', 'node lost, requeue', 'kill -9 of slurmd and all of the job, node set down; scontrol requeue of another', 'never run again; ended in Slurm’s words: NODE_FAIL'),
  slurm('F38', 'impossible request', 'nine GPUs, an unknown partition; as the second of a chain', 'refused in sbatch’s words at once; nothing is left in the queue'),
  ran('F39', 'pull interrupted', 'the sender killed with -9 and its words cut, each at six random bytes; the window killed with -9 at eight random moments', 'nothing half-done is ever in place; the next sync goes on, at once and in mid-file'),
  ran('F40', 'file changes during pull', 'a file is rewritten in place and an events.jsonl grows, without pause, through ten syncs', 'what is in place is of one moment, or a whole beginning of what grows; told; right once it rests'),
  ran('F41', 'local disk full during pull', 'a tmpfs of 3 MB, known beforehand and found out by a failed write; then enlarged', 'told with what lacks; whole files only, one part at most; goes on when there is room'),
  ran('F42', 'remote file removed', 'rm between listing and sending', 'told; all others arrive'),
  ran('F43', 'the host’s own set-up prints or breaks', 'PYTHONPATH with a json module that prints and fails, PYTHONHOME astray, BASH_ENV that prints; by ssh also login shells that print, fish and tcsh', 'no effect'),
  ran('F44', 'tools missing on the host', 'PATH=/nonexistent', 'start, stop and probe need nothing but Python'),
  ran('F45', 'asked on another node', 'started.json and heartbeat name another host, fresh and stale', 'heartbeat fresh: running; stale: unverifiable since then; exit.json decides at once'),
  ran('F46', 'workers in their own sessions', 'a launcher starts workers as torchrun does, one of them orphaned; stop, and kill -9 of supervisor then stop', 'none is left'),
  ran('F47', 'stop while starting', '20 jobs, each with start and stop at once', 'each ends as stopped or never began; none runs on'),
  ran('F48', 'supervisor killed between its own steps', 'kill -9 at 25 random moments from its first instant on, start repeated after each', 'no command runs twice; what ran without a word is lost, not submitted'),
  ran('B5', 'words with quotes, newlines, $(…), 1 MB', 'as arguments, environment and title', 'byte-exact in the command; too long is refused before the start'),
  here('B6', 'run name ../../x, -rf, 300 characters', 'as title', 'a label only: paths are made of the id'),
  here('B8', 'untrusted workspace', 'a store without a host', 'no process is started'),
  here('B10', 'a job directory that came with the workspace', 'a forged directory with a command', 'shown, never run by looking, attaching or stopping'),
  here('B22', '__proto__ and constructor as keys', 'in spec, exit and events', 'dropped; no object changes'),
  here('B23', '1e999, NaN, -1, "1" as numbers', 'in exit.json and events', 'that field is unknown, the rest is read'),
  here('B24', '200,000 nested [', 'in every file of a job and in events', 'unreadable, counted, nothing crashes'),
  ran('B25', 'terminal sequences in the log', 'OSC 8, 52, 133, 633, titles, cursor moves, bells (and every cut of them: test/python/test_supervisor.py)', 'the viewer lets colours, bars and words through'),
  ran('B26', 'a log line that imitates an answer', 'the job prints frames', 'answers carry a random word; the log is no part of one'),
  ran('B30', 'secrets in the environment or arguments', 'HF_TOKEN in both', 'refused before anything is written; in the host’s own environment it reaches the command and no file'),
  ran('B31', 'job folder open to others, of another owner, or a link', 'chmod 777, chown, symlink', 'closed where it is one’s own, else refused'),
  ran('B36', 'a host that answers without end, or never', 'programs that print for ever and that hang, with short limits', 'ended at the limit; "no answer"'),
  link('B1', 'host `-oProxyCommand=…`', 'as host, user and jump host, typed and pasted', 'refused in words; nothing runs'),
  link('B2', 'host with shell characters', '`$(…)`, `;`, `|`, backticks, line breaks in host and user', 'refused in words; nothing runs'),
  link('B3', '`host:2222`', 'with and without a user', 'refused, with the right spelling'),
  link('B4', 'pasted ssh command line', '-o, -L, -F and a command after the host', 'refused by name; -p, -l, -i and -J are taken over'),
  not('B7', 'workspace settings name executables', 'not run here: settings are tested where they are declared'),
  not('B9', 'dead names among the restricted settings', 'not run here: settings are tested where they are declared'),
  not('B11', 'index path ../x', inUnit('test/unit/evaluations')),
  ran('B12', 'symlink inside results', 'links to folders and files, also put there between listing and sending', 'never followed; told'),
  not('B13', 'sibling prefix', inUnit('test/unit/evaluations')),
  not('B14', 'look-alike and case clash', inUnit('test/unit/jobs/outputFolder.test.ts')),
  not('B15', 'Windows reserved names', inUnit('test/unit/jobs/outputFolder.test.ts')),
  ran('B16', 'names with ../', 'a host that lists such names; the real one asked for such', 'neither written nor sent'),
  ran('B17', 'pipes, devices, 4 TB, 10^6 entries', 'in place of clips; beside the run', 'never opened; too large stays there; a data set is left out, told'),
  ran('B18', 'lying server', 'eleven programs in place of results.py: larger, endless, repeated, extra, wrongly hashed files', 'ended and told; nothing is put in place'),
  not('B19', 'hostile WAV header', inUnit('test/unit/audio')),
  not('B20', 'a WAV that is none', inUnit('test/unit/audio')),
  not('B21', 'endless index', inUnit('test/unit/evaluations and test/unit/files')),
  not('B27', 'links in the log', 'n/a: the viewer is a terminal; the log is shown nowhere else'),
  not('B28', 'forged webview message', 'not run here: no webview is part of this layer'),
  not('B29', 'markup in names', 'not run here: no webview is part of this layer'),
  link('B32', 'control socket taken', 'the folder of control sockets made by another user, open to others, or a link', 'refused or closed; no connection through it'),
  link('B33', 'forwarding in the ssh configuration', 'ForwardAgent, ForwardX11, LocalForward, RemoteForward, PermitLocalCommand in the configuration of the host', 'none has an effect'),
  link('B34', 'RemoteCommand in the ssh configuration', 'RemoteCommand and RequestTTY in the configuration of the host', 'no effect on calls and viewers'),
  slurm('B35', 'hostile sbatch options', '--wrap, --uid, --export, line breaks, quotes; beside the checks here, sent to slurm.py as it is', 'refused by name; a title of shell words has no effect'),
  not('B37', 'hostile .git/config', 'n/a: no git is run for jobs'),
  not('B38', 'hostile note text', inUnit('test/unit/notes')),
  not('B39', 'pickled adapters', 'n/a: no adapter is opened by this layer'),
  not('B40', 'local HTTP server', 'n/a: none is opened'),
]; // prettier-ignore
