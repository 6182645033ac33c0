import { init } from "echarts";
import type { ScenarioResult } from "./scenario.ts";

const WIDTH = 900;
const BAR_HEIGHT = 34;
const MARGINS = 120;

interface Bar {
  readonly label: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  readonly goal: number | undefined;
}

/**
 * Every ratio of Sluice to another row, on a logarithmic axis: a bar from 1, where both would be alike, to the median, a
 * mark where the goal is, and in words the 90% interval.
 */
export function plotOf(results: readonly ScenarioResult[]): string {
  const bars = results.flatMap(barsOf).reverse();
  const chart = init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: MARGINS + bars.length * BAR_HEIGHT,
  });
  chart.setOption({
    animation: false,
    title: {
      text: "Sluice, as a multiple of what it is compared with",
      subtext: "shorter to the left is better; ◆ goal",
    },
    grid: { left: 350, right: 190, top: 70, bottom: 30 },
    xAxis: { type: "log", name: "×", axisLabel: { formatter: "{value}" } },
    // Beside the bars the words would lie under the marks of the goals.
    yAxis: [
      { type: "category", data: bars.map(({ label }) => label), axisTick: { show: false } },
      { type: "category", data: bars.map(textOf), axisTick: { show: false }, axisLine: { show: false } },
    ],
    series: [
      {
        type: "bar",
        barWidth: 14,
        data: bars.map((bar) => ({ value: bar.ratio, itemStyle: { color: colorOf(bar) } })),
      },
      {
        type: "scatter",
        symbol: "diamond",
        symbolSize: 11,
        itemStyle: { color: "#333" },
        data: bars.map(({ goal }) => goal ?? "-"),
        z: 3,
      },
    ],
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

function barsOf({ scenario, figures }: ScenarioResult): Bar[] {
  return figures.flatMap(({ figure, ratios }, i) =>
    Object.entries(ratios).map(
      ([
        name,
        {
          median: ratio,
          interval90: [low, high],
        },
      ]) => {
        const what = i === 0 ? "" : `, ${figure.label}`;
        const goal = figure.goals?.[name as keyof typeof figure.goals];
        return { label: `${scenario.id} / ${name}${what}`, ratio, low, high, goal };
      },
    ),
  );
}

function colorOf({ ratio, goal }: Bar): string {
  if (goal === undefined) return "#9aa5b1";
  return ratio <= goal ? "#2f7d4f" : "#b3392f";
}

function textOf({ ratio, low, high }: Bar): string {
  return `${digits(ratio)} (${digits(low)} to ${digits(high)})`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
