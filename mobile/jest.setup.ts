import { timeoutManager } from '@tanstack/react-query';

jest.mock('@react-native-async-storage/async-storage', () =>
  jest.requireActual('@react-native-async-storage/async-storage/jest/async-storage-mock'),
);
jest.mock('@react-native-community/netinfo', () =>
  jest.requireActual('@react-native-community/netinfo/jest/netinfo-mock'),
);

// The cache forgets after a week: its timers must not keep a test run from ending.
const idle = (timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> => (timer as unknown as { unref?(): typeof timer }).unref?.() ?? timer;
timeoutManager.setTimeoutProvider({
  setTimeout: (callback, delay) => idle(setTimeout(callback, delay)),
  clearTimeout: (timer) => clearTimeout(timer),
  setInterval: (callback, delay) => setInterval(callback, delay),
  clearInterval: (timer) => clearInterval(timer),
});

// React asks for the time at every step: a mock that remembers each answer is slow, and is never asked what it heard.
performance.now = Date.now;
