import { useEffect, useState } from 'react';

/** `value`, once it has not changed for `ms`; `settle` does not wait. */
export function useSettled<T>(value: T, ms: number): [settled: T, settle: (value: T) => void] {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return [settled, setSettled];
}
