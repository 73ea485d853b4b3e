/** Source maps that know our own sources only: a tenth of the size, read when somebody looks at a stack trace. */
import path from 'node:path';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/**
 * The same map, without names and without what came out of packages.
 * @param folder where it will lie, in a project that is at `root` now, and may be anywhere else later
 * @param project the folder of the project, as seen from there
 */
export function mapOfOurs(text, { folder, root, project }) {
  const { version, file, sources, mappings } = JSON.parse(text);
  const kept = [];
  const place = sources.map((source) => {
    const name = path.relative(root, path.resolve(folder, source)).replaceAll(path.sep, '/');
    return /^(src|migrations)\//.test(name) ? kept.push(`${project}/${name}`) - 1 : -1;
  });
  return JSON.stringify({ version, file, sources: kept, names: [], mappings: remapped(mappings, place) });
}

/** A segment is [column], or [column, source, line, column], each but the first column of a line relative to the one before. */
function remapped(mappings, place) {
  const read = [0, 0, 0, 0];
  const written = [0, 0, 0, 0];
  let isOurs = true;
  const line = (segments) => {
    read[0] = written[0] = 0;
    return segments.map(segment).filter(Boolean).join(',');
  };
  const segment = (encoded) => {
    decode(encoded).slice(0, 4).forEach((delta, i) => (read[i] += delta)); // prettier-ignore
    const source = encoded.length > 1 ? (place[read[1]] ?? -1) : -1;
    const wasOurs = isOurs;
    isOurs = source >= 0;
    if (isOurs) return relative([read[0], source, read[2], read[3]]);
    return wasOurs ? relative([read[0]]) : ''; // from here on nobody's: said once
  };
  const relative = (values) => values.map((value, i) => encode(value - written[i], (written[i] = value))).join('');
  return mappings.split(';').map((each) => line(each ? each.split(',') : [])).join(';'); // prettier-ignore
}

function decode(encoded) {
  const values = [];
  let [value, shift] = [0, 0];
  for (const character of encoded) {
    const digit = DIGITS.indexOf(character);
    value |= (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    values.push(value & 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return values;
}

function encode(number) {
  let value = number < 0 ? (-number << 1) | 1 : number << 1;
  let encoded = '';
  do {
    const digit = value & 31;
    value >>>= 5;
    encoded += DIGITS[value ? digit | 32 : digit];
  } while (value);
  return encoded;
}
