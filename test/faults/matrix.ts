/** The matrix: every fault and hostile input, how it is provoked here, what held. README.md is rendered from it by table.faults.ts. */

export const cells = ['local × direct', 'ssh × direct', 'local × slurm', 'ssh × slurm'] as const;
export type Cell = (typeof cells)[number];
export const direct: readonly Cell[] = ['local × direct', 'ssh × direct'];
export const inSlurm: readonly Cell[] = ['local × slurm', 'ssh × slurm'];
type Cells = Readonly<Record<Cell, true | string>>;

export interface Row {
  readonly id: string;
  readonly fault: string;
  readonly provoked: string;
  readonly held: string;
  /** True where the row is run; a reason where it can't be, or is proved elsewhere. */
  readonly cells: Cells;
  /** Test files that prove it instead, each with the name of a test in it. */
  readonly elsewhere: readonly Elsewhere[];
}

type Elsewhere = readonly [file: string, test: string];
type Kind = (id: string, fault: string, provoked: string, held: string) => Row;

const everywhere = (reason: true | string): Cells => ({
  'local × direct': reason,
  'ssh × direct': reason,
  'local × slurm': reason,
  'ssh × slurm': reason,
});
const kind =
  (run: Cells): Kind =>
  (id, fault, provoked, held) => ({ id, fault, provoked, held, cells: run, elsewhere: [] });

const noLink = 'n/a: no link between this window and the host';
const noSlurm = 'n/a: no batch system in this cell';
const noJob = 'n/a: no job takes part, so nor does Slurm';

/** Run over every pair of a transport and an engine. */
const ran = kind(everywhere(true));
/** Without a job: only how the host is reached has a part in it. */
const reached = kind({ ...everywhere(noJob), 'local × direct': true, 'ssh × direct': true });
const here = kind({ ...everywhere('n/a: neither a host nor a job takes part'), 'local × direct': true });
/** About the link to a host that jobs run on. */
const link = kind({ ...everywhere(noLink), 'ssh × direct': true, 'ssh × slurm': true });
/** About the link alone. */
const bareLink = kind({ ...everywhere(noLink), 'ssh × direct': true, 'ssh × slurm': noJob });
/** About Slurm itself. */
const slurm = kind({ ...everywhere(noSlurm), 'local × slurm': true, 'ssh × slurm': true });
const never = (id: string, fault: string, reason: string): Row =>
  kind(everywhere(`n/a: ${reason}`))(id, fault, '', '');
const elsewhere = (id: string, fault: string, held: string, ...proofs: readonly Elsewhere[]): Row => {
  const files = [...new Set(proofs.map(([file]) => file))].join(', ');
  return { ...kind(everywhere(`elsewhere: ${files}`))(id, fault, '', held), elsewhere: proofs };
};

const manifest = 'test/integration/suite/manifest.test.ts';
const indexes = 'test/unit/evaluations/hostile.test.ts';
const mirror = 'test/unit/results/mirror.test.ts';
const outputFolder = 'test/unit/jobs/outputFolder.test.ts';
const wav = 'test/unit/audio/wav.test.ts';

