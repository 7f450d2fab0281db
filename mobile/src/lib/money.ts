/** Amounts as the server tells them (`"0.001234"`), short enough to be read. */
export function dollars(usd: string): string {
  const amount = Number(usd);
  if (!Number.isFinite(amount)) return '';
  if (amount === 0) return '$0';
  if (amount < 0.0001) return '< $0.0001';
  return `$${amount.toFixed(amount < 0.1 ? 4 : 2)}`;
}

export function counted(n: number): string {
  return n.toLocaleString('en');
}

export function lasted(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}
