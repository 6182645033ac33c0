const EUROS = new Intl.NumberFormat("en", { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const SHORT_EUROS = new Intl.NumberFormat("en", {
  style: "currency",
  currency: "EUR",
  notation: "compact",
  maximumFractionDigits: 1,
});
const TIME = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export const formatEuros = (amount: number) => EUROS.format(amount);
export const formatShortEuros = (amount: number) => SHORT_EUROS.format(amount);
export const formatTime = (iso: string) => TIME.format(new Date(iso));
