import { strings } from '@/strings';

import { ReadingChoices } from './ReadingChoices';
import { Sheet } from './Sheet';

/** How the text looks. It changes behind the sheet while one chooses, and stays so on this device. */
export function ReadingSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Sheet title={strings.reading.sheet} open={open} onClose={onClose}>
      <ReadingChoices />
    </Sheet>
  );
}
