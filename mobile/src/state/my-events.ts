/**
 * What the blog tells a person as it happens. All who listen share one stream (a browser has six connections to a blog),
 * which is open only while the app is in front. Where there are no streams, nothing is heard, and callers ask.
 */
import { useEffect, useRef } from 'react';
import { AppState } from 'react-native';

import { CAN_STREAM, listen, type ServerEvent } from './events';
import { useSession } from './session';

type Ear = (event: ServerEvent) => void;

const ears = new Set<Ear>();
let deafen: (() => void) | null = null;
let last: string | null = null;
let listener: string | null = null;

/** `heard` is called with each event while somebody is signed in and the component is there. */
export function useMyEvents(heard: Ear): void {
  const id = useSession().person?.id ?? null;
  const latest = useRef(heard);
  useEffect(() => {
    latest.current = heard;
  });
  useEffect(() => {
    if (!CAN_STREAM || id === null) return;
    const ear: Ear = (event) => latest.current(event);
    if (listener !== id) last = null; // what another person heard last says nothing
    listener = id;
    ears.add(ear);
    attend();
    const active = AppState.addEventListener('change', attend);
    return () => {
      active.remove();
      ears.delete(ear);
      attend();
    };
  }, [id]);
}

function attend(): void {
  const isWanted = ears.size > 0 && AppState.currentState === 'active';
  if (isWanted === (deafen !== null)) return;
  deafen?.();
  deafen = isWanted ? listen('/api/v1/me/events', tell, { since: last }) : null;
}

function tell(event: ServerEvent): void {
  last = event.id ?? last;
  for (const ear of [...ears]) ear(event);
}
