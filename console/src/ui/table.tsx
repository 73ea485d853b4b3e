import type { ComponentChildren } from 'preact';
import { texts } from '../texts.ts';
import { Badge } from './pieces.tsx';
import { When } from './when.tsx';

/** A column of a table. */
export interface Column<Row> {
  key: string;
  head: string;
  cell: (row: Row) => ComponentChildren;
  /** What the server calls this order; a column without can't be sorted by. */
  sort?: string;
  /** The column that names the row. */
  isName?: boolean;
}

/** A column of times. */
export const timeColumn = <Row,>(key: string, head: string, at: (row: Row) => string | null): Column<Row> => ({
  key,
  head,
  cell: (row) => <When at={at(row)} />,
});

/** A column of states: a word for each, and what went wrong last. */
export const stateColumn = <State extends string, Row extends { state: State }>(
  words: Record<State, string>,
  failure: (row: Row) => string | null | undefined,
): Column<Row> => ({
  key: 'state',
  head: texts.users.state,
  cell: (row) => (
    <>
      <Badge kind={row.state} words={words[row.state]} />
      {failure(row) && <small class="error">{failure(row)}</small>}
    </>
  ),
});

/** The last column: what can be done with the row. */
export const actColumn = <Row,>(cell: Column<Row>['cell']): Column<Row> => ({ key: 'act', head: texts.action, cell });

interface TableProps<Row> {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  idOf: (row: Row) => string;
  isBusy?: boolean;
  /** The order as the server writes it: a minus for descending. */
  sort?: string;
  onSort?: (sort: string) => void;
  ticks?: {
    isTicked: (id: string) => boolean;
    tick: (ids: string[], on: boolean) => void;
    nameOf: (row: Row) => string;
  };
  classOf?: (row: Row) => string | undefined;
}

/** A table; on a narrow screen the same elements are cards. */
export function Table<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, idOf, isBusy, ticks, classOf } = props;
  const ids = rows.map(idOf);
  const areAllTicked = ticks !== undefined && ids.length > 0 && ids.every(ticks.isTicked);
  return (
    <div class="card table" tabIndex={-1}>
      <table aria-busy={isBusy}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {ticks && (
              <th class="tick">
                <input
                  type="checkbox"
                  aria-label={texts.tickAll}
                  checked={areAllTicked}
                  onChange={() => ticks.tick(ids, !areAllTicked)}
                />
              </th>
            )}
            {columns.map((column) => (
              <Head key={column.key} column={column} {...props} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const id = idOf(row);
            return (
              <tr key={id} data-row={id} class={classOf?.(row)}>
                {ticks && (
                  <td class="tick">
                    <input
                      type="checkbox"
                      aria-label={texts.tick(ticks.nameOf(row))}
                      checked={ticks.isTicked(id)}
                      onChange={(event) => ticks.tick([id], event.currentTarget.checked)}
                    />
                  </td>
                )}
                {columns.map(({ key, head, cell, isName }) =>
                  isName ? (
                    <th key={key} scope="row" class={key}>
                      {cell(row)}
                    </th>
                  ) : (
                    <td key={key} class={key} data-label={head}>
                      {cell(row)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A head that sorts: by its own order first, and the other way round when it is pressed again. */
function Head<Row>({ column, sort = '', onSort }: TableProps<Row> & { column: Column<Row> }) {
  const { key, head, sort: own } = column;
  if (!own || !onSort) {
    return (
      <th scope="col" class={key}>
        {head}
      </th>
    );
  }
  const opposite = own.startsWith('-') ? own.slice(1) : `-${own}`;
  const isSorted = sort === own || sort === opposite;
  const order = sort.startsWith('-') ? 'descending' : 'ascending';
  return (
    <th scope="col" class={key} aria-sort={isSorted ? order : undefined}>
      <button type="button" class="head" onClick={() => onSort(sort === own ? opposite : own)}>
        {head}
      </button>
    </th>
  );
}
