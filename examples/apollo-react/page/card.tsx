import { formatEuros } from "./format.ts";
import { type Opportunity, STAGE_NAMES, type Stage } from "./opportunity.ts";

export type Direction = "left" | "right";

interface CardProps {
  readonly opportunity: Opportunity;
  /** The stages beside its own. */
  readonly left: Stage | undefined;
  readonly right: Stage | undefined;
  readonly isDisabled: boolean;
  onMove(direction: Direction): void;
}

const LOADED_AT = Date.now();

export function Card({ opportunity, left, right, isDisabled, onMove }: CardProps) {
  const { id, company, name, owner, amount, updatedAt } = opportunity;
  const moveButton = (direction: Direction, to: Stage | undefined) => (
    <button
      type="button"
      className="move"
      value={direction}
      disabled={isDisabled || to === undefined}
      aria-label={to === undefined ? `Move ${company} ${direction}` : `Move ${company} to ${STAGE_NAMES[to]}`}
      onClick={() => onMove(direction)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={direction === "left" ? "M10 3 5 8l5 5" : "m6 3 5 5-5 5"} />
      </svg>
    </button>
  );
  return (
    <li className="card" id={`card-${id}`} data-glide={id}>
      {Date.parse(updatedAt) > LOADED_AT && <span className="flash" key={updatedAt} />}
      <header>
        <h3>{company}</h3>
        {moveButton("left", left)}
        {moveButton("right", right)}
      </header>
      <p className="name">{name}</p>
      <p className="amount">{formatEuros(amount)}</p>
      <footer>
        <span className="avatar" style={{ backgroundColor: colorOf(owner) }} aria-hidden="true">
          {initialsOf(owner)}
        </span>
        {owner}
      </footer>
    </li>
  );
}

function initialsOf(name: string): string {
  return Array.from(name.split(" "), (word) => word.charAt(0)).join("");
}

function colorOf(name: string): string {
  const hue = Array.from(name).reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);
  return `oklch(0.52 0.11 ${hue})`;
}
