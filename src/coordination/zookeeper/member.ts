// The names of candidates in their folder: a label, and the number that the ensemble has given.
// Whoever came first, leads. What has another name there is not a candidate: masters of Apache
// Mesos with a replicated log keep `log_replicas` in the same folder.

export interface Member {
  /** As it stands in the folder: `json.info_0000000012`. */
  readonly name: string;
  readonly sequence: number;
  /** How its data has the MasterInfo. Masters before Mesos 0.24 wrote protobuf. */
  readonly format: 'json' | 'protobuf';
}

/** What the names of our candidates begin with; the ensemble appends the number. */
export const MEMBER_PREFIX = 'json.info_';

/** The number is one of 32 bits with a sign. */
const NAME = /^(json\.)?info_(\d{10}|-\d{9,10})$/;

/** The candidates among the names, the leader first. */
export function membersAmong(names: readonly string[]): readonly Member[] {
  const members = names.flatMap((name): Member[] => {
    const match = NAME.exec(name);
    return match === null
      ? []
      : [
          {
            name,
            sequence: Number(match[2]),
            format: match[1] === undefined ? 'protobuf' : 'json',
          },
        ];
  });
  return members.toSorted((a, b) => a.sequence - b.sequence);
}
