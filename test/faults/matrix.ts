/** The matrix: every fault and hostile input, how it is provoked here, what held. README.md is rendered from it by table.faults.ts. */

export const cells = ['local × direct'] as const;
export type Cell = (typeof cells)[number];

export interface Row {
  readonly id: string;
  readonly fault: string;
  readonly provoked: string;
  readonly held: string;
  /** True where the row is run; a reason where it can't be, or is proved elsewhere. */
  readonly cells: Readonly<Record<Cell, true | string>>;
}

const ran = (id: string, fault: string, provoked: string, held: string): Row => ({
  id,
  fault,
  provoked,
  held,
  cells: { 'local × direct': true },
});
const not = (id: string, fault: string, reason: string): Row => ({
  id,
  fault,
  provoked: '',
  held: '',
  cells: { 'local × direct': reason },
});

const noLink = 'n/a: no link between this window and the host';
const noSlurm = 'n/a: no batch system in this cell';
const noPull = 'n/a: results are read where they are written';
const inUnit = (where: string): string => `not run here: tested in ${where}`;

export const matrix: readonly Row[] = [
  ran('F1', 'viewer killed while following', 'kill -9 of attach in mid-log', 'job untouched; a new viewer shows every byte from the start'),
  not('F2', 'link silently dropped', noLink),
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
  ran('F22', 'torn last line in events.jsonl', 'cut in the middle of a character, then completed', 'waits for the rest; nothing lost'),
  ran('F23', 'two writers on one events.jsonl', 'two processes append 2,000 events each through python/runfiles.py while it is read', '4,000 whole lines'),
  ran('F24', 'log truncated or replaced', 'mv and truncate under a viewer', 'the viewer says so and goes on'),
  ran('F25', '1 GB log, 10 MB line, NUL bytes', 'a sparse log of 1 GB with such a line at its end', 'the viewer stays under 64 MB and shows the end; looks cost nothing more'),
  ran('F26', 'many probes while jobs start', '4 askers in a loop while 8 jobs start', 'every job runs once; none is ever told as lost'),
  not('F27', 'ControlMaster killed', noLink),
  not('F28', 'MaxSessions exceeded', noLink),
  not('F29', 'sshd restarted', noLink),
  not('F30', 'host key changed', noLink),
  not('F31', 'authentication expired', noLink),
  not('F32', 'slurmctld killed', noSlurm),
  not('F33', 'slurmd killed', noSlurm),
  not('F34', 'record aged out', noSlurm),
  not('F35', 'scancel from outside', `${noSlurm} (SIGTERM to the supervisor: test/python/test_supervisor.py)`),
  not('F36', 'time limit', noSlurm),
  not('F37', 'node lost, requeue', noSlurm),
  not('F38', 'impossible request', noSlurm),
  not('F39', 'pull interrupted', noPull),
  not('F40', 'file changes during pull', noPull),
  not('F41', 'local disk full during pull', noPull),
  not('F42', 'remote file removed', noPull),
  ran('F43', 'the host’s own set-up prints or breaks', 'PYTHONPATH with a json module that prints and fails, PYTHONHOME astray, BASH_ENV that prints', 'no effect'),
  ran('F44', 'tools missing on the host', 'PATH=/nonexistent', 'start, stop and probe need nothing but Python'),
  ran('F45', 'asked on another node', 'started.json and heartbeat name another host, fresh and stale', 'heartbeat fresh: running; stale: unverifiable since then; exit.json decides at once'),
  ran('F46', 'workers in their own sessions', 'a launcher starts workers as torchrun does, one of them orphaned; stop, and kill -9 of supervisor then stop', 'none is left'),
  ran('F47', 'stop while starting', '20 jobs, each with start and stop at once', 'each ends as stopped or never began; none runs on'),
  ran('F48', 'supervisor killed between its own steps', 'kill -9 at 25 random moments from its first instant on, start repeated after each', 'no command runs twice; what ran without a word is lost, not submitted'),
  ran('B5', 'words with quotes, newlines, $(…), 1 MB', 'as arguments, environment and title', 'byte-exact in the command; too long is refused before the start'),
  ran('B6', 'run name ../../x, -rf, 300 characters', 'as title', 'a label only: paths are made of the id'),
  ran('B8', 'untrusted workspace', 'a store without a host', 'no process is started'),
  ran('B10', 'a job directory that came with the workspace', 'a forged directory with a command', 'shown, never run by looking, attaching or stopping'),
  ran('B22', '__proto__ and constructor as keys', 'in spec, exit and events', 'dropped; no object changes'),
  ran('B23', '1e999, NaN, -1, "1" as numbers', 'in exit.json and events', 'that field is unknown, the rest is read'),
  ran('B24', '200,000 nested [', 'in every file of a job and in events', 'unreadable, counted, nothing crashes'),
  ran('B25', 'terminal sequences in the log', 'OSC 8, 52, 133, 633, titles, cursor moves, bells (and every cut of them: test/python/test_supervisor.py)', 'the viewer lets colours, bars and words through'),
  ran('B26', 'a log line that imitates an answer', 'the job prints frames', 'answers carry a random word; the log is no part of one'),
  ran('B30', 'secrets in the environment or arguments', 'HF_TOKEN in both', 'refused before anything is written; in the host’s own environment it reaches the command and no file'),
  ran('B31', 'job folder open to others, of another owner, or a link', 'chmod 777, chown, symlink', 'closed where it is one’s own, else refused'),
  ran('B36', 'a host that answers without end, or never', 'programs that print for ever and that hang, with short limits', 'ended at the limit; "no answer"'),
  not('B1', 'host `-oProxyCommand=…`', noLink),
  not('B2', 'host with shell characters', noLink),
  not('B3', '`host:2222`', noLink),
  not('B4', 'pasted ssh command line', noLink),
  not('B7', 'workspace settings name executables', 'not run here: settings are tested where they are declared'),
  not('B9', 'dead names among the restricted settings', 'not run here: settings are tested where they are declared'),
  not('B11', 'index path ../x', inUnit('test/unit/evaluations')),
  not('B12', 'symlink inside results', inUnit('test/unit/evaluations')),
  not('B13', 'sibling prefix', inUnit('test/unit/evaluations')),
  not('B14', 'look-alike and case clash', inUnit('test/unit/jobs/outputFolder.test.ts')),
  not('B15', 'Windows reserved names', inUnit('test/unit/jobs/outputFolder.test.ts')),
  not('B16', '--files-from with ../', noPull),
  not('B17', 'hostile tar', noPull),
  not('B18', 'lying server', noPull),
  not('B19', 'hostile WAV header', inUnit('test/unit/audio')),
  not('B20', 'a WAV that is none', inUnit('test/unit/audio')),
  not('B21', 'endless index', inUnit('test/unit/evaluations and test/unit/files')),
  not('B27', 'links in the log', 'n/a: the viewer is a terminal; the log is shown nowhere else'),
  not('B28', 'forged webview message', 'not run here: no webview is part of this layer'),
  not('B29', 'markup in names', 'not run here: no webview is part of this layer'),
  not('B32', 'control socket taken', noLink),
  not('B33', 'forwarding in the ssh configuration', noLink),
  not('B34', 'RemoteCommand in the ssh configuration', noLink),
  not('B35', 'hostile sbatch options', noSlurm),
  not('B37', 'hostile .git/config', 'n/a: no git is run for jobs'),
  not('B38', 'hostile note text', inUnit('test/unit/notes')),
  not('B39', 'pickled adapters', 'n/a: no adapter is opened by this layer'),
  not('B40', 'local HTTP server', 'n/a: none is opened'),
]; // prettier-ignore
