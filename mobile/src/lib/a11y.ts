/** What assistive technology and sensitive readers need. */
import { useEffect, useState } from 'react';
import { AccessibilityInfo } from 'react-native';

/** Whether the person asked the device for less movement. */
export function useReducedMotion(): boolean {
  const [isReduced, setReduced] = useState(false);
  useEffect(() => {
    void AccessibilityInfo.isReduceMotionEnabled().then(setReduced);
    const heard = AccessibilityInfo.addEventListener('reduceMotionChanged', setReduced);
    return () => heard.remove();
  }, []);
  return isReduced;
}

export function announce(words: string): void {
  AccessibilityInfo.announceForAccessibility(words);
}
