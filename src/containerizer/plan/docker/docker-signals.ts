// The signals that images and `docker run` name: by number, or by name with or without `SIG`.

/** By number, from 1; the kernel's for all architectures that agents run on. */
const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
const FIRST_REAL_TIME = 34;
const LAST = 64;

/** Undefined where there is none of that name. */
export function signalNamed(text: string): number | undefined {
  const name = text.trim().toUpperCase().replace(/^SIG/, '');
  if (/^\d{1,2}$/.test(name)) {
    return within(Number(name));
  }
  const [, end, sign, digits] = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (end !== undefined) {
    const away = Number(digits ?? 0) * (sign === '-' ? -1 : 1);
    return within((end === 'MIN' ? FIRST_REAL_TIME : LAST) + away);
  }
  const at = NAMES.indexOf(name);
  return at < 0 ? undefined : at + 1;
}

const within = (number: number) => (number >= 1 && number <= LAST ? number : undefined);
