/** A tick under the finger when something was done. */
import * as Haptics from 'expo-haptics';

export function tick(): void {
  void Haptics.selectionAsync().catch(() => {});
}
