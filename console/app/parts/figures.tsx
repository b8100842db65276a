/** Figures in tiles and plots. */
import type { ComponentChildren } from 'preact';
import type { Sample } from '../data/samples';
import { Chart, type Line, Spark, type Timed } from './chart';

interface TileProps {
  readonly name: string;
  readonly value: string;
  readonly unit?: string;
  readonly note: string;
  readonly tone?: 'bad' | undefined;
  readonly values?: readonly (number | null)[];
}

export function Tile({ name, value, unit, note, tone, values }: TileProps) {
  return (
    <section class={`tile ${tone === 'bad' ? 'is-bad' : ''}`}>
      <h2>{name}</h2>
      <p class="tile-value">
        {value}
        {unit !== undefined && <small>{unit}</small>}
      </p>
      <p class="tile-note">{note}</p>
      {values !== undefined && values.length > 1 && <Spark values={values} />}
    </section>
  );
}

interface PlotProps<Point extends Timed> {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly Line<Point>[];
  readonly format: (value: number) => string;
  readonly list: readonly Point[];
  /** An hour, in seconds; default: five minutes. */
  readonly span?: 3_600;
  /** Below the plot. */
  readonly children?: ComponentChildren;
}

export function Plot<Point extends Timed = Sample>(props: PlotProps<Point>) {
  const { title, unit, lines, format, list, span, children } = props;
  const now = list.at(-1);
  return (
    <section class="plot">
      <header>
        <h2>{title}</h2>
        <span class="quiet">{unit}</span>
        <ul class="legend">
          {lines.map(({ label, of, colour }) => {
            const value = now && of(now);
            return (
              <li key={label}>
                <span class={`swatch is-${colour}`} aria-hidden="true" />
                {label}
                <b>{value === undefined || value === null ? '–' : format(value)}</b>
              </li>
            );
          })}
        </ul>
      </header>
      <Chart
        points={list}
        lines={lines}
        format={format}
        span={span}
        label={`${title}, ${unit}, over ${span === undefined ? 'five minutes' : 'an hour'}`}
      />
      {children}
    </section>
  );
}
