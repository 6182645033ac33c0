/** A `.graphql` file is its text: vitest.config.ts sees to it in tests, wrangler in the Worker. */
declare module "*.graphql" {
  const text: string;
  export default text;
}
