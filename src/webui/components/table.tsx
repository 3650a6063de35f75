// A table of rows of one height, of which only those in sight are drawn: a hundred thousand are no
// slower than ten. By hand, because all that a library would add is rows of different heights.
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { isPhone } from './phone.ts';
import { goTo } from './place.tsx';
import { type Selection, toggled, withRange } from './selection.ts';

/** As in style/table.css: a row, and one of two lines on a telephone. */
const ROW_PX = 38;
const TWO_LINES_PX = 62;
/** Rows that are drawn above and below those in sight. */
const MARGIN = 12;

export interface Column<Row> {
  /** In links, where it can be sorted by. */
  readonly key: string;
  readonly title: string;
  /** A track of a CSS grid, such as `2fr`, or `120px`. */
  readonly width: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** Left out where there is little room. */
  readonly isWide?: boolean;
  /**
   * On a telephone rows have two lines: above the first column, and one in the corner; below all
   * others. `below` brings one there that is left out where there is a little more room.
   */
  readonly phone?: 'corner' | 'below' | 'none';
  readonly isSortable?: boolean;
}

/** Of a list that is a tree: where a row is in it. */
interface Branch {
  /** From 1 at the top. */
  readonly level: number;
  /** Undefined of a row with none below it. */
  readonly isOpen: boolean | undefined;
}

interface Sort {
  readonly key: string;
  readonly isDescending: boolean;
}

interface TableProps<Row> {
  /** For screen readers. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Where a row leads. */
  readonly hrefOf: (row: Row) => string;
  readonly sort?: Sort;
  readonly onSort?: (sort: Sort) => void;
  /** Where something can be done to several rows. */
  readonly selection?: Selection<Row> | undefined;
  readonly branchOf?: (row: Row) => Branch;
  /** Shows or hides what is below a row: by its button, or by the arrows left and right. */
  readonly onFold?: (row: Row, isOpen: boolean) => void;
}

export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, keyOf, hrefOf, selection, branchOf, onFold } = props;
  const scroller = useRef<HTMLTableElement>(null);
  const id = useId();
  const [view, setView] = useState({ top: 0, height: 800 });
  const [active, setActive] = useState(-1);
  const rowPx = isPhone.value ? TWO_LINES_PX : ROW_PX;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) {
      return undefined;
    }
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => {
    setTracks(scroller.current, columns, selection !== undefined);
  }, [columns, selection !== undefined]);
  const first = Math.max(0, Math.floor(view.top / rowPx) - MARGIN);
  const last = Math.min(rows.length, Math.ceil((view.top + view.height) / rowPx) + MARGIN);
  const move = (to: number) => {
    const next = Math.min(rows.length - 1, Math.max(0, to));
    setActive(next);
    reveal(scroller.current, next, rowPx);
  };
  const choose = (index: number, isRange: boolean) => {
    const row = rows[index];
    if (selection === undefined || row === undefined) {
      return;
    }
    const { chosen, onChoose } = selection;
    setActive(index);
    onChoose(
      isRange && active >= 0
        ? withRange(chosen, rows.map(keyOf), active, index)
        : toggled(chosen, keyOf(row)),
    );
  };
  const chooseByKey = (event: KeyboardEvent): boolean => {
    if (selection === undefined || event.target !== scroller.current) {
      return false;
    }
    if (event.key === ' ') {
      choose(active, false);
    } else if (event.key.toLowerCase() === 'a' && (event.ctrlKey || event.metaKey)) {
      selection.onChoose(new Set(rows.map(keyOf)));
    } else if (event.key === 'Escape') {
      selection.onChoose(new Set());
    } else if (event.shiftKey && event.key === 'ArrowDown') {
      choose(Math.min(rows.length - 1, active + 1), true);
    } else if (event.shiftKey && event.key === 'ArrowUp') {
      choose(Math.max(0, active - 1), true);
    } else {
      return false;
    }
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (chooseByKey(event)) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, Math.floor(view.height / rowPx) - 2);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + page,
      PageUp: active - page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = steps[event.key];
    const row = rows[active];
    if (to !== undefined) {
      event.preventDefault();
      move(to);
    } else if (row !== undefined && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      const opens = event.key === 'ArrowRight';
      if (branchOf?.(row).isOpen === !opens) {
        event.preventDefault();
        onFold?.(row, opens);
      }
    } else if (event.key === 'Enter' && row !== undefined && event.target === scroller.current) {
      goTo(hrefOf(row));
    }
  };
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both of its roles support it
    <table
      ref={scroller}
      class="table"
      role={branchOf === undefined ? 'grid' : 'treegrid'}
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-multiselectable={selection === undefined ? undefined : true}
      aria-activedescendant={active >= first && active < last ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <thead class="table-head">
        <Head {...props} />
      </thead>
      <tbody class="table-rows" style={{ height: `${rows.length * rowPx}px` }}>
        {rows.slice(first, last).map((row, offset) => (
          <TableRow
            key={keyOf(row)}
            id={`${id}-${first + offset}`}
            index={first + offset}
            isActive={first + offset === active}
            top={(first + offset) * rowPx}
            row={row}
            columns={columns}
            href={hrefOf(row)}
            selection={selection}
            isChosen={selection?.chosen.has(keyOf(row)) ?? false}
            onChoose={(isRange) => choose(first + offset, isRange)}
            branch={branchOf?.(row)}
            onFold={onFold}
          />
        ))}
      </tbody>
    </table>
  );
}