export const matrix: readonly Row[] = [
  ran('F1', 'viewer killed while following', 'kill -9 of attach in mid-log', 'job untouched; a new viewer shows every byte from the start'),
  link('F2', 'link silently dropped', 'packets in both directions are dropped by the firewall of a network namespace', 'noticed within 16 seconds and told as “does not answer”, never as failed; afterwards all is as it was'),
  ran('F3', 'cut during submit', '40 jobs (20 through Slurm), each submitted until it answers, with kill -9 at a random moment or a cut standard input in three of four tries', 'no job twice, none with a part of its description, every retry succeeds, no left-overs'),
  ran('F4', 'reply lost after the start', 'the answer is thrown away; the same request again, four times', 'one run; each answer tells of the same one'),
  ran('F5', 'two windows submit the same id', '20 starts of one id at once', 'one run, all told'),
  ran('F6', 'same id, other content', 'second start with another title', 'refused in words; the first is untouched'),
  ran('F7', 'laptop sleeps', 'SIGSTOP to supervisor and command, looks meanwhile, SIGCONT', 'running all the while, then the true end'),
  ran('F8', 'extension host crashes', 'kill -9 of a process that started a chain and watches it', 'a new one finds all jobs at its first look; started once; the chain goes on'),
  ran('F9', 'editor quit for hours', 'SIGHUP, then SIGKILL to its whole process group', 'as F8; ended jobs are told as ended'),
  ran('F10', 'visible terminal closed, Ctrl-C', 'SIGHUP and SIGINT to the viewer (on a real terminal: test/python/test_job_viewer.py)', 'viewer ends with 130 on Ctrl-C; job goes on'),
  ran('F11', 'tmux server killed', 'start from inside tmux, then kill-server', 'job goes on'),
  ran('F12', 'supervisor killed with -9', 'while the command runs, and again with a stop after it', '"running without supervisor", stoppable; afterwards "lost", never "succeeded"'),
  ran('F13', 'trainer killed with -9; out of memory', 'kill -9 of the command, whose worker left its session; a control group of 64 MB, with Slurm that of the node’s slurmd and, apart, Slurm’s own limit (OverMemoryKill), which takes the supervisor along', 'ended 137, told as killed or as out of memory by the kernel’s own counter or Slurm’s log; no worker left'),
  ran('F14', 'trainer ignores SIGTERM', 'trap, grace of 0.3 s', 'killed after the grace, told as such'),
  ran('F15', 'host reboot', 'boot key in started.json of another boot', 'lost: reboot; with Slurm lost, and never signalled (its own word on nodes: F37)'),
  ran('F16', 'container restart with the same boot id', 'unshare --pid, killed and made again; with Slurm looked at from such a one', 'lost: reboot; with Slurm running by Slurm’s word alone'),
  ran('F17', 'pid reused', 'started.json names a living process with another start time', 'not taken for alive; never signalled'),
  ran('F18', 'disk full on the host', 'the command fills a tmpfs of 1 MB', 'exit.json is there with the code; the next start is refused and names the disk'),
  ran('F19', 'inodes used up; read-only file system', 'tmpfs with 20 inodes; remounted read-only', 'start refused with that reason; a running job still ends with its exit.json'),
  ran('F20', 'exit.json half written', 'kill -9 of supervisors at random moments around the end, a reader in a loop', 'the reader sees no file or a whole one; states are ended or lost'),
  ran('F21', 'clock skew of hours', 'times in all files and the client’s clock set hours ahead and back', 'states are the same'),
  here('F22', 'torn last line in events.jsonl', 'cut in the middle of a character, then completed', 'waits for the rest; nothing lost'),
  here('F23', 'two writers on one events.jsonl', 'two processes append 2,000 events each through python/runfiles.py while it is read', '4,000 whole lines'),
  ran('F24', 'log truncated or replaced', 'mv and truncate under a viewer', 'the viewer says so and goes on'),
  ran('F25', '1 GB log, 10 MB line, NUL bytes', 'a sparse log of 1 GB with such a line at its end', 'the viewer stays under 64 MB and shows the end; looks cost nothing more'),
  ran('F26', 'many probes while jobs start', '4 askers in a loop while 8 jobs start', 'every job runs once; none is ever told as lost'),
  link('F27', 'ControlMaster killed', 'kill -9 of the shared connection, and its socket left behind', 'the next call makes another'),
  bareLink('F28', 'MaxSessions exceeded', 'MaxSessions 3 with 12 calls at once; MaxStartups 1 with connections of their own', 'every call is answered'),
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
  reached('F39', 'pull interrupted', 'the sender killed with -9 and its words cut, each at six random bytes; the window killed with -9 at eight random moments', 'nothing half-done is ever in place; the next sync goes on, at once and in mid-file'),
  reached('F40', 'file changes during pull', 'a file is rewritten in place and an events.jsonl grows, without pause, through ten syncs', 'what is in place is of one moment, or a whole beginning of what grows; told; right once it rests'),
  reached('F41', 'local disk full during pull', 'a tmpfs of 3 MB, known beforehand and found out by a failed write; then enlarged', 'told with what lacks; whole files only, one part at most; goes on when there is room'),
  reached('F42', 'remote file removed', 'rm between listing and sending', 'told; all others arrive'),
  ran('F43', 'the host’s own set-up prints or breaks', 'PYTHONPATH with a json module that prints and fails, PYTHONHOME astray, BASH_ENV that prints; by ssh also login shells that print, fish and tcsh', 'no effect'),
  ran('F44', 'tools missing on the host', 'PATH=/nonexistent', 'start, stop and probe need nothing but Python'),
  ran('F45', 'asked on another node', 'started.json and heartbeat name another host, fresh and stale', 'heartbeat fresh: running; stale: unverifiable since then; exit.json decides at once; with Slurm the same while it gives no answer'),
  ran('F46', 'workers in their own sessions', 'a launcher starts workers as torchrun does, one of them orphaned; stop, and kill -9 of supervisor then stop', 'none is left'),
  ran('F47', 'stop while starting', '20 jobs (10 through Slurm), each with start and stop at once', 'each ends as stopped or never began; none runs on'),
  ran('F48', 'supervisor killed between its own steps', 'kill -9 at 25 (6 through Slurm) random moments from its first instant on, start repeated after each', 'no command runs twice; what ran without a word is lost, not submitted'),
  ran('B5', 'words with quotes, newlines, $(…), 1 MB', 'as arguments, environment and title', 'byte-exact in the command; too long is refused before the start'),
  ran('B6', 'run name ../../x, -rf, 300 characters', 'as title', 'a label only: paths are made of the id'),
  here('B8', 'untrusted workspace', 'a store without a host', 'no process is started'),
  ran('B10', 'a job directory that came with the workspace', 'a forged directory with a command; with Slurm also with the number of another job', 'shown, never run by looking, attaching or stopping; the other job runs on'),
  ran('B22', '__proto__ and constructor as keys', 'in spec, exit and events, with Slurm also in its two files', 'dropped; no object changes'),
  ran('B23', '1e999, NaN, -1, "1" as numbers', 'in exit.json and events, with Slurm also in its two files', 'that field is unknown, the rest is read'),
  ran('B24', '200,000 nested [', 'in every file of a job and in events', 'unreadable, counted, nothing crashes'),
  ran('B25', 'terminal sequences in the log', 'OSC 8, 52, 133, 633, titles, cursor moves, bells (and every cut of them: test/python/test_job_viewer.py)', 'the viewer lets colours, bars and words through'),
  ran('B26', 'a log line that imitates an answer', 'the job prints frames', 'answers carry a random word; the log is no part of one'),
  ran('B30', 'secrets in the environment or arguments', 'HF_TOKEN in both', 'refused before anything is written; in the host’s own environment it reaches the command and no file'),
  ran('B31', 'job folder open to others, of another owner, or a link', 'chmod 777, chown, symlink', 'closed where it is one’s own, else refused'),
  ran('B36', 'a host that answers without end, or never', 'programs that print for ever and that hang, with short limits; with Slurm also such a squeue', 'ended at the limit; "no answer"; with Slurm the heartbeat speaks'),
  bareLink('B1', 'host `-oProxyCommand=…`', 'as host, user and jump host, typed and pasted', 'refused in words; nothing runs'),
  bareLink('B2', 'host with shell characters', '`$(…)`, `;`, `|`, backticks, line breaks in host and user', 'refused in words; nothing runs'),
  bareLink('B3', '`host:2222`', 'with and without a user', 'refused, with the right spelling'),
  bareLink('B4', 'pasted ssh command line', '-o, -L, -F and a command after the host', 'refused by name; -p, -l, -i and -J are taken over'),
  elsewhere('B7', 'workspace settings name executables', 'such settings are of the machine alone; in an untrusted workspace no program is run', [manifest, 'lets no workspace name a program or a host: such settings are of the machine, and restricted'], ['test/integration/untrusted/trust.test.ts', 'takes are compared and notes are written, and no program is run @smoke']),
  elsewhere('B9', 'dead names among the restricted settings', 'each is a setting that is read', [manifest, 'has the settings that are read, with the same defaults']),
  elsewhere('B11', 'index path ../x', 'gives no clip; told', [indexes, 'a row that names %j gives no clip']),
  reached('B12', 'symlink inside results', 'links to folders and files, also put there between listing and sending', 'never followed; told'),
  elsewhere('B13', 'sibling prefix', 'is another folder', [indexes, 'a folder whose name begins as the run’s does is not the run']),
  elsewhere('B14', 'look-alike and case clash', 'taken as they are; told apart where the disk could not', [indexes, 'a row that names %j gives no clip'], [indexes, 'composed and decomposed names are one'], [mirror, 'are told apart where this disk could not'], [outputFolder, 'numbers go on where there are some']),
  elsewhere('B15', 'Windows reserved names', 'refused for folders, other names for copies', [outputFolder, 'the name %j is refused in words'], [mirror, 'are told apart where this disk could not']),
  reached('B16', 'names with ../', 'a host that lists such names; the real one asked for such', 'neither written nor sent'),
  reached('B17', 'pipes, devices, 4 TB, 10^6 entries', 'in place of clips; beside the run', 'never opened; too large stays there; a data set is left out, told'),
  reached('B18', 'lying server', 'eleven programs in place of results.py: larger, endless, repeated, extra, wrongly hashed files', 'ended and told; nothing is put in place'),
  elsewhere('B19', 'hostile WAV header', 'read as far as it goes; no room is made for what it claims', [wav, 'makes no room for the 4 GB that a header claims'], [wav, 'is refused for its form: %s'], [wav, 'never throws, whatever byte is wrong']),
  elsewhere('B20', 'a WAV that is none', 'told by name, never played', [wav, 'is told by code']),
  elsewhere('B21', 'endless index', 'a line over the limit costs itself alone', [indexes, 'hostile JSON costs its line'], ['test/unit/files/json.test.ts', 'a line over the limit is left out, those around it are read']),
  ran('B27', 'links in the log', 'command:, file: and javascript: as OSC 8 with every ending, as Markdown and bare', 'the viewer makes no link of anything; words stay words'),
  elsewhere('B28', 'forged webview message', 'dropped, unless it is of the protocol to the letter', ['test/unit/protocol.test.ts', 'a message of another shape is not understood: %s'], ['test/unit/protocol.test.ts', 'a message of the protocol carries nothing more than the protocol says']),
  elsewhere('B29', 'markup in names', 'is text', ['test/e2e/pages/comparisonPage.spec.ts', 'texts of others are text: no markup, no script, no way out of the page'], ['test/e2e/pages/runPage.spec.ts', 'is not broken by what files say']),
  bareLink('B32', 'control socket taken', 'the folder of control sockets made by another user, open to others, or a link', 'refused or closed; no connection through it'),
  bareLink('B33', 'forwarding in the ssh configuration', 'ForwardAgent, ForwardX11, LocalForward, RemoteForward, PermitLocalCommand in the configuration of the host', 'none has an effect'),
  bareLink('B34', 'RemoteCommand in the ssh configuration', 'RemoteCommand and RequestTTY in the configuration of the host', 'no effect on calls and viewers'),
  slurm('B35', 'hostile sbatch options', '--wrap, --uid, --export, line breaks, quotes; beside the checks here, sent to slurm.py as it is', 'refused by name; a title of shell words has no effect'),
  elsewhere('B37', 'hostile .git/config', 'git is asked for the name of the person alone, from the home folder', ['test/unit/hosts/rater.test.ts', 'is else that of git\'s global configuration, which is asked once']),
  elsewhere('B38', 'hostile note text', 'shown as itself; a damaged line costs itself alone', ['test/unit/notes/markdown.test.ts', 'shows %j as itself'], ['test/unit/notes/notesStore.test.ts', 'reads the readable lines of a file edited into nonsense, and names the others by line']),
  never('B39', 'pickled adapters', 'no adapter is opened, only its configuration in JSON'),
  never('B40', 'local HTTP server', 'none is opened'),
]; // prettier-ignore
