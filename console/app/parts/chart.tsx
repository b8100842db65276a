/** A plot over the last minutes. Plots of the same time share their cursor. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Sample } from '../data/samples';
import { span as usualSpan } from '../data/samples';
import { isDark } from '../shell/theme';

export interface Timed {
  /** Epoch seconds. */
  readonly at: number;
}

export interface Line<Point = Sample> {
  readonly label: string;
  readonly of: (point: Point) => number | null;
  /** 1–4, of the palette. */
  readonly colour: number;
  readonly isFilled?: boolean;
}

interface Look {
  readonly format: (value: number) => string;
  /** Seconds that it shows at most. */
  readonly span: number;
}

interface Props<Point extends Timed> {
  readonly points: readonly Point[];
  readonly lines: readonly Line<Point>[];
  readonly format: Look['format'];
  readonly span?: number | undefined;
  readonly label: string;
}

const height = 168;
/** Seconds that a plot shows at least. */
const shortest = 60;
const font = '11px Inter, ui-sans-serif, system-ui, sans-serif';

export function Chart<Point extends Timed>(props: Props<Point>) {
  const { points, lines, format, span = usualSpan, label } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const dark = isDark.value;

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const made = new uPlot(optionsFor(element, lines, { format, span }), dataOf(points, lines), element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [dark]);

  useEffect(() => {
    plot.current?.setData(dataOf(points, lines));
  }, [points]);

  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function dataOf<Point extends Timed>(
  points: readonly Point[],
  lines: readonly Line<Point>[],
): uPlot.AlignedData {
  return [points.map(({ at }) => at), ...lines.map(({ of }) => points.map(of))];
}

function optionsFor(
  element: HTMLElement,
  lines: readonly Pick<Line, 'label' | 'colour' | 'isFilled'>[],
  { format, span }: Look,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--text-3'),
    font,
    grid: { stroke: colour('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    padding: [10, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: `console ${span}` }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: (_, min, max) => [max - Math.min(span, Math.max(shortest, max - min)), max] },
      y: { range: (_, __, max) => [0, niceTop(max)] },
    },
    axes: [
      {
        ...axis,
        space: 70,
        size: 26,
        grid: { show: false },
        values: (_, at) => at.map((each) => minute(each)),
      },
      { ...axis, size: 52, gap: 6, space: 34, values: (_, values) => values.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: number, isFilled = false }) => ({
        label,
        stroke: colour(`--plot-${number}`),
        width: 1.75,
        points: { show: false },
        spanGaps: true,
        ...(isFilled && { fill: colour(`--plot-${number}-soft`) }),
      })),
    ],
  };
}

function niceTop(max: number | null): number {
  return max === null || max <= 0 ? 1 : max * 1.15;
}

function minute(at: number): string {
  return new Date(at * 1_000).toLocaleTimeString('en', {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}

/** The last minute of one value, small. */
export function Spark({ values }: { readonly values: readonly (number | null)[] }) {
  const known = values.map((value) => value ?? 0);
  const top = Math.max(1e-9, ...known);
  const first = 60 - known.length;
  const points = known.map(
    (value, index) => `${((first + index) / 59) * 100},${(26 - (value / top) * 24).toFixed(1)}`,
  );
  return (
    <svg class="spark" viewBox="0 0 100 28" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(' ')} />
    </svg>
  );
}