/** How many rows there are, above their table; `isBusy` while more of them come. */
export function TableCount({ text, isBusy = false }: { text: string; isBusy?: boolean }) {
  return (
    <p class="table-count quiet" role="status" aria-busy={isBusy || undefined}>
      {text}
    </p>
  );
}

/** Tracks of the grid, for much and for little room. */
function setTracks<Row>(
  element: HTMLElement | null,
  columns: readonly Column<Row>[],
  hasBoxes: boolean,
): void {
  const tracks = (widths: readonly string[]) =>
    [
      ...(hasBoxes ? ['24px'] : []),
      ...widths.map((width) => (width.endsWith('fr') ? `minmax(0, ${width})` : width)),
    ].join(' ');
  const narrow = columns.filter(({ isWide }) => !isWide);
  element?.style.setProperty('--tracks', tracks(columns.map(({ width }) => width)));
  element?.style.setProperty('--tracks-narrow', tracks(narrow.map(({ width }) => width)));
}

function reveal(element: HTMLElement | null, index: number, rowPx: number): void {
  if (element === null) {
    return;
  }
  const top = index * rowPx;
  // The head covers the first row.
  const bottom = top + 2 * rowPx;
  if (top < element.scrollTop) {
    element.scrollTop = top;
  } else if (bottom > element.scrollTop + element.clientHeight) {
    element.scrollTop = bottom - element.clientHeight;
  }
}

const cellClass = <Row,>({ isNumber, isWide, width, phone }: Column<Row>) =>
  [
    'table-cell',
    ...(isNumber ? ['table-number'] : []),
    ...(isWide ? ['table-wide'] : []),
    // What takes any room that there is.
    ...(width.endsWith('fr') ? ['table-free'] : []),
    ...(phone === undefined ? [] : [`table-phone-${phone}`]),
  ].join(' ');

