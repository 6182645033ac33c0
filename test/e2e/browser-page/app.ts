import { gql } from "@apollo/client";
import { apollo } from "./apollo.ts";
import { recorder } from "./recorder.ts";

const PEOPLE = gql`
  subscription People {
    onDbEvent(input: { objectNameSingular: "person" }) {
      record
    }
  }
`;

interface People {
  readonly onDbEvent: { readonly record: { readonly name: string } };
}

apollo.subscribe<People>({ query: PEOPLE }).subscribe({
  next({ data, error }) {
    if (data) recorder.name(data.onDbEvent.record.name);
    else recorder.error(error);
  },
  error: recorder.error,
  complete: () => recorder.error("The subscription has ended"),
});
