/** A grouped bar chart as SVG, simple enough for the file view of a repository. The scale may be logarithmic. */

export interface Series {
  readonly name: string;
  /** One per group; `undefined` where nothing was measured. */
  readonly values: readonly (number | undefined)[];
}

export interface Chart {
  readonly title: string;
  readonly groups: readonly string[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly isLogarithmic?: boolean;
}

const size = { width: 760, height: 340, left: 16, right: 16, top: 64, bottom: 44 };
/** Colours for any colour vision (Okabe and Ito). */
const colours = ['#0072B2', '#E69F00', '#009E73', '#CC79A7'];
/** The smallest value still has a visible bar. */
const minShare = 0.03;

export function barChart({ title, groups, series, format, isLogarithmic = false }: Chart): string {
  const all = series.flatMap(({ values }) => values).filter((value) => value !== undefined);
  const most = Math.max(...all, 0);
  const least = Math.min(...all.filter((value) => value > 0));
  const shareOf = (value: number): number => {
    if (value <= 0 || most <= 0) return 0;
    if (!isLogarithmic || most === least) return Math.max(minShare, value / most);
    return 0.1 + (0.9 * Math.log(value / least)) / Math.log(most / least);
  };
  const inner = { width: size.width - size.left - size.right, height: size.height - size.top - size.bottom };
  const groupWidth = inner.width / Math.max(1, groups.length);
  const barWidth = Math.min(70, (groupWidth * 0.84) / Math.max(1, series.length));
  const parts: string[] = [text(size.left, 22, title, 'start', 15)];
  for (const [index, { name }] of series.entries()) {
    const x = size.left + index * 170;
    parts.push(rectangle(x, 34, 12, 12, colourOf(index)), text(x + 18, 44, name, 'start', 12));
  }
  for (const [groupIndex, group] of groups.entries()) {
    const middle = size.left + (groupIndex + 0.5) * groupWidth;
    parts.push(text(middle, size.height - 16, group, 'middle', 12));
    for (const [index, { values }] of series.entries()) {
      const value = values[groupIndex];
      if (value === undefined) continue;
      const height = shareOf(value) * inner.height;
      const x = middle + (index - series.length / 2) * barWidth;
      const y = size.top + inner.height - height;
      parts.push(
        rectangle(x + 1, y, barWidth - 2, height, colourOf(index)),
        text(x + barWidth / 2, y - 4, format(value), 'middle', 10),
      );
    }
  }
  const note = isLogarithmic ? text(size.width - size.right, 22, 'logarithmic scale', 'end', 11) : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${escaped(title)}">
${rectangle(0, 0, size.width, size.height, '#ffffff')}
${[...parts, note].filter((part) => part !== '').join('\n')}
</svg>
`;
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? '#000000';
}

function rectangle(x: number, y: number, width: number, height: number, fill: string): string {
  return `<rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}" fill="${fill}"/>`;
}

function text(x: number, y: number, content: string, anchor: string, fontSize: number): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-family="sans-serif" font-size="${fontSize}" fill="#222222">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
