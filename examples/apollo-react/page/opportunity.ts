import { gql, type TypedDocumentNode } from "@apollo/client";

/** The columns of the board, from left to right. */
export const STAGES = ["LEAD", "MEETING", "PROPOSAL", "WON"] as const;
export type Stage = (typeof STAGES)[number];
export const STAGE_NAMES = { LEAD: "Lead", MEETING: "Meeting", PROPOSAL: "Proposal", WON: "Won" } as const;

export interface Opportunity {
  readonly __typename: "Opportunity";
  readonly id: string;
  readonly company: string;
  readonly name: string;
  readonly owner: string;
  readonly stage: Stage;
  /** In euros. */
  readonly amount: number;
  /** ISO 8601; grows with every change. */
  readonly updatedAt: string;
}

/** What happened to an opportunity, as the gateway tells it. */
export interface OpportunityEvent {
  readonly action: "CREATED" | "UPDATED" | "DESTROYED";
  readonly record: Omit<Opportunity, "__typename">;
  readonly eventDate: string;
}

export const OPPORTUNITY_FIELDS: TypedDocumentNode<Opportunity> = gql`
  fragment OpportunityFields on Opportunity {
    id
    company
    name
    owner
    stage
    amount
    updatedAt
  }
`;

export const OPPORTUNITIES: TypedDocumentNode<{ readonly opportunities: readonly Opportunity[] }> = gql`
  query Opportunities {
    opportunities {
      ...OpportunityFields
    }
  }
  ${OPPORTUNITY_FIELDS}
`;

export const MOVE_OPPORTUNITY: TypedDocumentNode<unknown, { readonly id: string; readonly stage: Stage }> = gql`
  mutation MoveOpportunity($id: ID!, $stage: Stage!) {
    moveOpportunity(id: $id, stage: $stage) {
      id
    }
  }
`;

export const ERASE_LOG: TypedDocumentNode<unknown> = gql`
  mutation EraseLog {
    eraseLog
  }
`;

export const OPPORTUNITY_EVENTS: TypedDocumentNode<{ readonly onDbEvent: OpportunityEvent }> = gql`
  subscription OpportunityEvents {
    onDbEvent(input: { objectNameSingular: "opportunity" }) {
      action
      record
      eventDate
    }
  }
`;
