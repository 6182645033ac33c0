import { useMutation, useQuery } from "@apollo/client/react";
import { useLayoutEffect, useRef } from "react";
import { Card, type Direction } from "./card.tsx";
import { connection } from "./connection.ts";
import { formatShortEuros } from "./format.ts";
import { MOVE_OPPORTUNITY, OPPORTUNITIES, type Opportunity, STAGE_NAMES, STAGES, type Stage } from "./opportunity.ts";
import { useStore } from "./store.ts";
import { useGlide } from "./use-glide.ts";

/** The opportunities by stage. A card that is moved here stays where it is until the event comes back through the gateway. */
export function Board() {
  const { data, error } = useQuery(OPPORTUNITIES);
  const { status } = useStore(connection);
  const [move, moving] = useMutation(MOVE_OPPORTUNITY, { fetchPolicy: "no-cache" });
  const board = useRef<HTMLElement>(null);
  const moved = useRef<{ readonly id: string; readonly direction: Direction }>(undefined);
  useGlide(board);

  // In its new column a card is another element: the keyboard's focus goes with it.
  useLayoutEffect(() => {
    if (moved.current === undefined || document.activeElement !== document.body) return;
    const { id, direction } = moved.current;
    const buttons = [...(board.current?.querySelectorAll<HTMLButtonElement>(`#card-${id} button:enabled`) ?? [])];
    (buttons.find((button) => button.value === direction) ?? buttons[0])?.focus();
  });

  function moveCard({ id, stage }: Opportunity, direction: Direction): void {
    const to = neighbour(stage, direction);
    if (to === undefined) return;
    moved.current = { id, direction };
    // A failure is shown below the board.
    move({ variables: { id, stage: to } }).catch(() => undefined);
  }

  const opportunities = data?.opportunities ?? [];
  const failure = error ?? moving.error;
  return (
    <section className="board" aria-label="Pipeline" ref={board} onPointerDown={() => (moved.current = undefined)}>
      {STAGES.map((stage) => {
        const cards = opportunities.filter((one) => one.stage === stage).sort(byId);
        return (
          <section className="column" data-stage={stage} key={stage} aria-labelledby={`stage-${stage}`}>
            <header>
              <h2 id={`stage-${stage}`}>{STAGE_NAMES[stage]}</h2>
              <span className="count">{cards.length}</span>
              <span className="sum">{formatShortEuros(cards.reduce((sum, { amount }) => sum + amount, 0))}</span>
            </header>
            <ul>
              {cards.map((one) => (
                <Card
                  key={one.id}
                  opportunity={one}
                  left={neighbour(stage, "left")}
                  right={neighbour(stage, "right")}
                  isDisabled={status === "offline"}
                  onMove={(direction) => moveCard(one, direction)}
                />
              ))}
            </ul>
          </section>
        );
      })}
      {failure && (
        <p className="failure" role="alert">
          The server of the demo does not answer as it should: {failure.message}
        </p>
      )}
    </section>
  );
}

function neighbour(stage: Stage, direction: Direction): Stage | undefined {
  return STAGES[STAGES.indexOf(stage) + (direction === "left" ? -1 : 1)];
}

const byId = (a: Opportunity, b: Opportunity) => (a.id < b.id ? -1 : 1);