function Head<Row>({ columns, sort, onSort, rows, keyOf, selection }: TableProps<Row>) {
  return (
    <tr class="table-row" aria-rowindex={1}>
      {selection === undefined ? null : (
        <th class="table-cell table-choice" scope="col">
          <Box
            label="Choose all"
            isChecked={rows.every((row) => selection.chosen.has(keyOf(row)))}
            onCheck={(_, isChecked) =>
              selection.onChoose(isChecked ? new Set(rows.map(keyOf)) : new Set())
            }
          />
        </th>
      )}
      {columns.map((column) => {
        const { key, title, isSortable, isNumber } = column;
        const isBy = sort?.key === key;
        const order = isBy ? (sort.isDescending ? 'descending' : 'ascending') : 'none';
        return (
          <th
            key={key}
            class={cellClass(column)}
            scope="col"
            aria-sort={isSortable ? order : undefined}
          >
            {isSortable ? (
              <button
                type="button"
                class="table-sort"
                onClick={() =>
                  onSort?.({ key, isDescending: isBy ? !sort.isDescending : isNumber === true })
                }
              >
                {title}
                {isBy ? <Icon name={sort.isDescending ? 'down' : 'up'} size={13} /> : null}
              </button>
            ) : (
              title
            )}
          </th>
        );
      })}
    </tr>
  );
}

interface BoxProps {
  readonly label: string;
  readonly isChecked: boolean;
  /** `isRange`: with all since the row before. */
  readonly onCheck: (isRange: boolean, isChecked: boolean) => void;
}

/** The label is larger than the box, and above the link of the row. */
function Box({ label, isChecked, onCheck }: BoxProps) {
  return (
    <label class="table-box">
      <span class="unseen">{label}</span>
      <input
        type="checkbox"
        tabIndex={-1}
        checked={isChecked}
        onClick={(event) => onCheck(event.shiftKey, event.currentTarget.checked)}
      />
    </label>
  );
}

interface RowProps<Row> {
  readonly id: string;
  readonly index: number;
  /** Where it is in the list, in pixels. */
  readonly top: number;
  readonly isActive: boolean;
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  readonly href: string;
  readonly selection: Selection<Row> | undefined;
  readonly isChosen: boolean;
  readonly onChoose: (isRange: boolean) => void;
  readonly branch: Branch | undefined;
  readonly onFold: TableProps<Row>['onFold'];
}

/** As deep as rows are moved to the right: deeper ones would leave no room for their names. */
const MAX_STEPS = 8;

function TableRow<Row>(props: RowProps<Row>) {
  const { id, index, top, isActive, row, columns, href, selection, isChosen, onChoose } = props;
  const { branch, onFold } = props;
  return (
    <tr
      id={id}
      class="table-row"
      aria-rowindex={index + 2}
      aria-level={branch?.level}
      aria-expanded={branch?.isOpen}
      data-active={isActive}
      aria-selected={selection === undefined ? undefined : isChosen}
      style={{ transform: `translateY(${top}px)` }}
    >
      {selection === undefined ? null : (
        <td class="table-cell table-choice">
          <Box label={`Choose ${selection.nameOf(row)}`} isChecked={isChosen} onCheck={onChoose} />
        </td>
      )}
      {columns.map((column, place) => (
        <td key={column.key} class={cellClass(column)}>
          {place === 0 && branch !== undefined ? (
            <Twig branch={branch} onFold={(isOpen) => onFold?.(row, isOpen)} />
          ) : null}
          {place === 0 ? (
            <a class="table-link" href={href} tabIndex={-1}>
              {column.cell(row)}
            </a>
          ) : (
            column.cell(row)
          )}
        </td>
      ))}
    </tr>
  );
}

interface TwigProps {
  readonly branch: Branch;
  readonly onFold: (isOpen: boolean) => void;
}

/** Moves a row to its depth, with what folds it. */
function Twig({ branch: { level, isOpen }, onFold }: TwigProps) {
  return (
    <>
      {Array.from({ length: Math.min(level - 1, MAX_STEPS) }, (_, step) => (
        <span key={step} class="tree-step" />
      ))}
      {isOpen === undefined ? (
        <span class="tree-step" />
      ) : (
        <button
          type="button"
          class="tree-fold"
          tabIndex={-1}
          aria-label={isOpen ? 'Fold' : 'Unfold'}
          data-open={isOpen}
          onClick={() => onFold(!isOpen)}
        >
          <Icon name="right" size={13} />
        </button>
      )}
    </>
  );
}
