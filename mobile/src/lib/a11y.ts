/** What assistive technology and sensitive readers need. */
import { useEffect, useState } from 'react';
import { AccessibilityInfo, Platform } from 'react-native';

/**
 * What was known last. A sheet that begins to slide and is told in between not to never ends its movement, and never becomes
 * the dialog that Escape closes: so the first drawing must be right already.
 */
let known = Platform.OS === 'web' && typeof matchMedia === 'function' && matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Whether the person asked the device for less movement. */
export function useReducedMotion(): boolean {
  const [isReduced, setReduced] = useState(known);
  useEffect(() => {
    const learn = (now: boolean): void => {
      known = now;
      setReduced(now);
    };
    void AccessibilityInfo.isReduceMotionEnabled().then(learn);
    const heard = AccessibilityInfo.addEventListener('reduceMotionChanged', learn);
    return () => heard.remove();
  }, []);
  return isReduced;
}

export function announce(words: string): void {
  AccessibilityInfo.announceForAccessibility(words);
}
