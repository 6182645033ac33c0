import type { OperationDefinitionNode, ValidatedSubscriptionArgs } from "graphql";
import { compileProjection, type Projection } from "./project-result.ts";

/** The projections of a document's operations: one for all who run an operation, where no variable makes a difference. */
export class Projections {
  readonly #known = new Map<OperationDefinitionNode, Projection | undefined>();

  /** @returns undefined for an operation that graphql-js must execute */
  of(execution: ValidatedSubscriptionArgs, sharedTypes: readonly string[] | undefined): Projection | undefined {
    const { operation } = execution;
    if (this.#known.has(operation)) return this.#known.get(operation);
    const { project, hangsOnVariables } = compileProjection(execution, sharedTypes);
    if (!hangsOnVariables) this.#known.set(operation, project);
    return project;
  }

  /** Nobody runs the document now. It may be known for long, and these take twenty times what it counts as. */
  forget(): void {
    this.#known.clear();
  }
}
