// What can be chosen before an action is done: fields of its dialog.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Chosen } from '../calls/chosen.ts';
import { useCluster } from '../components/live.ts';
import { Proposals } from '../components/proposals.tsx';
import type { Cluster } from '../store/cluster.ts';

export interface FieldsProps {
  readonly chosen: Chosen;
  /** Changes some of it. */
  readonly choose: (changes: Chosen) => void;
}

/** In the order of the dialog; `amount` has three decimals, as the master counts. */
export interface Option {
  readonly name: string;
  readonly label: string;
  readonly kind: 'check' | 'seconds' | 'amount' | 'text' | 'time' | 'lines';
  readonly placeholder?: string;
  /** Of a text. */
  readonly proposals?: (cluster: Cluster) => readonly string[];
}

const TYPES = {
  seconds: { type: 'number', min: '0', step: '1' },
  amount: { type: 'number', min: '0', step: '0.001', inputMode: 'decimal' },
  text: { type: 'text' },
  time: { type: 'datetime-local' },
} as const;

export function Options({ options, ...props }: FieldsProps & { options: readonly Option[] }) {
  return options.map((option) => <OptionField key={option.name} {...option} {...props} />);
}

function OptionField(props: Option & FieldsProps) {
  const { name, label, kind, placeholder = '', proposals, chosen, choose } = props;
  const id = useId();
  const cluster = useCluster();
  if (kind === 'check') {
    return (
      <label class="form-check">
        <input
          type="checkbox"
          checked={chosen[name] === 'true'}
          onChange={({ currentTarget }) => choose({ [name]: currentTarget.checked ? 'true' : '' })}
        />
        {label}
      </label>
    );
  }
  const onInput = ({
    currentTarget,
  }: InputEvent & { currentTarget: HTMLInputElement | HTMLTextAreaElement }) =>
    choose({ [name]: currentTarget.value });
  const shared = { id, value: chosen[name] ?? '', placeholder, onInput, spellcheck: false };
  return (
    <span class="form-field">
      <label for={id}>{label}</label>
      {kind === 'lines' ? (
        <textarea rows={3} {...shared} />
      ) : (
        <input {...TYPES[kind]} {...shared} list={`${id}-proposals`} />
      )}
      {proposals === undefined || cluster === undefined ? null : (
        <Proposals id={`${id}-proposals`} texts={proposals(cluster)} />
      )}
    </span>
  );
}

/** Of amounts by resource: one row for each, one column for each kind of amount. */
interface AmountGridProps extends FieldsProps {
  readonly columns: readonly {
    readonly prefix: string;
    readonly title: string;
    readonly placeholder: string;
  }[];
  readonly rows: readonly { readonly name: string; readonly title: string }[];
}

export function AmountGrid({ columns, rows, chosen, choose }: AmountGridProps) {
  const id = useId();
  const cells = (row: AmountGridProps['rows'][number]): ComponentChildren =>
    columns.map(({ prefix, title, placeholder }) => (
      <td key={prefix}>
        <input
          {...TYPES.amount}
          aria-label={`${row.title} ${title}`}
          placeholder={placeholder}
          value={chosen[`${prefix}${row.name}`] ?? ''}
          onInput={({ currentTarget }) => choose({ [`${prefix}${row.name}`]: currentTarget.value })}
        />
      </td>
    ));
  return (
    <table class="amount-grid">
      <thead>
        <tr>
          <td />
          {columns.map(({ prefix, title }) => (
            <th key={prefix} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.name}>
            <th scope="row" id={`${id}-${row.name}`}>
              {row.title}
            </th>
            {cells(row)}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
