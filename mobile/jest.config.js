/** The first test of a fresh checkout waits for Babel to read React Native, hence the long time-out. */
module.exports = {
  preset: 'jest-expo/ios',
  setupFiles: ['./jest.setup.ts'],
  testTimeout: 30000,
  testMatch: ['<rootDir>/__tests__/**/*.test.ts?(x)'],
  moduleNameMapper: { '^@/(.*)$': '<rootDir>/src/$1' },
};
