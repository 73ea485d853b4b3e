import { download, type Query } from './hub.ts';
import { texts } from './texts.ts';
import { Button } from './ui/pieces.tsx';
import { attempt } from './ui/status.tsx';

/** Saves what a list's filters find as a table. */
export const ExportButton = ({ path, query, name }: { path: string; query: Query; name: string }) => (
  <Button act={() => attempt(() => download(path, query, name))}>{texts.exportCsv}</Button>
);
