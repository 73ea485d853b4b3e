import { encode } from 'uqr';

const SVG = 'http://www.w3.org/2000/svg';

/** Draws a QR code, here in the page: what it says goes nowhere. */
export function qrCode(text: string, label: string): SVGElement {
  const { data, size } = encode(text, { border: 4 });
  const dots = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  const svg = element('svg', { viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': label, class: 'qr' });
  svg.append(element('rect', { width: size, height: size, fill: '#fff' }), element('path', { d: dots.join('') }));
  return svg;
}

function element(tag: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}
