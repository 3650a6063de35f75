// What of the kernel port mapping needs, tried in a network namespace that ends with the trial.

/** Each is a line for `tc -batch`; later ones need earlier ones. */
const TRIALS = {
  'the queueing discipline ingress': 'qdisc add dev lo ingress',
  'filters of kind u32': 'filter add dev lo ingress protocol ip pref 1 u32 match u32 0 0',
  'the action mirred':
    'filter add dev lo ingress protocol ip pref 2 u32 match u32 0 0 ' +
    'action mirred egress redirect dev lo',
  'the queueing discipline fq_codel': 'qdisc add dev lo root fq_codel',
  'the queueing discipline htb': 'qdisc replace dev lo root handle 1: htb default 1',
} as const;
export type KernelFeature = keyof typeof TRIALS | 'links of type veth';

const NAMES = Object.keys(TRIALS) as (keyof typeof TRIALS)[];
const VETH = 'ip link add one type veth peer name other';

/** Prints, of each line that fails, `Command failed -:N`, and `no veth`. */
export const TRIAL_SCRIPT = [
  "unshare --net sh <<'INSIDE'",
  `${VETH} || echo no veth`,
  "tc -force -batch - 2>&1 <<'END' || :",
  ...NAMES.map((name) => TRIALS[name]),
  'END',
  'INSIDE',
  '',
].join('\n');

/** What the kernel lacks, from what the script has printed. */
export function missingFeatures(output: string): ReadonlySet<KernelFeature> {
  const missing = new Set<KernelFeature>(/^no veth$/m.test(output) ? ['links of type veth'] : []);
  for (const [, number] of output.matchAll(/^Command failed -:(\d+)$/gm)) {
    const name = NAMES[Number(number) - 1];
    if (name !== undefined) {
      missing.add(name);
    }
  }
  return missing;
}
